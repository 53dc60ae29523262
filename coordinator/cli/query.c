/* ldt query - any question in SQL. The views of sql/views.sql are made for it. */
#include "coordinator/cli/database.h"

#include <string.h>

/* Reading only, and this file only: a query copied from somewhere must not reach other files. */
static int permit(void *context, int action, const char *first, const char *second,
                  const char *database, const char *trigger)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_FUNCTION: return SQLITE_OK;
    case SQLITE_PRAGMA:
        return second == NULL || strstr(first, "table_") == first ? SQLITE_OK : SQLITE_DENY;
    default: return SQLITE_DENY;
    }
}

/* Whether there is nothing but blanks and comments. */
static bool empty(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    bool nothing =
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && statement == NULL;
    sqlite3_finalize(statement);
    return nothing;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    const char *rest = "";
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, &rest);
    if (rc == SQLITE_AUTH)
        complain("a query can only read this database: %s", sqlite3_errmsg(db));
    else if (rc != SQLITE_OK)
        complain("%s, in: %s", sqlite3_errmsg(db), sql);
    else if (statement == NULL)
        complain("the query is empty: try \"SELECT * FROM v_study\"");
    else if (sqlite3_column_count(statement) == 0 || !sqlite3_stmt_readonly(statement))
        complain("a query can only read this database: ask with SELECT");
    else if (!empty(db, rest))
        complain("one statement at a time, please; the second begins at: %s",
                 rest + strspn(rest, " \t\r\n;"));
    else
        return statement;
    sqlite3_finalize(statement);
    return NULL;
}

static int print_query(sqlite3 *db, const struct arguments *arguments)
{
    sqlite3_set_authorizer(db, permit, NULL);
    sqlite3_stmt *statement = prepare(db, arguments->words[0]);
    if (statement == NULL)
        return EXIT_FAILED;
    struct output *output = output_begin(arguments->context.format, stdout);
    database_columns(output, statement);
    database_rows(output, statement);
    return output_finish(&output, database_query_end(statement) ? EXIT_OK : EXIT_FAILED);
}

int command_query(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt query",
        .words = "SQL",
        .help = "Answers one SELECT on the database.\vViews to ask: v_search, v_study, v_trial, "
                "v_best, v_configuration, v_curve, v_last, v_seed_summary, v_attempt, v_worker. "
                "Their columns: ldt query \"PRAGMA table_info(v_best)\"",
        .minimum = 1,
        .maximum = 1,
    };
    return database_verb(&verb, context, argc, argv, print_query);
}
