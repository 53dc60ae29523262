#include "coordinator/report/reading.h"
#include "coordinator/report/database.h"

#include <string.h>

enum { RESULT_BLOCK_BYTES = 1 << 16 };

/* ---- runs ---------------------------------------------------------------------------------- */

/* The configuration with the best value; while none is complete, the best of those with most
 * runs. */
static const char best_sql[] =
    "SELECT configuration FROM (SELECT * FROM (SELECT configuration, 0 AS place FROM v_best"
    "   WHERE study = :name AND state <> 'diverged' ORDER BY rank, trial LIMIT 1)"
    " UNION ALL SELECT * FROM (SELECT configuration, 1 FROM v_trial"
    "   WHERE study = :name AND state = 'done' AND value IS NOT NULL GROUP BY configuration"
    "   ORDER BY count(*) DESC, CASE WHEN :number THEN -avg(value) ELSE avg(value) END,"
    "   configuration LIMIT 1)) ORDER BY place LIMIT 1";

static const char runs_sql[] = "SELECT trial, value, coalesce(state, ''), parameters FROM v_trial"
                               " WHERE study = :name AND configuration = :number ORDER BY trial";

static void add_run(struct results *results, struct study_result *study, sqlite3_stmt *row,
                    size_t *capacity)
{
    const char *state = (const char *)sqlite3_column_text(row, 2);
    bool ended_well = strcmp(state, "done") == 0;
    if (!ended_well || sqlite3_column_type(row, 1) == SQLITE_NULL) {
        bool unfinished = strcmp(state, "waiting") == 0 || strcmp(state, "running") == 0;
        study->n_diverged += strcmp(state, "diverged") == 0;
        study->n_unfinished += unfinished;
        study->n_failed += !unfinished && strcmp(state, "diverged") != 0;
        return;
    }
    if (study->n_runs == *capacity) {
        size_t bytes = study->n_runs * sizeof(double);
        *capacity = *capacity > 0 ? *capacity * 2 : 8;
        void *trials = arena_alloc(results->arena, *capacity * sizeof *study->trials);
        void *values = arena_alloc(results->arena, *capacity * sizeof *study->values);
        if (bytes > 0) {
            memcpy(trials, study->trials, bytes);
            memcpy(values, study->values, bytes);
        }
        study->trials = trials;
        study->values = values;
    }
    if (study->parameters == NULL)
        study->parameters = arena_text(results->arena, (const char *)sqlite3_column_text(row, 3));
    study->trials[study->n_runs] = sqlite3_column_int64(row, 0);
    study->values[study->n_runs++] = sqlite3_column_double(row, 1);
}

/* The runs of the best configuration of the study with this name; none is no failure. */
static bool read_runs(struct reading *reading, struct study_result *study, const char *name)
{
    struct results *results = reading->results;
    size_t capacity = 0;
    int64_t configuration = -1;
    sqlite3_stmt *statement =
        report_query(reading->db, best_sql, name, results->maximize, NULL, reading->error);
    if (statement == NULL)
        return false;
    if (sqlite3_step(statement) == SQLITE_ROW)
        configuration = sqlite3_column_int64(statement, 0);
    if (!report_query_end(reading->db, statement, reading->error))
        return false;
    if (configuration < 0)
        return true;
    statement = report_query(reading->db, runs_sql, name, configuration, NULL, reading->error);
    if (statement == NULL)
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW)
        add_run(results, study, statement, &capacity);
    bool good = report_query_end(reading->db, statement, reading->error);
    study->name = arena_text(results->arena, name);
    return good;
}

static const char *const *varied_of(struct arena *arena, const struct study_definition *definition)
{
    const struct space *space = definition->space;
    const char **names = arena_alloc(arena, ((size_t)space->n_parameters + 1) * sizeof *names);
    size_t count = 0;
    for (int i = 0; i < space->n_parameters; i++) {
        const struct parameter *parameter = &space->parameters[i];
        if (parameter->n_domains > 1 || parameter->domains[0].distribution != CONSTANT)
            names[count++] = arena_text(arena, parameter->name);
    }
    return names;
}

static bool read_study(struct reading *reading, struct study_result *study,
                       const struct study_definition *definition)
{
    struct arena *arena = reading->results->arena;
    const char *rerun = arena_printf(arena, "%s" RERUN_SUFFIX, definition->name);
    study->varied = varied_of(arena, definition);
    if (!read_runs(reading, study, rerun))
        return false;
    if (study->n_runs > 0)
        return true;
    study->n_diverged = study->n_failed = study->n_unfinished = 0;
    study->name = arena_text(arena, definition->name);
    return read_runs(reading, study, definition->name);
}

static bool read_studies(struct reading *reading)
{
    struct results *results = reading->results;
    for (size_t i = 0; i < reading->n_searches; i++)
        results->n_studies += reading->definitions[i]->n_studies;
    results->studies =
        arena_alloc(results->arena, (results->n_studies + 1) * sizeof *results->studies);
    for (size_t i = 0; i < results->n_studies; i++) {
        results->studies[i].places = arena_alloc(results->arena, RESULTS_MAX_KEYS * sizeof(int));
        if (!read_study(reading, &results->studies[i], reading_definition(reading, i)))
            return false;
    }
    reading_find_keys(reading);
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

bool results_read(struct results **out, sqlite3 *db, const char *const *searches, size_t count,
                  struct error *error)
{
    struct arena *arena = arena_create(RESULT_BLOCK_BYTES);
    struct results *results = arena_alloc(arena, sizeof *results);
    struct reading reading = { .results = results, .db = db, .error = error };
    results->arena = arena;
    bool good = reading_begin(&reading, searches, count) && read_studies(&reading);
    reading_end(&reading);
    *out = results;
    if (!good)
        results_destroy(out);
    return good;
}

void results_destroy(struct results **results)
{
    if (*results == NULL)
        return;
    struct arena *arena = (*results)->arena;
    arena_destroy(&arena);
    *results = NULL;
}
