#include "coordinator/store/sql.h"
#include "common/buf.h"
#include "common/xalloc.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* One thread of a process uses SQLite, in all our programs: nothing has to be locked, and nobody
 * asks how much memory it has. Refused, and harmless, once something is open. */
static void be_single_threaded(void)
{
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

bool sql_open(sqlite3 **db, const char *path, int flags, struct error *error)
{
    be_single_threaded();
    char *name = xasprintf("%s%s", path[0] == '/' ? "" : "./", path);
    int rc = sqlite3_open_v2(name, db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    free(name);
    return rc == SQLITE_OK || sql_failed(*db, "open", error);
}

/* As a URI takes it. */
static void add_path(struct buf *uri, const char *path)
{
    for (const unsigned char *c = (const unsigned char *)path; *c != '\0'; c++)
        buf_printf(uri, isalnum(*c) || strchr("/._-", *c) != NULL ? "%c" : "%%%02X", *c);
}

bool sql_open_at_rest(sqlite3 **db, const char *path, struct error *error)
{
    struct buf uri;
    be_single_threaded();
    buf_init(&uri, SIZE_MAX);
    buf_printf(&uri, "file:");
    add_path(&uri, path);
    buf_printf(&uri, "?immutable=1");
    int rc = sqlite3_open_v2(uri.bytes, db,
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                                 SQLITE_OPEN_EXRESCODE,
                             NULL);
    buf_free(&uri);
    return rc == SQLITE_OK || sql_failed(*db, "open", error);
}

bool sql_damaged(const char *path, const char *finding, struct error *error)
{
    error_set(error,
              "%s is damaged (%s): put a copy in its place, or save what can still be read with "
              "`sqlite3 %s .recover`",
              path, finding, path);
    return false;
}

bool sql_failed(sqlite3 *db, const char *action, struct error *error)
{
    const char *path = db != NULL ? sqlite3_db_filename(db, "main") : NULL; /* NULL: no memory */
    if (path == NULL || path[0] == '\0')
        path = "the database";
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_FULL:
        error_set(error, "cannot %s %s: the disk is full; make room on it", action, path);
        break;
    case SQLITE_BUSY:
        error_set(error, "cannot %s %s: another process is writing to it; end that one", action,
                  path);
        break;
    case SQLITE_NOTADB:
        error_set(error,
                  "%s is no SQLite database, or its header is damaged: give another path, or put a "
                  "copy in its place",
                  path);
        break;
    case SQLITE_CORRUPT: sql_damaged(path, sqlite3_errmsg(db), error); break;
    default:
        error_set(error, "cannot %s %s: %s", action, path, sqlite3_errmsg(db));
    }
    return false;
}

bool sql_run(sqlite3 *db, const char *sql, struct error *error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || sql_failed(db, "change", error);
}

bool sql_number(sqlite3 *db, const char *sql, int64_t *number, struct error *error)
{
    sqlite3_stmt *statement;
    *number = 0;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sql_failed(db, "read", error);
    int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE || sql_failed(db, "read", error);
}
