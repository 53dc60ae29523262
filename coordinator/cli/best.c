/* ldt best - the best configurations of a study, or of each study of a search. */
#include "coordinator/cli/database.h"

enum { DEFAULT_COUNT = 5 };

/* A table shows the parameters that the search varies; the other formats show all. */
static const char in_table[] =
    WITH_VARIED_PARAMETERS
    " SELECT study, rank, trial, metric, value, runs, state,"
    VARIED_PARAMETERS("v_best")
    " FROM v_best WHERE study = :study ORDER BY rank, trial LIMIT :count";

static const char in_full[] =
    "SELECT study, rank, trial, configuration, metric, value, runs, state, parameters"
    " FROM v_best WHERE study = :study ORDER BY rank, trial LIMIT :count";

/* Adds the rows of one study; the columns come with the first. */
static bool print_study(sqlite3 *db, const char *study, int64_t count, bool first,
                        struct output *output, enum output_format format)
{
    sqlite3_stmt *statement =
        database_query(db, format == OUTPUT_TABLE ? in_table : in_full, study, 0, count);
    if (statement == NULL)
        return false;
    if (first)
        database_columns(output, statement);
    database_rows(output, statement);
    return database_query_end(statement);
}

static int print_best(sqlite3 *db, const struct arguments *arguments)
{
    struct studies studies;
    int64_t count = arguments->count > 0 ? arguments->count : DEFAULT_COUNT;
    enum output_format format = arguments->context.format;
    int status = studies_find(db, arguments->words[0], &studies);
    if (status == EXIT_OK) {
        struct output *output = output_begin(format, stdout);
        for (size_t i = 0; i < studies.count && status == EXIT_OK; i++) {
            if (!print_study(db, studies.names[i], count, i == 0, output, format))
                status = EXIT_FAILED;
        }
        if (status == EXIT_OK && output_rows(output) == 0)
            complain("no trial of `%s` has a value yet: `ldt status %s` shows how they are",
                     arguments->words[0], arguments->words[0]);
        status = output_finish(&output, status);
    }
    studies_free(&studies);
    return status;
}

int command_best(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { NULL, ARGUMENT_COUNT, "N", 0, "How many of each study (default 5)", 0 }, { 0 }
    };
    static const struct verb verb = {
        .name = "ldt best",
        .words = "STUDY|SEARCH",
        .help = "Shows the best configurations of a study, or of each study of a search.",
        .options = options,
        .minimum = 1,
        .maximum = 1,
    };
    return database_verb(&verb, context, argc, argv, print_best);
}
