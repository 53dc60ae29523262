/* The reader's side: no lock, nothing written but SQLite's own shared memory file beside the
 * database. */
#include "coordinator/store/path.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/sql.h"
#include "coordinator/store/store.h"

enum { BUSY_MS = 5000 }; /* a coordinator that just starts or stops holds the file for a moment */

static bool current_schema(const char *path, int version, struct error *error)
{
    if (version == schema_version)
        return true;
    if (version == 0)
        error_set(error,
                  "%s has no tables: a coordinator makes them when it starts with it; or it is a "
                  "copy, and the rows are in the -wal beside the original: copy that with `sqlite3 "
                  "-readonly ORIGINAL \"BEGIN; SELECT count(*) FROM trial\" \".backup COPY\"`",
                  path);
    else
        error_set(
            error,
            "%s has schema version %d, this program reads version %d: start the coordinator of "
            "this release with it once",
            path, version, schema_version);
    return false;
}

/* A write-ahead log is read through a shared file that even a reader must be able to make. */
static bool explain(sqlite3 *db, const char *path, struct error *error)
{
    int rc = sqlite3_extended_errcode(db);
    if (rc != SQLITE_CANTOPEN && rc != SQLITE_READONLY_DIRECTORY &&
        rc != SQLITE_READONLY_CANTINIT && rc != SQLITE_READONLY_RECOVERY && rc != SQLITE_READONLY)
        return false;
    error_set(
        error,
        "cannot read %s: SQLite needs to make %s-shm beside it and may not; copy the database "
        "(with %s-wal, if there is one) to a directory of your own",
        path, path, path);
    return false;
}

bool store_open_readonly(sqlite3 **out, const char *path, struct error *error)
{
    sqlite3 *db = NULL;
    int version;
    *out = NULL;
    if (!path_readable(path, error))
        return false;
    if (sql_open(&db, path, SQLITE_OPEN_READONLY, error)) {
        sqlite3_busy_timeout(db, BUSY_MS);
        if (!schema_identify(db, path, &version, error)) {
            explain(db, path, error);
        } else if (current_schema(path, version, error) &&
                   sql_run(db, "PRAGMA query_only = ON", error)) {
            *out = db;
            return true;
        }
    }
    sqlite3_close(db);
    return false;
}
