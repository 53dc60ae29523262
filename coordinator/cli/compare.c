/* ldt compare - two configurations on the same seeds: what differs is then what was changed, not
 * the luck of the draw. */
#include "common/xalloc.h"
#include "coordinator/cli/counted.h"
#include "coordinator/cli/database.h"
#include "coordinator/report/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 10000, BOOTSTRAP_SEED = 1 };

/* One side: the runs of one configuration. */
struct side {
    const char *word; /* as given: STUDY or STUDY:TRIAL */
    char *study, *metric;
    bool maximize;
    int64_t id, configuration;
    int64_t *seeds;
    double *values;
    size_t count, capacity;
};

struct pairs {
    double *a, *b, *differences;
    size_t count;
};

/* ---- what is compared ---------------------------------------------------------------------- */

/* The trial that was named, else the best one. */
static int find_trial(sqlite3 *db, struct side *side, const char *number)
{
    static const char named[] =
        "SELECT v_configuration.configuration, coalesce(metric, ''), goal FROM v_configuration"
        " JOIN v_trial USING (study, configuration)"
        " WHERE study = :study AND v_trial.trial = :number";
    static const char best[] =
        "SELECT v_configuration.configuration, coalesce(v_configuration.metric, ''), goal FROM "
        "v_best"
        " JOIN v_configuration USING (study, configuration)"
        " WHERE study = :study AND v_best.state <> 'diverged' ORDER BY rank, v_best.trial LIMIT 1";
    int64_t trial = 0;
    int status = number != NULL ? trial_find(db, side->study, side->id, number, &trial) : EXIT_OK;
    if (status != EXIT_OK)
        return status;
    sqlite3_stmt *statement =
        database_query(db, number != NULL ? named : best, side->study, trial, 0);
    if (statement == NULL)
        return EXIT_FAILED;
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    if (found) {
        side->configuration = sqlite3_column_int64(statement, 0);
        side->metric = xstrdup((const char *)sqlite3_column_text(statement, 1));
        side->maximize = strcmp((const char *)sqlite3_column_text(statement, 2), "maximize") == 0;
    }
    if (!database_query_end(statement))
        return EXIT_FAILED;
    if (!found)
        complain("%s has no configuration whose runs have all ended well yet; name one of its "
                 "trials, as %s:0",
                 side->study, side->study);
    return found ? EXIT_OK : EXIT_FAILED;
}

static int read_runs(sqlite3 *db, struct side *side)
{
    static const char sql[] = "SELECT seed, value FROM v_trial WHERE study = :study"
                              " AND configuration = :number AND state = 'done'"
                              " AND value IS NOT NULL ORDER BY trial";
    size_t capacity;
    sqlite3_stmt *statement = database_query(db, sql, side->study, side->configuration, 0);
    if (statement == NULL)
        return EXIT_FAILED;
    while (sqlite3_step(statement) == SQLITE_ROW) {
        capacity = side->capacity;
        side->seeds = xgrow(side->seeds, side->count, &capacity, sizeof *side->seeds);
        side->values = xgrow(side->values, side->count, &side->capacity, sizeof *side->values);
        side->seeds[side->count] = sqlite3_column_int64(statement, 0);
        side->values[side->count++] = sqlite3_column_double(statement, 1);
    }
    return database_query_end(statement) ? EXIT_OK : EXIT_FAILED;
}

static int read_side(sqlite3 *db, struct side *side, const char *word)
{
    const char *colon = strchr(word, ':');
    char *name = xasprintf("%.*s", (int)strcspn(word, ":"), word);
    side->word = word;
    int status = study_find(db, name, &side->study, &side->id);
    if (status == EXIT_OK)
        status = find_trial(db, side, colon != NULL ? colon + 1 : NULL);
    if (status == EXIT_OK)
        status = read_runs(db, side);
    free(name);
    return status;
}

static void side_free(struct side *side)
{
    free(side->study);
    free(side->metric);
    free(side->seeds);
    free(side->values);
}

/* ---- pairs --------------------------------------------------------------------------------- */

/* Runs with the same seed, in the order of side a. A seed counts once, should it stand twice. */
static void make_pairs(struct pairs *pairs, const struct side *a, const struct side *b)
{
    bool *taken = xcalloc(b->count + 1, sizeof *taken);
    pairs->a = xcalloc(a->count + 1, sizeof *pairs->a);
    pairs->b = xcalloc(a->count + 1, sizeof *pairs->b);
    pairs->differences = xcalloc(a->count + 1, sizeof *pairs->differences);
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            if (taken[k] || a->seeds[i] != b->seeds[k])
                continue;
            taken[k] = true;
            pairs->a[pairs->count] = a->values[i];
            pairs->b[pairs->count] = b->values[k];
            pairs->differences[pairs->count++] = a->values[i] - b->values[k];
            break;
        }
    }
    free(taken);
}

static void pairs_free(struct pairs *pairs)
{
    free(pairs->a);
    free(pairs->b);
    free(pairs->differences);
}

/* The share of pairs in which a is the better one; a tie is half a win. */
static double win_rate(const struct pairs *pairs, bool maximize)
{
    double wins = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        double gain = maximize ? pairs->differences[i] : -pairs->differences[i];
        wins += gain > 0 ? 1 : gain == 0 ? 0.5 : 0;
    }
    return wins / (double)pairs->count;
}

static int refuse_pairs(const struct side *a, const struct side *b, const struct pairs *pairs)
{
    if (strcmp(a->metric, b->metric) != 0 || a->maximize != b->maximize) {
        complain("%s is judged by %s and %s by %s: values of different metrics have no difference",
                 a->word, a->metric, b->word, b->metric);
        return EXIT_FAILED;
    }
    if (pairs->count > 0)
        return EXIT_OK;
    complain("%s (%s) and %s (%s) have no seed in common, and without pairs luck would be "
             "compared, too: run both with `repeat` and the same `seed`, or with `rerun`",
             a->word, counted((int64_t)a->count, "run", "runs"), b->word,
             counted((int64_t)b->count, "run", "runs"));
    return EXIT_FAILED;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void print_row(struct output *output, const struct side *a, const struct side *b,
                      const struct pairs *pairs)
{
    double low = NAN, high = NAN;
    double mean_a = summary_of(pairs->a, pairs->count).mean;
    double mean_b = summary_of(pairs->b, pairs->count).mean;
    if (pairs->count >= 2)
        bootstrap_mean(pairs->differences, pairs->count, RESAMPLES, BOOTSTRAP_SEED, &low, &high);
    output_text(output, a->word);
    output_text(output, b->word);
    output_text(output, a->metric);
    output_text(output, a->maximize ? "maximize" : "minimize");
    output_integer(output, (int64_t)pairs->count);
    output_real(output, mean_a);
    output_real(output, mean_b);
    output_real(output, summary_of(pairs->differences, pairs->count).mean);
    output_real(output, low);
    output_real(output, high);
    output_real(output, mean_a / mean_b);
    output_real(output, win_rate(pairs, a->maximize));
}

static int print_comparison(const struct side *a, const struct side *b, enum output_format format)
{
    static const char *const columns[] = { "a",   "b",      "metric", "goal",
                                           "n",   "mean_a", "mean_b", "difference",
                                           "low", "high",   "ratio",  "win_rate" };
    struct pairs pairs = { 0 };
    make_pairs(&pairs, a, b);
    int status = refuse_pairs(a, b, &pairs);
    if (status == EXIT_OK) {
        struct output *output = output_begin(format, stdout);
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            output_column(output, columns[i]);
        print_row(output, a, b, &pairs);
        status = output_finish(&output, status);
        if (pairs.count < a->count || pairs.count < b->count)
            complain("not compared, for want of the same seed on the other side: %zu runs of %s, "
                     "%zu of %s",
                     a->count - pairs.count, a->word, b->count - pairs.count, b->word);
    }
    pairs_free(&pairs);
    return status;
}

static int compare(sqlite3 *db, const struct arguments *arguments)
{
    struct side a = { 0 }, b = { 0 };
    int status = read_side(db, &a, arguments->words[0]);
    if (status == EXIT_OK)
        status = read_side(db, &b, arguments->words[1]);
    if (status == EXIT_OK)
        status = print_comparison(&a, &b, arguments->context.format);
    side_free(&a);
    side_free(&b);
    return status;
}

int command_compare(const struct context *context, int argc, char **argv)
{
    static const struct verb verb = {
        .name = "ldt compare",
        .words = "STUDY[:TRIAL] STUDY[:TRIAL]",
        .help = "Compares two configurations by the seeds that both have run with.\vThe best "
                "configuration of a study, or the one of the trial after the colon. `difference` "
                "is the mean of a - b over pairs of runs with the same seed, `low` and `high` its "
                "95 % bootstrap interval (10,000 resamples; none for a single pair), `ratio` the "
                "mean of a over that of b, `win_rate` the share of pairs in which a is the better "
                "one. Without a common seed the comparison is refused.",
        .minimum = 2,
        .maximum = 2,
    };
    return database_verb(&verb, context, argc, argv, compare);
}
