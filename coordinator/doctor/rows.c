/* Every row's hash, every table's sum. Rows are read in the order of the table itself, not of an
 * index, so that an index cannot hide one. */
#include "coordinator/doctor/examination.h"
#include "common/xalloc.h"
#include "coordinator/store/row_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char changed[] =
    "its row is not what was saved: changed by somebody other than the coordinator, or damaged";

/* The study that a row belongs to. A worker or a metric is used by all of them. */
static int64_t study_of(enum table_number table, const struct row_cell *cells)
{
    bool keyed = table == TABLE_TRIAL || table == TABLE_ATTEMPT || table == TABLE_OUTCOME ||
                 table == TABLE_STUDY;
    if (table == TABLE_WORKER)
        return NOWHERE;
    return keyed && cells[0].type == SQLITE_INTEGER ? cells[0].integer : EVERYWHERE;
}

static void affect_search(struct examination *examination, int64_t search)
{
    for (size_t i = 0; i < examination->n_patients; i++)
        if (examination->patients[i].search == search)
            examination->patients[i].affected = true;
}

static void find_changed(struct examination *examination, enum table_number table,
                         const struct row_cell *cells, const char *fault)
{
    char *name = row_name(examination->db, table, cells);
    int64_t study = study_of(table, cells);
    if (table == TABLE_SEARCH) {
        affect_search(examination, cells[0].integer);
        study = NOWHERE;
    }
    examination_find(examination, study, name, remedy_row, "%s", fault);
    examination->damaged[table] = true;
    free(name);
}

static void count_row(struct diagnosis *diagnosis, enum table_number table)
{
    int64_t *const counts[TABLES] = {
        [TABLE_SEARCH] = &diagnosis->searches,
        [TABLE_STUDY] = &diagnosis->studies,
        [TABLE_TRIAL] = &diagnosis->trials,
        [TABLE_ATTEMPT] = &diagnosis->attempts,
    };
    if (counts[table] != NULL)
        ++*counts[table];
}

static void examine_row(struct examination *examination, enum table_number number,
                        sqlite3_stmt *statement, struct table_sum *sum)
{
    const struct table *table = &schema_tables[number];
    struct row_cell cells[MAX_COLUMNS];
    cells_of_statement(table, statement, 0, true, cells);
    uint64_t hash = cells_hash(number, cells);
    int64_t recorded = sqlite3_column_int64(statement, table->n_columns);
    if (sqlite3_column_type(statement, table->n_columns) != SQLITE_INTEGER ||
        recorded != (int64_t)hash)
        find_changed(examination, number, cells, changed);
    else if (!cells_long_texts_match(table, cells))
        find_changed(examination, number, cells,
                     "its log is not what was saved: changed by somebody other than the "
                     "coordinator, or damaged");
    sum->rows++;
    sum->sum += (uint64_t)recorded;
    count_row(examination->diagnosis, number);
}

/* The sum is over the recorded hashes: a changed value is told of once, by its own row. */
static void compare_sum(struct examination *examination, enum table_number number,
                        const struct table_sum *sum)
{
    const struct table_sum *recorded = &examination->recorded.tables[number];
    char place[64];
    snprintf(place, sizeof place, "the table %s", schema_tables[number].name);
    if (sum->rows != recorded->rows)
        examination_find(examination, EVERYWHERE, place, remedy_row,
                         "it has %" PRId64 " rows where %" PRId64 " were saved", sum->rows,
                         recorded->rows);
    else if (sum->sum != recorded->sum && !examination->damaged[number])
        examination_find(
            examination, EVERYWHERE, place, remedy_row,
            "its sum is not that of its rows: a row is an older state of itself, or stands in for "
            "another");
    else
        return;
    examination->damaged[number] = true;
}

static void examine_table(struct examination *examination, enum table_number number)
{
    const struct table *table = &schema_tables[number];
    char *columns = table_column_list(table, "", true);
    char *sql = xasprintf("SELECT %s, hash FROM %s NOT INDEXED", columns, table->name);
    char *what = xasprintf("rows of %s", table->name);
    struct table_sum sum = { 0 };
    sqlite3_stmt *rows = examination_ask(examination, sql, 0);
    while (examination_next(examination, rows, what)) {
        examine_row(examination, number, rows, &sum);
        examination_progress(examination, what, sum.rows,
                             examination->recorded.tables[number].rows);
    }
    sqlite3_finalize(rows);
    compare_sum(examination, number, &sum);
    free(what);
    free(sql);
    free(columns);
}

void examine_rows(struct examination *examination)
{
    for (int i = 0; i < TABLES; i++) {
        examination->told = 0;
        examine_table(examination, (enum table_number)i);
    }
}
