/* plot_parts.h - what the kinds of plots share. Every number of a script goes through plot_number
 * or a format of printf, every text through escape.h. For plot_*.c only. */
#ifndef REPORT_PLOT_PARTS_H
#define REPORT_PLOT_PARTS_H
#include "common/buf.h"
#include "coordinator/report/plot_layout.h"

struct style {
    const char *colour;
    int mark;
};

const struct style *plot_style(size_t order); /* of a series */

void plot_number(struct buf *out, double number);
void plot_range(struct buf *out, const char *axis, double low, double high);

/* A text with its middle at a place, in fractions of the picture; how: more words, or "". */
void plot_text(struct buf *out, const char *text, double x, double y, const char *how);

/* A label that fits a picture: gnuplot leaves out a legend that does not. */
void plot_shortened(struct buf *out, const char *label);

/* Texts along an axis, at 0, 1, 2, ..., shortened; axis: its name and maybe more words. */
void plot_tics(struct buf *out, const char *axis, const char *const *texts, size_t count);

double plot_clamped(double value, double low, double high);
bool plot_has_mean(const struct series *series);
bool plot_panel_empty(const struct panel *panel);

/* ---- what is inside a panel's axes, by kind: plot_lines.c, plot_bars.c, plot_heat.c */
void plot_lines(struct buf *out, const struct figure *figure, const struct panel *panel);
void plot_bars(struct buf *out, const struct figure *figure, const struct layout *layout,
               const struct panel *panel);
void plot_heat(struct buf *out, const struct figure *figure, const struct panel *panel);

/* Of heat maps: the colours, once; and their scale below the panels, drawn with the last one. */
void plot_palette(struct buf *out, const struct figure *figure);
void plot_colour_scale(struct buf *out, const struct figure *figure, const struct layout *layout,
                       bool last);
#endif
