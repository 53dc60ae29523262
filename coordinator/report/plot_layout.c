#include "coordinator/report/plot_layout.h"

#include <math.h>
#include <string.h>

enum { MARGIN_LEFT = 108, MARGIN_RIGHT = 24, MARGIN_TOP = 36, MARGIN_BOTTOM = 62 };
enum { LEGEND_ROW = 27, LEGEND_SAMPLE = 70, LETTER = 9, COLOUR_LEGEND = 88, CELL_HEIGHT = 34 };

/* Names below groups of bars stand upright where side by side they would run into each other. */
static double upright_height(const struct figure *figure, double panel_width)
{
    size_t longest = 0;
    for (size_t i = 0; figure->kind == FIGURE_BARS && i < figure->n_x_texts; i++) {
        size_t length = strlen(figure->x_texts[i]);
        length = length < LAYOUT_LABEL_MAXIMUM ? length : LAYOUT_LABEL_MAXIMUM + 3;
        longest = length > longest ? length : longest;
    }
    double room = (panel_width - MARGIN_LEFT - MARGIN_RIGHT) / fmax(1, (double)figure->n_x_texts);
    return LETTER * (double)longest > room ? LETTER * (double)longest : 0;
}

static size_t longest_label(const struct figure *figure)
{
    size_t longest = 0;
    for (size_t i = 0; i < figure->n_labels; i++) {
        size_t length = strlen(figure->labels[i]);
        length = (length < LAYOUT_LABEL_MAXIMUM ? length : LAYOUT_LABEL_MAXIMUM + 3) +
                 strlen(" (n = 10)");
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void place_legend(struct layout *layout, const struct figure *figure)
{
    double column = LEGEND_SAMPLE + LETTER * (double)longest_label(figure);
    layout->legend_columns = (size_t)fmax(1, floor(0.94 * layout->width / column));
    if (layout->legend_columns > figure->n_labels)
        layout->legend_columns = figure->n_labels;
    size_t rows = (figure->n_labels + layout->legend_columns - 1) / layout->legend_columns;
    layout->legend_height = (double)rows * LEGEND_ROW + 10;
}

struct layout layout_of(const struct figure *figure)
{
    struct layout layout = { .columns = figure->count < 2 ? 1 : figure->count < 5 ? 2 : 3 };
    layout.panel_width = layout.columns == 1 ? 720 : 440;
    layout.panel_height = layout.columns == 1 ? 420 : 320;
    if (figure->kind == FIGURE_HEAT) {
        bool wide = figure->n_x_texts > 8;
        layout.columns = wide ? 1 : layout.columns;
        layout.panel_width = wide ? 860 : 440;
        layout.panel_height =
            MARGIN_TOP + MARGIN_BOTTOM + CELL_HEIGHT * (double)figure->panels[0].count;
    }
    layout.upright_height = upright_height(figure, layout.panel_width);
    layout.panel_height += layout.upright_height;
    layout.rows = (figure->count + layout.columns - 1) / layout.columns;
    layout.width = layout.panel_width * (double)layout.columns;
    if (figure->kind == FIGURE_HEAT)
        layout.legend_height = COLOUR_LEGEND;
    else
        place_legend(&layout, figure);
    layout.height = layout.panel_height * (double)layout.rows + layout.legend_height;
    return layout;
}

struct place layout_place(const struct layout *layout, size_t panel)
{
    double left = (double)(panel % layout->columns) * layout->panel_width;
    double top = (double)(panel / layout->columns) * layout->panel_height;
    return (struct place){
        .left = (left + MARGIN_LEFT) / layout->width,
        .right = (left + layout->panel_width - MARGIN_RIGHT) / layout->width,
        .bottom = 1 - (top + layout->panel_height - MARGIN_BOTTOM - layout->upright_height) /
                          layout->height,
        .top = 1 - (top + MARGIN_TOP) / layout->height,
    };
}

/* ---- axes ---------------------------------------------------------------------------------- */

/* A range from end to end of what a double can be is none to gnuplot, nor its middle one to us. */
enum { LARGEST_EXPONENT = 300 };

/* Numbers stand in a script with ten digits: what differs in the twelfth is one there. */
static const double NARROWEST = 1e-6;

double layout_bounded(double value)
{
    double largest = pow(10, LARGEST_EXPONENT);
    return isnan(value) ? value : fmin(fmax(value, -largest), largest);
}

static void widen_to(double least, double *low, double *high)
{
    double lack = (least - (*high - *low)) / 2;
    if (lack > 0) {
        *low -= lack;
        *high += lack;
    }
}

void layout_widen(double *low, double *high)
{
    widen_to(fmax(NARROWEST * fmax(fabs(*low), fabs(*high)), pow(10, -LARGEST_EXPONENT)), low,
             high);
}

struct extent {
    double mean_low, mean_high, low, high;
};

static double scaled(const struct figure *figure, double value)
{
    if (!figure->log_y)
        return layout_bounded(value);
    return value > 0 ? fmax(log10(value), -LARGEST_EXPONENT) : -INFINITY;
}

static void widen(struct extent *extent, const struct figure *figure, const struct summary *summary)
{
    double mean = scaled(figure, summary->mean);
    if (!isfinite(summary->mean) || !isfinite(mean))
        return;
    extent->mean_low = fmin(extent->mean_low, mean);
    extent->mean_high = fmax(extent->mean_high, mean);
    if (summary->n < 2)
        return;
    extent->low = fmin(extent->low, scaled(figure, summary->low));
    extent->high = fmax(extent->high, scaled(figure, summary->high));
}

static void widen_by_panel(struct extent *extent, const struct figure *figure,
                           const struct panel *panel)
{
    for (size_t s = 0; s < panel->count; s++) {
        for (size_t i = 0; i < panel->series[s].count; i++)
            widen(extent, figure, &panel->series[s].cells[i].summary);
    }
}

void layout_range(const struct figure *figure, const struct panel *panel, double *low, double *high,
                  bool *cut)
{
    struct extent extent = { INFINITY, -INFINITY, INFINITY, -INFINITY };
    for (size_t p = 0; p < figure->count; p++) {
        if (figure->same_y || &figure->panels[p] == panel)
            widen_by_panel(&extent, figure, &figure->panels[p]);
    }
    if (figure->kind == FIGURE_BARS) {
        extent.mean_low = fmin(extent.mean_low, 0);
        extent.mean_high = fmax(extent.mean_high, 0);
    }
    double span = extent.mean_high - extent.mean_low;
    if (!(span > 0))
        span = fmax(fabs(extent.mean_high) * 0.1, 1e-6);
    double bottom = fmax(fmin(extent.low, extent.mean_low), extent.mean_low - span / 2);
    double top = fmin(fmax(extent.high, extent.mean_high), extent.mean_high + span / 2);
    *cut = *cut || extent.low < bottom || extent.high > top;
    *low = bottom - 0.04 * (top - bottom);
    *high = top + 0.04 * (top - bottom);
    if (!(*high > *low)) {
        *low -= span / 2;
        *high += span / 2;
    }
    if (!figure->log_y) {
        layout_widen(low, high);
        return;
    }
    widen_to(NARROWEST, low, high);
    *low = pow(10, fmax(*low, -LARGEST_EXPONENT));
    *high = pow(10, fmin(*high, LARGEST_EXPONENT));
}
