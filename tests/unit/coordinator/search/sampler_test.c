/* What every sampler promises: legal points, none twice, an end when the space is exhausted;
 * whatever the outcomes are. */
#include "common/arena.h"
#include "coordinator/search/sampler.h"
#include "tests/bench/functions.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static bool suggest(enum sampler_kind kind, const struct space *space, struct history *history,
                    uint64_t seed, struct value *values)
{
    struct rng rng;
    rng_init(&rng, seed, RNG_SUGGEST, (uint64_t)history_count(history));
    return sampler_of(kind)->suggest(space, history, &rng, values);
}

static void check_legal(const struct space *space, const struct value *values)
{
    struct value back[BENCH_PARAMETERS];
    json_t *object = space_to_json(space, values);
    assert_true(space_from_json(space, object, back));
    assert_true(space_points_equal(space, values, back));
    json_decref(object);
}

static struct space space_of(struct arena *arena, const struct bench_parameter *parameters)
{
    struct bench_function function = { .name = "test" };
    for (int i = 0; parameters[i].kind != BENCH_END; i++)
        function.parameters[i] = parameters[i];
    return bench_space(arena, &function);
}

/* Runs a search of n trials with `workers` at once; outcomes by number. Every point is legal and
 * new. */
typedef void outcome_rule(struct history *history, int configuration, struct rng *rng);

static void run_search(enum sampler_kind kind, const struct space *space, int n, int workers,
                       outcome_rule *outcome, uint64_t seed)
{
    struct history *history = history_create(space);
    struct value values[BENCH_PARAMETERS];
    struct rng rng;
    rng_init(&rng, seed, RNG_TEST, 0);
    for (int i = 0; i < n; i++) {
        assert_true(suggest(kind, space, history, seed, values));
        check_legal(space, values);
        for (int j = 0; j < i; j++)
            if (space_points_equal(space, values, history_values(history, j)))
                fail_msg("seed %d: trial %d repeats %d", (int)seed, i, j);
        history_add(history, values);
        if (i >= workers)
            outcome(history, i - workers, &rng);
    }
    history_destroy(&history);
}

static void sum_of_values(struct history *history, int configuration, struct rng *rng)
{
    const struct value *values = history_values(history, configuration);
    double sum = 0;
    for (int p = 0; p < 3; p++)
        sum += values[p].type == VALUE_INTEGER || values[p].type == VALUE_REAL
                   ? value_number(values[p])
                   : 0;
    history_observe(history, configuration, OBSERVED_FINISHED, sum);
}

static void all_equal(struct history *history, int configuration, struct rng *rng)
{
    history_observe(history, configuration, OBSERVED_FINISHED, 0.5);
}

static void all_failed(struct history *history, int configuration, struct rng *rng)
{
    history_observe(history, configuration, OBSERVED_WORST, 0);
}

static void all_but_few_failed(struct history *history, int configuration, struct rng *rng)
{
    bool good = rng_uniform(rng) < 0.2;
    history_observe(history, configuration, good ? OBSERVED_FINISHED : OBSERVED_WORST,
                    rng_uniform(rng));
}

static void enormous(struct history *history, int configuration, struct rng *rng)
{
    static const double extremes[] = { 1e308, -1e308, DBL_MAX, -DBL_MAX, 0, DBL_MIN, -1, 1 };
    history_observe(history, configuration, OBSERVED_FINISHED, extremes[rng_below(rng, 8)]);
}

static void tiny(struct history *history, int configuration, struct rng *rng)
{
    history_observe(history, configuration, OBSERVED_FINISHED,
                    DBL_TRUE_MIN * (double)rng_below(rng, 3));
}

static void infinite(struct history *history, int configuration, struct rng *rng)
{
    history_observe(history, configuration, OBSERVED_FINISHED, configuration % 2 ? NAN : -INFINITY);
}

static void no_point_comes_twice_whatever_the_outcomes(void **state)
{
    static outcome_rule *const rules[] = { sum_of_values, all_equal, all_failed, all_but_few_failed,
                                           enormous,      tiny,      infinite };
    static const int workers[] = { 1, 8, 32 };
    struct arena *arena = arena_create(1 << 16);
    for (uint64_t rule = 0; rule < 7; rule++)
        for (int f = 7; f < BENCH_FUNCTIONS; f++) {
            struct space space = bench_space(arena, &bench_functions[f]);
            run_search(SAMPLER_TPE, &space, 120, workers[rule % 3], rules[rule], 60 + rule);
        }
    arena_destroy(&arena);
}

/* One parameter of every distribution, with transforms, open bounds, probabilities, and a guarded
 * list. */
struct everything {
    struct value words[3], flags[2], constant[1];
    double probabilities[3];
    struct condition if_first, if_other;
    struct domain domains[11];
    struct parameter parameters[10];
    struct space space;
};

static struct domain numeric(enum distribution distribution, double min, double max, double q)
{
    return (struct domain){ .distribution = distribution,
                            .min = min,
                            .max = max,
                            .q = q,
                            .bounds = { -INFINITY, INFINITY, false, false } };
}

static void everything_init(struct everything *e)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
    const struct bounds unit = { 0, 1, true, true }, none = { -INFINITY, INFINITY, false, false };
    *e = (struct everything){ .words = { { VALUE_TEXT, { .text = "x" } },
                                         { VALUE_TEXT, { .text = "y" } },
                                         { VALUE_TEXT, { .text = "z" } } },
                              .flags = { { VALUE_BOOLEAN, { .boolean = false } },
                                         { VALUE_BOOLEAN, { .boolean = true } } },
                              .constant = { { VALUE_REAL, { .real = 0.5 } } },
                              .probabilities = { 0.6, 0, 0.4 } };
    e->if_first = (struct condition){ 1, &e->words[0], 1 };
    e->if_other = (struct condition){ 1, &e->words[1], 2 };
    e->domains[0] = (struct domain){
        .distribution = CONSTANT, .values = e->constant, .n_values = 1, .bounds = none
    };
    e->domains[1] = (struct domain){ .distribution = CATEGORICAL,
                                     .values = e->words,
                                     .n_values = 3,
                                     .probabilities = e->probabilities,
                                     .bounds = none };
    e->domains[2] = numeric(LOG_UNIFORM_VALUES, 1e-9, 1, 0);
    e->domains[2].transform = ONE_MINUS;
    e->domains[2].bounds = unit;
    e->domains[3] = numeric(UNIFORM, -3, 3, 0);
    e->domains[3].transform = POW10;
    e->domains[4] = numeric(NORMAL, 0, 0, 0);
    e->domains[4].sigma = 2;
    e->domains[4].bounds = unit;
    e->domains[5] = numeric(LOG_NORMAL, 0, 0, 0);
    e->domains[5].sigma = 3;
    e->domains[6] = numeric(Q_UNIFORM, -1, 1, 0.1);
    e->domains[7] = numeric(Q_LOG_UNIFORM_VALUES, 1, 100, 1);
    e->domains[7].integer = true;
    e->domains[8] = numeric(INT_UNIFORM, 1, 9, 0);
    e->domains[8].integer = true;
    e->domains[9] = (struct domain){
        .distribution = CATEGORICAL, .values = e->flags, .n_values = 2, .bounds = none
    };
    e->domains[8].conditions = &e->if_first;
    e->domains[9].conditions = &e->if_other;
    e->domains[8].n_conditions = e->domains[9].n_conditions = 1;
    e->domains[10] = numeric(UNIFORM, 0, 1, 0);
    for (int p = 0; p < 10; p++) /* the ninth parameter has two domains */
        e->parameters[p] = (struct parameter){ names[p], &e->domains[p < 9 ? p : 10],
                                               p == 8 ? 2 : 1, p < 9 ? p : 10 };
    e->space = (struct space){ e->parameters, 10, 11 };
}

static void every_distribution_can_be_searched(void **state)
{
    struct everything e;
    everything_init(&e);
    for (uint64_t seed = 100; seed < 104; seed++) {
        run_search(SAMPLER_TPE, &e.space, 120, 3, sum_of_values, seed);
        run_search(SAMPLER_RANDOM, &e.space, 120, 3, sum_of_values, seed);
        run_search(SAMPLER_TPE, &e.space, 120, 8, all_but_few_failed, seed);
    }
}

static const struct bench_parameter small[] = { { "a", BENCH_CHOICE, 0, 3, NULL, 0 },
                                                { "b", BENCH_INTEGER, 1, 5, "a", 1 },
                                                { "c", BENCH_INTEGER, -2, 9, NULL, 0 },
                                                { NULL, BENCH_END, 0, 0, NULL, 0 } };

static void a_finite_space_is_exhausted_point_by_point(void **state)
{
    struct arena *arena = arena_create(1 << 12);
    struct space space = space_of(arena, small);
    int64_t size = space_size(&space);
    assert_int_equal(size, (5 + 1 + 1) * 12);
    for (int kind = SAMPLER_TPE; kind <= SAMPLER_GRID; kind++)
        for (int workers = 1; workers <= 100; workers += 33)
            run_search((enum sampler_kind)kind, &space, (int)size, workers, sum_of_values, 70);
    struct history *history = history_create(&space);
    struct value values[BENCH_PARAMETERS];
    for (int64_t k = 0; k < size; k++) {
        space_point(&space, k, values);
        history_add(history, values);
        history_observe(history, k, OBSERVED_FINISHED, (double)(k % 7));
    }
    for (int kind = SAMPLER_TPE; kind <= SAMPLER_GRID; kind++)
        assert_false(suggest((enum sampler_kind)kind, &space, history, 1, values));
    history_destroy(&history);
    arena_destroy(&arena);
}

static void the_grid_goes_by_number_and_passes_over_what_is_there(void **state)
{
    struct arena *arena = arena_create(1 << 12);
    struct space space = space_of(arena, small);
    struct history *history = history_create(&space);
    struct value values[BENCH_PARAMETERS], want[BENCH_PARAMETERS];
    static const int order[] = { 5, 1, 2, 3, 4, 6, 7, 8 };
    space_point(&space, 5, values); /* came in by hand */
    history_add(history, values);
    for (int i = 1; i < 8; i++) {
        assert_true(suggest(SAMPLER_GRID, &space, history, 1, values));
        space_point(&space, order[i], want);
        assert_true(space_points_equal(&space, values, want));
        history_add(history, values);
    }
    history_destroy(&history);
    arena_destroy(&arena);
}

/* Suggestions and outcomes of two histories side by side. */
static void check_same_search(const struct space *a, const struct space *b, int n)
{
    struct history *first = history_create(a), *second = history_create(b);
    struct value values[BENCH_PARAMETERS], same[BENCH_PARAMETERS];
    struct rng rng;
    rng_init(&rng, 111, RNG_TEST, 0);
    for (int i = 0; i < n; i++) {
        assert_true(suggest(SAMPLER_TPE, a, first, 111, values));
        assert_true(suggest(SAMPLER_TPE, b, second, 111, same));
        assert_true(space_points_equal(a, values, same));
        history_add(first, values);
        history_add(second, same);
        sum_of_values(first, i, &rng);
        sum_of_values(second, i, &rng);
    }
    history_destroy(&first);
    history_destroy(&second);
}

static void a_condition_on_a_constant_changes_nothing(void **state)
{
    static const struct bench_parameter guarded[] = { { "k", BENCH_CHOICE, 0, 1, NULL, 0 },
                                                      { "x", BENCH_UNIFORM, 0, 1, "k", 1 },
                                                      { "c", BENCH_CHOICE, 0, 4, "k", 1 },
                                                      { "n", BENCH_INTEGER, 1, 9, NULL, 0 },
                                                      { NULL, BENCH_END, 0, 0, NULL, 0 } };
    static const struct bench_parameter plain[] = { { "k", BENCH_CHOICE, 0, 1, NULL, 0 },
                                                    { "x", BENCH_UNIFORM, 0, 1, NULL, 0 },
                                                    { "c", BENCH_CHOICE, 0, 4, NULL, 0 },
                                                    { "n", BENCH_INTEGER, 1, 9, NULL, 0 },
                                                    { NULL, BENCH_END, 0, 0, NULL, 0 } };
    struct arena *arena = arena_create(1 << 12);
    struct space a = space_of(arena, guarded), b = space_of(arena, plain);
    check_same_search(&a, &b, 60);
    arena_destroy(&arena);
}

static void a_space_of_one_point_has_one_suggestion(void **state)
{
    static const struct bench_parameter one[] = { { "a", BENCH_CHOICE, 0, 1, NULL, 0 },
                                                  { NULL, BENCH_END, 0, 0, NULL, 0 } };
    struct arena *arena = arena_create(1 << 12);
    struct space space = space_of(arena, one);
    for (int kind = SAMPLER_TPE; kind <= SAMPLER_GRID; kind++) {
        struct history *history = history_create(&space);
        struct value values[1];
        assert_true(suggest((enum sampler_kind)kind, &space, history, 1, values));
        assert_int_equal(values[0].integer, 0);
        history_add(history, values);
        assert_false(suggest((enum sampler_kind)kind, &space, history, 1, values));
        history_destroy(&history);
    }
    arena_destroy(&arena);
}

static double best_of(enum sampler_kind kind, const struct bench_function *function, uint64_t seed)
{
    struct arena *arena = arena_create(1 << 14);
    struct space space = bench_space(arena, function);
    struct history *history = history_create(&space);
    struct value values[BENCH_PARAMETERS];
    double best = INFINITY;
    for (int i = 0; i < 100; i++) {
        assert_true(suggest(kind, &space, history, seed, values));
        double value = bench_value(function, &space, values);
        best = fmin(best, value);
        history_add(history, values);
        history_observe(history, i, OBSERVED_FINISHED, value);
    }
    history_destroy(&history);
    arena_destroy(&arena);
    return best;
}

static void tpe_beats_random_on_most_functions_and_seeds(void **state)
{
    int better = 0, all = 0;
    for (int f = 0; f < BENCH_FUNCTIONS; f++)
        for (uint64_t seed = 80; seed < 84; seed++) {
            double tpe = best_of(SAMPLER_TPE, &bench_functions[f], seed);
            better += tpe <= best_of(SAMPLER_RANDOM, &bench_functions[f], seed);
            all++;
        }
    print_message("# better in %d of %d\n", better, all);
    assert_true(better >= all * 8 / 10);
}

/* The first finished trials are all there is to learn from: one, two, three. */
static void few_finished_trials_are_enough(void **state)
{
    struct arena *arena = arena_create(1 << 14);
    for (int f = 0; f < BENCH_FUNCTIONS; f++)
        for (int n = 0; n < 14; n++) {
            struct space space = bench_space(arena, &bench_functions[f]);
            struct history *history = history_create(&space);
            struct value values[BENCH_PARAMETERS];
            for (int i = 0; i < 20; i++) {
                assert_true(suggest(SAMPLER_TPE, &space, history, 90, values));
                history_add(history, values);
                if (i < n)
                    history_observe(history, i, OBSERVED_FINISHED, i);
            }
            history_destroy(&history);
        }
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_point_comes_twice_whatever_the_outcomes),
        cmocka_unit_test(every_distribution_can_be_searched),
        cmocka_unit_test(a_finite_space_is_exhausted_point_by_point),
        cmocka_unit_test(the_grid_goes_by_number_and_passes_over_what_is_there),
        cmocka_unit_test(a_condition_on_a_constant_changes_nothing),
        cmocka_unit_test(a_space_of_one_point_has_one_suggestion),
        cmocka_unit_test(tpe_beats_random_on_most_functions_and_seeds),
        cmocka_unit_test(few_finished_trials_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
