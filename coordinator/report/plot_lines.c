/* Lines with their intervals as bands. */
#include "coordinator/report/plot_parts.h"

#include <math.h>

enum { DRAWN_POINTS = 400, MARKED_POINTS = 32 };

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
            buf_printf(out, "%.10g %.10g\n", layout_bounded(cell->x),
                       layout_bounded(cell->summary.mean));
        else
            buf_text(out, "\n");
    }
    buf_printf(out, "END\n$interval%zu << END\n", index);
    for (size_t i = 0; i < series->count; i++) {
        const struct cell *cell = &series->cells[i];
        if (cell->summary.n < 2 || (i % stride != 0 && i + 1 < series->count))
            continue;
        buf_printf(out, "%.10g %.10g %.10g\n", layout_bounded(cell->x),
                   plot_clamped(cell->summary.low, low, high),
                   plot_clamped(cell->summary.high, low, high));
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
                   comma, s, plot_style(panel->series[s].order)->colour);
        comma = ", ";
    }
    for (size_t s = 0; s < panel->count; s++) {
        const struct series *series = &panel->series[s];
        if (!plot_has_mean(series))
            continue;
        buf_printf(out, "%s$mean%zu using 1:2 with %s linewidth 2 linecolor rgb '%s'", comma, s,
                   series->count <= MARKED_POINTS ? "linespoints" : "lines",
                   plot_style(series->order)->colour);
        if (series->count <= MARKED_POINTS)
            buf_printf(out, " pointtype %d pointsize 0.6", plot_style(series->order)->mark);
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
                *low = fmin(*low, layout_bounded(series->cells[i].x));
                *high = fmax(*high, layout_bounded(series->cells[i].x));
            }
        }
    }
    if (!(*high > *low)) {
        *low = figure->log_x ? *low / 2 : *low - 1;
        *high = figure->log_x ? *high * 2 : *high + 1;
    }
    layout_widen(low, high);
}

void plot_lines(struct buf *out, const struct figure *figure, const struct panel *panel)
{
    double low, high, x_low, x_high;
    bool cut = false;
    layout_range(figure, panel, &low, &high, &cut);
    find_x_range(figure, &x_low, &x_high);
    plot_range(out, "xrange", x_low, x_high);
    plot_range(out, "yrange", low, high);
    if (figure->log_x)
        buf_text(out, "set logscale x 2\n");
    if (figure->log_y)
        buf_text(out, "set logscale y\n");
    for (size_t s = 0; s < panel->count; s++)
        add_line_data(out, &panel->series[s], s, low, high);
    add_line_plots(out, panel);
}
