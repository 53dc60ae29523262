#include "coordinator/report/database.h"

#include <stddef.h>

static int place(sqlite3_stmt *statement, const char *name)
{
    return sqlite3_bind_parameter_index(statement, name);
}

static void bind_text(sqlite3_stmt *statement, const char *name, const char *text)
{
    if (place(statement, name) > 0 && text != NULL)
        sqlite3_bind_text(statement, place(statement, name), text, -1, SQLITE_TRANSIENT);
}

sqlite3_stmt *report_query(sqlite3 *db, const char *sql, const char *name, int64_t number,
                           const char *metric, struct error *error)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        error_set(error,
                  "cannot query the database: %s; its views are made anew when a coordinator of "
                  "this release starts with it",
                  sqlite3_errmsg(db));
        return NULL;
    }
    bind_text(statement, ":name", name);
    bind_text(statement, ":metric", metric);
    if (place(statement, ":number") > 0)
        sqlite3_bind_int64(statement, place(statement, ":number"), number);
    return statement;
}

bool report_query_end(sqlite3 *db, sqlite3_stmt *statement, struct error *error)
{
    bool good = sqlite3_finalize(statement) == SQLITE_OK;
    if (!good)
        error_set(error, "the query failed: %s", sqlite3_errmsg(db));
    return good;
}
