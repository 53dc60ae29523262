/* columns.h - every column of every table, once: from this list follow the statements that write a
 * row, the structs that a row is restored to, and the hash that proves it (cells.h).
 *
 * A new column is a migration in sql/ and a row here. Hashes of rows written before it do not cover
 * it: the migration must check them all first, and then make them anew (integrity.h). */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H
#include "coordinator/core/rows.h"

enum table_number {
    TABLE_SEARCH, TABLE_STUDY, TABLE_WORKER, TABLE_TRIAL, TABLE_ATTEMPT, TABLE_OUTCOME,
    TABLE_METRIC,
    TABLES
};

enum column_kind {
    COLUMN_INT64,
    COLUMN_INT64_OR_NULL,  /* 0 is NULL: a time that is not yet, a row that there is not */
    COLUMN_NUMBER_OR_NULL, /* an int64 that counts from 0; below it is NULL */
    COLUMN_INT32,          /* an enum, too */
    COLUMN_FLAG,           /* a bool */
    COLUMN_REAL_OR_NULL,   /* a double, where the bool at `has` is true */
    COLUMN_TEXT,           /* never NULL */
    COLUMN_TEXT_HASH,      /* of the text in the next column */
    COLUMN_LONG_TEXT,      /* proven by the column before it, not by the hash of the row */
};

struct column {
    const char *name;
    enum column_kind kind;
    size_t offset; /* in the row's struct */
    size_t has;
    /* Never another value under the same key, so it is not written again: its rule in the schema
     * costs more than the column. A value that did change would make the hash a wrong one. */
    bool once;
};

struct table {
    const char *name;
    const struct column *columns; /* the key first; not the column "hash" */
    int n_columns, n_key;
    size_t row_bytes;
};
extern const struct table schema_tables[TABLES];

/* In the core a metric is its name; its number is the database's own affair. */
struct metric_row {
    int64_t id;
    const char *name;
};

/* The names of the columns, ", " between them; with `prefix` before each. The caller frees it. */
char *table_column_list(const struct table *table, const char *prefix, bool long_texts);
#endif
