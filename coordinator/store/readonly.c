/* The reader's side: no lock, nothing written but SQLite's own shared memory file beside the
 * database. */
#include "common/xalloc.h"
#include "coordinator/store/path.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/sql.h"
#include "coordinator/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

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
static bool lacks_shared_file(sqlite3 *db)
{
    int rc = sqlite3_extended_errcode(db);
    return rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY_DIRECTORY ||
           rc == SQLITE_READONLY_CANTINIT || rc == SQLITE_READONLY_RECOVERY ||
           rc == SQLITE_READONLY;
}

static void explain(const char *path, struct error *error)
{
    error_set(
        error,
        "cannot read %s: SQLite needs to make %s-shm beside it and may not; copy the database "
        "(with %s-wal, if there is one) to a directory of your own",
        path, path, path);
}

/* Without a log beside it, and with no coordinator, the file is all there is: a published copy, on
 * a disk that nobody writes to. */
static bool is_at_rest(const char *path)
{
    char *log = xasprintf("%s-wal", path);
    bool none = access(log, F_OK) != 0 && errno == ENOENT;
    free(log);
    return none && !store_in_use(path);
}

static bool identify(sqlite3 *db, const char *path, struct error *error)
{
    int version;
    sqlite3_busy_timeout(db, BUSY_MS);
    return schema_identify(db, path, &version, error) && current_schema(path, version, error) &&
           sql_run(db, "PRAGMA query_only = ON", error);
}

bool store_open_readonly(sqlite3 **out, const char *path, struct error *error)
{
    sqlite3 *db = NULL;
    *out = NULL;
    if (!path_readable(path, error))
        return false;
    bool good = sql_open(&db, path, SQLITE_OPEN_READONLY, error) && identify(db, path, error);
    if (!good && db != NULL && lacks_shared_file(db)) {
        explain(path, error);
        if (is_at_rest(path)) {
            sqlite3_close(db);
            good = sql_open_at_rest(&db, path, error) && identify(db, path, error);
        }
    }
    if (good)
        *out = db;
    else
        sqlite3_close(db);
    return good;
}
