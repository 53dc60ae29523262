/* The density: it is one, it is what samples follow, and it stays finite. */
#include "common/arena.h"
#include "coordinator/search/parzen.h"
#include "tests/bench/functions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const struct bench_function *function_named(const char *name)
{
    for (int f = 0; f < BENCH_FUNCTIONS; f++)
        if (strstr(bench_functions[f].name, name) != NULL)
            return &bench_functions[f];
    fail_msg("no function %s", name);
    return NULL;
}

/* A space with a history of n drawn points, all of which are kernels of one estimator. */
struct fixture {
    struct arena *arena;
    struct space space;
    struct history *history;
    struct parzen *parzen;
};

static void fixture_of(struct fixture *f, const struct bench_function *function, int n,
                       uint64_t seed)
{
    struct value values[BENCH_PARAMETERS];
    struct rng rng;
    int members[64];
    double weights[64];
    f->arena = arena_create(1 << 14);
    f->space = bench_space(f->arena, function);
    f->history = history_create(&f->space);
    f->parzen = parzen_create();
    rng_init(&rng, seed, RNG_TEST, 0);
    for (int i = 0; i < n; i++) {
        space_draw(&f->space, &rng, values);
        history_add(f->history, values);
        members[i] = i;
        weights[i] = 0.5 + rng_uniform(&rng);
    }
    history_fill_columns(f->history);
    parzen_build(f->parzen, f->history, members, n, weights);
}

static void fixture_init(struct fixture *f, const char *name, int n, uint64_t seed)
{
    fixture_of(f, function_named(name), n, seed);
}

static void fixture_free(struct fixture *f)
{
    parzen_destroy(&f->parzen);
    history_destroy(&f->history);
    arena_destroy(&f->arena);
}

static double density(struct fixture *f, const double *u)
{
    double log_density;
    parzen_log_densities(f->parzen, u, 1, &log_density);
    return exp(log_density);
}

static void a_continuous_density_integrates_to_one(void **state)
{
    enum { STEPS = 400 };
    for (int n = 1; n <= 33; n += 8) {
        struct fixture f;
        double sum = 0;
        fixture_init(&f, "F01", n, 31);
        for (int i = 0; i < STEPS; i++)
            for (int j = 0; j < STEPS; j++)
                sum += density(&f, (double[]){ (i + 0.5) / STEPS, (j + 0.5) / STEPS });
        assert_true(fabs(sum / STEPS / STEPS - 1) < 1e-4);
        fixture_free(&f);
    }
}

static void a_categorical_density_has_mean_one_under_the_prior(void **state)
{
    struct fixture f;
    struct value values[BENCH_PARAMETERS];
    double u[BENCH_PARAMETERS], sum = 0;
    fixture_init(&f, "F10", 20, 32);
    int64_t size = space_size(&f.space);
    for (int64_t k = 0; k < size; k++) {
        space_point(&f.space, k, values);
        space_coordinates(&f.space, values, u);
        sum += density(&f, u);
    }
    assert_int_equal(size, 972);
    assert_true(fabs(sum / (double)size - 1) < 1e-12);
    fixture_free(&f);
}

static void a_density_over_cells_has_mean_one_under_the_prior(void **state)
{
    const struct bench_function integers = { .name = "integers",
                                             .parameters = {
                                                 { "a", BENCH_INTEGER, 1, 17, NULL, 0 },
                                                 { "b", BENCH_INTEGER, 0, 4, NULL, 0 } } };
    for (int n = 1; n <= 61; n += 12) {
        struct fixture f;
        struct value values[BENCH_PARAMETERS];
        double u[BENCH_PARAMETERS], sum = 0;
        fixture_of(&f, &integers, n, 37);
        for (int64_t k = 0; k < 17 * 5; k++) {
            space_point(&f.space, k, values);
            space_coordinates(&f.space, values, u);
            sum += density(&f, u);
        }
        assert_true(fabs(sum / (17 * 5) - 1) < 1e-12);
        fixture_free(&f);
    }
}

/* Under the prior the relative density has mean 1, whatever the conditions. */
static void a_conditional_density_has_mean_one_under_the_prior(void **state)
{
    struct fixture f;
    struct value values[BENCH_PARAMETERS];
    double u[BENCH_PARAMETERS], sum = 0;
    struct rng rng;
    fixture_init(&f, "F08", 8, 33);
    rng_init(&rng, 33, RNG_TEST, 1);
    for (int i = 0; i < 100000; i++) {
        space_draw(&f.space, &rng, values);
        space_coordinates(&f.space, values, u);
        sum += density(&f, u);
    }
    print_message("# mean density %g\n", sum / 100000);
    assert_true(fabs(sum / 100000 - 1) < 0.1);
    fixture_free(&f);
}

/* E over samples of 1 / density is the volume of the support, 1, where the sampler follows the
 * density. */
static void samples_follow_the_density(void **state)
{
    static const char *const names[] = { "F01", "F10" };
    for (size_t i = 0; i < 2; i++) {
        struct fixture f;
        struct value values[BENCH_PARAMETERS];
        double u[BENCH_PARAMETERS], sum = 0;
        struct rng rng;
        fixture_init(&f, names[i], 12, 34);
        rng_init(&rng, 34, RNG_TEST, 1);
        for (int k = 0; k < 40000; k++) {
            parzen_sample(f.parzen, &rng, -1, 0, values, u);
            sum += 1 / density(&f, u);
        }
        print_message("# %s: %g\n", names[i], sum / 40000);
        assert_true(fabs(sum / 40000 - 1) < 0.05);
        fixture_free(&f);
    }
}

static void a_sample_has_exactly_the_dimensions_that_apply(void **state)
{
    struct fixture f;
    struct value values[BENCH_PARAMETERS];
    double u[BENCH_PARAMETERS];
    struct rng rng;
    fixture_init(&f, "F08", 6, 35);
    rng_init(&rng, 35, RNG_TEST, 1);
    for (int i = 0; i < 2000; i++) {
        parzen_sample(f.parzen, &rng, i % 2 ? 0 : -1, 2, values, u);
        if (i % 2)
            assert_true(u[MODEL] == 2);
        assert_true(isnan(u[REG]) == (u[MODEL] != 0));
        assert_true(isnan(u[LAYERS]) == (u[MODEL] != 1) && isnan(u[W1]) == (u[MODEL] != 1));
        assert_true(isnan(u[W2]) == !(u[MODEL] == 1 && u[LAYERS] >= 1));
        assert_true(isnan(u[EPS]) == !(u[MODEL] == 2 && u[OPT] == 1));
        for (int d = 0; d < f.space.n_dimensions; d++)
            assert_true(isnan(u[d]) ||
                        (u[d] >= 0 && (u[d] <= 1 || d == MODEL || d == LAYERS || d == POOL)));
    }
    fixture_free(&f);
}

/* The same estimator by the plainest formula, in libm's functions. */
static double plain_log_density(const struct fixture *f, const double *mu, const double *width,
                                const double *weights, int n, double u)
{
    double sum = 0, total = 0;
    for (int k = 0; k <= n; k++) {
        double m = k < n ? mu[k] : 0.5, s = k < n ? width[k] : 1, w = k < n ? weights[k] : 1;
        double inside = 0.5 * (erf((1 - m) / s / M_SQRT2) - erf(-m / s / M_SQRT2));
        sum += w * exp(-0.5 * square((u - m) / s)) / (s * sqrt(2 * M_PI) * inside);
        total += w;
    }
    return log(sum / total);
}

static void it_agrees_with_the_plain_formula(void **state)
{
    struct bench_function line = { .name = "line",
                                   .parameters = { { "x", BENCH_UNIFORM, 0, 1, NULL, 0 } } };
    struct arena *arena = arena_create(1 << 12);
    struct fixture f = { .arena = arena, .space = bench_space(arena, &line) };
    double mu[] = { 0.1, 0.15, 0.16, 0.7 }, weights[] = { 1, 2, 0.5, 3 };
    double width[] = { 0.05, 0.05, 0.54, 0.54 };
    int members[] = { 0, 1, 2, 3 };
    f.history = history_create(&f.space);
    f.parzen = parzen_create();
    for (int i = 0; i < 4; i++)
        history_add(f.history, &(struct value){ VALUE_REAL, { .real = mu[i] } });
    history_fill_columns(f.history);
    parzen_build(f.parzen, f.history, members, 4, weights);
    for (int i = 0; i <= 50; i++) {
        double u = i / 50.0, got;
        parzen_log_densities(f.parzen, &u, 1, &got);
        assert_true(fabs(got - plain_log_density(&f, mu, width, weights, 4, u)) < 1e-12);
    }
    fixture_free(&f);
}

/* 300 dimensions: the product of their densities is far beyond a double, its logarithm is not. */
static void many_dimensions_do_not_overflow(void **state)
{
    enum { MANY = 300 };
    static struct domain domains[MANY];
    static struct parameter parameters[MANY];
    static struct value values[MANY];
    double u[MANY], log_density;
    for (int i = 0; i < MANY; i++) {
        domains[i] = (struct domain){ .distribution = UNIFORM,
                                      .max = 1,
                                      .bounds = { -INFINITY, INFINITY, false, false } };
        parameters[i] = (struct parameter){ "x", &domains[i], 1, i };
    }
    struct space space = { parameters, MANY, MANY };
    struct history *history = history_create(&space);
    struct parzen *parzen = parzen_create();
    struct rng rng;
    int members[20];
    double weights[20];
    rng_init(&rng, 36, RNG_TEST, 0);
    for (int i = 0; i < 20; i++) {
        space_draw(&space, &rng, values);
        history_add(history, values);
        members[i] = i;
        weights[i] = 1;
    }
    history_fill_columns(history);
    parzen_build(parzen, history, members, 20, weights);
    space_coordinates(&space, values, u);
    parzen_log_densities(parzen, u, 1, &log_density);
    assert_true(isfinite(log_density) && log_density > 100);
    for (int i = 0; i < MANY; i++)
        u[i] = i % 2;
    parzen_log_densities(parzen, u, 1, &log_density);
    assert_true(isfinite(log_density));
    parzen_destroy(&parzen);
    history_destroy(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_continuous_density_integrates_to_one),
        cmocka_unit_test(a_categorical_density_has_mean_one_under_the_prior),
        cmocka_unit_test(a_density_over_cells_has_mean_one_under_the_prior),
        cmocka_unit_test(a_conditional_density_has_mean_one_under_the_prior),
        cmocka_unit_test(samples_follow_the_density),
        cmocka_unit_test(a_sample_has_exactly_the_dimensions_that_apply),
        cmocka_unit_test(it_agrees_with_the_plain_formula),
        cmocka_unit_test(many_dimensions_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
