#include "coordinator/store/schema.h"
#include "coordinator/store/integrity.h"
#include "coordinator/store/sql.h"

#include <stdio.h>
#include <string.h>

static bool foreign(const char *path, int64_t id, struct error *error)
{
    error_set(error,
              "%s is a database of another program (application id 0x%08llx, ours is 0x%08x): give "
              "another path",
              path, (unsigned long long)id & 0xffffffff, APPLICATION_ID);
    return false;
}

bool schema_identify(sqlite3 *db, const char *path, int *version, struct error *error)
{
    int64_t id, number, objects;
    if (!sql_number(db, "SELECT count(*) FROM sqlite_schema", &objects, error) ||
        !sql_number(db, "PRAGMA application_id", &id, error) ||
        !sql_number(db, "PRAGMA user_version", &number, error))
        return false;
    if (id != APPLICATION_ID && (id != 0 || objects > 0 || number != 0))
        return foreign(path, id, error);
    if (number < 0 || (number == 0 && objects > 0)) {
        char finding[64];
        snprintf(finding, sizeof finding, "its schema version is %lld", (long long)number);
        return sql_damaged(path, finding, error);
    }
    if (number > schema_version) {
        error_set(error,
                  "%s has schema version %lld, this program knows versions up to %d: use the newer "
                  "release that wrote it",
                  path, (long long)number, schema_version);
        return false;
    }
    *version = (int)number;
    return true;
}

/* ---- views: compared with those that views.sql makes in an empty database */

static const char our_views[] = "SELECT name, sql FROM sqlite_schema "
                                "WHERE type = 'view' AND name GLOB 'v_*' ORDER BY name";

static bool same_text(const unsigned char *a, const unsigned char *b)
{
    return a != NULL && b != NULL && strcmp((const char *)a, (const char *)b) == 0;
}

/* Steps through both lists side by side. */
static bool same_rows(sqlite3_stmt *a, sqlite3_stmt *b)
{
    for (;;) {
        int rc = sqlite3_step(a);
        if (sqlite3_step(b) != rc)
            return false;
        if (rc != SQLITE_ROW)
            return rc == SQLITE_DONE;
        for (int column = 0; column < 2; column++) {
            if (!same_text(sqlite3_column_text(a, column), sqlite3_column_text(b, column)))
                return false;
        }
    }
}

static bool views_current(sqlite3 *db)
{
    sqlite3 *fresh = NULL;
    sqlite3_stmt *have = NULL, *want = NULL;
    bool same = sqlite3_open(":memory:", &fresh) == SQLITE_OK &&
                sqlite3_exec(fresh, views_sql, NULL, NULL, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(db, our_views, -1, &have, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(fresh, our_views, -1, &want, NULL) == SQLITE_OK &&
                same_rows(have, want);
    sqlite3_finalize(have);
    sqlite3_finalize(want);
    sqlite3_close(fresh);
    return same;
}

/* One after the other, because a view cannot be dropped while its name is being read. */
static bool drop_views(sqlite3 *db, struct error *error)
{
    static const char next[] = "SELECT format('DROP VIEW \"%w\"', name) FROM sqlite_schema "
                               "WHERE type = 'view' AND name GLOB 'v_*' LIMIT 1";
    for (;;) {
        sqlite3_stmt *statement;
        char *drop = NULL;
        if (sqlite3_prepare_v2(db, next, -1, &statement, NULL) != SQLITE_OK)
            return sql_failed(db, "change", error);
        if (sqlite3_step(statement) == SQLITE_ROW)
            drop = sqlite3_mprintf("%s", sqlite3_column_text(statement, 0));
        sqlite3_finalize(statement);
        if (drop == NULL)
            return true;
        bool dropped = sql_run(db, drop, error);
        sqlite3_free(drop);
        if (!dropped)
            return false;
    }
}

/* Without the views first, because SQLite refuses to alter a table in a way that breaks one. */
static bool migrate(sqlite3 *db, int version, struct error *error)
{
    if (!drop_views(db, error))
        return false;
    for (int i = version; i < schema_version; i++) {
        if (!sql_run(db, migrations[i].sql, error))
            return false;
    }
    if (version < INTEGRITY_VERSION && !integrity_make(db, error))
        return false;
    return sql_run(db, views_sql, error);
}

bool schema_migrate(sqlite3 *db, int version, struct error *error)
{
    if (version == schema_version && views_current(db))
        return true;
    if (!sql_run(db, "BEGIN IMMEDIATE", error))
        return false;
    if (migrate(db, version, error) && sql_run(db, "COMMIT", error))
        return true;
    if (!sqlite3_get_autocommit(db))
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}
