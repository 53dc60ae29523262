#include "worker/task/regression.h"
#include "worker/task/standardise.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12;
}

static void psi_goes_through_the_ranks_of_the_training_labels(void **state)
{
    const double y[] = { 10, -2, 0, 4, 1 };
    struct regression regression;
    regression_fit(&regression, y, 5);
    assert_true(near(regression_psi(&regression, -2), 0));
    assert_true(near(regression_psi(&regression, 0), 0.25));
    assert_true(near(regression_psi(&regression, 1), 0.5));
    assert_true(near(regression_psi(&regression, 10), 1));
    assert_true(near(regression_psi(&regression, -0.5), 0.1875)); /* 3/4 of the way to 0 */
    assert_true(near(regression_psi(&regression, 8.5), 0.9375));
    regression_free(&regression);
}

static void labels_beyond_the_training_range_stay_at_its_ends(void **state)
{
    const double y[] = { 3, 1, 2 };
    struct regression regression;
    regression_fit(&regression, y, 3);
    assert_true(regression_psi(&regression, -1e300) == 0);
    assert_true(regression_psi(&regression, 3.0001) == 1);
    regression_free(&regression);
}

/* sorted 1 5 5 5 7 7: ranks 0, (1+2+3)/3, (4+5)/2, over 5 */
static void equal_labels_share_the_mean_of_their_ranks(void **state)
{
    const double y[] = { 5, 7, 5, 1, 7, 5 };
    struct regression regression;
    regression_fit(&regression, y, 6);
    assert_int_equal(regression.knots, 3);
    assert_true(near(regression_psi(&regression, 1), 0));
    assert_true(near(regression_psi(&regression, 5), 0.4));
    assert_true(near(regression_psi(&regression, 7), 0.9));
    assert_true(near(regression_psi(&regression, 6), 0.65));
    assert_true(near(regression_psi(&regression, 9), 0.9));
    regression_free(&regression);
}

static void a_single_value_is_in_the_middle(void **state)
{
    const double y[] = { 4, 4, 4 };
    struct regression regression;
    regression_fit(&regression, y, 3);
    assert_true(regression_psi(&regression, -1) == 0.5);
    assert_true(regression_unpsi(&regression, 0.9) == 4);
    regression_free(&regression);
    regression_fit(&regression, y, 1);
    assert_true(regression_psi(&regression, 5) == 0.5);
    regression_free(&regression);
}

static void labels_near_both_ends_of_a_double_and_near_zero_interpolate(void **state)
{
    const double wide[] = { -DBL_MAX, DBL_MAX }, tiny[] = { 0, 4 * DBL_TRUE_MIN };
    struct regression regression;
    regression_fit(&regression, wide, 2);
    assert_true(near(regression_psi(&regression, 0), 0.5));
    assert_true(near(regression_psi(&regression, DBL_MAX / 2), 0.75));
    regression_free(&regression);
    regression_fit(&regression, tiny, 2);
    assert_true(near(regression_psi(&regression, DBL_TRUE_MIN), 0.25));
    regression_free(&regression);
}

static void unpsi_leads_back(void **state)
{
    const double y[] = { 10, -2, 0, 4, 1, 4 };
    struct regression regression;
    regression_fit(&regression, y, 6);
    for (double label = -2; label <= 10; label += 0.125)
        assert_true(near(regression_unpsi(&regression, regression_psi(&regression, label)), label));
    regression_free(&regression);
}

static void bins_are_equal_and_the_last_one_includes_1(void **state)
{
    assert_int_equal(regression_bin(0), 0);
    assert_int_equal(regression_bin(0.03124), 0);
    assert_int_equal(regression_bin(0.03125), 1);
    assert_int_equal(regression_bin(0.96874), 30);
    assert_int_equal(regression_bin(0.96875), 31);
    assert_int_equal(regression_bin(1), 31);
    assert_true(regression_centre(0) == 0.015625);
    assert_true(regression_centre(31) == 0.984375);
}

static void distinct_training_labels_fill_all_bins_evenly(void **state)
{
    enum { COUNT = 4000 };
    double y[COUNT];
    real labels[COUNT];
    int in_bin[REGRESSION_BINS] = { 0 };
    for (int i = 0; i < COUNT; i++)
        y[i] = pow(i * 1237 % COUNT, 3); /* each i once, far from uniform */
    struct regression regression;
    regression_fit(&regression, y, COUNT);
    regression_labels(&regression, labels, y, COUNT);
    for (int i = 0; i < COUNT; i++)
        in_bin[(int)labels[i]]++;
    for (int bin = 0; bin < REGRESSION_BINS; bin++)
        assert_int_equal(in_bin[bin], COUNT / REGRESSION_BINS);
    regression_free(&regression);
}

static void a_prediction_is_the_mean_of_the_centres_by_probability(void **state)
{
    real logits[2][REGRESSION_BINS] = { { 0 } };
    assert_true(near(regression_expected(logits[0]), 0.5));
    for (int bin = 0; bin < REGRESSION_BINS; bin++)
        logits[1][bin] = -1000;
    logits[1][4] = 1000; /* half of the probability each, without overflow */
    logits[1][8] = 1000;
    assert_true(near(regression_expected(logits[1]), (4.5 + 8.5) / 64));

    const real labels[] = { 31, 4 };
    double first = 0.5 - 31.5 / 32, second = 2.0 / 32;
    assert_true(near(regression_mse(logits[0], labels, 2), (first * first + second * second) / 2));
}

/* Of labels that fill all bins the best constant has the variance of 32 even values. */
static void the_constant_prediction_has_the_variance_of_the_bins(void **state)
{
    real logits[REGRESSION_BINS * REGRESSION_BINS] = { 0 }, labels[REGRESSION_BINS];
    for (int bin = 0; bin < REGRESSION_BINS; bin++)
        labels[bin] = (real)bin;
    double variance = (1 - 1.0 / (REGRESSION_BINS * REGRESSION_BINS)) / 12;
    assert_true(near(regression_mse(logits, labels, REGRESSION_BINS), variance));
}

static void standardised_columns_have_mean_0_and_deviation_1(void **state)
{
    const double rows[] = { 1, 20, 7, 3, 20, 9, 5, 50, 14 };
    struct standardise standardise;
    real out[9];
    standardise_init(&standardise, 3);
    standardise_fit(&standardise, 0, 3, rows, 3, 3);
    standardise_apply(&standardise, out, rows, 3);
    assert_true(near(standardise.mean[0], 3) && near(standardise.scale[0], sqrt(8.0 / 3)));
    assert_true(near(standardise.mean[1], 30) && near(standardise.scale[1], sqrt(200)));
    for (int j = 0; j < 3; j++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < 3; i++) {
            sum += out[3 * i + j];
            squares += out[3 * i + j] * out[3 * i + j];
        }
        assert_true(fabs(sum) < 1e-6 && fabs(squares / 3 - 1) < 1e-6);
    }
    standardise_free(&standardise);
}

/* 0.1 added up and divided is not 0.1, so a deviation of rounding errors would blow up a test row
 * that differs by one of them. */
static void a_constant_column_becomes_zeros(void **state)
{
    const double rows[] = { 0.1, 0.1, 0.1 };
    const double other = 0.6;
    struct standardise standardise;
    real out[3];
    standardise_init(&standardise, 1);
    standardise_fit(&standardise, 0, 1, rows, 3, 1);
    standardise_apply(&standardise, out, rows, 3);
    assert_true(out[0] == 0 && out[2] == 0);
    standardise_apply(&standardise, out, &other, 1);
    assert_true(out[0] == (real)0.5);
    standardise_free(&standardise);
}

static void a_column_far_from_zero_keeps_what_varies(void **state)
{
    const double rows[] = { 1.6e9 + 1, 1.6e9 + 2, 1.6e9 + 3 };
    struct standardise standardise;
    real out[3];
    standardise_init(&standardise, 1);
    standardise_fit(&standardise, 0, 1, rows, 3, 1);
    standardise_apply(&standardise, out, rows, 3);
    assert_true(fabs(out[2] - sqrt(1.5)) < 1e-6 && out[1] == 0);
    standardise_free(&standardise);
}

/* Two steps of (position, reward): positions get the statistics of another table, rewards those
 * of all steps. */
static void parts_of_a_row_can_be_fitted_to_different_data(void **state)
{
    const double positions[] = { -1, 99, 3, 99 }, steps[] = { 5, 10, 7, 30 };
    struct standardise standardise;
    real out[4];
    standardise_init(&standardise, 2);
    standardise_apply(&standardise, out, steps, 2);
    assert_true(out[3] == 30); /* before any fit nothing changes */
    standardise_fit(&standardise, 0, 1, positions, 2, 2);
    standardise_fit(&standardise, 1, 1, steps + 1, 2, 2);
    standardise_apply(&standardise, out, steps, 2);
    assert_true(out[0] == 2 && out[1] == -1 && out[2] == 3 && out[3] == 1);
    standardise_free(&standardise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(psi_goes_through_the_ranks_of_the_training_labels),
        cmocka_unit_test(labels_beyond_the_training_range_stay_at_its_ends),
        cmocka_unit_test(equal_labels_share_the_mean_of_their_ranks),
        cmocka_unit_test(a_single_value_is_in_the_middle),
        cmocka_unit_test(labels_near_both_ends_of_a_double_and_near_zero_interpolate),
        cmocka_unit_test(unpsi_leads_back),
        cmocka_unit_test(bins_are_equal_and_the_last_one_includes_1),
        cmocka_unit_test(distinct_training_labels_fill_all_bins_evenly),
        cmocka_unit_test(a_prediction_is_the_mean_of_the_centres_by_probability),
        cmocka_unit_test(the_constant_prediction_has_the_variance_of_the_bins),
        cmocka_unit_test(standardised_columns_have_mean_0_and_deviation_1),
        cmocka_unit_test(a_constant_column_becomes_zeros),
        cmocka_unit_test(a_column_far_from_zero_keeps_what_varies),
        cmocka_unit_test(parts_of_a_row_can_be_fitted_to_different_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
