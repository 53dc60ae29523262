/* The gnuplot script of a figure. Every number goes through plot_number, every text through
 * escape.h. */
#include "coordinator/report/escape.h"
#include "coordinator/report/plot.h"
#include "coordinator/report/plot_parts.h"

#include <stdio.h>
#include <string.h>

enum { PNG_SCALE = 2 };

/* ---- pieces -------------------------------------------------------------------------------- */

static void add_terminal(struct buf *out, const struct layout *layout, enum plot_format format)
{
    buf_text(out, "set encoding utf8\n");
    if (format == PLOT_SVG)
        buf_printf(out,
                   "set terminal svg size %.0f,%.0f font 'sans-serif,14' noenhanced"
                   " background '#ffffff'\n",
                   layout->width, layout->height);
    else
        buf_printf(out,
                   "set terminal pngcairo size %.0f,%.0f font 'sans,11' fontscale %d"
                   " linewidth %d pointscale %d noenhanced background '#ffffff'\n",
                   layout->width * PNG_SCALE, layout->height * PNG_SCALE, PNG_SCALE, PNG_SCALE,
                   PNG_SCALE);
    buf_text(out, "set border 3 linecolor rgb '#444444'\n"
                  "set tics out nomirror textcolor rgb '#222222'\n"
                  "set grid linecolor rgb '#dddddd' linewidth 0.6\n"
                  "unset key\n"
                  "set multiplot\n");
}

static void add_place(struct buf *out, struct place place)
{
    buf_printf(out,
               "set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
               "set bmargin at screen %.6f\nset tmargin at screen %.6f\n",
               place.left, place.right, place.bottom, place.top);
}

/* " (n = 8)" when every cell of the label has the same number of runs, else nothing. */
static void describe_runs(char *text, size_t bytes, const struct figure *figure, size_t order)
{
    size_t n = 0;
    bool same = true;
    for (size_t p = 0; p < figure->count; p++) {
        for (size_t s = 0; s < figure->panels[p].count; s++) {
            const struct series *series = &figure->panels[p].series[s];
            for (size_t i = 0; series->order == order && i < series->count; i++) {
                n = n == 0 ? series->cells[i].summary.n : n;
                same = same && series->cells[i].summary.n == n;
            }
        }
    }
    text[0] = '\0';
    if (same && n > 0)
        snprintf(text, bytes, " (n = %zu)", n);
}

/* The legend is a plot of nothing in a strip below the panels, so that it covers none of them. */
static void add_legend(struct buf *out, const struct figure *figure, const struct layout *layout)
{
    double top = layout->legend_height / layout->height;
    buf_text(out, "unset border\nunset tics\nunset grid\nunset label\n"
                  "unset logscale\nunset xzeroaxis\nset xrange [0:1]\nset yrange [0:1]\n");
    add_place(out, (struct place){ 0.02, 0.98, 0, top });
    buf_printf(out,
               "set key center center Left reverse horizontal maxcols %zu samplen 2"
               " spacing 1.25\nplot ",
               layout->legend_columns);
    for (size_t i = 0; i < figure->n_labels; i++) {
        const struct style *style = plot_style(i);
        char runs[32];
        struct buf label;
        describe_runs(runs, sizeof runs, figure, i);
        buf_init(&label, 1 << 16);
        plot_shortened(&label, figure->labels[i]);
        buf_text(&label, runs);
        buf_text(out, i > 0 ? ", " : "");
        if (figure->kind == FIGURE_BARS)
            buf_printf(out, "NaN with boxes fillstyle solid 1.0 linecolor rgb '%s' title ",
                       style->colour);
        else
            buf_printf(out,
                       "NaN with linespoints linewidth 2 pointtype %d pointsize 0.7"
                       " linecolor rgb '%s' title ",
                       style->mark, style->colour);
        escape_gnuplot(out, label.bytes);
        buf_free(&label);
    }
    buf_text(out, "\n");
}

/* ---- the whole ----------------------------------------------------------------------------- */

bool plot_possible(const struct figure *figure)
{
    if (figure->kind != FIGURE_LINES && figure->kind != FIGURE_BARS && figure->kind != FIGURE_HEAT)
        return false;
    for (size_t p = 0; p < figure->count; p++) {
        if (!plot_panel_empty(&figure->panels[p]))
            return true;
    }
    return false;
}

/* Title and names of the axes, at places of our own: gnuplot's depend on its guess of a font. */
static void add_axes(struct buf *out, const struct figure *figure, const struct layout *layout,
                     size_t panel)
{
    struct place place = layout_place(layout, panel);
    double middle = (place.left + place.right) / 2;
    bool heat = figure->kind == FIGURE_HEAT;
    buf_text(out, "unset label\n");
    plot_text(out, figure->panels[panel].label, middle, place.top + 16 / layout->height, "");
    plot_text(out, figure->x_label, middle,
              place.bottom - (51 + layout->upright_height) / layout->height, "");
    if (heat || panel % layout->columns == 0)
        plot_text(out, heat ? figure->series_label : figure->y_label,
                  place.left - 96 / layout->width, (place.bottom + place.top) / 2, " rotate by 90");
}

static void add_panel(struct buf *out, const struct figure *figure, const struct layout *layout,
                      size_t panel)
{
    const struct panel *content = &figure->panels[panel];
    add_place(out, layout_place(layout, panel));
    add_axes(out, figure, layout, panel);
    if (figure->kind == FIGURE_HEAT) {
        plot_colour_scale(out, figure, layout, panel + 1 == figure->count);
        plot_heat(out, figure, content);
    } else if (plot_panel_empty(content)) {
        return;
    } else if (figure->kind == FIGURE_BARS) {
        plot_bars(out, figure, layout, content);
    } else {
        plot_lines(out, figure, content);
    }
}

void plot_script(struct buf *out, const struct figure *figure, enum plot_format format)
{
    struct layout layout = layout_of(figure);
    add_terminal(out, &layout, format);
    if (figure->kind == FIGURE_HEAT)
        plot_palette(out, figure);
    for (size_t i = 0; i < figure->count; i++)
        add_panel(out, figure, &layout, i);
    if (figure->kind != FIGURE_HEAT)
        add_legend(out, figure, &layout);
    buf_text(out, "unset multiplot\n");
}
