/* cells.h - a row of any table as a list of values, and the hash that proves it.
 *
 * A row's hash covers the name of its table and all its columns, the key among them, each with its
 * type and exact bits: so a value that changed by one bit, a NULL that became 0, and a row that
 * stands in another one's place have another hash. A long text is covered by a hash of its own, in
 * the column before it, so that the rest of the row can be proven without reading it. Points have
 * no such hash: see point_mark. */
#ifndef STORE_CELLS_H
#define STORE_CELLS_H
#include "coordinator/store/columns.h"

#include <sqlite3.h>

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

/* What a row of the table point carries: 16 bits of a hash of its other columns. That a curve is
 * right is proven by its attempt, which has the number and the chained digest of its points; the
 * mark tells which point of a wrong curve is the wrong one, in two bytes. */
int64_t point_mark(struct attempt_ref ref, int64_t idx, int64_t step, double epoch, int64_t metric,
                   double value);
#endif
