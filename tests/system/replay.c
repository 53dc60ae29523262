/* replay DATABASE: computes every suggestion of every study again, from the history that it saw,
 * and compares it with what was recorded, bit for bit. One line for each study; exit status 0 if
 * all of them are the same. */
#include "common/xalloc.h"
#include "coordinator/core/replay.h"
#include "coordinator/store/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

static sqlite3 *database;

static void fail(const char *what)
{
    fprintf(stderr, "replay: %s: %s\n", what, sqlite3_errmsg(database));
    exit(2);
}

static sqlite3_stmt *query(const char *text, int64_t key)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, text, -1, &statement, NULL) != SQLITE_OK)
        fail(text);
    if (sqlite3_bind_parameter_count(statement) > 0)
        sqlite3_bind_int64(statement, 1, key);
    return statement;
}

static bool next(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        fail("reading");
    return result == SQLITE_ROW;
}

static struct definition *read_definition(const char *text)
{
    struct definition *definition = NULL;
    struct problems problems;
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    problems_init(&problems);
    if (!definition_parse(&definition, document, &problems)) {
        fprintf(stderr, "replay: a recorded definition is refused: %s\n",
                problems.count > 0 ? problems.list[0].text : "no JSON");
        exit(2);
    }
    problems_free(&problems);
    json_decref(document);
    return definition;
}

static struct trial_row *read_trials(int64_t study, size_t *count, struct arena *arena)
{
    struct trial_row *rows = NULL;
    size_t capacity = 0;
    sqlite3_stmt *statement =
        query("SELECT number, configuration, repetition, state, seed, parameters, history_seq "
              "FROM trial WHERE study = ? ORDER BY number",
              study);
    *count = 0;
    while (next(statement)) {
        rows = xgrow(rows, *count, &capacity, sizeof *rows);
        rows[(*count)++] = (struct trial_row){
            .study = study,
            .number = sqlite3_column_int64(statement, 0),
            .configuration = sqlite3_column_int64(statement, 1),
            .repetition = sqlite3_column_int(statement, 2),
            .state = (enum trial_state)sqlite3_column_int(statement, 3),
            .seed = sqlite3_column_int64(statement, 4),
            .parameters = arena_text(arena, (const char *)sqlite3_column_text(statement, 5)),
            .history_seq = sqlite3_column_int64(statement, 6),
        };
    }
    sqlite3_finalize(statement);
    return rows;
}

static struct outcome_row *read_outcomes(int64_t study, size_t *count)
{
    struct outcome_row *rows = NULL;
    size_t capacity = 0;
    sqlite3_stmt *statement =
        query("SELECT seq, trial, state, value FROM outcome WHERE study = ? ORDER BY seq", study);
    *count = 0;
    while (next(statement)) {
        rows = xgrow(rows, *count, &capacity, sizeof *rows);
        rows[(*count)++] = (struct outcome_row){
            .study = study,
            .seq = sqlite3_column_int64(statement, 0),
            .trial = sqlite3_column_int64(statement, 1),
            .state = (enum trial_state)sqlite3_column_int(statement, 2),
            .has_value = sqlite3_column_type(statement, 3) != SQLITE_NULL,
            .value = sqlite3_column_double(statement, 3),
        };
    }
    sqlite3_finalize(statement);
    return rows;
}

static bool replay(int64_t id, const char *name, int64_t position, const char *definition_text)
{
    struct error error = { "" };
    int64_t mismatch = -1;
    size_t n_trials, n_outcomes;
    struct arena *arena = arena_create(64 << 10);
    struct definition *definition = read_definition(definition_text);
    struct trial_row *trials = read_trials(id, &n_trials, arena);
    struct outcome_row *outcomes = read_outcomes(id, &n_outcomes);
    bool same = replay_study(&(struct recorded_study){ definition, (size_t)position, trials,
                                                       n_trials, outcomes, n_outcomes },
                             &mismatch, &error);
    if (same)
        printf("%s: %zu suggestions are the same\n", name, n_trials);
    else
        printf("%s: trial %" PRId64 " differs: %s\n", name, mismatch, error.text);
    free(trials);
    free(outcomes);
    definition_destroy(&definition);
    arena_destroy(&arena);
    return same;
}

int main(int argc, char **argv)
{
    struct error error = { "" };
    if (argc != 2 || !store_open_readonly(&database, argv[1], &error)) {
        fprintf(stderr, "replay: %s\n", argc == 2 ? error.text : "usage: replay DATABASE");
        return 2;
    }
    bool same = true;
    sqlite3_stmt *studies = query("SELECT study.id, study.name, study.position, search.definition "
                                  "FROM study JOIN search ON search.id = study.search",
                                  0);
    while (next(studies))
        same =
            replay(sqlite3_column_int64(studies, 0), (const char *)sqlite3_column_text(studies, 1),
                   sqlite3_column_int64(studies, 2),
                   (const char *)sqlite3_column_text(studies, 3)) &&
            same;
    sqlite3_finalize(studies);
    sqlite3_close(database);
    return same ? 0 : 1;
}
