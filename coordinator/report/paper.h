/* paper.h - the figures and tables of the paper: which search each is made from, and which kind of
 * figure shows it. One row each; the specs are in deploy/searches/paper/. */
#ifndef REPORT_PAPER_H
#define REPORT_PAPER_H
#include "coordinator/report/figure.h"

#include <stdbool.h>

struct paper_figure {
    const char *name;       /* "Figure 3b" */
    const char *shows;
    const char *search;     /* its name; '*' stands for any text */
    const char *other;      /* a search that will do if that one is not there; NULL: none */
    const char *spec;       /* the file or files to submit */
    const char *needs;      /* what must have run */
    enum figure_kind kind;
    const char *part;       /* how the name of the figure goes on after the search's: "curves." */
};
extern const struct paper_figure paper_figures[];
extern const size_t n_paper_figures;

/* What a search is to a figure. The small twin of a search is named NAME-small. Searches of the
 * best rank that there is make the figure, together if they are several. */
enum paper_match { PAPER_FULL, PAPER_OTHER, PAPER_SMALL, PAPER_OTHER_SMALL, PAPER_NONE };

enum paper_match paper_matches(const struct paper_figure *figure, const char *search);
bool paper_knows(const char *search); /* any figure */
#endif
