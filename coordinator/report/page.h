/* page.h - index.html of a report: one file without scripts, its pictures inside, that reads well
 * without its styles, in light and dark. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H
#include "common/buf.h"
#include "coordinator/report/figure.h"

void page_begin(struct buf *out);
void page_heading(struct buf *out, const char *text);

/* A figure: its picture (svg NULL: none was drawn), what it shows, n, notes, and links to its
 * files. */
void page_figure(struct buf *out, const struct figure *figure, const struct buf *svg);

/* The paper's figures, one row each, with the figures of this report that show them: `shown[i]` are
 * links made by page_link, "" where its runs are missing; then the row says what to submit. */
void page_paper(struct buf *out, const char *const *shown);
void page_link(struct buf *out, const struct figure *figure);

void page_end(struct buf *out);
#endif
