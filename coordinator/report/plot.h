/* plot.h - figures as pictures, by gnuplot. The script is made of our own words, of numbers and of
 * texts that escape.h has passed; gnuplot reads it from its standard input and writes the picture
 * to its standard output, so that no file name stands in it either. */
#ifndef REPORT_PLOT_H
#define REPORT_PLOT_H
#include "common/buf.h"
#include "common/error.h"
#include "coordinator/report/figure.h"

enum plot_format { PLOT_SVG, PLOT_PNG };

/* Whether it is a kind of figure that is drawn, and has anything to draw. */
bool plot_possible(const struct figure *figure);

/* Appends the script of a figure for which plot_possible holds. */
void plot_script(struct buf *out, const struct figure *figure, enum plot_format format);

/* Appends the picture. The same figure gives the same SVG, byte for byte: what names gnuplot's
 * release is taken out, and nothing else in it depends on when, where or by whom it was drawn. PNG
 * depends on the fonts of the machine. */
bool plot_draw(struct buf *out, const struct figure *figure, enum plot_format format,
               struct error *error);
#endif
