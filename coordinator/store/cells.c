#include "coordinator/store/cells.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

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
