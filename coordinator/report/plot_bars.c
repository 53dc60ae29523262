/* Bars in groups, with their intervals as whiskers. */
#include "coordinator/report/plot_parts.h"

/* Whiskers by which of their ends are shown: 1 none, 2 the upper, 3 the lower, 4 both. An interval
 * that is cut at the edge of the picture does not end there. */
static void add_whisker_styles(struct buf *out)
{
    static const char *const heads[] = { "nohead", "head", "backhead", "heads" };
    for (int i = 0; i < 4; i++)
        buf_printf(out,
                   "set style arrow %d %s size screen 0.006,90 linewidth 1.5"
                   " linecolor rgb '#222222'\n",
                   i + 1, heads[i]);
}

static void add_bar(struct buf *out, const struct summary *summary, double x, double low,
                    double high)
{
    bool interval = summary->n > 1;
    double from = interval ? plot_clamped(summary->low, low, high) : summary->mean;
    double to = interval ? plot_clamped(summary->high, low, high) : summary->mean;
    bool upper = !interval || summary->high <= high, lower = !interval || summary->low >= low;
    buf_printf(out, "%.10g %.10g %.10g %.10g %d\n", x, layout_bounded(summary->mean),
               layout_bounded(from), layout_bounded(to), 1 + upper + 2 * lower);
}

void plot_bars(struct buf *out, const struct figure *figure, const struct layout *layout,
               const struct panel *panel)
{
    double low, high, width = 0.8 / (double)panel->count;
    bool cut = false;
    layout_range(figure, panel, &low, &high, &cut);
    plot_range(out, "yrange", low, high);
    plot_range(out, "xrange", -0.6, (double)figure->n_x_texts - 0.4);
    plot_tics(out, layout->upright_height > 0 ? "xtics rotate by 90 right" : "xtics",
              figure->x_texts, figure->n_x_texts);
    buf_text(out, "set xzeroaxis linetype 1 linecolor rgb '#444444'\n");
    add_whisker_styles(out);
    for (size_t s = 0; s < panel->count; s++) {
        buf_printf(out, "$bar%zu << END\n", s);
        for (size_t i = 0; i < panel->series[s].count; i++) {
            const struct cell *cell = &panel->series[s].cells[i];
            double x = cell->x + ((double)s - ((double)panel->count - 1) / 2) * width;
            add_bar(out, &cell->summary, x, low, high);
        }
        buf_text(out, "END\n");
    }
    for (size_t s = 0; s < panel->count; s++)
        buf_printf(out,
                   "%s$bar%zu using 1:2:(%.6f) with boxes fillstyle solid 1.0 linecolor rgb '%s',"
                   " $bar%zu using 1:3:(0):($4-$3):5 with vectors arrowstyle variable",
                   s > 0 ? ", " : "plot ", s, width * 0.9,
                   plot_style(panel->series[s].order)->colour, s);
    buf_text(out, "\n");
}
