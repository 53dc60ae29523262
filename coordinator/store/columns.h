/* columns.h - every column of every table, once: from this list follow the statements that write a
 * row, the structs that a row is restored to, and the hash that proves it.
 *
 * A row's hash covers the name of its table and all its columns, the key among them, each with its
 * type and exact bits: so a value that changed by one bit, a NULL that became 0, and a row that
 * stands in another one's place have another hash. A long text is covered by a hash of its own, in
 * the column before it, so that the rest of the row can be proven without reading it. Points have
 * no such hash: see point_mark.
 *
 * A new column is a migration in sql/ and a row here. Hashes of rows written before it do not cover
 * it: the migration must check them all first, and then make them anew (integrity.h). */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H
#include "coordinator/core/rows.h"

#include <sqlite3.h>

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

/* A value as SQLite stores it. Texts are borrowed. */
struct row_cell {
    int type; /* SQLITE_INTEGER, _FLOAT, _TEXT, _BLOB or _NULL */
    union {
        int64_t integer;
        double real;
        struct { const char *text; size_t length; };
    };
};
enum { MAX_COLUMNS = 24 };

/* A row of a struct as cells, one for each column. */
void cells_of_row(const struct table *table, const void *row, struct row_cell *cells);
/* The columns of a statement from `first` on. Without `long_texts` the statement does not have
 * those columns, and the cells there are NULL. */
void cells_of_statement(const struct table *table, sqlite3_stmt *statement, int first,
                        bool long_texts, struct row_cell *cells);
/* Back to a struct; texts are borrowed from the cells, "" for a long one that was not read. */
void cells_to_row(const struct table *table, const struct row_cell *cells, void *row);
void cell_bind(sqlite3_stmt *statement, int place, const struct row_cell *cell);

uint64_t cell_text_hash(const struct row_cell *cell);
uint64_t cells_hash(enum table_number table, const struct row_cell *cells);
/* Whether each long text of the cells is the one whose hash stands before it. */
bool cells_long_texts_match(const struct table *table, const struct row_cell *cells);

/* The names of the columns, ", " between them; with `prefix` before each. The caller frees it. */
char *table_column_list(const struct table *table, const char *prefix, bool long_texts);

/* What a row of the table point carries: 16 bits of a hash of its other columns. That a curve is
 * right is proven by its attempt, which has the number and the chained digest of its points; the
 * mark tells which point of a wrong curve is the wrong one, in two bytes. */
int64_t point_mark(struct attempt_ref ref, int64_t idx, int64_t step, double epoch, int64_t metric,
                   double value);
#endif
