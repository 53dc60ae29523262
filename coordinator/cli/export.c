/* ldt export - trials for other programs: one row each, one column for each parameter. CSV unless
 * -o json. */
#include "common/xalloc.h"
#include "coordinator/cli/database.h"

#include <stdlib.h>
#include <string.h>

/* The last column is taken apart. */
static const char trials_sql[] =
    "SELECT search, study, trial, configuration, repetition, state, value, seed, seconds, "
    "attempts, worker,"
    " created, finished, reason, parameters FROM v_trial WHERE study = :study ORDER BY trial";

struct columns {
    char **names; /* parameters of all exported trials, in the order of their first appearance */
    size_t count, capacity;
};

static bool find_parameters(sqlite3 *db, const struct studies *studies, struct columns *columns)
{
    static const char sql[] =
        "SELECT DISTINCT node.key FROM v_trial, json_each(v_trial.parameters) AS node"
        " WHERE study = :study AND node.key IS NOT NULL"; /* parameters that are no object */
    for (size_t i = 0; i < studies->count; i++) {
        sqlite3_stmt *statement = database_query(db, sql, studies->names[i], 0, 0);
        if (statement == NULL)
            return false;
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(statement, 0);
            size_t at = 0;
            while (at < columns->count && strcmp(columns->names[at], name) != 0)
                at++;
            if (at < columns->count)
                continue;
            columns->names = xgrow(columns->names, at, &columns->capacity, sizeof *columns->names);
            columns->names[columns->count++] = xstrdup(name);
        }
        if (!database_query_end(statement))
            return false;
    }
    return true;
}

static void print_parameter(struct output *output, const json_t *value)
{
    if (json_is_integer(value))
        output_integer(output, json_integer_value(value));
    else if (json_is_real(value))
        output_real(output, json_real_value(value));
    else if (json_is_boolean(value))
        output_flag(output, json_is_true(value));
    else /* NULL for a parameter that the trial does not have */
        output_text(output, json_string_value(value));
}

static void print_trial(struct output *output, sqlite3_stmt *statement,
                        const struct columns *columns)
{
    int last = sqlite3_column_count(statement) - 1;
    const char *text = (const char *)sqlite3_column_text(statement, last);
    json_t *parameters = json_loads(text != NULL ? text : "{}", 0, NULL);
    database_cells(output, statement, last);
    for (size_t i = 0; i < columns->count; i++)
        print_parameter(output, json_object_get(parameters, columns->names[i]));
    json_decref(parameters);
}

static bool print_study(sqlite3 *db, const char *study, bool first, struct output *output,
                        const struct columns *columns)
{
    sqlite3_stmt *statement = database_query(db, trials_sql, study, 0, 0);
    if (statement == NULL)
        return false;
    for (int i = 0; first && i < sqlite3_column_count(statement) - 1; i++)
        output_column(output, sqlite3_column_name(statement, i));
    for (size_t i = 0; first && i < columns->count; i++) {
        char *name = xasprintf("params_%s", columns->names[i]);
        output_column(output, name);
        free(name);
    }
    while (sqlite3_step(statement) == SQLITE_ROW)
        print_trial(output, statement, columns);
    return database_query_end(statement);
}

static int print_export(sqlite3 *db, const struct arguments *arguments)
{
    const char *name = arguments->n_words > 0 ? arguments->words[0] : NULL;
    enum output_format format = arguments->context.format;
    struct studies studies;
    struct columns columns = { 0 };
    int status = studies_find(db, name, &studies);
    if (status == EXIT_OK && !find_parameters(db, &studies, &columns))
        status = EXIT_FAILED;
    if (status == EXIT_OK) {
        struct output *output = output_begin(format == OUTPUT_TABLE ? OUTPUT_CSV : format, stdout);
        for (size_t i = 0; i < studies.count && status == EXIT_OK; i++) {
            if (!print_study(db, studies.names[i], i == 0, output, &columns))
                status = EXIT_FAILED;
        }
        status = output_finish(&output, status);
    }
    for (size_t i = 0; i < columns.count; i++)
        free(columns.names[i]);
    free(columns.names);
    studies_free(&studies);
    return status;
}

int command_export(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt export",
        .words = "[STUDY|SEARCH]",
        .help = "Writes all trials of a study, a search or the whole database as CSV (or -o "
                "json), one column for each parameter.",
        .minimum = 0,
        .maximum = 1,
    };
    return database_verb(&verb, context, argc, argv, print_export);
}
