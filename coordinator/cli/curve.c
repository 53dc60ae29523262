/* ldt curve - learning curves: a row for each step, a column for each metric. */
#include "common/buf.h"
#include "common/trainer/nearest.h"
#include "common/xalloc.h"
#include "coordinator/cli/database.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct curves {
    struct output *output;
    char *study;
    int64_t id;
    int64_t *trials;
    int n_trials;
    char **metrics;    /* the columns */
    double *values;    /* of the row being gathered; NaN: none */
    bool *filled;
    size_t n_metrics, capacity;
};

/* ---- which metrics the trials have, in the order of their first report */

static bool find_metrics(sqlite3 *db, struct curves *curves, int64_t trial)
{
    static const char sql[] = "SELECT metric FROM v_curve WHERE study = :study AND trial = :number"
                              " GROUP BY metric ORDER BY min(idx)";
    sqlite3_stmt *statement = database_query(db, sql, curves->study, trial, 0);
    if (statement == NULL)
        return false;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        size_t at = 0;
        while (at < curves->n_metrics && strcmp(curves->metrics[at], name) != 0)
            at++;
        if (at < curves->n_metrics)
            continue;
        curves->metrics = xgrow(curves->metrics, at, &curves->capacity, sizeof *curves->metrics);
        curves->metrics[curves->n_metrics++] = xstrdup(name);
    }
    return database_query_end(statement);
}

static int complain_metric(const struct curves *curves, const char *metric)
{
    struct buf list;
    struct nearest nearest;
    buf_init(&list, 4096);
    nearest_init(&nearest, metric);
    for (size_t i = 0; i < curves->n_metrics; i++) {
        nearest_offer(&nearest, curves->metrics[i]);
        buf_printf(&list, "%s%s", i > 0 ? ", " : "", curves->metrics[i]);
    }
    const char *meant = nearest_word(&nearest);
    if (meant != NULL)
        complain("%s has no metric `%s`; did you mean `%s`?", curves->study, metric, meant);
    else
        complain("%s has no metric `%s`; it has %s", curves->study, metric,
                 list.length > 0 ? list.bytes : "none yet");
    buf_free(&list);
    return EXIT_NOT_FOUND;
}

/* Leaves only the metric that was asked for. */
static int choose_metric(struct curves *curves, const char *metric)
{
    size_t at = 0;
    while (at < curves->n_metrics && strcmp(curves->metrics[at], metric) != 0)
        at++;
    if (at == curves->n_metrics)
        return complain_metric(curves, metric);
    char *chosen = curves->metrics[at];
    curves->metrics[at] = curves->metrics[0];
    curves->metrics[0] = chosen;
    while (curves->n_metrics > 1)
        free(curves->metrics[--curves->n_metrics]);
    return EXIT_OK;
}

/* ---- rows: the points of one step side by side. A metric reported twice at a step begins another
 * row, so that nothing is lost */

struct step {
    bool begun;
    int64_t trial, step;
    double epoch;
};

static void print_step(struct curves *curves, struct step *step)
{
    if (step->begun) {
        output_integer(curves->output, step->trial);
        output_integer(curves->output, step->step);
        output_real(curves->output, step->epoch);
        for (size_t i = 0; i < curves->n_metrics; i++)
            output_real(curves->output, curves->values[i]);
    }
    for (size_t i = 0; i < curves->n_metrics; i++) {
        curves->values[i] = NAN;
        curves->filled[i] = false;
    }
    step->begun = false;
}

static double real_or_nan(sqlite3_stmt *statement, int column)
{
    return sqlite3_column_type(statement, column) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(statement, column);
}

static void add_point(struct curves *curves, struct step *step, sqlite3_stmt *statement)
{
    int64_t number = sqlite3_column_int64(statement, 0);
    double epoch = real_or_nan(statement, 1);
    size_t metric = 0;
    while (metric < curves->n_metrics &&
           strcmp(curves->metrics[metric], (const char *)sqlite3_column_text(statement, 2)) != 0)
        metric++;
    if (metric == curves->n_metrics)
        return; /* not asked for */
    bool same_epoch = epoch == step->epoch || (isnan(epoch) && isnan(step->epoch));
    if (step->begun && (number != step->step || !same_epoch || curves->filled[metric]))
        print_step(curves, step);
    step->begun = true;
    step->step = number;
    step->epoch = epoch;
    curves->filled[metric] = true;
    curves->values[metric] = real_or_nan(statement, 3);
}

static bool print_one(sqlite3 *db, struct curves *curves, int64_t trial)
{
    static const char sql[] = "SELECT step, epoch, metric, value FROM v_curve"
                              " WHERE study = :study AND trial = :number ORDER BY idx";
    struct step step = { .trial = trial };
    sqlite3_stmt *statement = database_query(db, sql, curves->study, trial, 0);
    if (statement == NULL)
        return false;
    print_step(curves, &step);
    while (sqlite3_step(statement) == SQLITE_ROW)
        add_point(curves, &step, statement);
    print_step(curves, &step);
    return database_query_end(statement);
}

static int print_curves(sqlite3 *db, struct curves *curves, enum output_format format)
{
    curves->values = xcalloc(curves->n_metrics, sizeof *curves->values);
    curves->filled = xcalloc(curves->n_metrics, sizeof *curves->filled);
    curves->output = output_begin(format, stdout);
    output_column(curves->output, "trial");
    output_column(curves->output, "step");
    output_column(curves->output, "epoch");
    for (size_t i = 0; i < curves->n_metrics; i++)
        output_column(curves->output, curves->metrics[i]);
    bool good = true;
    for (int i = 0; i < curves->n_trials && good; i++)
        good = print_one(db, curves, curves->trials[i]);
    return output_finish(&curves->output, good ? EXIT_OK : EXIT_FAILED);
}

/* ---- the command */

static int find_trials(sqlite3 *db, struct curves *curves, const struct arguments *arguments)
{
    int status = study_find(db, arguments->words[0], &curves->study, &curves->id);
    curves->n_trials = arguments->n_words - 1;
    curves->trials = xcalloc((size_t)curves->n_trials, sizeof *curves->trials);
    for (int i = 0; i < curves->n_trials && status == EXIT_OK; i++) {
        status =
            trial_find(db, curves->study, curves->id, arguments->words[1 + i], &curves->trials[i]);
        if (status == EXIT_OK && !find_metrics(db, curves, curves->trials[i]))
            status = EXIT_FAILED;
    }
    if (status == EXIT_OK && arguments->metric != NULL)
        status = choose_metric(curves, arguments->metric);
    return status;
}

static void curves_free(struct curves *curves)
{
    for (size_t i = 0; i < curves->n_metrics; i++)
        free(curves->metrics[i]);
    free(curves->metrics);
    free(curves->values);
    free(curves->filled);
    free(curves->trials);
    free(curves->study);
}

static int print_curve(sqlite3 *db, const struct arguments *arguments)
{
    struct curves curves = { 0 };
    int status = find_trials(db, &curves, arguments);
    if (status == EXIT_OK)
        status = print_curves(db, &curves, arguments->context.format);
    curves_free(&curves);
    return status;
}

int command_curve(const struct context *context, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "metric", ARGUMENT_METRIC, "NAME", 0, "Only this metric (default: all)", 0 }, { 0 }
    };
    static const struct verb verb = {
        .name = "ldt curve",
        .words = "STUDY TRIAL...",
        .help = "Shows learning curves of trials: a row for each step, a column for each metric.",
        .options = options,
        .minimum = 2,
        .maximum = -1,
    };
    return database_verb(&verb, context, argc, argv, print_curve);
}
