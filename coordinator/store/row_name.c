#include "coordinator/store/row_name.h"
#include "common/xalloc.h"

#include <stdlib.h>

char *study_name(sqlite3 *db, int64_t study)
{
    char *name = NULL;
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, "SELECT name FROM study WHERE id = ?", -1, &statement, NULL) ==
        SQLITE_OK) {
        sqlite3_bind_int64(statement, 1, study);
        if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != NULL)
            name = xasprintf("`%s`", (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return name != NULL ? name : xasprintf("study %lld", (long long)study);
}

static long long number(const struct row_cell *cell)
{
    return cell->type == SQLITE_INTEGER ? (long long)cell->integer : -1;
}

/* "search `task-b`", by the column that has its name; without one by its id. */
static char *named(const char *what, const struct row_cell *id, const struct row_cell *name)
{
    if (name->type == SQLITE_TEXT && name->length > 0)
        return xasprintf("%s `%.*s`", what, (int)name->length, name->text);
    return xasprintf("%s %lld", what, number(id));
}

/* A worker that was started again has the same name: its id tells which. */
static char *worker_name(const struct row_cell *cells)
{
    char *name = named("worker", &cells[0], &cells[1]);
    char *full = xasprintf("%s (row %lld)", name, number(&cells[0]));
    free(name);
    return full;
}

static char *of_study(sqlite3 *db, enum table_number table, const struct row_cell *cells)
{
    char *study = study_name(db, number(&cells[0]));
    char *name;
    if (table == TABLE_ATTEMPT)
        name = xasprintf("attempt %lld of trial %lld of %s", number(&cells[2]), number(&cells[1]),
                         study);
    else
        name = xasprintf("%s %lld of %s", table == TABLE_TRIAL ? "trial" : "outcome",
                         number(&cells[1]), study);
    free(study);
    return name;
}

char *row_name(sqlite3 *db, enum table_number table, const struct row_cell *cells)
{
    switch (table) {
    case TABLE_SEARCH:
        return named("search", &cells[0], &cells[1]);
    case TABLE_STUDY:
        return named("study", &cells[0], &cells[2]);
    case TABLE_METRIC:
        return named("metric", &cells[0], &cells[1]);
    case TABLE_WORKER:
        return worker_name(cells);
    default:
        return of_study(db, table, cells);
    }
}
