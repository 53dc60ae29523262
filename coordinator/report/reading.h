/* reading.h - what is known while results are read: the definitions behind the studies. For
 * results.c and keys.c only. */
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
    const char **names;
    size_t n_searches;
};

/* Of a study by its index in the results: those of the first search, then of the next. */
const struct study_definition *reading_definition(const struct reading *reading, size_t study);

/* Fills the keys of the results, and each study's places among their values. */
void reading_find_keys(struct reading *reading);
#endif
