/* plot_layout.h - where panels and legend stand in a picture, in pixels from its top left. */
#ifndef REPORT_PLOT_LAYOUT_H
#define REPORT_PLOT_LAYOUT_H
#include "coordinator/report/figure.h"

enum { LAYOUT_LABEL_MAXIMUM = 60 }; /* characters of a label in a picture */

struct layout {
    double width, height;        /* of the picture */
    double panel_width, panel_height;
    double upright_height;       /* of the names below bars, if for want of room they stand; or 0 */
    size_t columns, rows;        /* of panels */
    size_t legend_columns;
    double legend_height;        /* at the bottom; 0 none */
};

/* The plotting area of a panel, without its labels, as gnuplot's fractions of the picture from its
 * bottom left corner. */
struct place {
    double left, right, bottom, top;
};

struct layout layout_of(const struct figure *figure);
struct place layout_place(const struct layout *layout, size_t panel);

/* A number that lies beyond what an axis can show, such as the loss of a run that explodes, is
 * taken to lie at its end. NaN stays. */
double layout_bounded(double value);

/* The ends of an axis, apart as far as gnuplot can tell: it draws nothing on one without length. */
void layout_widen(double *low, double *high);

/* The range of the vertical axis of a panel: all means, and of their intervals as much as leaves
 * the means the better half of the picture; an interval of two or three seeds can be far wider.
 * Sets *cut when one is. */
void layout_range(const struct figure *figure, const struct panel *panel, double *low, double *high,
                  bool *cut);
#endif
