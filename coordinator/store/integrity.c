#include "coordinator/store/integrity.h"
#include "common/xalloc.h"
#include "coordinator/store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the recorded sums */

static enum table_number table_by_name(const unsigned char *name)
{
    int i = 0;
    while (i < TABLES && (name == NULL || strcmp((const char *)name, schema_tables[i].name) != 0))
        i++;
    return (enum table_number)i;
}

bool sums_load(struct sums *sums, sqlite3 *db, const char *path, struct error *error)
{
    sqlite3_stmt *statement;
    int rc, found = 0;
    *sums = (struct sums){ 0 };
    if (sqlite3_prepare_v2(db, "SELECT name, rows, sum FROM integrity", -1, &statement, NULL) !=
        SQLITE_OK)
        return sql_failed(db, "read", error);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        enum table_number table = table_by_name(sqlite3_column_text(statement, 0));
        if (table == TABLES)
            continue;
        sums->tables[table].rows = sqlite3_column_int64(statement, 1);
        sums->tables[table].sum = (uint64_t)sqlite3_column_int64(statement, 2);
        found++;
    }
    sqlite3_finalize(statement);
    if (rc != SQLITE_DONE)
        return sql_failed(db, "read", error);
    return found == TABLES || sql_damaged(path, "the sum of a table is missing", error);
}

/* replace_hash(TABLE, OLD, NEW): is NEW, and notes that OLD has gone. */
static void replace_hash(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sums *sums = sqlite3_user_data(context);
    int64_t table = sqlite3_value_int64(values[0]);
    if (table < 0 || table >= TABLES) {
        sqlite3_result_error(context, "replace_hash: no such table", -1);
        return;
    }
    sums->tables[table].rows--;
    sums->tables[table].sum -= (uint64_t)sqlite3_value_int64(values[1]);
    sqlite3_result_value(context, values[2]);
}

static bool add_function(sqlite3 *db, const char *name, int arguments, void *data,
                         void (*function)(sqlite3_context *, int, sqlite3_value **),
                         struct error *error)
{
    return sqlite3_create_function_v2(db, name, arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY, data,
                                      function, NULL, NULL, NULL) == SQLITE_OK ||
           sql_failed(db, "prepare", error);
}

bool sums_register(struct sums *sums, sqlite3 *db, struct error *error)
{
    return add_function(db, "replace_hash", 3, sums, replace_hash, error);
}

/* ---- making them anew: functions of SQL that do what cells.h does */

static struct row_cell cell_of_value(sqlite3_value *value)
{
    struct row_cell cell = { .type = sqlite3_value_type(value) };
    if (cell.type == SQLITE_INTEGER) {
        cell.integer = sqlite3_value_int64(value);
    } else if (cell.type == SQLITE_FLOAT) {
        cell.real = sqlite3_value_double(value);
    } else if (cell.type != SQLITE_NULL) {
        cell.text = (const char *)sqlite3_value_text(value);
        cell.length = (size_t)sqlite3_value_bytes(value);
    }
    return cell;
}

/* row_hash(TABLE, every column but long texts); adds the row to the sum. */
static void row_hash(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct sums *sums = sqlite3_user_data(context);
    enum table_number table = (enum table_number)sqlite3_value_int(values[0]);
    struct row_cell cells[MAX_COLUMNS] = { 0 };
    for (int i = 0, next = 1; i < schema_tables[table].n_columns && next < count; i++) {
        if (schema_tables[table].columns[i].kind != COLUMN_LONG_TEXT)
            cells[i] = cell_of_value(values[next++]);
    }
    uint64_t hash = cells_hash(table, cells);
    sums_add(sums, table, hash);
    sqlite3_result_int64(context, (int64_t)hash);
}

static void text_hash(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct row_cell cell = cell_of_value(values[0]);
    sqlite3_result_int64(context, (int64_t)cell_text_hash(&cell));
}

static double real_or_nan(sqlite3_value *value)
{
    return sqlite3_value_type(value) == SQLITE_NULL ? NAN : sqlite3_value_double(value);
}

/* Of the columns of point, in their order. */
static void mark(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct attempt_ref ref = { sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1]),
                               sqlite3_value_int(values[2]) };
    sqlite3_result_int64(context,
                         point_mark(ref, sqlite3_value_int64(values[3]),
                                    sqlite3_value_int64(values[4]), real_or_nan(values[5]),
                                    sqlite3_value_int64(values[6]), real_or_nan(values[7])));
}

/* Texts first: the hash of a row covers the hashes of its long texts. */
static bool hash_long_texts(sqlite3 *db, const struct table *table, struct error *error)
{
    bool good = true;
    for (int i = 1; i < table->n_columns && good; i++) {
        if (table->columns[i].kind != COLUMN_LONG_TEXT)
            continue;
        char *sql = xasprintf("UPDATE %s SET %s = text_hash(%s)", table->name,
                              table->columns[i - 1].name, table->columns[i].name);
        good = sql_run(db, sql, error);
        free(sql);
    }
    return good;
}

static bool hash_table(sqlite3 *db, int number, const struct sums *sums, struct error *error)
{
    const struct table *table = &schema_tables[number];
    if (!hash_long_texts(db, table, error))
        return false;
    char *columns = table_column_list(table, "", false);
    char *sql = xasprintf("UPDATE %s SET hash = row_hash(%d, %s)", table->name, number, columns);
    bool good = sql_run(db, sql, error);
    free(columns);
    free(sql);
    const struct table_sum *sum = &sums->tables[number];
    sql = xasprintf("INSERT INTO integrity (name, rows, sum) VALUES ('%s', %lld, %lld)",
                    table->name, (long long)sum->rows, (long long)sum->sum);
    good = good && sql_run(db, sql, error);
    free(sql);
    return good;
}

bool integrity_make(sqlite3 *db, struct error *error)
{
    static const char mark_points[] = "UPDATE point SET mark = point_mark(study, trial, attempt, "
                                      "idx, step, epoch, metric, value)";
    struct sums sums = { 0 };
    bool good = add_function(db, "row_hash", -1, &sums, row_hash, error) &&
                add_function(db, "text_hash", 1, NULL, text_hash, error) &&
                add_function(db, "point_mark", 8, NULL, mark, error) &&
                sql_run(db, "DELETE FROM integrity", error);
    for (int i = 0; i < TABLES && good; i++)
        good = hash_table(db, i, &sums, error);
    good = good && sql_run(db, mark_points, error);
    sqlite3_create_function(db, "row_hash", -1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
    return good;
}
