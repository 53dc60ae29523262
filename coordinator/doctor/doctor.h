/* doctor.h - is everything in a database as the coordinator left it? `ldt doctor` prints what is
 * not.
 *
 * One reading of the whole file, in one transaction, so that a coordinator may go on writing:
 *   pages      PRAGMA integrity_check; tables, indexes and views are those of this release
 *   rows       every hash is computed again, and every table's sum
 *   curves     each attempt's points are counted and their digest chained again; best, last and
 *              the trial's value follow from them
 *   rules      the invariants of trials, attempts and outcomes, also by restoring a core
 *   history    every suggestion of every study is computed again, bit for bit
 * Memory does not grow with the points and logs; it does with the trials, as a coordinator's. */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3;

struct finding {
    const char *place;  /* "trial 7 of `task-b/ldt`" */
    const char *fault;  /* "its row is not what was saved: ..." */
    const char *remedy; /* what to do */
};

struct doctor_listener {
    void (*found)(void *context, const struct finding *finding); /* texts until it returns */
    /* Now and then: what is looked at, and how much of it. total 0: not known. May be NULL. */
    void (*progress)(void *context, const char *what, int64_t done, int64_t total);
    void *context;
};

struct diagnosis {
    int64_t findings;
    int64_t views;         /* of them: views, which hold no data, as of another release */
    int64_t searches, studies, trials, attempts, points; /* that were read */
    int64_t suggestions;   /* that came out again as they were recorded */
    bool everywhere;       /* a finding that may concern every study, and not only those named */
    bool acceptable;       /* there is a finding that store_accept would settle */
    char **sound;          /* names of the studies that no finding concerns */
    size_t n_sound;
    size_t n_affected;
};

/* False with a sentence only when the examination itself could not go on; a damaged file is a
 * finding. The diagnosis is freed by diagnosis_free in either case. */
bool doctor_examine(struct sqlite3 *db, const struct doctor_listener *listener,
                    struct diagnosis *out, struct error *error);
void diagnosis_free(struct diagnosis *diagnosis);
#endif
