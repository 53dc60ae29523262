/* arrangement.h - which keys of the results become panels, which lines, which an axis. */
#ifndef REPORT_ARRANGEMENT_H
#define REPORT_ARRANGEMENT_H
#include "coordinator/report/figure.h"

/* A key is in exactly one place: an axis, the panels, or (else) the series. */
struct arrangement {
    int x, y;                 /* keys of the axes, -1: none */
    bool in_panel[256], in_series[256];
};

/* Studies on different data cannot share an axis: `environment`, `task` and `data` make panels;
 * and beside a numeric axis so do the other numeric keys. The rest makes series, unless those
 * would be too many in one panel: then `method`, or without it the last key, does, and all others
 * make panels. */
void arrange(struct arrangement *out, const struct results *results, int x, int y);

/* How many panels, and at most how many series in one. */
void arrangement_count(const struct arrangement *arrangement, const struct results *results,
                       size_t *n_panels, size_t *n_series);

/* Where a study belongs; makes panel and series. NULL if it lacks the key of an axis. */
struct series *arrangement_place(const struct arrangement *arrangement, struct figure *figure,
                                 const struct results *results, const struct study_result *study);

const char *arrangement_panel_label(const struct arrangement *arrangement,
                                    const struct results *results,
                                    const struct study_result *study);
#endif
