/* Every suggestion again, from the history that it saw. A study with a finding is left out: its
 * history is not the recorded one. */
#include "coordinator/doctor/examination.h"
#include "common/arena.h"
#include "common/xalloc.h"
#include "coordinator/core/replay.h"

#include <inttypes.h>
#include <stdlib.h>

/* Rows of one study of one table, as structs; their texts are in the arena. */
static void *read_rows(struct examination *examination, enum table_number number, int64_t study,
                       const char *order, size_t *count, struct arena *arena)
{
    const struct table *table = &schema_tables[number];
    struct row_cell cells[MAX_COLUMNS];
    size_t capacity = 0;
    char *rows = NULL, *columns = table_column_list(table, "", false);
    char *sql =
        xasprintf("SELECT %s FROM %s WHERE study = ? ORDER BY %s", columns, table->name, order);
    sqlite3_stmt *statement = examination_ask(examination, sql, study);
    for (*count = 0; examination_next(examination, statement, table->name); ++*count) {
        cells_of_statement(table, statement, 0, false, cells);
        for (int i = 0; i < table->n_columns; i++)
            if (cells[i].type == SQLITE_TEXT)
                cells[i].text = arena_text(arena, cells[i].text);
        rows = xgrow(rows, *count, &capacity, table->row_bytes);
        cells_to_row(table, cells, rows + *count * table->row_bytes);
    }
    sqlite3_finalize(statement);
    free(sql);
    free(columns);
    return rows;
}

struct recorded_history { /* a study as it is recorded, and the rows that it points to */
    struct recorded_study study;
    void *trials, *outcomes;
};

static struct recorded_history read_history(struct examination *examination,
                                            const struct patient *patient, int64_t position,
                                            struct arena *arena)
{
    struct recorded_history history = {
        .study = { .definition = patient->definition,
                   .position = (size_t)position,
                   .repeat = patient->repeat,
                   .audit = patient->audit,
                   .seed = patient->seed },
    };
    struct recorded_study *study = &history.study;
    history.trials =
        read_rows(examination, TABLE_TRIAL, patient->id, "number", &study->n_trials, arena);
    history.outcomes =
        read_rows(examination, TABLE_OUTCOME, patient->id, "seq", &study->n_outcomes, arena);
    study->trials = history.trials;
    study->outcomes = history.outcomes;
    return history;
}

static void forget_history(struct recorded_history *history)
{
    free(history->trials);
    free(history->outcomes);
}

static void replay(struct examination *examination, const struct patient *patient,
                   const struct patient *parent, int64_t position, struct arena *arena)
{
    struct error error = { "" };
    int64_t mismatch = -1;
    struct recorded_history own = read_history(examination, patient, position, arena);
    struct recorded_history of_parent = { 0 };
    if (parent != NULL) {
        of_parent = read_history(examination, parent, position, arena);
        own.study.parent = &of_parent.study;
    }
    if (replay_study(&own.study, &mismatch, &error)) {
        examination->diagnosis->suggestions += (int64_t)own.study.n_trials;
    } else {
        char *place = mismatch < 0
                          ? xasprintf("`%s`", patient->name)
                          : xasprintf("trial %" PRId64 " of `%s`", mismatch, patient->name);
        examination_find(
            examination, patient->id, place,
            "if another release or another type of CPU wrote it, ask with that one; else take a "
            "copy of the file from before",
            "its suggestion does not come out again from the history that it saw: %s", error.text);
        free(place);
    }
    forget_history(&own);
    forget_history(&of_parent);
}

static bool in_definition(const struct patient *patient)
{
    return patient->definition != NULL && patient->position >= 0 &&
           patient->position < (int64_t)patient->definition->n_studies;
}

static const struct patient *parent_of(const struct examination *examination,
                                       const struct patient *patient)
{
    return patient != NULL && patient->parent != 0
               ? examination_patient(examination, patient->parent)
               : NULL;
}

/* The study of the definition that this one comes from: itself, its parent, or, of an audit of a
 * re-run, the parent of that. NULL where the rows do not say. */
static const struct patient *origin_of(const struct examination *examination,
                                       const struct patient *patient)
{
    enum { GENERATIONS = 3 };
    for (int i = 0; i < GENERATIONS && patient != NULL && patient->parent != 0; i++)
        patient = parent_of(examination, patient);
    return patient != NULL && patient->parent == 0 ? patient : NULL;
}

/* Whether there is something to replay: all three of one search, and an audit of a study. Where the
 * rows, hashes and all, say otherwise, a coordinator refuses to restore them. */
static bool is_replayable(const struct patient *patient, const struct patient *parent,
                          const struct patient *origin)
{
    bool complete = patient->definition != NULL && origin != NULL && in_definition(origin) &&
                    origin->search == patient->search;
    if (!complete || patient->affected)
        return false;
    return parent != NULL ? parent->search == patient->search && !parent->affected
                          : !patient->audit;
}

static void examine_study(struct examination *examination, const struct patient *patient)
{
    const struct patient *parent = parent_of(examination, patient);
    const struct patient *origin = origin_of(examination, patient);
    if (!is_replayable(patient, parent, origin))
        return;
    struct arena *arena = arena_create(64 << 10);
    replay(examination, patient, parent, origin->position, arena);
    arena_destroy(&arena);
}

void examine_history(struct examination *examination)
{
    if (examination->diagnosis->everywhere)
        return;
    for (size_t i = 0; i < examination->n_patients; i++) {
        examination->told = 0;
        examination_progress(examination, "suggestions of study", (int64_t)i,
                             (int64_t)examination->n_patients);
        examine_study(examination, &examination->patients[i]);
    }
}
