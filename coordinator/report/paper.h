/* paper.h - the figures and tables of the paper: which search each is made from, and which kind of
 * figure shows it. One row each; the specs are in deploy/searches/paper/. */
#ifndef REPORT_PAPER_H
#define REPORT_PAPER_H
#include "coordinator/report/figure.h"

#include <stdbool.h>

struct paper_figure {
    const char *name;       /* "Figure 3b" */
    const char *shows;
    const char *search;     /* name of the search; with a '*' at its end, of several */
    const char *spec;       /* the file or files to submit */
    const char *needs;      /* what must have run */
    enum figure_kind kind;
    const char *part;       /* how the name of the figure goes on after the search's: "curves." */
};
extern const struct paper_figure paper_figures[];
extern const size_t n_paper_figures;

/* Whether the search makes (a part of) the figure. The small twin of a search, NAME-small, does. */
bool paper_matches(const struct paper_figure *figure, const char *search);
bool paper_is_small(const char *search);
bool paper_knows(const char *search); /* any figure */
#endif
