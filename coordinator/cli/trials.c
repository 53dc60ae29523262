/* ldt trials - every trial of a study, in the order they were suggested. */
#include "coordinator/cli/database.h"

#include <stdlib.h>

/* A table shows the parameters that the search varies; the other formats show all. */
static const char in_table[] =
    WITH_VARIED_PARAMETERS
    " SELECT trial, state, value, round(seconds, 1) AS seconds, attempts, worker,"
    VARIED_PARAMETERS("v_trial") ", reason"
    " FROM v_trial WHERE study = :study ORDER BY trial";

static const char in_full[] =
    "SELECT trial, configuration, repetition, state, value, seed, seconds, attempts, worker, "
    "parameters,"
    " reason, created, finished FROM v_trial WHERE study = :study ORDER BY trial";

static int print_trials(sqlite3 *db, const struct arguments *arguments)
{
    enum output_format format = arguments->context.format;
    char *study;
    int64_t id;
    int status = study_find(db, arguments->words[0], &study, &id);
    if (status != EXIT_OK)
        return status;
    sqlite3_stmt *statement =
        database_query(db, format == OUTPUT_TABLE ? in_table : in_full, study, 0, 0);
    free(study);
    if (statement == NULL)
        return EXIT_FAILED;
    struct output *output = output_begin(format, stdout);
    database_columns(output, statement);
    database_rows(output, statement);
    return output_finish(&output, database_query_end(statement) ? EXIT_OK : EXIT_FAILED);
}

int command_trials(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt trials",
        .words = "STUDY",
        .help = "Lists the trials of a study: state, value, time, parameters.",
        .minimum = 1,
        .maximum = 1,
    };
    return database_verb(&verb, context, argc, argv, print_trials);
}
