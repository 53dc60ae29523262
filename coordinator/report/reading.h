/* reading.h - what is known while results are read: the definitions behind the studies. For
 * results.c, reading.c and keys.c only. */
#ifndef REPORT_READING_H
#define REPORT_READING_H
#include "coordinator/report/results.h"
#include "coordinator/space/definition.h"

enum { RESULTS_MAX_KEYS = 202 };

struct reading {
    struct results *results;
    sqlite3 *db;
    struct error *error;
    struct definition **definitions; /* one for each search, as the next two */
    json_t **documents;
    const char *const *names;        /* the caller's */
    size_t n_searches;
};

/* Reads the definitions of the searches into one that has results, db and error, and fills what the
 * results say of them: title, metric, goal. False with a sentence. reading_end in any case. */
bool reading_begin(struct reading *reading, const char *const *searches, size_t count);
void reading_end(struct reading *reading);

/* Of a study by its index in the results: those of the first search, then of the next. */
const struct study_definition *reading_definition(const struct reading *reading, size_t study);

/* keys.c: fills the keys of the results, and each study's places among their values. */
void reading_find_keys(struct reading *reading);
#endif
