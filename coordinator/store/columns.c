#include "coordinator/store/columns.h"
#include "common/buf.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

/* ---- the list */

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

/* ---- structs */

static const void *field(const void *row, size_t offset)
{
    return (const char *)row + offset;
}

static struct row_cell integer_cell(int64_t value)
{
    return (struct row_cell){ .type = SQLITE_INTEGER, .integer = value };
}

static struct row_cell text_cell(const char *text)
{
    text = text != NULL ? text : "";
    return (struct row_cell){ .type = SQLITE_TEXT, .text = text, .length = strlen(text) };
}

uint64_t cell_text_hash(const struct row_cell *cell)
{
    return XXH3_64bits(cell->text, cell->length);
}

static struct row_cell cell_of_field(const struct column *column, const void *row)
{
    const void *at = field(row, column->offset);
    int64_t number = 0;
    switch (column->kind) {
    case COLUMN_INT32:
        return integer_cell(*(const int32_t *)at);
    case COLUMN_FLAG:
        return integer_cell(*(const bool *)at);
    case COLUMN_LONG_TEXT:
    case COLUMN_TEXT:
        return text_cell(*(const char *const *)at);
    case COLUMN_TEXT_HASH: {
        struct row_cell text = text_cell(*(const char *const *)at);
        return integer_cell((int64_t)cell_text_hash(&text));
    }
    case COLUMN_REAL_OR_NULL:
        if (!*(const bool *)field(row, column->has))
            return (struct row_cell){ .type = SQLITE_NULL };
        assert(isfinite(*(const double *)at));
        return (struct row_cell){ .type = SQLITE_FLOAT, .real = *(const double *)at };
    default:
        number = *(const int64_t *)at;
    }
    if ((column->kind == COLUMN_INT64_OR_NULL && number == 0) ||
        (column->kind == COLUMN_NUMBER_OR_NULL && number < 0))
        return (struct row_cell){ .type = SQLITE_NULL };
    return integer_cell(number);
}

void cells_of_row(const struct table *table, const void *row, struct row_cell *cells)
{
    for (int i = 0; i < table->n_columns; i++)
        cells[i] = cell_of_field(&table->columns[i], row);
}

/* A cell of another type than the column's, which no hash of ours covers, is as NULL. */
static void cell_to_field(const struct column *column, const struct row_cell *cell, void *row)
{
    void *at = (char *)row + column->offset;
    int64_t number = cell->type == SQLITE_INTEGER ? cell->integer : 0;
    switch (column->kind) {
    case COLUMN_INT32:
        *(int32_t *)at = (int32_t)number;
        break;
    case COLUMN_FLAG:
        *(bool *)at = number != 0;
        break;
    case COLUMN_LONG_TEXT:
    case COLUMN_TEXT:
        *(const char **)at = cell->type == SQLITE_TEXT ? cell->text : "";
        break;
    case COLUMN_TEXT_HASH: /* the text itself comes next */
        break;
    case COLUMN_REAL_OR_NULL:
        *(bool *)((char *)row + column->has) = cell->type == SQLITE_FLOAT;
        *(double *)at = cell->type == SQLITE_FLOAT ? cell->real : 0;
        break;
    case COLUMN_NUMBER_OR_NULL:
        *(int64_t *)at = cell->type == SQLITE_INTEGER ? number : -1;
        break;
    default:
        *(int64_t *)at = number;
    }
}

void cells_to_row(const struct table *table, const struct row_cell *cells, void *row)
{
    memset(row, 0, table->row_bytes);
    for (int i = 0; i < table->n_columns; i++)
        cell_to_field(&table->columns[i], &cells[i], row);
}

/* ---- statements */

static struct row_cell cell_of_column(sqlite3_stmt *statement, int column)
{
    struct row_cell cell = { .type = sqlite3_column_type(statement, column) };
    if (cell.type == SQLITE_INTEGER) {
        cell.integer = sqlite3_column_int64(statement, column);
    } else if (cell.type == SQLITE_FLOAT) {
        cell.real = sqlite3_column_double(statement, column);
    } else if (cell.type != SQLITE_NULL) {
        const void *bytes = cell.type == SQLITE_TEXT
                                ? (const void *)sqlite3_column_text(statement, column)
                                : sqlite3_column_blob(statement, column);
        cell.text = bytes != NULL ? bytes : "";
        cell.length = (size_t)sqlite3_column_bytes(statement, column);
    }
    return cell;
}

void cells_of_statement(const struct table *table, sqlite3_stmt *statement, int first,
                        bool long_texts, struct row_cell *cells)
{
    for (int i = 0; i < table->n_columns; i++) {
        if (table->columns[i].kind == COLUMN_LONG_TEXT && !long_texts)
            cells[i] = (struct row_cell){ .type = SQLITE_NULL };
        else
            cells[i] = cell_of_column(statement, first++);
    }
}

void cell_bind(sqlite3_stmt *statement, int place, const struct row_cell *cell)
{
    switch (cell->type) {
    case SQLITE_INTEGER:
        sqlite3_bind_int64(statement, place, cell->integer);
        break;
    case SQLITE_FLOAT:
        sqlite3_bind_double(statement, place, cell->real);
        break;
    case SQLITE_TEXT:
        sqlite3_bind_text(statement, place, cell->text, (int)cell->length, SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_null(statement, place);
    }
}

/* ---- hashes */

/* A double as SQLite keeps it: it has one zero and no NaN. */
static uint64_t real_bits(double value)
{
    uint64_t bits = 0;
    if (value != 0)
        memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t cell_word(const struct row_cell *cell)
{
    switch (cell->type) {
    case SQLITE_INTEGER:
        return (uint64_t)cell->integer;
    case SQLITE_FLOAT:
        return real_bits(cell->real);
    case SQLITE_NULL:
        return 0;
    default:
        return cell_text_hash(cell);
    }
}

/* Of a list of words: the table, then type and value of each column; for a text, its hash. The
 * words are hashed in the byte order of the machine, x86-64 and ARM being alike in it. */
uint64_t cells_hash(enum table_number number, const struct row_cell *cells)
{
    const struct table *table = &schema_tables[number];
    uint64_t words[1 + 2 * MAX_COLUMNS];
    size_t n = 0;
    words[n++] = XXH3_64bits(table->name, strlen(table->name));
    for (int i = 0; i < table->n_columns; i++) {
        if (table->columns[i].kind == COLUMN_LONG_TEXT)
            continue;
        words[n++] = (uint64_t)cells[i].type;
        words[n++] = cell_word(&cells[i]);
    }
    return XXH3_64bits(words, n * sizeof *words);
}

bool cells_long_texts_match(const struct table *table, const struct row_cell *cells)
{
    for (int i = 1; i < table->n_columns; i++) {
        if (table->columns[i].kind == COLUMN_LONG_TEXT &&
            (cells[i].type != SQLITE_TEXT || cells[i - 1].type != SQLITE_INTEGER ||
             (uint64_t)cells[i - 1].integer != cell_text_hash(&cells[i])))
            return false;
    }
    return true;
}

int64_t point_mark(struct attempt_ref ref, int64_t idx, int64_t step, double epoch, int64_t metric,
                   double value)
{
    uint64_t words[] = { (uint64_t)ref.study,
                         (uint64_t)ref.trial,
                         (uint64_t)ref.attempt,
                         (uint64_t)idx,
                         (uint64_t)step,
                         (uint64_t)metric,
                         isnan(epoch) ? UINT64_MAX : real_bits(epoch),
                         isnan(value) ? UINT64_MAX : real_bits(value) };
    return (int16_t)XXH3_64bits(words, sizeof words);
}

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
