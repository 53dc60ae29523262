/* sql.h - the few things that everyone does with SQLite: run a statement, read one number, say what
 * failed. */
#ifndef STORE_SQL_H
#define STORE_SQL_H
#include "common/error.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* Opens a file by its path alone: what looks like a URI, or like SQLite's ":memory:", is a file
 * name here. *db must be closed by the caller even after a failure. */
bool sql_open(sqlite3 **db, const char *path, int flags, struct error *error);

/* The same to read a file that nobody writes to, without any file beside it. */
bool sql_open_at_rest(sqlite3 **db, const char *path, struct error *error);

/* Runs statements that return nothing of interest. */
bool sql_run(sqlite3 *db, const char *sql, struct error *error);

/* The first column of the first row; 0 when there is none. */
bool sql_number(sqlite3 *db, const char *sql, int64_t *number, struct error *error);

/* Sets "cannot ACTION PATH: what SQLite says", with advice where there is some. Returns false. */
bool sql_failed(sqlite3 *db, const char *action, struct error *error);

/* Sets the sentence for a file with wrong content, and what to do. Returns false. */
bool sql_damaged(const char *path, const char *finding, struct error *error);
#endif
