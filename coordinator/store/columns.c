#include "coordinator/store/columns.h"
#include "common/buf.h"

#define AT(row, field)      .offset = offsetof(struct row, field)
#define REAL_AT(row, field) AT(row, field), .has = offsetof(struct row, has_##field)

static const struct column search_columns[] = {
    { "id", COLUMN_INT64, AT(search_row, id) },
    { "name", COLUMN_TEXT, AT(search_row, name) },
    { "submit_key", COLUMN_TEXT, AT(search_row, submit_key) },
    { "definition", COLUMN_TEXT, AT(search_row, definition) },
    { "spec", COLUMN_TEXT, AT(search_row, spec) },
    { "created_ms", COLUMN_INT64, AT(search_row, created_ms) },
};

static const struct column study_columns[] = {
    { "id", COLUMN_INT64, AT(study_row, id) },
    { "search", COLUMN_INT64, AT(study_row, search) },
    { "name", COLUMN_TEXT, AT(study_row, name) },
    { "position", COLUMN_INT64, AT(study_row, position) },
    { "state", COLUMN_INT32, AT(study_row, state) },
    { "seed", COLUMN_INT64, AT(study_row, seed) },
    { "budget", COLUMN_INT64, AT(study_row, budget) },
    { "repeat", COLUMN_INT32, AT(study_row, repeat) },
    { "parent", COLUMN_INT64_OR_NULL, AT(study_row, parent) },
    { "audit", COLUMN_FLAG, AT(study_row, audit) },
    { "note", COLUMN_TEXT, AT(study_row, note) },
    { "created_ms", COLUMN_INT64, AT(study_row, created_ms) },
    { "finished_ms", COLUMN_INT64_OR_NULL, AT(study_row, finished_ms) },
};

static const struct column worker_columns[] = {
    { "id", COLUMN_INT64, AT(worker_row, id) },
    { "name", COLUMN_TEXT, AT(worker_row, name) },
    { "host", COLUMN_TEXT, AT(worker_row, host) },
    { "cpu", COLUMN_TEXT, AT(worker_row, cpu) },
    { "version", COLUMN_TEXT, AT(worker_row, version) },
    { "instance", COLUMN_INT64, AT(worker_row, instance) },
    { "pid", COLUMN_INT32, AT(worker_row, pid) },
    { "slots", COLUMN_INT32, AT(worker_row, slots) },
    { "allow_command", COLUMN_FLAG, AT(worker_row, allow_command) },
    { "first_seen_ms", COLUMN_INT64, AT(worker_row, first_seen_ms) },
    { "last_seen_ms", COLUMN_INT64, AT(worker_row, last_seen_ms) },
    { "key", COLUMN_TEXT, AT(worker_row, key) },
    { "drain", COLUMN_INT32, AT(worker_row, drain) },
};

static const struct column trial_columns[] = {
    { "study", COLUMN_INT64, AT(trial_row, study) },
    { "number", COLUMN_INT64, AT(trial_row, number) },
    { "configuration", COLUMN_INT64, AT(trial_row, configuration) },
    { "repetition", COLUMN_INT32, AT(trial_row, repetition) },
    { "state", COLUMN_INT32, AT(trial_row, state) },
    { "seed", COLUMN_INT64, AT(trial_row, seed) },
    { "parameters", COLUMN_TEXT, AT(trial_row, parameters), .once = true },
    { "history_seq", COLUMN_INT64, AT(trial_row, history_seq) },
    { "attempts", COLUMN_INT32, AT(trial_row, attempts) },
    { "charged", COLUMN_INT32, AT(trial_row, charged) },
    { "value", COLUMN_REAL_OR_NULL, REAL_AT(trial_row, value) },
    { "reason", COLUMN_TEXT, AT(trial_row, reason) },
    { "created_ms", COLUMN_INT64, AT(trial_row, created_ms) },
    { "finished_ms", COLUMN_INT64_OR_NULL, AT(trial_row, finished_ms) },
    { "deaths", COLUMN_INT32, AT(trial_row, deaths) },
    { "death_worker", COLUMN_INT64_OR_NULL, AT(trial_row, death_worker) },
    { "deaths_spread", COLUMN_FLAG, AT(trial_row, deaths_spread) },
    { "source", COLUMN_NUMBER_OR_NULL, AT(trial_row, source) },
};

static const struct column attempt_columns[] = {
    { "study", COLUMN_INT64, AT(attempt_row, ref.study) },
    { "trial", COLUMN_INT64, AT(attempt_row, ref.trial) },
    { "number", COLUMN_INT32, AT(attempt_row, ref.attempt) },
    { "state", COLUMN_INT32, AT(attempt_row, state) },
    { "worker", COLUMN_INT64, AT(attempt_row, worker), .once = true },
    { "started_ms", COLUMN_INT64, AT(attempt_row, started_ms) },
    { "finished_ms", COLUMN_INT64_OR_NULL, AT(attempt_row, finished_ms) },
    { "points", COLUMN_INT64, AT(attempt_row, points) },
    { "points_digest", COLUMN_INT64, AT(attempt_row, points_digest) },
    { "last_step", COLUMN_INT64, AT(attempt_row, last_step) },
    { "best", COLUMN_REAL_OR_NULL, REAL_AT(attempt_row, best) },
    { "last", COLUMN_REAL_OR_NULL, REAL_AT(attempt_row, last) },
    { "metric_seen", COLUMN_FLAG, AT(attempt_row, metric_seen) },
    { "nonfinite", COLUMN_FLAG, AT(attempt_row, nonfinite) },
    { "exit_status", COLUMN_INT32, AT(attempt_row, exit_status) },
    { "reason", COLUMN_TEXT, AT(attempt_row, reason) },
    { "info", COLUMN_TEXT, AT(attempt_row, info) },
    { "duration_ms", COLUMN_INT64, AT(attempt_row, duration_ms) },
    { "cpu_ms", COLUMN_INT64, AT(attempt_row, cpu_ms) },
    { "peak_memory_bytes", COLUMN_INT64, AT(attempt_row, peak_memory_bytes) },
    { "log_hash", COLUMN_TEXT_HASH, AT(attempt_row, log) },
    { "log", COLUMN_LONG_TEXT, AT(attempt_row, log) },
};

static const struct column outcome_columns[] = {
    { "study", COLUMN_INT64, AT(outcome_row, study) },
    { "seq", COLUMN_INT64, AT(outcome_row, seq) },
    { "trial", COLUMN_INT64, AT(outcome_row, trial) },
    { "state", COLUMN_INT32, AT(outcome_row, state) },
    { "value", COLUMN_REAL_OR_NULL, REAL_AT(outcome_row, value) },
};

static const struct column metric_columns[] = {
    { "id", COLUMN_INT64, AT(metric_row, id) },
    { "name", COLUMN_TEXT, AT(metric_row, name) },
};

#define TABLE(table, n_key)                                                                        \
    {                                                                                              \
#table, table##_columns, sizeof table##_columns / sizeof *table##_columns, n_key,          \
            sizeof(struct table##_row)                                                             \
    }

const struct table schema_tables[TABLES] = {
    [TABLE_SEARCH] = TABLE(search, 1),   [TABLE_STUDY] = TABLE(study, 1),
    [TABLE_WORKER] = TABLE(worker, 1),   [TABLE_TRIAL] = TABLE(trial, 2),
    [TABLE_ATTEMPT] = TABLE(attempt, 3), [TABLE_OUTCOME] = TABLE(outcome, 2),
    [TABLE_METRIC] = TABLE(metric, 1),
};

char *table_column_list(const struct table *table, const char *prefix, bool long_texts)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    for (int i = 0; i < table->n_columns; i++) {
        if (long_texts || table->columns[i].kind != COLUMN_LONG_TEXT)
            buf_printf(&out, "%s%s%s", i > 0 ? ", " : "", prefix, table->columns[i].name);
    }
    return out.bytes;
}
