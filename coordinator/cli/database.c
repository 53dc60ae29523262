#include "coordinator/cli/database.h"
#include "common/buf.h"
#include "common/connect.h"
#include "common/trainer/nearest.h"
#include "common/xalloc.h"
#include "coordinator/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_SHOWN = 10 };

/* Results are read from the file itself; whoever works elsewhere has only a coordinator to ask. */
static void complain_of_place(const struct connect_info *info)
{
    if (info->db[0] == '\0')
        complain("which database? This is read from a file, and none is named (%s): start a "
                 "coordinator here, or give --db FILE; on another machine a copy will do",
                 info->origin);
    else
        complain("there is no database %s here, where %s says it is: ask on the coordinator's own "
                 "machine, or give --db FILE; on another machine a copy will do",
                 info->db, info->origin);
}

sqlite3 *database_open(const struct context *context, int *status)
{
    struct error error;
    struct connect_info info = { 0 };
    const char *path = context->database;
    sqlite3 *db = NULL;
    *status = EXIT_FAILED;
    if (path == NULL) {
        if (!connect_find(&info, context->coordinator, context->connect_file, &error)) {
            complain("%s", error.text);
            return NULL;
        }
        path = info.db;
    }
    if (path == info.db && access(path, F_OK) != 0 && errno == ENOENT) {
        complain_of_place(&info);
        *status = EXIT_NOT_FOUND;
    } else if (!store_open_readonly(&db, path, &error)) {
        complain("%s", error.text);
        *status = access(path, F_OK) != 0 ? EXIT_NOT_FOUND : EXIT_FAILED;
    }
    return db;
}

int database_verb(const struct verb *verb, const struct context *context, int argc, char **argv,
                  int (*answer)(sqlite3 *db, const struct arguments *arguments))
{
    struct arguments arguments;
    int status;
    arguments_parse(&arguments, verb, context, argc, argv);
    sqlite3 *db = database_open(&arguments.context, &status);
    if (db == NULL)
        return status;
    status = answer(db, &arguments);
    sqlite3_close(db);
    return status;
}

/* ---- queries */

sqlite3_stmt *database_query(sqlite3 *db, const char *sql, const char *study, int64_t number,
                             int64_t count)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        complain(
            "cannot query the database: %s; its views are made anew when a coordinator of this "
            "release starts with it",
            sqlite3_errmsg(db));
        return NULL;
    }
    int place = sqlite3_bind_parameter_index(statement, ":study");
    if (place > 0 && study != NULL)
        sqlite3_bind_text(statement, place, study, -1, SQLITE_TRANSIENT);
    if ((place = sqlite3_bind_parameter_index(statement, ":number")) > 0)
        sqlite3_bind_int64(statement, place, number);
    if ((place = sqlite3_bind_parameter_index(statement, ":count")) > 0)
        sqlite3_bind_int64(statement, place, count);
    return statement;
}

bool database_query_end(sqlite3_stmt *statement)
{
    sqlite3 *db = sqlite3_db_handle(statement);
    if (sqlite3_finalize(statement) == SQLITE_OK)
        return true;
    complain("the query failed: %s", sqlite3_errmsg(db));
    return false;
}

void database_columns(struct output *output, sqlite3_stmt *statement)
{
    for (int i = 0; i < sqlite3_column_count(statement); i++)
        output_column(output, sqlite3_column_name(statement, i));
}

static bool holds_json(const char *name)
{
    return strcmp(name, "parameters") == 0 || strcmp(name, "info") == 0;
}

void database_cells(struct output *output, sqlite3_stmt *statement, int count)
{
    for (int i = 0; i < count; i++) {
        const char *text = NULL;
        switch (sqlite3_column_type(statement, i)) {
        case SQLITE_NULL: output_null(output); continue;
        case SQLITE_INTEGER: output_integer(output, sqlite3_column_int64(statement, i)); continue;
        case SQLITE_FLOAT: output_real(output, sqlite3_column_double(statement, i)); continue;
        }
        text = (const char *)sqlite3_column_text(statement, i);
        if (holds_json(sqlite3_column_name(statement, i)))
            output_json_text(output, text);
        else
            output_text(output, text);
    }
}

void database_rows(struct output *output, sqlite3_stmt *statement)
{
    while (sqlite3_step(statement) == SQLITE_ROW)
        database_cells(output, statement, sqlite3_column_count(statement));
}

/* ---- names */

static bool collect(sqlite3 *db, const char *sql, const char *name, struct studies *out)
{
    size_t capacity;
    sqlite3_stmt *statement = database_query(db, sql, name, 0, 0);
    if (statement == NULL)
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        capacity = out->capacity;
        out->ids = xgrow(out->ids, out->count, &capacity, sizeof *out->ids);
        out->names = xgrow(out->names, out->count, &out->capacity, sizeof *out->names);
        out->ids[out->count] = sqlite3_column_int64(statement, 0);
        out->names[out->count++] = xstrdup((const char *)sqlite3_column_text(statement, 1));
    }
    return database_query_end(statement);
}

/* Names the nearest study or search, or all of them if they are few. */
static void complain_unknown(sqlite3 *db, const char *name)
{
    struct studies known = { 0 };
    struct nearest nearest;
    struct buf list;
    buf_init(&list, 4096);
    nearest_init(&nearest, name);
    collect(db, "SELECT 0, name FROM study UNION SELECT 0, name FROM search ORDER BY 2", NULL,
            &known);
    for (size_t i = 0; i < known.count; i++) {
        nearest_offer(&nearest, known.names[i]);
        if (i < NAMES_SHOWN)
            buf_printf(&list, "%s%s", i > 0 ? ", " : "", known.names[i]);
    }
    const char *meant = nearest_word(&nearest);
    if (known.count == 0)
        complain("there is no study `%s`: nothing has been submitted yet", name);
    else if (meant != NULL)
        complain("there is no study `%s`; did you mean `%s`?", name, meant);
    else
        complain("there is no study `%s`; there are %s%s", name, list.bytes,
                 known.count > NAMES_SHOWN ? ", ..." : "");
    buf_free(&list);
    studies_free(&known);
}

int studies_find(sqlite3 *db, const char *name, struct studies *out)
{
    *out = (struct studies){ 0 };
    const char *sql =
        name == NULL
            ? "SELECT id, name FROM study WHERE NOT audit ORDER BY search, position"
            : "SELECT study.id, study.name FROM study JOIN search ON search.id = study.search"
              " WHERE study.name = :study OR (search.name = :study AND NOT audit AND NOT EXISTS"
              " (SELECT 1 FROM study WHERE name = :study)) ORDER BY position";
    if (!collect(db, sql, name, out))
        return EXIT_FAILED;
    if (name == NULL || out->count > 0)
        return EXIT_OK;
    complain_unknown(db, name);
    return EXIT_NOT_FOUND;
}

void studies_free(struct studies *studies)
{
    for (size_t i = 0; i < studies->count; i++)
        free(studies->names[i]);
    free(studies->names);
    free(studies->ids);
    *studies = (struct studies){ 0 };
}

static void complain_ambiguous(const char *name, const struct studies *studies)
{
    struct buf list;
    buf_init(&list, 4096);
    for (size_t i = 0; i < studies->count && i < NAMES_SHOWN; i++)
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", studies->names[i]);
    complain("`%s` is a search with %zu studies, name one: %s%s", name, studies->count, list.bytes,
             studies->count > NAMES_SHOWN ? ", ..." : "");
    buf_free(&list);
}

int study_find(sqlite3 *db, const char *name, char **study, int64_t *id)
{
    struct studies found;
    int status = studies_find(db, name, &found);
    *study = NULL;
    if (status == EXIT_OK && found.count > 1) {
        complain_ambiguous(name, &found);
        status = EXIT_NOT_FOUND;
    }
    if (status == EXIT_OK) {
        *study = xstrdup(found.names[0]);
        *id = found.ids[0];
    }
    studies_free(&found);
    return status;
}

int trial_find(sqlite3 *db, const char *study, int64_t id, const char *word, int64_t *trial)
{
    static const char sql[] =
        "SELECT count(*) FILTER (WHERE number = :number), max(number) FROM trial"
        " WHERE study = :count";
    *trial = argument_number(word);
    if (*trial < 0) {
        complain("`%s` is no trial: trials have numbers from 0", word);
        return EXIT_USAGE;
    }
    sqlite3_stmt *statement = database_query(db, sql, NULL, *trial, id);
    if (statement == NULL)
        return EXIT_FAILED;
    bool found = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 0) > 0;
    bool none = sqlite3_column_type(statement, 1) == SQLITE_NULL;
    int64_t last = sqlite3_column_int64(statement, 1);
    if (!database_query_end(statement))
        return EXIT_FAILED;
    if (!found && none)
        complain("%s has no trials yet", study);
    else if (!found)
        complain("%s has no trial %lld: they go from 0 to %lld", study, (long long)*trial,
                 (long long)last);
    return found ? EXIT_OK : EXIT_NOT_FOUND;
}
