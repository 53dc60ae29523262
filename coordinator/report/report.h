/* report.h - figures and tables of searches as files: index.html, and of each figure NAME.csv,
 * NAME.svg and NAME.png. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H
#include "common/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

struct report_request {
    const char *const *searches; /* names; those that make one figure of the paper are also shown
                                  * together */
    size_t n_searches;
    const char *metric;          /* of the learning curves; NULL: each search's own */
    const char *directory;       /* made if it is missing; files of an older report are replaced */
    bool paper;                  /* say of each figure of the paper where it is or what to submit */
};

/* Writes everything; *n_figures counts what was drawn or tabled. False with a sentence: a name that
 * is no search, a directory that cannot be written, gnuplot missing. */
bool report_write(sqlite3 *db, const struct report_request *request, size_t *n_figures,
                  struct error *error);
#endif
