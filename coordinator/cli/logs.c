/* ldt logs - what a trial said, and why it ended as it did. */
#include "common/utf8.h"
#include "coordinator/cli/database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* attempt: a number; 0 the last one, -1 all */
static const char sql[] =
    "SELECT v_attempt.attempt, v_attempt.state, v_attempt.worker, v_attempt.seconds,"
    " v_attempt.exit_status, v_attempt.reason, attempt.log FROM v_attempt JOIN study ON study.name "
    "= v_attempt.study"
    " JOIN attempt ON attempt.study = study.id AND attempt.trial = v_attempt.trial"
    " AND attempt.number = v_attempt.attempt"
    " WHERE v_attempt.study = :study AND v_attempt.trial = :number"
    " AND (:count = -1 OR v_attempt.attempt = :count OR (:count = 0 AND v_attempt.attempt ="
    " (SELECT attempts FROM trial WHERE trial.study = study.id AND trial.number = :number)))"
    " ORDER BY v_attempt.attempt";

/* What a run wrote may hold sequences that reprogram a terminal: there they are shown, elsewhere
 * kept. */
static void print_log(const char *log, FILE *stream)
{
    bool terminal = isatty(fileno(stream));
    char last = '\n';
    for (size_t left = strlen(log), step; left > 0; left -= step, log += step) {
        step = utf8_length(log, left);
        step = step > 0 ? step : 1;
        bool is_shown = terminal && utf8_is_control(log, step) && *log != '\n' && *log != '\t';
        for (size_t i = 0; i < step; i++)
            fprintf(stream, is_shown ? "\\x%02x" : "%c", (unsigned char)log[i]);
        last = log[step - 1];
    }
    if (last != '\n')
        fputc('\n', stream);
}

static void print_attempt(sqlite3_stmt *statement)
{
    const char *reason = (const char *)sqlite3_column_text(statement, 5);
    const char *log = (const char *)sqlite3_column_text(statement, 6);
    printf("attempt %lld, %s, on %s", (long long)sqlite3_column_int64(statement, 0),
           sqlite3_column_text(statement, 1), sqlite3_column_text(statement, 2));
    if (sqlite3_column_type(statement, 3) != SQLITE_NULL)
        printf(", %.1f s", sqlite3_column_double(statement, 3));
    if (reason[0] == '\0' && sqlite3_column_int64(statement, 4) != 0)
        printf(", exit status %lld", (long long)sqlite3_column_int64(statement, 4));
    fputs(reason[0] != '\0' ? ": " : "", stdout);
    print_log(reason[0] != '\0' ? reason : "\n", stdout);
    print_log(log, stdout);
}

/* As a report for people; nothing to say of a trial that no worker has taken yet. */
static int print_report(sqlite3_stmt *statement)
{
    int count = 0;
    for (; sqlite3_step(statement) == SQLITE_ROW; count++) {
        if (count > 0)
            putchar('\n');
        print_attempt(statement);
    }
    return count > 0 ? EXIT_OK : EXIT_NOT_FOUND;
}

static int print_rows(sqlite3_stmt *statement, enum output_format format)
{
    struct output *output = output_begin(format, stdout);
    database_columns(output, statement);
    database_rows(output, statement);
    return output_finish(&output, EXIT_OK);
}

static int print_attempts(sqlite3 *db, const char *study, int64_t trial,
                          const struct arguments *arguments)
{
    int64_t attempt = arguments->all ? -1 : arguments->attempt;
    sqlite3_stmt *statement = database_query(db, sql, study, trial, attempt);
    if (statement == NULL)
        return EXIT_FAILED;
    int status = arguments->context.format == OUTPUT_TABLE
                     ? print_report(statement)
                     : print_rows(statement, arguments->context.format);
    if (!database_query_end(statement))
        return EXIT_FAILED;
    if (status == EXIT_NOT_FOUND && attempt > 0)
        complain("trial %lld of %s has no attempt %lld", (long long)trial, study,
                 (long long)attempt);
    else if (status == EXIT_NOT_FOUND)
        complain("trial %lld of %s has not been started yet", (long long)trial, study);
    return status;
}

static int print_logs(sqlite3 *db, const struct arguments *arguments)
{
    char *study;
    int64_t id, trial;
    int status = study_find(db, arguments->words[0], &study, &id);
    if (status == EXIT_OK)
        status = trial_find(db, study, id, arguments->words[1], &trial);
    if (status == EXIT_OK)
        status = print_attempts(db, study, trial, arguments);
    free(study);
    return status;
}

int command_logs(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "attempt", ARGUMENT_ATTEMPT, "N", 0, "This attempt (default: the last)", 0 },
        { "all", ARGUMENT_ALL, NULL, 0, "All attempts", 0 },
        { 0 }
    };
    static const struct verb verb = {
        .name = "ldt logs",
        .words = "STUDY TRIAL",
        .help = "Shows the last output of a trial, and why it failed if it did.",
        .options = options,
        .minimum = 2,
        .maximum = 2,
    };
    return database_verb(&verb, context, argc, argv, print_logs);
}
