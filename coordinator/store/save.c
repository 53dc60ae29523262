/* Saving a turn: one prepared statement for each kind of row, one transaction for all of them.
 * sql/001_start.sql says what the columns mean. */
#include "coordinator/store/handle.h"
#include "coordinator/store/sql.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>

enum { CHECKPOINT_PAGES = 1000 }; /* 4 MiB of write-ahead log: about 10 ms to put into the file */

static const char *const statement_sql[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_DATA_VERSION] = "PRAGMA data_version",
    [STATEMENT_METRIC] = "INSERT INTO metric (name) VALUES (?)",
    [STATEMENT_SEARCH] =
        "INSERT INTO search (id, name, submit_key, definition, spec, created_ms)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
        " submit_key = excluded.submit_key, definition = excluded.definition, spec = excluded.spec,"
        " created_ms = excluded.created_ms",
    [STATEMENT_STUDY] =
        "INSERT INTO study (id, search, name, position, state, seed, budget, repeat, parent, note,"
        " created_ms, finished_ms, audit) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET"
        " search = excluded.search, name = excluded.name, position = excluded.position,"
        " state = excluded.state, seed = excluded.seed, budget = excluded.budget,"
        " repeat = excluded.repeat, parent = excluded.parent, note = excluded.note,"
        " created_ms = excluded.created_ms, finished_ms = excluded.finished_ms,"
        " audit = excluded.audit",
    [STATEMENT_TRIAL] =
        "INSERT INTO trial (study, number, configuration, repetition, state, seed, parameters,"
        " history_seq, attempts, charged, value, reason, created_ms, finished_ms, deaths,"
        " death_worker, deaths_spread, source)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (study, number) DO UPDATE SET"
        " configuration = excluded.configuration, repetition = excluded.repetition,"
        " state = excluded.state, seed = excluded.seed, parameters = excluded.parameters,"
        " history_seq = excluded.history_seq, attempts = excluded.attempts,"
        " charged = excluded.charged, value = excluded.value, reason = excluded.reason,"
        " created_ms = excluded.created_ms, finished_ms = excluded.finished_ms,"
        " deaths = excluded.deaths, death_worker = excluded.death_worker,"
        " deaths_spread = excluded.deaths_spread, source = excluded.source",
    [STATEMENT_ATTEMPT] =
        "INSERT INTO attempt (study, trial, number, state, worker, started_ms, finished_ms, points,"
        " points_digest, last_step, best, last, metric_seen, nonfinite, exit_status, reason, info,"
        " duration_ms, cpu_ms, peak_memory_bytes, log)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (study, trial, number) DO UPDATE SET"
        " state = excluded.state, worker = excluded.worker, started_ms = excluded.started_ms,"
        " finished_ms = excluded.finished_ms, points = excluded.points,"
        " points_digest = excluded.points_digest, last_step = excluded.last_step,"
        " best = excluded.best, last = excluded.last, metric_seen = excluded.metric_seen,"
        " nonfinite = excluded.nonfinite, exit_status = excluded.exit_status,"
        " reason = excluded.reason, info = excluded.info, duration_ms = excluded.duration_ms,"
        " cpu_ms = excluded.cpu_ms, peak_memory_bytes = excluded.peak_memory_bytes,"
        " log = excluded.log",
    [STATEMENT_OUTCOME] =
        "INSERT INTO outcome (study, seq, trial, state, value) VALUES (?, ?, ?, ?, ?)",
    [STATEMENT_POINT] = "INSERT INTO point (study, trial, attempt, idx, step, epoch, metric, value)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_WORKER] =
        "INSERT INTO worker (id, name, host, cpu, version, instance, pid, slots, allow_command,"
        " first_seen_ms, last_seen_ms, key, drain)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, host = excluded.host,"
        " cpu = excluded.cpu, version = excluded.version, instance = excluded.instance,"
        " pid = excluded.pid, slots = excluded.slots, allow_command = excluded.allow_command,"
        " first_seen_ms = excluded.first_seen_ms, last_seen_ms = excluded.last_seen_ms,"
        " key = excluded.key, drain = excluded.drain",
};

bool store_prepare(struct store *store, struct error *error)
{
    for (int i = 0; i < STATEMENTS; i++) {
        if (sqlite3_prepare_v3(store->db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK)
            return sql_failed(store->db, "prepare", error);
    }
    return store_load_metrics(store, error);
}

bool store_load_metrics(struct store *store, struct error *error)
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

/* ---- filling a statement, column by column */

struct row {
    sqlite3_stmt *statement;
    int column; /* filled so far */
};

static void integer(struct row *row, int64_t value)
{
    sqlite3_bind_int64(row->statement, ++row->column, value);
}

static void real(struct row *row, double value) /* NaN becomes NULL */
{
    sqlite3_bind_double(row->statement, ++row->column, value);
}

static void finite_or_null(struct row *row, bool has_value, double value)
{
    assert(!has_value || isfinite(value));
    real(row, has_value ? value : NAN);
}

static void integer_or_null(struct row *row, int64_t value)
{
    ++row->column;
    if (value == 0)
        sqlite3_bind_null(row->statement, row->column);
    else
        sqlite3_bind_int64(row->statement, row->column, value);
}

static void trial_number_or_null(struct row *row, int64_t number)
{
    ++row->column;
    if (number < 0)
        sqlite3_bind_null(row->statement, row->column);
    else
        sqlite3_bind_int64(row->statement, row->column, number);
}

static void text(struct row *row, const char *value)
{
    sqlite3_bind_text(row->statement, ++row->column, value != NULL ? value : "", -1, SQLITE_STATIC);
}

static struct row row_of(struct store *store, enum statement statement)
{
    return (struct row){ .statement = store->statements[statement] };
}

static int run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc;
}

/* ---- one function for each kind of row; all return what sqlite3_step did */

static int save_search(struct store *store, const struct action *action)
{
    const struct search_row *search = &action->search;
    struct row row = row_of(store, STATEMENT_SEARCH);
    integer(&row, search->id);
    text(&row, search->name);
    text(&row, search->submit_key);
    text(&row, search->definition);
    text(&row, search->spec);
    integer(&row, search->created_ms);
    return run(row.statement);
}

static int save_study(struct store *store, const struct action *action)
{
    const struct study_row *study = &action->study;
    struct row row = row_of(store, STATEMENT_STUDY);
    integer(&row, study->id);
    integer(&row, study->search);
    text(&row, study->name);
    integer(&row, study->position);
    integer(&row, study->state);
    integer(&row, study->seed);
    integer(&row, study->budget);
    integer(&row, study->repeat);
    integer_or_null(&row, study->parent);
    text(&row, study->note);
    integer(&row, study->created_ms);
    integer_or_null(&row, study->finished_ms);
    integer(&row, study->audit);
    return run(row.statement);
}

static int save_trial(struct store *store, const struct action *action)
{
    const struct trial_row *trial = &action->trial;
    struct row row = row_of(store, STATEMENT_TRIAL);
    integer(&row, trial->study);
    integer(&row, trial->number);
    integer(&row, trial->configuration);
    integer(&row, trial->repetition);
    integer(&row, trial->state);
    integer(&row, trial->seed);
    text(&row, trial->parameters);
    integer(&row, trial->history_seq);
    integer(&row, trial->attempts);
    integer(&row, trial->charged);
    finite_or_null(&row, trial->has_value, trial->value);
    text(&row, trial->reason);
    integer(&row, trial->created_ms);
    integer_or_null(&row, trial->finished_ms);
    integer(&row, trial->deaths);
    integer_or_null(&row, trial->death_worker);
    integer(&row, trial->deaths_spread);
    trial_number_or_null(&row, trial->source);
    return run(row.statement);
}

static int save_attempt(struct store *store, const struct action *action)
{
    const struct attempt_row *attempt = &action->attempt;
    struct row row = row_of(store, STATEMENT_ATTEMPT);
    integer(&row, attempt->ref.study);
    integer(&row, attempt->ref.trial);
    integer(&row, attempt->ref.attempt);
    integer(&row, attempt->state);
    integer(&row, attempt->worker);
    integer(&row, attempt->started_ms);
    integer_or_null(&row, attempt->finished_ms);
    integer(&row, attempt->points);
    integer(&row, (int64_t)attempt->points_digest);
    integer(&row, attempt->last_step);
    finite_or_null(&row, attempt->has_best, attempt->best);
    finite_or_null(&row, attempt->has_last, attempt->last);
    integer(&row, attempt->metric_seen);
    integer(&row, attempt->nonfinite);
    integer(&row, attempt->exit_status);
    text(&row, attempt->reason);
    text(&row, attempt->info);
    integer(&row, attempt->duration_ms);
    integer(&row, attempt->cpu_ms);
    integer(&row, attempt->peak_memory_bytes);
    text(&row, attempt->log);
    return run(row.statement);
}

static int add_outcome(struct store *store, const struct action *action)
{
    const struct outcome_row *outcome = &action->outcome;
    struct row row = row_of(store, STATEMENT_OUTCOME);
    integer(&row, outcome->study);
    integer(&row, outcome->seq);
    integer(&row, outcome->trial);
    integer(&row, outcome->state);
    finite_or_null(&row, outcome->has_value, outcome->value);
    return run(row.statement);
}

/* The number of a metric, made when the name is new. */
static int metric_id(struct store *store, const char *name, int64_t *id)
{
    *id = metric_ids_find(&store->metrics, name);
    if (*id != 0)
        return SQLITE_DONE;
    struct row row = row_of(store, STATEMENT_METRIC);
    text(&row, name);
    int rc = run(row.statement);
    if (rc == SQLITE_DONE) {
        *id = sqlite3_last_insert_rowid(store->db);
        metric_ids_add(&store->metrics, name, *id);
    }
    return rc;
}

static int add_point(struct store *store, struct attempt_ref ref, int64_t idx,
                     const struct point *point)
{
    int64_t metric;
    int rc = metric_id(store, point->metric, &metric);
    if (rc != SQLITE_DONE)
        return rc;
    struct row row = row_of(store, STATEMENT_POINT);
    integer(&row, ref.study);
    integer(&row, ref.trial);
    integer(&row, ref.attempt);
    integer(&row, idx);
    integer(&row, point->step);
    real(&row, point->epoch);
    integer(&row, metric);
    real(&row, point->value);
    return run(row.statement);
}

static int add_points(struct store *store, const struct action *action)
{
    const struct points_row *points = &action->points;
    int rc = SQLITE_DONE;
    for (size_t i = 0; i < points->count && rc == SQLITE_DONE; i++)
        rc = add_point(store, points->ref, points->first + (int64_t)i, &points->points[i]);
    return rc;
}

static int save_worker(struct store *store, const struct action *action)
{
    const struct worker_row *worker = &action->worker;
    struct row row = row_of(store, STATEMENT_WORKER);
    integer(&row, worker->id);
    text(&row, worker->name);
    text(&row, worker->host);
    text(&row, worker->cpu);
    text(&row, worker->version);
    integer(&row, (int64_t)worker->instance);
    integer(&row, worker->pid);
    integer(&row, worker->slots);
    integer(&row, worker->allow_command);
    integer(&row, worker->first_seen_ms);
    integer(&row, worker->last_seen_ms);
    text(&row, worker->key);
    integer(&row, worker->drain);
    return run(row.statement);
}

static const struct saver {
    const char *what; /* for the sentence when it fails */
    int (*save)(struct store *store, const struct action *action);
} savers[] = {
    [SAVE_SEARCH] = { "a search", save_search },
    [SAVE_STUDY] = { "a study", save_study },
    [SAVE_TRIAL] = { "a trial", save_trial },
    [SAVE_ATTEMPT] = { "an attempt", save_attempt },
    [ADD_OUTCOME] = { "an outcome", add_outcome },
    [ADD_POINTS] = { "points of a curve", add_points },
    [SAVE_WORKER] = { "a worker", save_worker },
};

/* ---- the transaction */

/* Whether a failure is lack of space, so that the same rows can be saved later, or the end. A
 * failed fsync is always the end: the kernel may have dropped what it could not write, and a second
 * fsync would not say so. */
static enum store_result verdict(sqlite3 *db, int rc)
{
    int cause = sqlite3_system_errno(db);
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
        return STORE_FULL;
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_SHMSIZE) /* the shared file could not grow */
            return STORE_FULL;
        if (rc == SQLITE_IOERR_WRITE && (cause == EDQUOT || cause == ENOSPC))
            return STORE_FULL;
        return STORE_BROKEN;
    default:
        return STORE_BROKEN;
    }
}

static enum store_result failed(struct store *store, int rc, const char *what, struct error *error)
{
    char action[64];
    enum store_result result = verdict(store->db, rc);
    snprintf(action, sizeof action, "save %s in", what);
    sql_failed(store->db, action, error);
    return result;
}

/* Forgets the transaction and what was remembered of it. */
static void undo(struct store *store)
{
    struct error ignored;
    if (!sqlite3_get_autocommit(store->db)) /* SQLite itself may have rolled back already */
        run(store->statements[STATEMENT_ROLLBACK]);
    store_load_metrics(store, &ignored);
}

/* Moves the write-ahead log into the file, as far as readers permit, so that the next commit can
 * use its space again. The rows are durable already, so lack of space is no failure here: the log
 * grows instead, and the next commit will tell. */
static enum store_result checkpoint(struct store *store, struct error *error)
{
    int rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc == SQLITE_OK || verdict(store->db, rc) == STORE_FULL)
        return STORE_OK;
    return failed(store, rc, "the write-ahead log", error);
}

static int save_rows(struct store *store, const struct actions *actions, const char **what)
{
    int rc = SQLITE_DONE;
    for (size_t i = 0; i < actions->count && rc == SQLITE_DONE; i++) {
        const struct action *action = &actions->list[i];
        if (action->type == SEND)
            continue;
        *what = savers[action->type].what;
        rc = savers[action->type].save(store, action);
    }
    return rc;
}

enum store_result store_save(struct store *store, const struct actions *actions,
                             struct error *error)
{
    const char *what = "a turn";
    int rc = run(store->statements[STATEMENT_BEGIN]);
    if (rc == SQLITE_DONE)
        rc = save_rows(store, actions, &what);
    if (rc == SQLITE_DONE) {
        what = "a turn";
        rc = run(store->statements[STATEMENT_COMMIT]);
    }
    if (rc == SQLITE_DONE)
        return store->wal_pages < CHECKPOINT_PAGES ? STORE_OK : checkpoint(store, error);
    enum store_result result = failed(store, rc, what, error);
    undo(store);
    if (result == STORE_FULL && checkpoint(store, error) == STORE_BROKEN)
        return STORE_BROKEN;
    return result;
}
