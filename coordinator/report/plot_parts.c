/* What the kinds of plots share: numbers, texts, axes, colours. */
#include "coordinator/report/plot_parts.h"
#include "common/utf8.h"
#include "coordinator/report/escape.h"

#include <math.h>
#include <string.h>

/* Okabe and Ito's colours, which colour-blind people tell apart, and a mark for each, so that the
 * lines can be told apart in black and white, too. */
static const struct style styles[] = {
    { "#0072b2", 7 }, { "#d55e00", 5 }, { "#009e73", 9 }, { "#cc79a7", 13 }, { "#e69f00", 11 },
    { "#56b4e9", 6 }, { "#000000", 4 }, { "#999999", 8 }, { "#882255", 12 }, { "#117733", 10 },
};

const struct style *plot_style(size_t order)
{
    return &styles[order % (sizeof styles / sizeof *styles)];
}

void plot_number(struct buf *out, double number)
{
    buf_printf(out, "%.10g", number);
}

void plot_text(struct buf *out, const char *text, double x, double y, const char *how)
{
    buf_text(out, "set label ");
    escape_gnuplot(out, text);
    buf_printf(out, " at screen %.6f, screen %.6f center%s\n", x, y, how);
}

void plot_shortened(struct buf *out, const char *label)
{
    size_t length = strlen(label);
    if (length > LAYOUT_LABEL_MAXIMUM) {
        length = LAYOUT_LABEL_MAXIMUM;
        while (length > 0 && utf8_continues(label[length]))
            length--; /* between characters */
    }
    buf_add(out, label, length);
    buf_text(out, label[length] != '\0' ? "..." : "");
}

void plot_range(struct buf *out, const char *axis, double low, double high)
{
    buf_printf(out, "set %s [", axis);
    plot_number(out, low);
    buf_text(out, ":");
    plot_number(out, high);
    buf_text(out, "]\n");
}

void plot_tics(struct buf *out, const char *axis, const char *const *texts, size_t count)
{
    buf_printf(out, "set %s scale 0 (", axis);
    for (size_t i = 0; i < count; i++) {
        struct buf text;
        buf_init(&text, 1 << 16);
        plot_shortened(&text, texts[i]);
        buf_text(out, i > 0 ? ", " : "");
        escape_gnuplot_tic(out, text.bytes);
        buf_free(&text);
        buf_printf(out, " %zu", i);
    }
    buf_text(out, ")\n");
}

double plot_clamped(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

bool plot_has_mean(const struct series *series)
{
    for (size_t i = 0; i < series->count; i++) {
        if (isfinite(series->cells[i].summary.mean))
            return true;
    }
    return false;
}

bool plot_panel_empty(const struct panel *panel)
{
    for (size_t s = 0; s < panel->count; s++) {
        if (plot_has_mean(&panel->series[s]))
            return false;
    }
    return true;
}
