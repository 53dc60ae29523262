/* Restoring: every row that the core needs, streamed to it in the order that core.h asks for. A
 * text lives in SQLite's memory until the next row, so the core copies what it keeps. */
#include "coordinator/store/handle.h"
#include "coordinator/store/sql.h"

/* ---- reading a row, column by column */

struct cursor {
    sqlite3_stmt *statement;
    int column; /* read so far */
};

static int64_t integer(struct cursor *row)
{
    return sqlite3_column_int64(
        row->statement, row->column++); /* NULL reads as 0: a time that is not yet, no parent */
}

static const char *text(struct cursor *row)
{
    return (const char *)sqlite3_column_text(row->statement, row->column++);
}

static double real(struct cursor *row, bool *has_value)
{
    *has_value = sqlite3_column_type(row->statement, row->column) != SQLITE_NULL;
    return sqlite3_column_double(row->statement, row->column++);
}

/* ---- one function for each kind of row; the columns are those of its query below */

static bool restore_search(struct core *core, struct cursor row, struct error *error)
{
    struct search_row search = { .id = integer(&row) };
    search.name = text(&row);
    search.submit_key = text(&row);
    search.definition = text(&row);
    search.spec = text(&row);
    search.created_ms = integer(&row);
    return core_restore_search(core, &search, error);
}

static bool restore_study(struct core *core, struct cursor row, struct error *error)
{
    struct study_row study = { .id = integer(&row) };
    study.search = integer(&row);
    study.name = text(&row);
    study.position = integer(&row);
    study.state = (enum search_state)integer(&row);
    study.seed = integer(&row);
    study.budget = integer(&row);
    study.repeat = (int32_t)integer(&row);
    study.parent = integer(&row);
    study.note = text(&row);
    study.created_ms = integer(&row);
    study.finished_ms = integer(&row);
    study.audit = integer(&row) != 0;
    return core_restore_study(core, &study, error);
}

static bool restore_worker(struct core *core, struct cursor row, struct error *error)
{
    struct worker_row worker = { .id = integer(&row) };
    worker.name = text(&row);
    worker.host = text(&row);
    worker.cpu = text(&row);
    worker.version = text(&row);
    worker.instance = (uint64_t)integer(&row);
    worker.pid = (int32_t)integer(&row);
    worker.slots = (int32_t)integer(&row);
    worker.allow_command = integer(&row) != 0;
    worker.first_seen_ms = integer(&row);
    worker.last_seen_ms = integer(&row);
    worker.key = text(&row);
    worker.drain = (enum worker_drain)integer(&row);
    return core_restore_worker(core, &worker, error);
}

static bool restore_trial(struct core *core, struct cursor row, struct error *error)
{
    struct trial_row trial = { .study = integer(&row) };
    trial.number = integer(&row);
    trial.configuration = integer(&row);
    trial.repetition = (int32_t)integer(&row);
    trial.state = (enum trial_state)integer(&row);
    trial.seed = integer(&row);
    trial.parameters = text(&row);
    trial.history_seq = integer(&row);
    trial.attempts = (int32_t)integer(&row);
    trial.charged = (int32_t)integer(&row);
    trial.value = real(&row, &trial.has_value);
    trial.reason = text(&row);
    trial.created_ms = integer(&row);
    trial.finished_ms = integer(&row);
    trial.deaths = (int32_t)integer(&row);
    trial.death_worker = integer(&row);
    trial.deaths_spread = integer(&row) != 0;
    trial.source = integer(&row);
    return core_restore_trial(core, &trial, error);
}

static bool restore_attempt(struct core *core, struct cursor row, struct error *error)
{
    struct attempt_row attempt = { .ref.study = integer(&row), .log = "" };
    attempt.ref.trial = integer(&row);
    attempt.ref.attempt = (int32_t)integer(&row);
    attempt.state = (enum attempt_state)integer(&row);
    attempt.worker = integer(&row);
    attempt.started_ms = integer(&row);
    attempt.finished_ms = integer(&row);
    attempt.points = integer(&row);
    attempt.points_digest = (uint64_t)integer(&row);
    attempt.last_step = integer(&row);
    attempt.best = real(&row, &attempt.has_best);
    attempt.last = real(&row, &attempt.has_last);
    attempt.metric_seen = integer(&row) != 0;
    attempt.nonfinite = integer(&row) != 0;
    attempt.exit_status = (int32_t)integer(&row);
    attempt.reason = text(&row);
    attempt.info = text(&row);
    attempt.duration_ms = integer(&row);
    attempt.cpu_ms = integer(&row);
    attempt.peak_memory_bytes = integer(&row);
    return core_restore_attempt(core, &attempt, error);
}

static bool restore_outcome(struct core *core, struct cursor row, struct error *error)
{
    struct outcome_row outcome = { .study = integer(&row) };
    outcome.seq = integer(&row);
    outcome.trial = integer(&row);
    outcome.state = (enum trial_state)integer(&row);
    outcome.value = real(&row, &outcome.has_value);
    return core_restore_outcome(core, &outcome, error);
}

static const struct restorer {
    const char *sql;
    bool (*restore)(struct core *core, struct cursor row, struct error *error);
} restorers[] = {
    { "SELECT id, name, submit_key, definition, spec, created_ms FROM search ORDER BY id",
      restore_search },
    { "SELECT id, search, name, position, state, seed, budget, repeat, parent, note, created_ms,"
      " finished_ms, audit FROM study ORDER BY id",
      restore_study },
    { "SELECT id, name, host, cpu, version, instance, pid, slots, allow_command, first_seen_ms,"
      " last_seen_ms, key, drain FROM worker ORDER BY id",
      restore_worker },
    { "SELECT study, number, configuration, repetition, state, seed, parameters, history_seq,"
      " attempts, charged, value, reason, created_ms, finished_ms, deaths, death_worker,"
      " deaths_spread, coalesce(source, -1) FROM trial ORDER BY study, number",
      restore_trial },
    /* The current attempt of each trial. Not its log: the core has no use for what may be 64 KiB.
     */
    { "SELECT attempt.study, attempt.trial, attempt.number, attempt.state, worker, started_ms,"
      " attempt.finished_ms, points, points_digest, last_step, best, last, metric_seen, nonfinite,"
      " exit_status, attempt.reason, info, duration_ms, cpu_ms, peak_memory_bytes"
      " FROM trial JOIN attempt ON attempt.study = trial.study AND attempt.trial = trial.number"
      " AND attempt.number = trial.attempts ORDER BY trial.study, trial.number",
      restore_attempt },
    { "SELECT study, seq, trial, state, value FROM outcome ORDER BY study, seq", restore_outcome },
};

static bool restore_rows(sqlite3 *db, const struct restorer *restorer, struct core *core,
                         struct error *error)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, restorer->sql, -1, &statement, NULL) != SQLITE_OK)
        return sql_failed(db, "read", error);
    int rc;
    bool good = true;
    while (good && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        good = restorer->restore(core, (struct cursor){ .statement = statement }, error);
    if (good && rc != SQLITE_DONE)
        good = sql_failed(db, "read", error);
    sqlite3_finalize(statement);
    return good;
}

bool store_restore(struct store *store, struct core *core, int64_t now_ms, struct error *error)
{
    size_t count = sizeof restorers / sizeof *restorers;
    for (size_t i = 0; i < count; i++) {
        if (!restore_rows(store->db, &restorers[i], core, error))
            return false;
    }
    return core_restore_finish(core, now_ms, error);
}
