/* Heat maps: a coloured cell with its number for each pair of values. */
#include "coordinator/report/escape.h"
#include "coordinator/report/plot_parts.h"

#include <math.h>

static void find_colour_range(const struct figure *figure, double *low, double *high)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (size_t p = 0; p < figure->count; p++) {
        for (size_t s = 0; s < figure->panels[p].count; s++) {
            const struct series *series = &figure->panels[p].series[s];
            for (size_t i = 0; i < series->count; i++) {
                double mean = series->cells[i].summary.mean;
                if (!isfinite(mean))
                    continue;
                *low = fmin(*low, layout_bounded(mean));
                *high = fmax(*high, layout_bounded(mean));
            }
        }
    }
    if (!(*high > *low)) {
        *low -= 0.5;
        *high += 0.5;
    }
    layout_widen(low, high);
}

/* Viridis: even to the eye, and in black and white. */
void plot_palette(struct buf *out, const struct figure *figure)
{
    double low, high;
    find_colour_range(figure, &low, &high);
    buf_text(out, "set palette defined (0 '#440154', 1 '#472d7b', 2 '#3b528b', 3 '#2c728e',"
                  " 4 '#21918c', 5 '#28ae80', 6 '#5ec962', 7 '#addc30', 8 '#fde725')\n"
                  "set style fill solid 1.0 noborder\n");
    plot_range(out, "cbrange", low, high);
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

void plot_heat(struct buf *out, const struct figure *figure, const struct panel *panel)
{
    buf_text(out, "set ytics scale 0 (");
    for (size_t s = 0; s < panel->count; s++) {
        buf_text(out, s > 0 ? ", " : "");
        escape_gnuplot_tic(out, panel->series[s].label);
        buf_printf(out, " %zu", s);
    }
    buf_text(out, ")\n");
    plot_tics(out, "xtics", figure->x_texts, figure->n_x_texts);
    plot_range(out, "xrange", -0.5, (double)figure->n_x_texts - 0.5);
    plot_range(out, "yrange", -0.5, (double)panel->count - 0.5);
    buf_text(out, "unset grid\nset border 15\n$cell << END\n");
    for (size_t s = 0; s < panel->count; s++) {
        for (size_t i = 0; i < panel->series[s].count; i++) {
            const struct cell *cell = &panel->series[s].cells[i];
            if (isfinite(cell->summary.mean))
                buf_printf(out, "%.10g %zu %.10g\n", cell->x, s,
                           layout_bounded(cell->summary.mean));
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
void plot_colour_scale(struct buf *out, const struct figure *figure, const struct layout *layout,
                       bool last)
{
    if (!last) {
        buf_text(out, "unset colorbox\n");
        return;
    }
    buf_printf(out,
               "set colorbox horizontal user origin screen 0.25, screen %.6f size screen 0.5,"
               " screen %.6f noborder\nset cbtics scale 0.5\n",
               66 / layout->height, 12 / layout->height);
    plot_text(out, figure->y_label, 0.5, 16 / layout->height, "");
}
