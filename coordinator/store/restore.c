/* Restoring: every row that the core needs, proven by its hash and streamed to the core in the
 * order that core.h asks for. A text lives in SQLite's memory until the next row, so the core
 * copies what it keeps. */
#include "coordinator/store/restore.h"
#include "common/buf.h"
#include "coordinator/store/handle.h"
#include "coordinator/store/row_name.h"
#include "coordinator/store/sql.h"

#include <stdio.h>
#include <stdlib.h>

/* Each takes the struct of its table. */
static bool restore_search(struct core *core, const void *row, struct error *error)
{
    return core_restore_search(core, row, error);
}

static bool restore_study(struct core *core, const void *row, struct error *error)
{
    return core_restore_study(core, row, error);
}

static bool restore_worker(struct core *core, const void *row, struct error *error)
{
    return core_restore_worker(core, row, error);
}

static bool restore_trial(struct core *core, const void *row, struct error *error)
{
    return core_restore_trial(core, row, error);
}

/* Not its log: the core has no use for what may be 64 KiB. */
static bool restore_attempt(struct core *core, const void *row, struct error *error)
{
    return core_restore_attempt(core, row, error);
}

static bool restore_outcome(struct core *core, const void *row, struct error *error)
{
    return core_restore_outcome(core, row, error);
}

static const struct restorer {
    enum table_number table;
    const char *from; /* after "SELECT columns of the table, its hash" */
    bool whole;       /* all rows of the table, so that their sum can be compared */
    bool (*restore)(struct core *core, const void *row, struct error *error);
} restorers[] = {
    { TABLE_SEARCH, "FROM search ORDER BY id", true, restore_search },
    { TABLE_STUDY, "FROM study ORDER BY id", true, restore_study },
    { TABLE_WORKER, "FROM worker ORDER BY id", true, restore_worker },
    { TABLE_TRIAL, "FROM trial ORDER BY study, number", true, restore_trial },
    /* The current attempt of each trial. */
    { TABLE_ATTEMPT,
      "FROM trial CROSS JOIN attempt ON attempt.study = trial.study AND"
      " attempt.trial = trial.number AND attempt.number = trial.attempts"
      " ORDER BY trial.study, trial.number",
      false, restore_attempt },
    { TABLE_OUTCOME, "FROM outcome ORDER BY study, seq", true, restore_outcome },
};

enum { RESTORERS = sizeof restorers / sizeof *restorers };

union any_row {
    struct search_row search;
    struct study_row study;
    struct worker_row worker;
    struct trial_row trial;
    struct attempt_row attempt;
    struct outcome_row outcome;
};

static bool damaged(const char *finding, struct error *error)
{
    error_set(error, "%s: changed by somebody other than the coordinator, or damaged", finding);
    return false;
}

static bool restore_row(sqlite3_stmt *statement, const struct restorer *restorer, struct core *core,
                        struct table_sum *sum, struct error *error)
{
    const struct table *table = &schema_tables[restorer->table];
    struct row_cell cells[MAX_COLUMNS];
    union any_row row;
    cells_of_statement(table, statement, 0, false, cells);
    uint64_t hash = cells_hash(restorer->table, cells);
    if ((int64_t)hash != sqlite3_column_int64(statement, sqlite3_column_count(statement) - 1)) {
        char *name = row_name(sqlite3_db_handle(statement), restorer->table, cells);
        damaged(name, error);
        free(name);
        return false;
    }
    sum->rows++;
    sum->sum += hash;
    cells_to_row(table, cells, &row);
    return restorer->restore(core, &row, error);
}

static sqlite3_stmt *prepare(sqlite3 *db, const struct restorer *restorer, struct error *error)
{
    const struct table *table = &schema_tables[restorer->table];
    sqlite3_stmt *statement = NULL;
    struct buf prefix, sql;
    buf_init(&prefix, 64);
    buf_init(&sql, 1 << 16);
    buf_printf(&prefix, "%s.", table->name);
    char *columns = table_column_list(table, prefix.bytes, false);
    buf_printf(&sql, "SELECT %s, %s.hash %s", columns, table->name, restorer->from);
    if (sqlite3_prepare_v2(db, sql.bytes, -1, &statement, NULL) != SQLITE_OK)
        sql_failed(db, "read", error);
    free(columns);
    buf_free(&prefix);
    buf_free(&sql);
    return statement;
}

static bool sum_matches(const struct sums *sums, const struct restorer *restorer,
                        const struct table_sum *sum, struct error *error)
{
    const struct table_sum *recorded = &sums->tables[restorer->table];
    char finding[128];
    if (!restorer->whole || (sum->rows == recorded->rows && sum->sum == recorded->sum))
        return true;
    snprintf(finding, sizeof finding,
             "the table %s has %lld rows where %lld belong, or an older state of one",
             schema_tables[restorer->table].name, (long long)sum->rows, (long long)recorded->rows);
    return damaged(finding, error);
}

static bool restore_table(sqlite3 *db, const struct sums *sums, const struct restorer *restorer,
                          struct core *core, struct error *error)
{
    struct table_sum sum = { 0 };
    sqlite3_stmt *statement = prepare(db, restorer, error);
    if (statement == NULL)
        return false;
    int rc;
    bool good = true;
    while (good && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        good = restore_row(statement, restorer, core, &sum, error);
    if (good && rc != SQLITE_DONE)
        good = sql_failed(db, "read", error);
    sqlite3_finalize(statement);
    return good && sum_matches(sums, restorer, &sum, error);
}

bool restore_rows(sqlite3 *db, const struct sums *sums, struct core *core, int64_t now_ms,
                  struct error *error)
{
    for (size_t i = 0; i < RESTORERS; i++) {
        if (!restore_table(db, sums, &restorers[i], core, error))
            return false;
    }
    return core_restore_finish(core, now_ms, error);
}

bool store_restore(struct store *store, struct core *core, int64_t now_ms, struct error *error)
{
    if (restore_rows(store->db, &store->sums, core, now_ms, error))
        return true;
    const struct error fault = *error; /* a row that was changed, or rows that contradict */
    error_set(error,
              "%s: put a copy in place of %s; `ldt doctor --db %s` lists everything that is wrong, "
              "and how to go on",
              fault.text, store->path, store->path);
    return false;
}
