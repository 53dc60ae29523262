/* The deterministic functions against the same in long double, over ranges and at their ends. */
#include "common/dmath.h"
#include "common/rng.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { SAMPLES = 200000 };

/* Phi through the complementary error function, in 64 bits of mantissa. */
static long double reference_cdf(double x)
{
    return 0.5L * erfcl(-(long double)x / sqrtl(2.0L));
}

static long double relative(double got, long double want)
{
    return fabsl(((long double)got - want) / want);
}

static void check_bits(double a, double b)
{
    assert_memory_equal(&a, &b, sizeof a);
}

static void exp_is_right_to_the_last_bit_or_so(void **state)
{
    struct rng rng;
    rng_init(&rng, 1, RNG_TEST, 0);
    long double worst = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double x = -708 + 1417 * rng_uniform(&rng);
        x = i % 2 ? x : x / 1000;
        worst = fmaxl(worst, relative(dm_exp(x), expl((long double)x)));
    }
    print_message("# exp: %.3Lg\n", worst);
    assert_true(worst < 2e-16L);
}

static void exp_reaches_zero_subnormals_and_infinity(void **state)
{
    assert_true(dm_exp(0) == 1);
    assert_true(dm_exp(-745.2) == 0);
    assert_true(dm_exp(-INFINITY) == 0);
    assert_true(dm_exp(-1e308) == 0);
    assert_true(dm_exp(-745.1) == DBL_TRUE_MIN);
    assert_true(fabs(dm_exp(-720) - exp(-720)) <= DBL_TRUE_MIN);
    assert_true(isfinite(dm_exp(709.78)));
    assert_true(dm_exp(709.79) == INFINITY);
    assert_true(dm_exp(INFINITY) == INFINITY);
    assert_true(isnan(dm_exp(NAN)));
}

static void exp_of_many_has_the_bits_of_exp_of_one(void **state)
{
    struct rng rng;
    double x[37], each[37];
    rng_init(&rng, 2, RNG_TEST, 0);
    for (int round = 0; round < 2000; round++) {
        size_t count = 1 + rng_below(&rng, 37);
        for (size_t i = 0; i < count; i++)
            x[i] = each[i] = round % 2 ? -800 + 1600 * rng_uniform(&rng) : -30 * rng_uniform(&rng);
        x[0] = each[0] = round % 3 ? -INFINITY : INFINITY;
        dm_exp_each(each, count);
        for (size_t i = 0; i < count; i++)
            check_bits(each[i], dm_exp(x[i]));
    }
}

static void log_is_right_to_the_last_bit_or_so(void **state)
{
    struct rng rng;
    rng_init(&rng, 3, RNG_TEST, 0);
    long double worst = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double u = rng_uniform(&rng);
        double x = i % 3 == 0 ? exp(-744 + 1453 * u) : i % 3 == 1 ? 0.5 + u : 1 + (u - 0.5) * 1e-6;
        worst = fmaxl(worst, relative(dm_log(x), logl((long double)x)));
    }
    print_message("# log: %.3Lg\n", worst);
    assert_true(worst < 3e-16L);
}

static void log_knows_its_ends(void **state)
{
    check_bits(dm_log(1), 0);
    assert_true(dm_log(0) == -INFINITY);
    assert_true(dm_log(INFINITY) == INFINITY);
    assert_true(isnan(dm_log(-1)));
    assert_true(isnan(dm_log(NAN)));
    assert_true(relative(dm_log(DBL_TRUE_MIN), logl((long double)DBL_TRUE_MIN)) < 3e-16L);
    assert_true(relative(dm_log(DBL_MAX), logl((long double)DBL_MAX)) < 3e-16L);
}

static void the_normal_cdf_is_right_deep_in_the_lower_tail(void **state)
{
    struct rng rng;
    rng_init(&rng, 4, RNG_TEST, 0);
    long double worst = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double x = -37 + 46 * rng_uniform(&rng);
        x = i % 2 ? x : x / 20;
        worst = fmaxl(worst, relative(dm_normal_cdf(x), reference_cdf(x)));
    }
    print_message("# normal cdf: %.3Lg\n", worst);
    assert_true(worst < 1e-14L);
    assert_true(fabs(dm_normal_cdf(0) - 0.5) <= DBL_EPSILON);
    assert_true(dm_normal_cdf(-INFINITY) == 0);
    assert_true(dm_normal_cdf(-1e300) == 0);
    assert_true(dm_normal_cdf(INFINITY) == 1);
    assert_true(isnan(dm_normal_cdf(NAN)));
}

static void the_normal_cdf_never_falls(void **state)
{
    for (int i = 1; i < SAMPLES; i++) {
        double x = -38 + 50.0 * i / SAMPLES;
        assert_true(dm_normal_cdf(x) >= dm_normal_cdf(x - 1e-4));
    }
}

/* One Newton step in long double turns the result into the reference: the step is its error. */
static void the_quantile_inverts_the_cdf(void **state)
{
    struct rng rng;
    rng_init(&rng, 5, RNG_TEST, 0);
    long double worst = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double u = rng_uniform(&rng), p = i % 2 ? u : exp(-600 * u);
        double x = dm_normal_quantile(p);
        long double density = expl(-(long double)x * x / 2) / sqrtl(2 * acosl(-1.0L));
        long double step = ((long double)p - reference_cdf(x)) / density;
        if (fabs(x) > 1e-3)
            worst = fmaxl(worst, fabsl(step / x));
    }
    print_message("# normal quantile: %.3Lg\n", worst);
    assert_true(worst < 1.5e-15L);
    check_bits(dm_normal_quantile(0.5), 0);
    assert_true(dm_normal_quantile(0) == -INFINITY && dm_normal_quantile(1) == INFINITY);
    assert_true(isnan(dm_normal_quantile(-0.1)) && isnan(dm_normal_quantile(NAN)));
}

/* If these change, every recorded suggestion and data set changes with them. */
static void the_bits_are_the_recorded_ones(void **state)
{
    uint64_t digest = 0;
    for (int i = -400; i <= 400; i++) {
        double x = i / 16.0 + 0.01;
        double all[] = { dm_exp(x), dm_log(x * x), dm_normal_cdf(x),
                         dm_normal_quantile(dm_exp(-x * x)) };
        for (size_t k = 0; k < 4; k++) {
            uint64_t bits;
            memcpy(&bits, &all[k], sizeof bits);
            digest = (digest ^ bits) * 0x9e3779b97f4a7c15u;
            digest ^= digest >> 29;
        }
    }
    print_message("# digest: %016llx\n", (unsigned long long)digest);
    assert_true(digest == 0x6d36f880bf3abc07u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_right_to_the_last_bit_or_so),
        cmocka_unit_test(exp_reaches_zero_subnormals_and_infinity),
        cmocka_unit_test(exp_of_many_has_the_bits_of_exp_of_one),
        cmocka_unit_test(log_is_right_to_the_last_bit_or_so),
        cmocka_unit_test(log_knows_its_ends),
        cmocka_unit_test(the_normal_cdf_is_right_deep_in_the_lower_tail),
        cmocka_unit_test(the_normal_cdf_never_falls),
        cmocka_unit_test(the_quantile_inverts_the_cdf),
        cmocka_unit_test(the_bits_are_the_recorded_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
