/* The gnuplot script of a figure. Every number goes through add_number, every text through
 * escape.h. */
#include "coordinator/report/escape.h"
#include "coordinator/report/plot.h"
#include "coordinator/report/plot_layout.h"

#include <math.h>
#include <string.h>

enum { DRAWN_POINTS = 400, MARKED_POINTS = 32, PNG_SCALE = 2 };

/* Okabe and Ito's colours, which colour-blind people tell apart, and a mark for each, so that the
 * lines can be told apart in black and white, too. */
static const struct style {
    const char *colour;
    int mark;
} styles[] = {
    { "#0072b2", 7 }, { "#d55e00", 5 }, { "#009e73", 9 }, { "#cc79a7", 13 }, { "#e69f00", 11 },
    { "#56b4e9", 6 }, { "#000000", 4 }, { "#999999", 8 }, { "#882255", 12 }, { "#117733", 10 },
};

static const struct style *style_of(const struct series *series)
{
    return &styles[series->order % (sizeof styles / sizeof *styles)];
}

/* ---- pieces -------------------------------------------------------------------------------- */

static void add_number(struct buf *out, double number)
{
    buf_printf(out, "%.10g", number);
}

/* A text with its middle at a place, in fractions of the picture. */
static void add_text(struct buf *out, const char *text, double x, double y, const char *how)
{
    buf_text(out, "set label ");
    escape_gnuplot(out, text);
    buf_printf(out, " at screen %.6f, screen %.6f center%s\n", x, y, how);
}

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

static void add_range(struct buf *out, const char *axis, double low, double high)
{
    buf_printf(out, "set %s [", axis);
    add_number(out, low);
    buf_text(out, ":");
    add_number(out, high);
    buf_text(out, "]\n");
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

/* A label that fits the width of a picture: gnuplot leaves out a legend that does not. */
static void add_shortened(struct buf *out, const char *label)
{
    size_t length = strlen(label);
    if (length > LAYOUT_LABEL_MAXIMUM) {
        length = LAYOUT_LABEL_MAXIMUM;
        while (length > 0 && ((unsigned char)label[length] & 0xc0) == 0x80)
            length--; /* between characters */
    }
    buf_add(out, label, length);
    buf_text(out, label[length] != '\0' ? "..." : "");
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
        const struct style *style = &styles[i % (sizeof styles / sizeof *styles)];
        char runs[32];
        struct buf label;
        describe_runs(runs, sizeof runs, figure, i);
        buf_init(&label, 1 << 16);
        add_shortened(&label, figure->labels[i]);
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

/* ---- lines --------------------------------------------------------------------------------- */

static double clamped(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

/* Two blocks of a series: its means, with an empty line where there is none; and its intervals, cut
 * at the axis. Very long curves are drawn thinned, their last point always. */
static void add_line_data(struct buf *out, const struct series *series, size_t index, double low,
                          double high)
{
    size_t stride = series->count / DRAWN_POINTS + 1;
    buf_printf(out, "$mean%zu << END\n", index);
    for (size_t i = 0; i < series->count; i++) {
        const struct cell *cell = &series->cells[i];
        if (i % stride != 0 && i + 1 < series->count)
            continue;
        if (isfinite(cell->summary.mean))
            buf_printf(out, "%.10g %.10g\n", cell->x, cell->summary.mean);
        else
            buf_text(out, "\n");
    }
    buf_printf(out, "END\n$interval%zu << END\n", index);
    for (size_t i = 0; i < series->count; i++) {
        const struct cell *cell = &series->cells[i];
        if (cell->summary.n < 2 || (i % stride != 0 && i + 1 < series->count))
            continue;
        buf_printf(out, "%.10g %.10g %.10g\n", cell->x, clamped(cell->summary.low, low, high),
                   clamped(cell->summary.high, low, high));
    }
    buf_text(out, "END\n");
}

static bool has_interval(const struct series *series)
{
    size_t with_interval = 0;
    for (size_t i = 0; i < series->count; i++)
        with_interval += series->cells[i].summary.n > 1;
    return with_interval > 1;
}

static bool has_mean(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        if (isfinite(series->cells[i].summary.mean))
            return true;
    }
    return false;
}

/* Bands first, so that no band covers a line. */
static void add_line_plots(struct buf *out, const struct panel *panel)
{
    const char *comma = "plot ";
    for (size_t s = 0; s < panel->count; s++) {
        if (!has_interval(&panel->series[s]))
            continue;
        buf_printf(out,
                   "%s$interval%zu using 1:2:3 with filledcurves linecolor rgb '%s'"
                   " fillstyle transparent solid 0.18 noborder",
                   comma, s, style_of(&panel->series[s])->colour);
        comma = ", ";
    }
    for (size_t s = 0; s < panel->count; s++) {
        const struct series *series = &panel->series[s];
        if (!has_mean(series))
            continue;
        buf_printf(out, "%s$mean%zu using 1:2 with %s linewidth 2 linecolor rgb '%s'", comma, s,
                   series->count <= MARKED_POINTS ? "linespoints" : "lines",
                   style_of(series)->colour);
        if (series->count <= MARKED_POINTS)
            buf_printf(out, " pointtype %d pointsize 0.6", style_of(series)->mark);
        comma = ", ";
    }
    buf_text(out, "\n");
}

static void find_x_range(const struct figure *figure, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t p = 0; p < figure->count; p++) {
        for (size_t s = 0; s < figure->panels[p].count; s++) {
            const struct series *series = &figure->panels[p].series[s];
            for (size_t i = 0; i < series->count; i++) {
                *low = fmin(*low, series->cells[i].x);
                *high = fmax(*high, series->cells[i].x);
            }
        }
    }
    if (!(*high > *low)) {
        *low = figure->log_x ? *low / 2 : *low - 1;
        *high = figure->log_x ? *high * 2 : *high + 1;
    }
}

/* Title and names of the axes, at places of our own: gnuplot's depend on its guess of a font. */
static void add_axes(struct buf *out, const struct figure *figure, const struct layout *layout,
                     size_t panel)
{
    struct place place = layout_place(layout, panel);
    double middle = (place.left + place.right) / 2;
    bool heat = figure->kind == FIGURE_HEAT;
    buf_text(out, "unset label\n");
    add_text(out, figure->panels[panel].label, middle, place.top + 16 / layout->height, "");
    add_text(out, figure->x_label, middle, place.bottom - 51 / layout->height, "");
    if (heat || panel % layout->columns == 0)
        add_text(out, heat ? figure->series_label : figure->y_label,
                 place.left - 62 / layout->width, (place.bottom + place.top) / 2, " rotate by 90");
}

static bool panel_empty(const struct panel *panel)
{
    for (size_t s = 0; s < panel->count; s++) {
        if (has_mean(&panel->series[s]))
            return false;
    }
    return true;
}

static void add_lines_panel(struct buf *out, const struct figure *figure, const struct panel *panel)
{
    double low, high, x_low, x_high;
    bool cut = false;
    layout_range(figure, panel, &low, &high, &cut);
    find_x_range(figure, &x_low, &x_high);
    add_range(out, "xrange", x_low, x_high);
    add_range(out, "yrange", low, high);
    if (figure->log_x)
        buf_text(out, "set logscale x 2\n");
    if (figure->log_y)
        buf_text(out, "set logscale y\n");
    for (size_t s = 0; s < panel->count; s++)
        add_line_data(out, &panel->series[s], s, low, high);
    add_line_plots(out, panel);
}

/* ---- bars ---------------------------------------------------------------------------------- */

static void add_tics(struct buf *out, const char *axis, const char *const *texts, size_t count)
{
    buf_printf(out, "set %s scale 0 (", axis);
    for (size_t i = 0; i < count; i++) {
        buf_text(out, i > 0 ? ", " : "");
        escape_gnuplot_tic(out, texts[i]);
        buf_printf(out, " %zu", i);
    }
    buf_text(out, ")\n");
}

static void add_bars_panel(struct buf *out, const struct figure *figure, const struct panel *panel)
{
    double low, high, width = 0.8 / (double)panel->count;
    bool cut = false;
    layout_range(figure, panel, &low, &high, &cut);
    add_range(out, "yrange", low, high);
    add_range(out, "xrange", -0.6, (double)figure->n_x_texts - 0.4);
    add_tics(out, "xtics", figure->x_texts, figure->n_x_texts);
    buf_text(out, "set xzeroaxis linetype 1 linecolor rgb '#444444'\n");
    for (size_t s = 0; s < panel->count; s++) {
        buf_printf(out, "$bar%zu << END\n", s);
        for (size_t i = 0; i < panel->series[s].count; i++) {
            const struct cell *cell = &panel->series[s].cells[i];
            const struct summary *summary = &cell->summary;
            double x = cell->x + ((double)s - ((double)panel->count - 1) / 2) * width;
            bool interval = summary->n > 1;
            buf_printf(out, "%.10g %.10g %.10g %.10g\n", x, summary->mean,
                       interval ? clamped(summary->low, low, high) : summary->mean,
                       interval ? clamped(summary->high, low, high) : summary->mean);
        }
        buf_text(out, "END\n");
    }
    for (size_t s = 0; s < panel->count; s++)
        buf_printf(out,
                   "%s$bar%zu using 1:2:(%.6f) with boxes fillstyle solid 1.0 linecolor rgb '%s',"
                   " $bar%zu using 1:3:(0):($4-$3) with vectors heads size screen 0.006,90"
                   " linewidth 1.5 linecolor rgb '#222222'",
                   s > 0 ? ", " : "plot ", s, width * 0.9, style_of(&panel->series[s])->colour, s);
    buf_text(out, "\n");
}

/* ---- heat maps ----------------------------------------------------------------------------- */

static void find_colour_range(const struct figure *figure, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t p = 0; p < figure->count; p++) {
        for (size_t s = 0; s < figure->panels[p].count; s++) {
            const struct series *series = &figure->panels[p].series[s];
            for (size_t i = 0; i < series->count; i++) {
                *low = fmin(*low, series->cells[i].summary.mean);
                *high = fmax(*high, series->cells[i].summary.mean);
            }
        }
    }
    if (!(*high > *low)) {
        *low -= 0.5;
        *high += 0.5;
    }
}

/* Viridis: even to the eye, and in black and white. */
static void add_palette(struct buf *out, const struct figure *figure)
{
    double low, high;
    find_colour_range(figure, &low, &high);
    buf_text(out, "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e',"
                  " 4 '#21918c', 5 '#28ae80', 6 '#5ec962', 7 '#addc30', 8 '#fde725')\n"
                  "set style fill solid 1.0 noborder\n");
    add_range(out, "cbrange", low, high);
}

static void add_cell_number(struct buf *out, double mean, double low, double high)
{
    double size = fmax(fabs(low), fabs(high));
    if (size < 10 && size >= 0.5 && high - low > 0.02)
        buf_printf(out, "%.2f", mean);
    else
        buf_printf(out, "%.2g", mean);
}

/* Numbers in white on dark cells, in black on bright ones. */
static void add_heat_numbers(struct buf *out, const struct figure *figure,
                             const struct panel *panel, bool bright)
{
    double low, high;
    find_colour_range(figure, &low, &high);
    buf_printf(out, "$number%d << END\n", bright);
    for (size_t s = 0; s < panel->count; s++) {
        for (size_t i = 0; i < panel->series[s].count; i++) {
            double mean = panel->series[s].cells[i].summary.mean;
            if (!isfinite(mean) || (mean > low + 0.6 * (high - low)) != bright)
                continue;
            buf_printf(out, "%.10g %zu ", panel->series[s].cells[i].x, s);
            add_cell_number(out, mean, low, high);
            buf_text(out, "\n");
        }
    }
    buf_text(out, "9e9 9e9 0\nEND\n"); /* outside the picture: an empty block would be an error */
}

static void add_heat_panel(struct buf *out, const struct figure *figure, const struct panel *panel)
{
    buf_text(out, "set ytics scale 0 (");
    for (size_t s = 0; s < panel->count; s++) {
        buf_text(out, s > 0 ? ", " : "");
        escape_gnuplot_tic(out, panel->series[s].label);
        buf_printf(out, " %zu", s);
    }
    buf_text(out, ")\n");
    add_tics(out, "xtics", figure->x_texts, figure->n_x_texts);
    add_range(out, "xrange", -0.5, (double)figure->n_x_texts - 0.5);
    add_range(out, "yrange", -0.5, (double)panel->count - 0.5);
    buf_text(out, "unset grid\nset border 15\n$cell << END\n");
    for (size_t s = 0; s < panel->count; s++) {
        for (size_t i = 0; i < panel->series[s].count; i++) {
            const struct cell *cell = &panel->series[s].cells[i];
            if (isfinite(cell->summary.mean))
                buf_printf(out, "%.10g %zu %.10g\n", cell->x, s, cell->summary.mean);
        }
    }
    buf_text(out, "9e9 9e9 0\nEND\n");
    add_heat_numbers(out, figure, panel, false);
    add_heat_numbers(out, figure, panel, true);
    buf_text(out, "plot $cell using 1:2:(0.49):(0.49):3 with boxxyerror linecolor palette,"
                  " $number0 using 1:2:3 with labels font ',10' textcolor rgb '#ffffff',"
                  " $number1 using 1:2:3 with labels font ',10' textcolor rgb '#000000'\n");
}

/* The colour scale stands below the last panel and is drawn with it. */
static void add_colour_scale(struct buf *out, const struct figure *figure,
                             const struct layout *layout, bool last)
{
    if (!last) {
        buf_text(out, "unset colorbox\n");
        return;
    }
    buf_printf(out,
               "set colorbox horizontal user origin screen 0.25, screen %.6f size screen 0.5,"
               " screen %.6f noborder\nset cbtics scale 0.5\n",
               66 / layout->height, 12 / layout->height);
    add_text(out, figure->y_label, 0.5, 16 / layout->height, "");
}

/* ---- the whole ----------------------------------------------------------------------------- */

bool plot_possible(const struct figure *figure)
{
    if (figure->kind != FIGURE_LINES && figure->kind != FIGURE_BARS && figure->kind != FIGURE_HEAT)
        return false;
    for (size_t p = 0; p < figure->count; p++) {
        if (!panel_empty(&figure->panels[p]))
            return true;
    }
    return false;
}

static void add_panel(struct buf *out, const struct figure *figure, const struct layout *layout,
                      size_t panel)
{
    const struct panel *content = &figure->panels[panel];
    add_place(out, layout_place(layout, panel));
    add_axes(out, figure, layout, panel);
    if (figure->kind == FIGURE_HEAT) {
        add_colour_scale(out, figure, layout, panel + 1 == figure->count);
        add_heat_panel(out, figure, content);
    } else if (panel_empty(content)) {
        return;
    } else if (figure->kind == FIGURE_BARS) {
        add_bars_panel(out, figure, content);
    } else {
        add_lines_panel(out, figure, content);
    }
}

void plot_script(struct buf *out, const struct figure *figure, enum plot_format format)
{
    struct layout layout = layout_of(figure);
    add_terminal(out, &layout, format);
    if (figure->kind == FIGURE_HEAT)
        add_palette(out, figure);
    for (size_t i = 0; i < figure->count; i++)
        add_panel(out, figure, &layout, i);
    if (figure->kind != FIGURE_HEAT)
        add_legend(out, figure, &layout);
    buf_text(out, "unset multiplot\n");
}
