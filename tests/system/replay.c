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
        query("SELECT number, configuration, repetition, state, seed, parameters, history_seq, "
              "ifnull(source, -1) "
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
            .source = sqlite3_column_int64(statement, 7),
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

/* A study as it is recorded in the table. */
struct row {
    int64_t id, position, parent, seed;
    int32_t repeat;
    bool audit;
    const char *name, *definition;
};

static struct recorded_study record(int64_t id, int64_t position,
                                    const struct definition *definition, struct arena *arena)
{
    struct recorded_study study = { .definition = definition, .position = (size_t)position };
    study.trials = read_trials(id, &study.n_trials, arena);
    study.outcomes = read_outcomes(id, &study.n_outcomes);
    return study;
}

static void forget(struct recorded_study *study)
{
    free((void *)(uintptr_t)study->trials);
    free((void *)(uintptr_t)study->outcomes);
}

/* A number of a study; 0 where it is NULL. */
static int64_t number_of(const char *sql, int64_t id)
{
    sqlite3_stmt *statement = query(sql, id);
    int64_t number = next(statement) ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return number;
}

/* The position of the study of the definition that this one comes from. */
static int64_t origin_of(int64_t id)
{
    int64_t parent;
    while ((parent = number_of("SELECT parent FROM study WHERE id = ?", id)) > 0)
        id = parent;
    return number_of("SELECT position FROM study WHERE id = ?", id);
}

static bool replay(const struct row *row)
{
    struct error error = { "" };
    int64_t mismatch = -1;
    struct arena *arena = arena_create(64 << 10);
    struct definition *definition = read_definition(row->definition);
    int64_t position = origin_of(row->id);
    struct recorded_study parent = { 0 }, study = record(row->id, position, definition, arena);
    if (row->parent != 0) {
        parent = record(row->parent, position, definition, arena);
        parent.repeat =
            (int32_t)number_of("SELECT repeat FROM study WHERE id = ?", row->parent);
        study.parent = &parent;
        study.audit = row->audit;
        study.seed = row->seed;
    }
    study.repeat = row->repeat;
    bool same = replay_study(&study, &mismatch, &error);
    if (same)
        printf("%s: %zu suggestions are the same\n", row->name, study.n_trials);
    else
        printf("%s: trial %" PRId64 " differs: %s\n", row->name, mismatch, error.text);
    forget(&study);
    forget(&parent);
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
    sqlite3_stmt *studies = query("SELECT study.id, study.name, study.position, search.definition, "
                                  "study.parent, study.repeat, study.audit, study.seed "
                                  "FROM study JOIN search ON search.id = study.search",
                                  0);
    while (next(studies)) {
        struct row row = {
            .id = sqlite3_column_int64(studies, 0),
            .name = (const char *)sqlite3_column_text(studies, 1),
            .position = sqlite3_column_int64(studies, 2),
            .definition = (const char *)sqlite3_column_text(studies, 3),
            .parent = sqlite3_column_int64(studies, 4),
            .repeat = sqlite3_column_int(studies, 5),
            .audit = sqlite3_column_int(studies, 6) != 0,
            .seed = sqlite3_column_int64(studies, 7),
        };
        same = replay(&row) && same;
    }
    sqlite3_finalize(studies);
    sqlite3_close(database);
    return same ? 0 : 1;
}
