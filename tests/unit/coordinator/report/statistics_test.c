#include "coordinator/report/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void the_interval_of_three_seeds_is_students(void **state)
{
    const double values[] = { 1, 2, 6 };
    struct summary summary = summary_of(values, 3);
    assert_int_equal(summary.n, 3);
    assert_float_equal(summary.mean, 3, 1e-15);
    assert_float_equal(summary.sd, sqrt(7), 1e-15);
    assert_float_equal(summary.high, 3 + 4.30265 * sqrt(7.0 / 3), 1e-9);
    assert_float_equal(summary.low, 3 - 4.30265 * sqrt(7.0 / 3), 1e-9);
    assert_float_equal(summary.least, 1, 0);
    assert_float_equal(summary.most, 6, 0);
}

static void one_run_has_a_mean_and_no_interval(void **state)
{
    const double value = 0.25;
    struct summary summary = summary_of(&value, 1);
    assert_int_equal(summary.n, 1);
    assert_float_equal(summary.mean, 0.25, 0);
    assert_true(isnan(summary.sd) && isnan(summary.low) && isnan(summary.high));
}

static void no_run_is_nothing_and_no_crash(void **state)
{
    const double values[] = { NAN, INFINITY };
    struct summary none = summary_of(NULL, 0), not_finite = summary_of(values, 2);
    assert_int_equal(none.n, 0);
    assert_int_equal(not_finite.n, 0);
    assert_true(isnan(none.mean) && isnan(not_finite.mean) && isnan(not_finite.most));
}

static void what_is_not_finite_does_not_count(void **state)
{
    const double values[] = { NAN, 2, -INFINITY, 4 };
    struct summary summary = summary_of(values, 4);
    assert_int_equal(summary.n, 2);
    assert_float_equal(summary.mean, 3, 0);
    assert_float_equal(summary.sd, sqrt(2), 1e-15);
}

static void large_equal_numbers_have_no_spread(void **state)
{
    const double values[] = { 1e15 + 1, 1e15 + 1, 1e15 + 1 };
    assert_float_equal(summary_of(values, 3).sd, 0, 0);
}

/* From tables of Student's distribution. */
static void the_quantiles_are_those_of_the_tables(void **state)
{
    static const struct {
        size_t degrees;
        double t;
    } known[] = { { 1, 12.7062 },  { 7, 2.36462 },  { 9, 2.26216 },
                  { 10, 2.22814 }, { 30, 2.04227 }, { 1000000, 1.95997 } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_float_equal(student_quantile(known[i].degrees) / known[i].t, 1, 1e-4);
}

static void the_bootstrap_repeats_with_its_seed(void **state)
{
    const double values[] = { -0.3, 0.1, -0.2, -0.4, 0.05, -0.15 };
    double low, high, low_again, high_again, low_other, high_other;
    bootstrap_mean(values, 6, 1000, 7, &low, &high);
    bootstrap_mean(values, 6, 1000, 7, &low_again, &high_again);
    bootstrap_mean(values, 6, 1000, 8, &low_other, &high_other);
    assert_float_equal(low, low_again, 0);
    assert_float_equal(high, high_again, 0);
    assert_true(low != low_other || high != high_other);
}

/* For many numbers the interval of the mean is mean +- 1.96 sd / sqrt(n). */
static void the_bootstrap_agrees_with_the_normal_approximation(void **state)
{
    double values[400], low, high;
    for (size_t i = 0; i < 400; i++)
        values[i] = (double)(i * 37 % 400) / 400;
    struct summary summary = summary_of(values, 400);
    double half = 1.96 * summary.sd / 20;
    bootstrap_mean(values, 400, 10000, 1, &low, &high);
    assert_float_equal(low, summary.mean - half, 0.05 * half);
    assert_float_equal(high, summary.mean + half, 0.05 * half);
}

static void the_bootstrap_of_equal_numbers_is_that_number(void **state)
{
    const double values[] = { 0.5, 0.5, 0.5 };
    double low, high;
    bootstrap_mean(values, 3, 100, 1, &low, &high);
    assert_float_equal(low, 0.5, 1e-15);
    assert_float_equal(high, 0.5, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interval_of_three_seeds_is_students),
        cmocka_unit_test(one_run_has_a_mean_and_no_interval),
        cmocka_unit_test(no_run_is_nothing_and_no_crash),
        cmocka_unit_test(what_is_not_finite_does_not_count),
        cmocka_unit_test(large_equal_numbers_have_no_spread),
        cmocka_unit_test(the_quantiles_are_those_of_the_tables),
        cmocka_unit_test(the_bootstrap_repeats_with_its_seed),
        cmocka_unit_test(the_bootstrap_agrees_with_the_normal_approximation),
        cmocka_unit_test(the_bootstrap_of_equal_numbers_is_that_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
