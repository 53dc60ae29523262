/* escape.h - text of users inside other languages. Every name, value and label that reaches a
 * gnuplot script, an HTML page or a file name goes through one of these. */
#ifndef REPORT_ESCAPE_H
#define REPORT_ESCAPE_H
#include "common/buf.h"

/* Appends a gnuplot string with its quotes. All bytes but ASCII letters and blanks are written as
 * octal escapes, so that nothing inside can end the string, begin a command substitution or a
 * macro; the terminals are opened with `noenhanced`, so that @ ^ _ { } are letters like others.
 * Control characters become blanks, bytes that are no UTF-8 question marks. */
void escape_gnuplot(struct buf *out, const char *text);

/* As escape_gnuplot, for the labels of an axis: gnuplot takes those for formats, where % is
 * doubled. */
void escape_gnuplot_tic(struct buf *out, const char *text);

/* Appends text for HTML, XML and their quoted attributes. */
void escape_html(struct buf *out, const char *text);

/* Appends a name for a file: letters, digits, '.', '_' and '-', never a leading '.', at most 80
 * characters. */
void escape_file(struct buf *out, const char *text);
#endif
