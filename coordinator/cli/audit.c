/* ldt audit - random finished trials again, on other workers: are their curves the same to the last
 * bit? Where they are not, some machine computes wrongly, or another software did. */
#include "common/xalloc.h"
#include "coordinator/cli/arguments.h"
#include "coordinator/cli/client.h"
#include "coordinator/cli/counted.h"
#include "coordinator/cli/database.h"
#include "coordinator/cli/same_curve.h"
#include "coordinator/cli/watch.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { RESULT_BYTES = 4096, DEFAULT_SEED = 1 };
#define DEFAULT_SAMPLE "1%"

/* ---- the question */

/* "1%" or a number of trials; false after having complained. */
static bool read_sample(const char *text, struct message *question)
{
    char *end;
    question->audit.count = 0;
    question->audit.percent = 0;
    if (text[0] != '\0' && text[strlen(text) - 1] == '%') {
        errno = 0;
        question->audit.percent = strtod(text, &end);
        if (strcmp(end, "%") == 0 && question->audit.percent > 0 && question->audit.percent <= 100)
            return true;
    } else if ((question->audit.count = argument_number(text)) > 0) {
        return true;
    }
    complain("--sample takes a number of trials from 1 on, or a part such as 1%%, not '%s'", text);
    return false;
}

/* *audit is malloc'd: the name of the study that the trials run in. */
static int ask_audit(const struct context *context, const struct message *question, char **audit)
{
    struct message answer;
    int status;
    struct client *client = client_open(context, &status);
    if (client == NULL)
        return status;
    status = client_knock(client);
    if (status == EXIT_OK) /* of a large study it takes its time to draw the sample */
        status =
            client_expect(client, question, CLIENT_LONG_PATIENCE_MS, MESSAGE_AUDITING, &answer);
    if (status == EXIT_OK) {
        *audit = xstrdup(answer.auditing.name);
        fprintf(stderr, "%s: %s%s\n", *audit, counted(answer.auditing.trials, "trial", "trials"),
                answer.auditing.already ? " (had been asked for already; another --seed draws anew)"
                                        : "");
    }
    client_close(&client);
    return status;
}

/* ---- the comparison */

static const char pairs_sql[] =
    "SELECT source.number, mine.name || '@' || mine.host, theirs.name || '@' || theirs.host,"
    " audit.id, trial.number, trial.attempts, audit.parent, source.attempts,"
    " trial.state IN (3, 5), source.state IN (3, 5) AND first.finished_ms <= trial.created_ms,"
    " trial.reason, first.info, second.info, mine.cpu, theirs.cpu, mine.version, theirs.version"
    " FROM study AS audit JOIN trial ON trial.study = audit.id"
    " JOIN trial AS source ON source.study = audit.parent AND source.number = trial.source"
    " LEFT JOIN attempt AS first ON first.study = source.study AND first.trial = source.number"
    "  AND first.number = source.attempts"
    " LEFT JOIN attempt AS second ON second.study = trial.study AND second.trial = trial.number"
    "  AND second.number = trial.attempts"
    " LEFT JOIN worker AS mine ON mine.id = first.worker"
    " LEFT JOIN worker AS theirs ON theirs.id = second.worker"
    " WHERE audit.name = :study ORDER BY source.number";

enum pair_column {
    PAIR_SOURCE, PAIR_WORKER, PAIR_AUDITOR,
    PAIR_AUDIT, PAIR_TRIAL, PAIR_ATTEMPT, PAIR_PARENT, PAIR_SOURCE_ATTEMPT,
    PAIR_HAS_CURVE, PAIR_SOURCE_STANDS,
    PAIR_REASON, PAIR_INFO, PAIR_AUDITOR_INFO, PAIR_CPU, PAIR_AUDITOR_CPU, PAIR_VERSION,
    PAIR_AUDITOR_VERSION,
};

static const char *text_of(sqlite3_stmt *pair, enum pair_column column)
{
    const char *text = (const char *)sqlite3_column_text(pair, column);
    return text != NULL ? text : "";
}

static void add_difference(struct buf *out, const char *name, const char *a, const char *b,
                           int *count)
{
    if (strcmp(a, b) == 0)
        return;
    buf_printf(out, "%s%s %s against %s", *count > 0 ? ", " : "; not made alike: ", name,
               a[0] != '\0' ? a : "unknown", b[0] != '\0' ? b : "unknown");
    ++*count;
}

/* What decides the bits of a curve beside the machine being sound: what the runs told of
 * themselves, and what their workers did. */
static void add_facts(struct buf *out, sqlite3_stmt *pair)
{
    static const char *const facts[] = { "version",  "cpu",  "blas_core",
                                         "openblas", "real", "libc" };
    json_t *a = json_loads(text_of(pair, PAIR_INFO), 0, NULL);
    json_t *b = json_loads(text_of(pair, PAIR_AUDITOR_INFO), 0, NULL);
    int count = 0;
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const char *left = json_string_value(json_object_get(a, facts[i]));
        const char *right = json_string_value(json_object_get(b, facts[i]));
        add_difference(out, facts[i], left != NULL ? left : "", right != NULL ? right : "", &count);
    }
    if (count == 0) {
        add_difference(out, "version of the worker", text_of(pair, PAIR_VERSION),
                       text_of(pair, PAIR_AUDITOR_VERSION), &count);
        add_difference(out, "CPU", text_of(pair, PAIR_CPU), text_of(pair, PAIR_AUDITOR_CPU),
                       &count);
    }
    json_decref(a);
    json_decref(b);
}

/* The verdict on one pair, in words. */
static enum curves judge(sqlite3 *db, sqlite3_stmt *pair, int64_t *points, struct buf *out)
{
    *points = 0;
    buf_clear(out);
    if (!sqlite3_column_int(pair, PAIR_HAS_CURVE)) {
        buf_printf(out, "no curve to compare: %s",
                   text_of(pair, PAIR_REASON)[0] != '\0' ? text_of(pair, PAIR_REASON)
                                                         : "it has not ended");
        return CURVES_DIFFER;
    }
    if (!sqlite3_column_int(pair, PAIR_SOURCE_STANDS)) {
        buf_text(out, "the trial was tried again since: audit it anew, with another --seed");
        return CURVES_DIFFER;
    }
    struct curve_name source = { .study = sqlite3_column_int64(pair, PAIR_PARENT),
                                 .trial = sqlite3_column_int64(pair, PAIR_SOURCE),
                                 .attempt = sqlite3_column_int64(pair, PAIR_SOURCE_ATTEMPT) };
    struct curve_name audited = { .study = sqlite3_column_int64(pair, PAIR_AUDIT),
                                  .trial = sqlite3_column_int64(pair, PAIR_TRIAL),
                                  .attempt = sqlite3_column_int64(pair, PAIR_ATTEMPT) };
    enum curves curves = same_curve(db, source, audited, points, out);
    if (curves == CURVES_EQUAL)
        buf_text(out, "equal");
    else if (curves == CURVES_DIFFER)
        add_facts(out, pair);
    return curves;
}

/* One row for each pair; EXIT_OK if there are some, and all curves are equal. */
static int put_pairs(sqlite3 *db, sqlite3_stmt *pairs, const char *audit, struct output *output)
{
    static const char *const columns[] = { "trial", "worker", "audited_by", "points", "result" };
    int status = EXIT_OK, rc;
    int64_t points, count = 0;
    struct buf result;
    buf_init(&result, RESULT_BYTES);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        output_column(output, columns[i]);
    for (; (rc = sqlite3_step(pairs)) == SQLITE_ROW; count++) {
        if (judge(db, pairs, &points, &result) != CURVES_EQUAL)
            status = EXIT_FAILED;
        output_integer(output, sqlite3_column_int64(pairs, PAIR_SOURCE));
        output_text(output, (const char *)sqlite3_column_text(pairs, PAIR_WORKER));
        output_text(output, (const char *)sqlite3_column_text(pairs, PAIR_AUDITOR));
        output_integer(output, points);
        output_text(output, result.bytes);
    }
    buf_free(&result);
    if (rc == SQLITE_DONE && count == 0)
        complain("%s is not in this database, so nothing was compared: is it that of the "
                 "coordinator that was asked?",
                 audit);
    return count > 0 ? status : EXIT_FAILED;
}

static int compare(sqlite3 *db, enum output_format format, const char *audit)
{
    int status = EXIT_FAILED;
    sqlite3_stmt *pairs = database_query(db, pairs_sql, audit, 0, 0);
    if (pairs != NULL) {
        struct output *output = output_begin(format, stdout);
        status = put_pairs(db, pairs, audit, output);
        status = database_query_end(pairs) ? status : EXIT_FAILED;
        status = output_finish(&output, status);
    }
    return status;
}

/* ---- the verb */

static int audit_with(sqlite3 *db, const struct arguments *arguments,
                      const struct message *question)
{
    char *audit = NULL;
    int status = ask_audit(&arguments->context, question, &audit);
    if (audit == NULL) /* refused: there is nothing to compare, and that is no success */
        return status;
    status = watch_quietly(&arguments->context, audit);
    if (status == EXIT_INTERRUPTED)
        complain("the same command shows the comparison once %s is done", audit);
    else if (status == EXIT_OK || status == EXIT_FAILED) /* stopped, or nothing to compare: see */
        status = compare(db, arguments->context.format, audit);
    free(audit);
    return status;
}

/* The database first: who cannot read it shall not wait for hours to be told so. */
static int run(const struct arguments *arguments)
{
    const char *sample = arguments->sample != NULL ? arguments->sample : DEFAULT_SAMPLE;
    struct message question = { .type = MESSAGE_AUDIT };
    int status;
    if (!read_sample(sample, &question))
        return EXIT_USAGE;
    question.audit.name = arguments->words[0];
    question.audit.seed = arguments->seed >= 0 ? arguments->seed : DEFAULT_SEED;
    sqlite3 *db = database_open(&arguments->context, &status);
    if (db == NULL)
        return status;
    status = audit_with(db, arguments, &question);
    sqlite3_close(db);
    return status;
}

int command_audit(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "sample", ARGUMENT_SAMPLE, "N", 0, "How many trials, or a part of them (default 1%)", 0 },
        { "seed", ARGUMENT_SEED, "K", 0, "Draws other trials (default 1)", 0 },
        { 0 },
    };
    static const struct verb verb = {
        .name = "ldt audit",
        .words = "STUDY",
        .help = "Runs random finished trials of a study again, each on another worker of the same "
                "CPU type, waits for them, and compares the curves point by point. The exit status "
                "is 0 if all are equal to the last bit. Ctrl-C ends the waiting only; the same "
                "command again goes on with it. A command of your own must be deterministic for "
                "this.",
        .options = options,
        .minimum = 1,
        .maximum = 1,
    };
    struct arguments arguments;
    arguments_parse(&arguments, &verb, context, argc, argv);
    return run(&arguments);
}
