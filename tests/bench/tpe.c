/* How good the samplers are: F01 to F10, 1, 8 and 32 simulated workers, 20 seeds.
 *
 *     tpe run SAMPLER WORKERS FIRST_SEED END_SEED   one JSON line for each run, as the peers print
 *     tpe report FILE...                            medians and average ranks of all runs
 *
 * The protocol: W trials are asked for at time 0; trial i takes exp(N(0, 1) / 2) units of time;
 * whenever one ends, its result is told and another is asked for, until N have been. best@B is the
 * best true value among the first B to end. */
#include "common/arena.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "coordinator/search/sampler.h"
#include "tests/bench/functions.h"
#include "tests/bench/recorded.h"

#include <stdio.h>
#include <string.h>

enum { TRIALS = 200, MARKS = 4 };
static const int marks[MARKS] = { 25, 50, 100, 200 };

/* ---- one run ---- */

struct run {
    const struct bench_function *function;
    int workers, seed;
    const struct sampler *sampler;
    struct space space;
    struct history *history;
    double end[TRIALS]; /* when each trial ends; infinite: ended, or not begun */
    double value[TRIALS], observed[TRIALS];
    int asked, duplicates;
    double best[MARKS];
};

static void ask(struct run *run, double now)
{
    struct value values[BENCH_PARAMETERS];
    struct rng rng;
    int i = run->asked++;
    rng_init(&rng, (uint64_t)run->seed * 7919 + 13, RNG_SUGGEST, (uint64_t)i);
    bool found = run->sampler->suggest(&run->space, run->history, &rng, values);
    assert(found);
    for (int j = 0; j < i; j++)
        run->duplicates += space_points_equal(&run->space, values, history_values(run->history, j));
    history_add(run->history, values);
    run->value[i] = bench_value(run->function, &run->space, values);
    run->observed[i] = run->value[i] +
                       run->function->noise * bench_normal(1000 + (uint64_t)run->seed, (uint64_t)i);
    run->end[i] = now + (run->workers == 1
                             ? 1
                             : exp(0.5 * bench_normal(500000 + (uint64_t)run->seed, (uint64_t)i)));
}

static int next_to_end(const struct run *run)
{
    int first = -1;
    for (int i = 0; i < run->asked; i++)
        if (!isinf(run->end[i]) && (first < 0 || run->end[i] < run->end[first]))
            first = i;
    return first;
}

static void run_all(struct run *run)
{
    double best_observed = INFINITY, best = INFINITY;
    while (run->asked < run->workers)
        ask(run, 0);
    for (int done = 1; done <= TRIALS; done++) {
        int i = next_to_end(run);
        double now = run->end[i];
        run->end[i] = INFINITY;
        history_observe(run->history, i, OBSERVED_FINISHED, run->observed[i]);
        if (run->observed[i] < best_observed) {
            best_observed = run->observed[i];
            best = run->value[i];
        }
        for (int m = 0; m < MARKS; m++)
            if (marks[m] == done)
                run->best[m] = best;
        if (run->asked < TRIALS)
            ask(run, now);
    }
}

static void print_run(const struct run *run)
{
    char text[NUMBER_TEXT_BYTES];
    printf("{\"f\": \"%s\", \"s\": \"%s\", \"W\": %d, \"seed\": %d, \"N\": %d, \"dup\": %d, "
           "\"best\": {",
           run->function->name, run->sampler->name, run->workers, run->seed, TRIALS,
           run->duplicates);
    for (int m = 0; m < MARKS; m++) {
        number_text(text, run->best[m]);
        printf("%s\"%d\": %s", m > 0 ? ", " : "", marks[m], text);
    }
    printf("}}\n");
}

static void run_function(const struct bench_function *function, const struct sampler *sampler,
                         int workers, int seed)
{
    struct arena *arena = arena_create(1 << 16);
    struct run run = { .function = function, .workers = workers, .seed = seed, .sampler = sampler };
    run.space = bench_space(arena, function);
    run.history = history_create(&run.space);
    run_all(&run);
    print_run(&run);
    history_destroy(&run.history);
    arena_destroy(&arena);
}

/* ---- the report ---- */

enum { SAMPLERS = 16, SEEDS = 1000, WORKER_COUNTS = 3 };
static const int worker_counts[WORKER_COUNTS] = { 1, 8, 32 };

/* The runs of one sampler on one function with so many workers. */
struct cell {
    int runs, duplicates;
    double best[MARKS][SEEDS];
};

struct report {
    char *samplers[SAMPLERS];
    int n_samplers;
    struct cell *cells; /* [sampler][function][worker count] */
};

static struct cell *cell_of(const struct report *report, int sampler, int function, int w)
{
    return &report->cells[(sampler * BENCH_FUNCTIONS + function) * WORKER_COUNTS + w];
}

static int sampler_number(struct report *report, const char *name)
{
    int s = 0;
    while (s < report->n_samplers && strcmp(report->samplers[s], name) != 0)
        s++;
    if (s == report->n_samplers) {
        assert(s < SAMPLERS);
        report->samplers[report->n_samplers++] = xstrdup(name);
    }
    return s;
}

static void report_line(struct report *report, const char *line)
{
    const char *function, *sampler;
    int workers, trials, duplicates, f = 0, w = 0;
    json_t *best, *object = json_loads(line, 0, NULL);
    if (json_unpack(object, "{s:s, s:s, s:i, s:i, s:i, s:o}", "f", &function, "s", &sampler, "W",
                    &workers, "N", &trials, "dup", &duplicates, "best", &best) != 0 ||
        trials != TRIALS) {
        fprintf(stderr, "not a run of %d trials, left out: %s", TRIALS, line);
        json_decref(object);
        return;
    }
    while (f < BENCH_FUNCTIONS && strcmp(bench_functions[f].name, function) != 0)
        f++;
    while (w < WORKER_COUNTS && worker_counts[w] != workers)
        w++;
    struct cell *cell = NULL;
    if (f < BENCH_FUNCTIONS && w < WORKER_COUNTS)
        cell = cell_of(report, sampler_number(report, sampler), f, w);
    if (cell != NULL && cell->runs < SEEDS) {
        for (int m = 0; m < MARKS; m++) {
            char mark[16];
            snprintf(mark, sizeof mark, "%d", marks[m]);
            cell->best[m][cell->runs] = json_number_value(json_object_get(best, mark));
        }
        cell->duplicates += duplicates;
        cell->runs++;
    }
    json_decref(object);
}

static bool report_read(struct report *report, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t bytes = 0;
    if (file == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        return false;
    }
    while (getline(&line, &bytes, file) > 0)
        report_line(report, line);
    free(line);
    fclose(file);
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const struct cell *cell, int mark)
{
    double sorted[SEEDS];
    int n = cell->runs;
    if (n == 0)
        return NAN;
    memcpy(sorted, cell->best[mark], (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    return (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

/* Adds the rank of each of the values to ranks, equal ones sharing theirs; false, and nothing
 * added, where one is missing. */
static bool add_ranks(const double *values, int n, double *ranks)
{
    for (int i = 0; i < n; i++)
        if (isnan(values[i]))
            return false;
    for (int i = 0; i < n; i++) {
        ranks[i] += 1;
        for (int j = 0; j < n; j++)
            ranks[i] += values[j] < values[i] ? 1 : j != i && values[j] == values[i] ? 0.5 : 0;
    }
    return true;
}

static void print_ranks(const char *label, const double *ranks, int n, int functions)
{
    printf("%-24s", label);
    for (int s = 0; s < n; s++)
        printf(" | %-22.2f", functions > 0 ? ranks[s] / functions : NAN);
    printf(" (%d functions with all)\n", functions);
}

/* Average ranks of the medians among the samplers that have runs with so many workers. */
static void print_average_ranks(const struct report *report, const int *shown, int n, int w,
                                int mark)
{
    double ranks[SAMPLERS] = { 0 }, values[SAMPLERS];
    char label[32];
    int functions = 0;
    for (int f = 0; f < BENCH_FUNCTIONS; f++) {
        for (int s = 0; s < n; s++)
            values[s] = median(cell_of(report, shown[s], f, w), mark);
        functions += add_ranks(values, n, ranks);
    }
    snprintf(label, sizeof label, "average rank @%d", marks[mark]);
    print_ranks(label, ranks, n, functions);
}

static void print_row(const struct report *report, const int *shown, int n, int f, int w)
{
    const struct bench_function *function = &bench_functions[f];
    printf("%-24s", function->name);
    for (int s = 0; s < n; s++) {
        const struct cell *cell = cell_of(report, shown[s], f, w);
        double best = median(cell, MARKS - 1);
        double regret = (best - function->optimum) / (function->median - function->optimum);
        char text[40] = "-";
        if (cell->runs > 0)
            snprintf(text, sizeof text, "%.4g [%.1e] n%d", best, regret, cell->runs);
        printf(" | %-22s", text);
    }
    printf("\n");
}

static int duplicates_of(const struct report *report, int sampler, int w)
{
    int sum = 0;
    for (int f = 0; f < BENCH_FUNCTIONS; f++)
        sum += cell_of(report, sampler, f, w)->duplicates;
    return sum;
}

static void print_workers(const struct report *report, int w)
{
    int shown[SAMPLERS], n = 0;
    for (int s = 0; s < report->n_samplers; s++) {
        int runs = 0;
        for (int f = 0; f < BENCH_FUNCTIONS; f++)
            runs += cell_of(report, s, f, w)->runs;
        if (runs > 0)
            shown[n++] = s;
    }
    printf("\n%d worker%s: median best@%d [normalised regret] n runs\n%-24s", worker_counts[w],
           w > 0 ? "s" : "", TRIALS, "");
    for (int s = 0; s < n; s++)
        printf(" | %-22s", report->samplers[shown[s]]);
    printf("\n");
    for (int f = 0; f < BENCH_FUNCTIONS; f++)
        print_row(report, shown, n, f, w);
    for (int mark = 1; mark < MARKS; mark++)
        print_average_ranks(report, shown, n, w, mark);
    printf("%-24s", "duplicates in all runs");
    for (int s = 0; s < n; s++)
        printf(" | %-22d", duplicates_of(report, shown[s], w));
    printf("\n");
}

/* Recorded figures have four digits: so have ours when they are compared. */
static double four_digits(double x)
{
    char text[40];
    snprintf(text, sizeof text, "%.4g", x);
    return strtod(text, NULL);
}

static void print_recorded(const struct report *report, const struct recorded_table *table)
{
    double ranks[RECORDED_COLUMNS + 1] = { 0 }, values[RECORDED_COLUMNS + 1];
    int n = 0, functions = 0, w = 0, ours = 0;
    while (n < RECORDED_COLUMNS && table->columns[n] != NULL)
        n++;
    while (worker_counts[w] != table->workers)
        w++;
    while (ours < report->n_samplers && strcmp(report->samplers[ours], "tpe") != 0)
        ours++;
    if (ours == report->n_samplers)
        return;
    for (int f = 0; f < BENCH_FUNCTIONS; f++) {
        memcpy(values, table->best[f], sizeof table->best[f]);
        values[n] = four_digits(median(cell_of(report, ours, f, w), MARKS - 1));
        functions += add_ranks(values, n + 1, ranks);
    }
    printf("\nbeside %s\n%-24s", table->title, "");
    for (int s = 0; s < n; s++)
        printf(" | %-22s", table->columns[s]);
    printf(" | %-22s\n", "tpe, this run");
    print_ranks("average rank @200", ranks, n + 1, functions);
}

static int report_main(int n_files, char **files)
{
    struct report report = { .cells = xcalloc(SAMPLERS * BENCH_FUNCTIONS * WORKER_COUNTS,
                                              sizeof(struct cell)) };
    for (int i = 0; i < n_files; i++)
        if (!report_read(&report, files[i]))
            return 1;
    for (int w = 0; w < WORKER_COUNTS; w++)
        print_workers(&report, w);
    for (int i = 0; i < RECORDED_TABLES; i++)
        print_recorded(&report, &recorded_tables[i]);
    for (int s = 0; s < report.n_samplers; s++)
        free(report.samplers[s]);
    free(report.cells);
    return 0;
}

static int run_main(char **arguments)
{
    static const enum sampler_kind kinds[] = { SAMPLER_TPE, SAMPLER_RANDOM };
    for (size_t k = 0; k < 2; k++) {
        const struct sampler *sampler = sampler_of(kinds[k]);
        if (strcmp(sampler->name, arguments[0]) != 0)
            continue;
        for (int f = 0; f < BENCH_FUNCTIONS; f++)
            for (int seed = atoi(arguments[2]); seed < atoi(arguments[3]); seed++)
                run_function(&bench_functions[f], sampler, atoi(arguments[1]), seed);
        return 0;
    }
    fprintf(stderr, "no such sampler: %s\n", arguments[0]);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[1], "run") == 0)
        return run_main(argv + 2);
    if (argc > 2 && strcmp(argv[1], "report") == 0)
        return report_main(argc - 2, argv + 2);
    fprintf(stderr, "usage: tpe run SAMPLER WORKERS FIRST_SEED END_SEED | tpe report FILE...\n");
    return 2;
}
