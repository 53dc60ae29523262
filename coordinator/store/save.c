/* Saving a turn: one prepared statement for each kind of row, one transaction for all of them and
 * for the sums of the tables. columns.h has the columns, the files in sql/ say what they mean. */
#include "common/buf.h"
#include "coordinator/store/handle.h"
#include "coordinator/store/sql.h"
#include "coordinator/store/wal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

size_t metrics_max = 1000000;

static const char *const statement_sql[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_DATA_VERSION] = "PRAGMA data_version",
    [STATEMENT_SUM] = "UPDATE integrity SET rows = ?, sum = ? WHERE name = ?",
    [STATEMENT_POINT] = "INSERT INTO point (study, trial, attempt, idx, step, epoch, metric, value,"
                        " mark) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
};

static bool prepare(struct store *store, const char *sql, sqlite3_stmt **statement,
                    struct error *error)
{
    return sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) ==
               SQLITE_OK ||
           sql_failed(store->db, "prepare", error);
}

static char *insert_sql(const struct table *table)
{
    char *columns = table_column_list(table, "", true);
    struct buf sql;
    buf_init(&sql, 1 << 16);
    buf_printf(&sql, "INSERT INTO %s (%s, hash) VALUES (?", table->name, columns);
    for (int i = 0; i < table->n_columns; i++)
        buf_text(&sql, ", ?");
    buf_text(&sql, ")");
    free(columns);
    return sql.bytes;
}

/* With the parameters of the INSERT, by their numbers. Tells the sum what it replaces. */
static char *update_sql(enum table_number number)
{
    const struct table *table = &schema_tables[number];
    struct buf sql;
    buf_init(&sql, 1 << 16);
    buf_printf(&sql, "UPDATE %s SET hash = replace_hash(%d, hash, ?%d)", table->name, number,
               table->n_columns + 1);
    for (int i = table->n_key; i < table->n_columns; i++) {
        if (!table->columns[i].once)
            buf_printf(&sql, ", %s = ?%d", table->columns[i].name, i + 1);
    }
    for (int i = 0; i < table->n_key; i++)
        buf_printf(&sql, " %s %s = ?%d", i == 0 ? "WHERE" : "AND", table->columns[i].name, i + 1);
    return sql.bytes;
}

static bool prepare_writers(struct store *store, struct error *error)
{
    for (int i = 0; i < TABLES; i++) {
        bool only_added = i == TABLE_OUTCOME || i == TABLE_METRIC;
        char *insert = insert_sql(&schema_tables[i]), *update = update_sql((enum table_number)i);
        bool good = prepare(store, insert, &store->inserts[i], error) &&
                    (only_added || prepare(store, update, &store->updates[i], error));
        free(insert);
        free(update);
        if (!good)
            return false;
    }
    return true;
}

bool store_prepare(struct store *store, struct error *error)
{
    for (int i = 0; i < STATEMENTS; i++) {
        if (!prepare(store, statement_sql[i], &store->statements[i], error))
            return false;
    }
    return prepare_writers(store, error) && store_recall(store, error);
}

static bool load_metrics(struct store *store, struct error *error)
{
    sqlite3_stmt *statement;
    metric_ids_clear(&store->metrics);
    if (sqlite3_prepare_v2(store->db, "SELECT name, id FROM metric", -1, &statement, NULL) !=
        SQLITE_OK)
        return sql_failed(store->db, "read", error);
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        metric_ids_add(&store->metrics, (const char *)sqlite3_column_text(statement, 0),
                       sqlite3_column_int64(statement, 1));
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE || sql_failed(store->db, "read", error);
}

bool store_recall(struct store *store, struct error *error)
{
    return load_metrics(store, error) && sums_load(&store->sums, store->db, store->path, error);
}

static int run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc;
}

/* ---- rows; all functions return what sqlite3_step did */

static int write_row(sqlite3_stmt *statement, const struct table *table,
                     const struct row_cell *cells, uint64_t hash)
{
    for (int i = 0; i < table->n_columns; i++)
        cell_bind(statement, i + 1, &cells[i]);
    sqlite3_bind_int64(statement, table->n_columns + 1, (int64_t)hash);
    return run(statement);
}

/* Most rows that may be there are: an UPDATE that meets one is cheaper than an INSERT that does. */
static int save_row(struct store *store, enum table_number number, const void *row)
{
    const struct table *table = &schema_tables[number];
    struct row_cell cells[MAX_COLUMNS];
    cells_of_row(table, row, cells);
    uint64_t hash = cells_hash(number, cells);
    sums_add(&store->sums, number, hash);
    if (store->updates[number] != NULL) {
        int rc = write_row(store->updates[number], table, cells, hash);
        if (rc != SQLITE_DONE || sqlite3_changes(store->db) > 0)
            return rc;
    }
    return write_row(store->inserts[number], table, cells, hash);
}

/* The number of a metric, made when the name is new. */
static int metric_id(struct store *store, const char *name, int64_t *id)
{
    *id = metric_ids_find(&store->metrics, name);
    if (*id != 0)
        return SQLITE_DONE;
    struct metric_row row = { store->metrics.last + 1, name };
    int rc = save_row(store, TABLE_METRIC, &row);
    if (rc == SQLITE_DONE)
        metric_ids_add(&store->metrics, name, row.id);
    *id = row.id;
    return rc;
}

const char *store_refuse_points(const struct store *store, const struct point *points, size_t count)
{
    if (store->metrics.by_name.count < metrics_max)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (metric_ids_find(&store->metrics, points[i].metric) == 0)
            return "it reports a new metric, and the database holds 1000000 different ones, which "
                   "is the limit: let a metric's name hold no step, seed or other number that "
                   "changes; searches with new metrics need another database";
    }
    return NULL;
}

static int add_point(struct store *store, struct attempt_ref ref, int64_t idx,
                     const struct point *point)
{
    int64_t metric;
    int rc = metric_id(store, point->metric, &metric);
    if (rc != SQLITE_DONE)
        return rc;
    sqlite3_stmt *statement = store->statements[STATEMENT_POINT];
    sqlite3_bind_int64(statement, 1, ref.study);
    sqlite3_bind_int64(statement, 2, ref.trial);
    sqlite3_bind_int64(statement, 3, ref.attempt);
    sqlite3_bind_int64(statement, 4, idx);
    sqlite3_bind_int64(statement, 5, point->step);
    sqlite3_bind_double(statement, 6, point->epoch); /* NaN becomes NULL */
    sqlite3_bind_int64(statement, 7, metric);
    sqlite3_bind_double(statement, 8, point->value);
    sqlite3_bind_int64(statement, 9,
                       point_mark(ref, idx, point->step, point->epoch, metric, point->value));
    return run(statement);
}

static int add_points(struct store *store, const struct action *action)
{
    const struct points_row *points = &action->points;
    int rc = SQLITE_DONE;
    for (size_t i = 0; i < points->count && rc == SQLITE_DONE; i++)
        rc = add_point(store, points->ref, points->first + (int64_t)i, &points->points[i]);
    return rc;
}

static int save_action(struct store *store, const struct action *action)
{
    switch (action->type) {
    case SAVE_SEARCH:
        return save_row(store, TABLE_SEARCH, &action->search);
    case SAVE_STUDY:
        return save_row(store, TABLE_STUDY, &action->study);
    case SAVE_WORKER:
        return save_row(store, TABLE_WORKER, &action->worker);
    case SAVE_TRIAL:
        return save_row(store, TABLE_TRIAL, &action->trial);
    case SAVE_ATTEMPT:
        return save_row(store, TABLE_ATTEMPT, &action->attempt);
    case ADD_OUTCOME:
        return save_row(store, TABLE_OUTCOME, &action->outcome);
    case ADD_POINTS:
        return add_points(store, action);
    case SEND:
        break;
    }
    return SQLITE_DONE;
}

static int save_sums(struct store *store)
{
    sqlite3_stmt *statement = store->statements[STATEMENT_SUM];
    int rc = SQLITE_DONE;
    for (int i = 0; i < TABLES && rc == SQLITE_DONE; i++) {
        struct table_sum *sum = &store->sums.tables[i];
        if (!sum->changed)
            continue;
        sqlite3_bind_int64(statement, 1, sum->rows);
        sqlite3_bind_int64(statement, 2, (int64_t)sum->sum);
        sqlite3_bind_text(statement, 3, schema_tables[i].name, -1, SQLITE_STATIC);
        rc = run(statement);
        sum->changed = false;
    }
    return rc;
}

/* What is saved, for the sentence when it fails. */
static const char *const names[] = {
    [SAVE_SEARCH] = "a search",   [SAVE_STUDY] = "a study",
    [SAVE_TRIAL] = "a trial",     [SAVE_ATTEMPT] = "an attempt",
    [ADD_OUTCOME] = "an outcome", [ADD_POINTS] = "points of a curve",
    [SAVE_WORKER] = "a worker",   [SEND] = "a turn",
};

/* ---- the transaction */

/* Whether a failure is lack of space, so that the same rows can be saved later, or the end. A
 * failed fsync is always the end: the kernel may have dropped what it could not write, and a second
 * fsync would not say so. */
static enum store_result verdict(int rc)
{
    int cause = errno; /* still that of the write; sqlite3_system_errno is silent about COMMIT */
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
        return STORE_HELD;
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_SHMSIZE) /* the shared file could not grow */
            return STORE_HELD;
        if (rc == SQLITE_IOERR_WRITE && (cause == EDQUOT || cause == ENOSPC))
            return STORE_HELD;
        return STORE_BROKEN;
    default:
        return STORE_BROKEN;
    }
}

static enum store_result failed(struct store *store, int rc, const char *what, struct error *error)
{
    char action[64];
    enum store_result result = verdict(rc);
    snprintf(action, sizeof action, "save %s in", what);
    sql_failed(store->db, action, error);
    return result;
}

/* Forgets the transaction and what was remembered of it. False when that cannot be read again: with
 * other sums than those of the file nothing may be saved any more. */
static bool undo(struct store *store, struct error *error)
{
    if (!sqlite3_get_autocommit(store->db)) /* SQLite itself may have rolled back already */
        run(store->statements[STATEMENT_ROLLBACK]);
    return store_recall(store, error);
}

/* The rows are durable already, so lack of space is no failure here: the log grows instead, and the
 * next commit will tell. */
static enum store_result checkpoint(struct store *store, struct error *error)
{
    int rc = wal_checkpoint(store);
    if (rc == SQLITE_OK || verdict(rc) == STORE_HELD)
        return STORE_OK;
    return failed(store, rc, "the write-ahead log", error);
}

static int save_rows(struct store *store, const struct actions *actions, const char **what)
{
    int rc = SQLITE_DONE;
    for (size_t i = 0; i < actions->count && rc == SQLITE_DONE; i++) {
        *what = names[actions->list[i].type];
        rc = save_action(store, &actions->list[i]);
    }
    return rc;
}

/* What lies in a file without a name is gone when that is closed. */
static bool is_in_its_place(struct store *store, struct error *error)
{
    int moved = 0;
    long process = (long)getpid();
    sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved)
        error_set(error,
                  "%s was moved or removed while this coordinator (process %ld) has it open: put "
                  "it back; if it was removed, copy it and its write-ahead log from /proc/%ld/fd "
                  "before the process ends, or all is lost",
                  store->path, process, process);
    else if (!wal_is_in_its_place(store))
        error_set(error,
                  "%s-wal was moved or removed while this coordinator (process %ld) has it open, "
                  "and with it what was saved last: put it back, or end the process by SIGTERM, "
                  "which puts all of it into %s, and start it again",
                  store->path, process, store->path);
    else
        return true;
    return false;
}

enum store_result store_save(struct store *store, const struct actions *actions,
                             struct error *error)
{
    const char *what = "a turn";
    if (!is_in_its_place(store, error))
        return STORE_HELD;
    int rc = run(store->statements[STATEMENT_BEGIN]);
    if (rc == SQLITE_DONE)
        rc = save_rows(store, actions, &what);
    if (rc == SQLITE_DONE) {
        what = "a turn";
        rc = save_sums(store);
    }
    if (rc == SQLITE_DONE)
        rc = run(store->statements[STATEMENT_COMMIT]);
    if (rc == SQLITE_DONE)
        return wal_is_due(store) ? checkpoint(store, error) : STORE_OK;
    struct error second;
    enum store_result result = failed(store, rc, what, error);
    bool undone = undo(store, &second);
    if (result == STORE_BROKEN)
        return STORE_BROKEN;
    if (!undone) {
        *error = second; /* what is remembered can no longer be trusted */
        return STORE_BROKEN;
    }
    return checkpoint(store, error) == STORE_BROKEN ? STORE_BROKEN : STORE_HELD;
}
