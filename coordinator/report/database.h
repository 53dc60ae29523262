/* database.h - the queries of reports: prepared, bound by name, ended with their error checked. */
#ifndef REPORT_DATABASE_H
#define REPORT_DATABASE_H
#include "common/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Binds :name, :number and :metric where the query has them; name and metric are copied and
 * may be NULL. NULL with a sentence when the database lacks something that it reads. */
sqlite3_stmt *report_query(sqlite3 *db, const char *sql, const char *name, int64_t number,
                           const char *metric, struct error *error);

/* After the last row: false with a sentence if it was not the last one. Frees the statement. */
bool report_query_end(sqlite3 *db, sqlite3_stmt *statement, struct error *error);
#endif
