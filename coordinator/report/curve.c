/* One metric of one run, read in the order reported. */
#include "coordinator/report/database.h"
#include "coordinator/report/results.h"
#include "common/xalloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sample {
    double epoch, step, value;
    size_t order;
};

static double real_or_nan(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? NAN
                                                           : sqlite3_column_double(row, column);
}

static int compare_samples(const void *left, const void *right)
{
    const struct sample *a = left, *b = right;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* Sorts by x and keeps the last value of each. */
static void fill_curve(struct curve *out, struct arena *arena, struct sample *samples, size_t count)
{
    out->x = arena_alloc(arena, (count + 1) * sizeof *out->x);
    out->values = arena_alloc(arena, (count + 1) * sizeof *out->values);
    for (size_t i = 0; i < count && !out->is_epoch; i++)
        samples[i].epoch = samples[i].step;
    if (count > 0)
        qsort(samples, count, sizeof *samples, compare_samples);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && samples[i].epoch == samples[i - 1].epoch)
            out->count--;
        out->x[out->count] = samples[i].epoch;
        out->values[out->count++] = samples[i].value;
    }
}

bool curve_read(struct curve *out, sqlite3 *db, struct arena *arena, const char *study,
                int64_t trial, const char *metric, struct error *error)
{
    static const char sql[] = "SELECT epoch, step, value FROM v_curve WHERE study = :name"
                              " AND trial = :number AND metric = :metric ORDER BY idx";
    struct sample *samples = NULL;
    size_t count = 0, capacity = 0;
    *out = (struct curve){ .is_epoch = true };
    sqlite3_stmt *statement = report_query(db, sql, study, trial, metric, error);
    if (statement == NULL)
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        samples = xgrow(samples, count, &capacity, sizeof *samples);
        samples[count] = (struct sample){ real_or_nan(statement, 0), real_or_nan(statement, 1),
                                          real_or_nan(statement, 2), count };
        out->is_epoch = out->is_epoch && isfinite(samples[count].epoch);
        count++;
    }
    fill_curve(out, arena, samples, count);
    free(samples);
    return report_query_end(db, statement, error);
}
