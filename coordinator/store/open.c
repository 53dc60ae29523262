/* Opening: path, lock, kind of file, damage, pragmas, migration, statements; each step says why it
 * refused. */
#include "common/xalloc.h"
#include "coordinator/store/handle.h"
#include "coordinator/store/lock.h"
#include "coordinator/store/path.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/sql.h"
#include "coordinator/store/wal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long a foreign writer may hold up a turn before it counts as stuck. */
enum { BUSY_MS = 2000 };

/* About three seconds of looking at pages that are in memory. */
int64_t check_whole_bytes = INT64_C(1) << 30;

/* The name behind symbolic links, so that every name of a file leads to one lock. A file that does
 * not exist yet has one name only. */
static char *real_path(const char *path)
{
    char *real = realpath(path, NULL);
    return real != NULL ? real : xstrdup(path);
}

static bool check_once(sqlite3 *db, const char *path, const char *sql, struct error *error)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return sql_failed(db, "read", error);
    int rc = sqlite3_step(statement);
    const char *verdict = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    bool good = verdict != NULL && strcmp(verdict, "ok") == 0;
    if (verdict == NULL)
        sql_failed(db, "read", error);
    else if (!good)
        sql_damaged(path, verdict, error);
    sqlite3_finalize(statement);
    return good;
}

/* Finds pages and rows that cannot be right; a flipped bit inside a value passes, and is left to
 * the hashes. SQLite also finds fault with what it had no memory to read, or could not read at that
 * moment: damage is what is found twice. */
static bool check_quickly(sqlite3 *db, const char *path, const char *sql, struct error *error)
{
    return check_once(db, path, sql, error) || check_once(db, path, sql, error);
}

/* Of a large file all but the points, which are most of it: a start must not take minutes. What a
 * coordinator restores is looked at in either case; points it only appends, and SQLite refuses to
 * append to a page that makes no sense. `ldt doctor` looks at everything. */
static bool undamaged(sqlite3 *db, const char *path, struct error *error)
{
    int64_t bytes;
    if (!sql_number(db, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                    &bytes, error))
        return false;
    if (bytes <= check_whole_bytes)
        return check_quickly(db, path, "PRAGMA quick_check(1)", error);
    for (int i = 0; i < TABLES; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "PRAGMA quick_check('%s')", schema_tables[i].name);
        if (!check_quickly(db, path, sql, error))
            return false;
    }
    return true;
}

/* synchronous = NORMAL would lose acknowledged rows in a power cut, and a memory-mapped file turns
 * an I/O error into a signal. The log may keep 64 MiB after a reader has held it up; the cache
 * takes 6. */
static const char pragmas[] = "PRAGMA synchronous = FULL;"
                              "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON;"
                              "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -6144";

/* Only when the tables are as they shall be. They move in a migration, and what one of its
 * statements keeps for the case that it fails half done may be a whole table. That of a turn keeps
 * a page or two for each row of a trial: in memory, or SQLite takes 64 KiB for them every time. */
static const char pragmas_of_turns[] = "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY";

static bool set_pragmas(sqlite3 *db, struct error *error)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, "PRAGMA journal_mode = wal", -1, &statement, NULL) != SQLITE_OK)
        return sql_failed(db, "prepare", error);
    bool row = sqlite3_step(statement) == SQLITE_ROW;
    bool wal = row && strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    if (!row)
        sql_failed(db, "prepare", error);
    else if (!wal)
        error_set(error, "%s cannot have a write-ahead log on this file system: use another disk",
                  sqlite3_db_filename(db, "main"));
    sqlite3_finalize(statement);
    return wal && sql_run(db, pragmas, error);
}

static bool open_database(struct store *store, struct error *error)
{
    if (!sql_open(&store->db, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error) ||
        !lock_take_file(&store->file_lock, store->path, error))
        return false;
    sqlite3_busy_timeout(store->db, BUSY_MS);
    if (!schema_identify(store->db, store->path, &store->found_version, error) ||
        !undamaged(store->db, store->path, error) || !set_pragmas(store->db, error) ||
        !schema_migrate(store->db, store->found_version, error) ||
        !sql_run(store->db, pragmas_of_turns, error) ||
        !sums_register(&store->sums, store->db, error))
        return false;
    wal_watch(store);
    return store_prepare(store, error);
}

static bool accept_rows(struct store *store, struct error *error)
{
    int version;
    if (!sql_open(&store->db, store->path, SQLITE_OPEN_READWRITE, error) ||
        !lock_take_file(&store->file_lock, store->path, error))
        return false;
    sqlite3_busy_timeout(store->db, BUSY_MS);
    if (!schema_identify(store->db, store->path, &version, error) ||
        !undamaged(store->db, store->path, error) || !set_pragmas(store->db, error))
        return false;
    if (version != schema_version)
        return schema_migrate(store->db, version, error); /* makes them, too */
    return sql_run(store->db, "BEGIN IMMEDIATE", error) && integrity_make(store->db, error) &&
           sql_run(store->db, "COMMIT", error);
}

bool store_accept(const char *path, struct error *error)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->lock = store->file_lock = -1;
    store->path = real_path(path);
    bool accepted = path_writable(store->path, error) &&
                    lock_take(&store->lock, store->path, error) && accept_rows(store, error);
    store_close(&store); /* an open transaction is rolled back */
    return accepted;
}

bool store_open(struct store **out, const char *path, struct error *error)
{
    struct store *store = xcalloc(1, sizeof *store);
    store->lock = store->file_lock = -1;
    store->path = real_path(path);
    if (!path_writable(store->path, error) || !lock_take(&store->lock, store->path, error) ||
        !open_database(store, error) ||
        !sql_number(store->db, "PRAGMA data_version", &store->data_version, error)) {
        store_close(&store);
        *out = NULL;
        return false;
    }
    *out = store;
    return true;
}

int store_found_version(const struct store *store)
{
    return store->found_version;
}

bool store_in_use(const char *path)
{
    char *real = real_path(path);
    bool held = lock_is_held(real);
    free(real);
    return held;
}

void store_close(struct store **store)
{
    if (*store == NULL)
        return;
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize((*store)->statements[i]);
    for (int i = 0; i < TABLES; i++) {
        sqlite3_finalize((*store)->updates[i]);
        sqlite3_finalize((*store)->inserts[i]);
    }
    metric_ids_clear(&(*store)->metrics);
    sqlite3_close((*store)->db); /* empties the write-ahead log when nobody else reads */
    lock_drop(&(*store)->file_lock);
    lock_drop(&(*store)->lock);
    free((*store)->path);
    free(*store);
    *store = NULL;
}

bool store_foreign_write(struct store *store)
{
    sqlite3_stmt *statement = store->statements[STATEMENT_DATA_VERSION];
    int64_t before = store->data_version;
    if (sqlite3_step(statement) == SQLITE_ROW)
        store->data_version = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return store->data_version != before;
}
