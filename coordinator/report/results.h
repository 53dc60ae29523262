/* results.h - what the database holds of one or several searches, as figures need it: studies, the
 * keys that tell them apart, and of each study the runs of its best configuration.
 *
 * Keys are the keys of the matrix; for several searches together also constants that differ
 * between them, as far as studies are not told apart without, and `search` where nothing else
 * does. A key that has the same value everywhere is none.
 *
 * The runs of a study are those of its best configuration, in the order of its goal, that are
 * done; of its re-run (a study named STUDY/rerun) if it has any that are done. */
#ifndef REPORT_RESULTS_H
#define REPORT_RESULTS_H
#include "common/arena.h"
#include "common/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct key {
    const char *name;
    const char **texts;    /* its values: numbers ascending, texts as they first appear */
    double *numbers;       /* the same; NaN where it is no number */
    int n_values;
    bool numeric;          /* all of them are numbers */
};

struct study_result {
    const char *name;      /* of the study whose runs these are */
    int *places;           /* for each key: index of its value, -1 where the study lacks it */
    int64_t *trials;       /* the runs */
    double *values;        /* of the search's metric, beside them */
    size_t n_runs;
    int64_t n_diverged, n_failed, n_unfinished; /* other runs of the same configuration */
    const char *parameters; /* of that configuration: a JSON object; NULL without runs */
    const char *const *varied; /* the parameters that were searched over; NULL at the end */
};

struct results {
    const char *title;     /* the names of the searches */
    const char *metric;
    bool maximize, over_time_last;
    bool full_labels;      /* labels say `none` and `no`, too: without, some would be the same */
    bool built_in;         /* by the built-in trainer, whose metrics have units */
    struct key *keys;
    int n_keys;
    struct study_result *studies;
    size_t n_studies;
    struct arena *arena;   /* owns everything above */
};

/* Searches by name, which must exist and have the same metric. False with a sentence, *out NULL. */
bool results_read(struct results **out, sqlite3 *db, const char *const *searches, size_t count,
                  struct error *error);
void results_destroy(struct results **results); /* leaves NULL, accepts NULL */

int results_find_key(const struct results *results, const char *name); /* -1: none */

/* "no-teacher, entropy_coef 0.1": the values that a study has of the keys that are marked. Owned by
 * the arena. */
const char *results_label(const struct results *results, const struct study_result *study,
                          const bool *marked);

/* ---- learning curves */

struct curve {
    double *x, *values;    /* epochs ascending, each once: the last value counts */
    size_t count;
    bool is_epoch;         /* else the run reported no epochs and x is the step */
};

/* One metric of one run, finite or not; an empty curve if there is none. Owned by the arena. */
bool curve_read(struct curve *out, sqlite3 *db, struct arena *arena, const char *study,
                int64_t trial, const char *metric, struct error *error);
#endif
