/* Every distribution: its options, its cells, its draws, and the way from a value to u and back. */
#include "common/json.h"
#include "coordinator/space/domain.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UNBOUNDED                                                                                  \
    {                                                                                              \
        -INFINITY, INFINITY, false, false                                                          \
    }

static struct domain ranged(enum distribution distribution, double min, double max, double q)
{
    return (struct domain){ .distribution = distribution,
                            .min = min,
                            .max = max,
                            .q = q,
                            .integer = distribution == INT_UNIFORM,
                            .bounds = UNBOUNDED };
}

static struct domain bell(enum distribution distribution, double mu, double sigma)
{
    return (struct domain){
        .distribution = distribution, .mu = mu, .sigma = sigma, .bounds = UNBOUNDED
    };
}

static struct value real(double number)
{
    return (struct value){ VALUE_REAL, { .real = number } };
}

static struct value integer(int64_t number)
{
    return (struct value){ VALUE_INTEGER, { .integer = number } };
}

static struct value text(const char *word)
{
    return (struct value){ VALUE_TEXT, { .text = word } };
}

static void a_uniform_is_affine_and_reaches_both_ends(void **state)
{
    struct domain domain = ranged(UNIFORM, -5, 10, 0);
    assert_true(domain_value(&domain, 0).real == -5);
    assert_true(domain_value(&domain, 1).real == 10);
    assert_true(domain_value(&domain, 0.5).real == 2.5);
    assert_true(domain_coordinate(&domain, real(2.5)) == 0.5);
    assert_int_equal(domain_options(&domain), 0);
    assert_true(domain_is_possible(&domain));
}

static void a_range_as_wide_as_doubles_go_stays_finite(void **state)
{
    struct domain domain = ranged(UNIFORM, -1.7e308, 1.7e308, 0);
    for (int i = 0; i <= 10; i++) {
        double u = i / 10.0, number = domain_value(&domain, u).real;
        assert_true(isfinite(number));
        assert_true(fabs(domain_coordinate(&domain, real(number)) - u) < 1e-12);
    }
}

static void a_log_uniform_is_affine_in_the_logarithm(void **state)
{
    struct domain domain = ranged(LOG_UNIFORM_VALUES, 1e-5, 1, 0);
    assert_true(domain_value(&domain, 0).real == 1e-5);
    assert_true(domain_value(&domain, 1).real == 1);
    assert_true(domain_value(&domain, 0.4).real == 1e-3);
    assert_true(fabs(domain_coordinate(&domain, real(1e-4)) - 0.2) < 1e-14);
}

static void a_value_has_fifteen_digits_and_survives_its_text(void **state)
{
    struct domain domains[] = {
        ranged(UNIFORM, -3, 7, 0),    ranged(LOG_UNIFORM_VALUES, 1e-12, 1e9, 0),
        ranged(Q_UNIFORM, 0, 1, 0.1), bell(NORMAL, 1, 2),
        bell(LOG_NORMAL, -4, 3),      ranged(LOG_UNIFORM_VALUES, 0.1, 1, 0),
        ranged(UNIFORM, -8, 8, 0)
    };
    domains[5].transform = ONE_MINUS;
    domains[6].transform = POW10;
    struct rng rng;
    rng_init(&rng, 11, RNG_TEST, 0);
    for (int i = 0; i < 7000; i++) {
        struct domain *domain = &domains[i % 7];
        char digits[40], shortest[NUMBER_TEXT_BYTES];
        double number = domain_draw(domain, &rng).real;
        snprintf(digits, sizeof digits, "%.15g", number);
        assert_true(strtod(digits, NULL) == number);
        number_text(shortest, number);
        assert_true(strtod(shortest, NULL) == number);
        double u = domain_coordinate(domain, real(number));
        assert_true(u >= 0 && u <= 1);
        assert_true(fabs(domain_coordinate(domain, domain_value(domain, u)) - u) < 1e-9);
    }
}

static void quantised_options_are_what_a_person_would_write(void **state)
{
    struct domain domain = ranged(Q_UNIFORM, 0, 0.3, 0.1);
    double want[] = { 0, 0.1, 0.2, 0.3 };
    assert_int_equal(domain_options(&domain), 4);
    for (int k = 0; k < 4; k++)
        assert_true(domain_option(&domain, k).real == want[k]);
    domain = ranged(Q_UNIFORM, 1, 2, 0.4); /* 2 is no multiple */
    assert_int_equal(domain_options(&domain), 3);
    assert_true(domain_option(&domain, 2).real == 1.8);
}

static void check_cells(const struct domain *domain)
{
    int64_t options = domain_options(domain);
    double end = 0, sum = 0, *shares = calloc((size_t)options, sizeof *shares);
    domain_shares(domain, shares);
    for (int64_t k = 0; k < options; k++) {
        double low, high;
        domain_cell(domain, k, &low, &high);
        assert_true(fabs(low - end) < 1e-12 && high > low);
        struct value option = domain_option(domain, k);
        double u = domain_coordinate(domain, option);
        assert_true(u > low && u < high);
        assert_true(value_equal(domain_value(domain, u), option));
        assert_true(value_equal(domain_value(domain, low + 1e-9 * (high - low)), option));
        assert_true(value_equal(domain_value(domain, high - 1e-9 * (high - low)), option));
        assert_true(value_equal(domain_accept(domain, option), option));
        sum += shares[k];
        end = high;
    }
    assert_true(fabs(end - 1) < 1e-12);
    assert_true(fabs(sum - 1) < 1e-9);
    free(shares);
}

static void cells_cover_the_unit_interval_and_lead_back_to_their_options(void **state)
{
    struct domain integers = ranged(INT_UNIFORM, 16, 256, 0),
                  tenths = ranged(Q_UNIFORM, -1, 1, 0.1);
    struct domain logs = ranged(Q_LOG_UNIFORM_VALUES, 1, 64, 1),
                  odd = ranged(Q_LOG_UNIFORM_VALUES, 3, 20, 4);
    logs.integer = true;
    check_cells(&integers);
    check_cells(&tenths);
    check_cells(&logs);
    check_cells(&odd);
    integers.bounds = (struct bounds){ 20, 30, true, false };
    check_cells(&integers);
    logs.bounds = (struct bounds){ 4, 9, false, true };
    check_cells(&logs);
}

static void log_quantised_cells_follow_the_logarithm(void **state)
{
    struct domain domain = ranged(Q_LOG_UNIFORM_VALUES, 1, 8, 1);
    double low, high;
    domain_cell(&domain, 2, &low, &high); /* 3: from 2.5 to 3.5 */
    assert_true(fabs(low - log(2.5) / log(8)) < 1e-14);
    assert_true(fabs(high - log(3.5) / log(8)) < 1e-14);
    domain_cell(&domain, 0, &low, &high); /* 1: cut at the end */
    assert_true(low == 0 && fabs(high - log(1.5) / log(8)) < 1e-14);
}

static void transforms_come_after_the_distribution(void **state)
{
    struct domain domain = ranged(LOG_UNIFORM_VALUES, 0.1, 1, 0);
    domain.transform = ONE_MINUS;
    assert_true(domain_value(&domain, 0).real == 0.9);
    assert_true(domain_value(&domain, 1).real == 0);
    assert_true(fabs(domain_coordinate(&domain, real(0.9))) < 1e-15);
    domain = ranged(UNIFORM, -3, 2, 0);
    domain.transform = POW10;
    assert_true(domain_value(&domain, 0).real == 1e-3);
    assert_true(domain_value(&domain, 1).real == 100);
    assert_true(fabs(domain_value(&domain, 0.6).real - 1) < 1e-14);
    assert_true(fabs(domain_coordinate(&domain, real(10)) - 0.8) < 1e-15);
}

static void an_open_bound_may_be_touched_but_is_never_drawn(void **state)
{
    struct domain domain = ranged(LOG_UNIFORM_VALUES, 1e-17, 1, 0); /* mostly rounds to 1 */
    domain.transform = ONE_MINUS;
    domain.bounds = (struct bounds){ 0, 1, false, true };
    assert_true(isnan(domain_value(&domain, 0).real));
    assert_true(domain_value(&domain, 1).real == 0);
    struct rng rng;
    rng_init(&rng, 12, RNG_TEST, 0);
    for (int i = 0; i < 2000; i++) {
        double number = domain_draw(&domain, &rng).real;
        assert_true(number >= 0 && number < 1);
    }
    struct domain open = ranged(INT_UNIFORM, 0, 5, 0);
    open.bounds = (struct bounds){ 0, 5, true, true };
    assert_int_equal(domain_options(&open), 4);
    assert_int_equal(domain_option(&open, 0).integer, 1);
    assert_int_equal(domain_value(&open, 1).integer, 4);
}

static void a_normal_is_cut_at_its_bounds(void **state)
{
    struct domain domain = bell(NORMAL, 0, 1);
    assert_true(fabs(domain_value(&domain, 0.5).real) < 1e-15);
    assert_true(fabs(domain_coordinate(&domain, real(1)) - 0.84134474606854293) < 1e-14);
    domain.bounds = (struct bounds){ 1, 2, false, false };
    struct rng rng;
    rng_init(&rng, 13, RNG_TEST, 0);
    double sum = 0;
    for (int i = 0; i < 20000; i++) {
        double number = domain_draw(&domain, &rng).real;
        assert_true(number >= 1 && number <= 2);
        sum += number;
    }
    /* (phi(1) - phi(2)) / (Phi(2) - Phi(1)) */
    assert_true(fabs(sum / 20000 - 1.383164) < 0.01);
}

static void a_normal_cut_far_above_its_mean_keeps_its_digits(void **state)
{
    struct domain domain = bell(NORMAL, 0, 1);
    domain.bounds = (struct bounds){ 5, INFINITY, false, false };
    struct rng rng;
    rng_init(&rng, 14, RNG_TEST, 0);
    double last = -1;
    for (int i = 0; i <= 1000; i++) {
        double number = domain_value(&domain, i / 1000.0).real;
        assert_true(number >= 5 && number > last);
        assert_true(fabs(domain_coordinate(&domain, real(number)) - i / 1000.0) < 1e-9);
        last = number;
    }
}

static void a_log_normal_is_never_below_zero(void **state)
{
    struct domain domain = bell(LOG_NORMAL, 1, 2);
    assert_true(fabs(domain_value(&domain, 0.5).real - exp(1)) < 1e-13);
    struct rng rng;
    rng_init(&rng, 15, RNG_TEST, 0);
    for (int i = 0; i < 5000; i++)
        assert_true(domain_draw(&domain, &rng).real > 0);
}

static void domains_without_legal_values_are_known(void **state)
{
    struct domain domain = ranged(INT_UNIFORM, 3, 4, 0);
    domain.bounds = (struct bounds){ 5, 9, false, false };
    assert_false(domain_is_possible(&domain));
    domain = ranged(UNIFORM, 0, 1, 0);
    domain.bounds = (struct bounds){ 1, 2, false, false };
    assert_false(domain_is_possible(&domain));
    domain = bell(NORMAL, 0, 1);
    domain.bounds = (struct bounds){ 8, 9, false, false };
    assert_false(domain_is_possible(&domain));
    domain.bounds = (struct bounds){ 1, 9, false, false };
    assert_true(domain_is_possible(&domain));
    domain = ranged(Q_UNIFORM, 0, 1, 0.5);
    domain.bounds = (struct bounds){ 0.1, 0.4, false, false };
    assert_false(domain_is_possible(&domain));
}

static void domains_whose_draws_are_rounded_away_are_known(void **state)
{
    struct domain domain = ranged(UNIFORM, 1e-20, 2e-20, 0);
    domain.transform = ONE_MINUS;
    assert_true(domain_is_possible(&domain));
    domain.bounds = (struct bounds){ 0, 1, false, true };
    assert_false(domain_is_possible(&domain));
    domain = bell(NORMAL, 500, 1);
    assert_true(domain_is_possible(&domain));
    domain.transform = POW10;
    assert_false(domain_is_possible(&domain));
    domain.mu = -500;
    assert_true(domain_is_possible(&domain));
    domain.bounds = (struct bounds){ 0, INFINITY, true, true };
    assert_false(domain_is_possible(&domain));
}

static void probabilities_decide_how_often_an_option_is_drawn(void **state)
{
    struct value values[] = { text("a"), text("b"), text("c") };
    double probabilities[] = { 0.7, 0, 0.3 };
    struct domain domain = { .distribution = CATEGORICAL,
                             .values = values,
                             .probabilities = probabilities,
                             .n_values = 3,
                             .bounds = UNBOUNDED };
    struct rng rng;
    int count[256] = { 0 };
    rng_init(&rng, 16, RNG_TEST, 0);
    for (int i = 0; i < 10000; i++)
        count[(unsigned char)domain_draw(&domain, &rng).text[0]]++;
    assert_int_equal(count['b'], 0);
    assert_true(abs(count['a'] - 7000) < 200);
    assert_int_equal(domain_options(&domain), 2);
    assert_string_equal(domain_option(&domain, 1).text, "c");
    assert_true(domain_coordinate(&domain, text("c")) == 1);
    double shares[2];
    domain_shares(&domain, shares);
    assert_true(fabs(shares[0] - 0.7) < 1e-15 && fabs(shares[1] - 0.3) < 1e-15);
    assert_int_equal(domain_accept(&domain, text("b")).type, VALUE_NONE);
}

static void what_a_domain_does_not_hold_is_not_accepted(void **state)
{
    struct domain integers = ranged(INT_UNIFORM, 1, 8, 0), reals = ranged(UNIFORM, 0, 1, 0);
    struct domain tenths = ranged(Q_UNIFORM, 0, 1, 0.1);
    assert_int_equal(domain_accept(&integers, integer(9)).type, VALUE_NONE);
    assert_int_equal(domain_accept(&integers, real(3)).type, VALUE_NONE);
    assert_int_equal(domain_accept(&integers, text("3")).type, VALUE_NONE);
    assert_int_equal(domain_accept(&integers, integer(INT64_MAX)).type, VALUE_NONE);
    assert_int_equal(domain_accept(&reals, real(1.1)).type, VALUE_NONE);
    assert_int_equal(domain_accept(&reals, real(NAN)).type, VALUE_NONE);
    assert_true(value_equal(domain_accept(&reals, integer(1)), real(1)));
    assert_int_equal(domain_accept(&tenths, real(0.25)).type, VALUE_NONE);
    assert_true(value_equal(domain_accept(&tenths, real(0.3)), real(0.3)));
    reals.bounds = (struct bounds){ 0, 1, true, false };
    assert_int_equal(domain_accept(&reals, real(0)).type, VALUE_NONE);
}

static void a_log_normal_so_small_that_one_minus_it_is_one_is_accepted(void **state)
{
    struct domain domain = bell(LOG_NORMAL, -91, 2);
    assert_int_equal(domain_accept(&domain, real(0)).type, VALUE_NONE);
    domain.transform = ONE_MINUS;
    struct value value = domain_value(&domain, 0.5);
    assert_true(value.real == 1);
    assert_true(value_equal(domain_accept(&domain, value), value));
    assert_int_equal(domain_accept(&domain, real(1.5)).type, VALUE_NONE);
}

static void a_q_too_fine_to_count_is_a_continuous_range(void **state)
{
    struct domain domain = ranged(Q_UNIFORM, 0, 1e9, 1e-300);
    assert_int_equal(domain_options(&domain), 0);
    assert_true(fabs(domain_value(&domain, 0.5).real - 5e8) < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uniform_is_affine_and_reaches_both_ends),
        cmocka_unit_test(a_range_as_wide_as_doubles_go_stays_finite),
        cmocka_unit_test(a_log_uniform_is_affine_in_the_logarithm),
        cmocka_unit_test(a_value_has_fifteen_digits_and_survives_its_text),
        cmocka_unit_test(quantised_options_are_what_a_person_would_write),
        cmocka_unit_test(cells_cover_the_unit_interval_and_lead_back_to_their_options),
        cmocka_unit_test(log_quantised_cells_follow_the_logarithm),
        cmocka_unit_test(transforms_come_after_the_distribution),
        cmocka_unit_test(an_open_bound_may_be_touched_but_is_never_drawn),
        cmocka_unit_test(a_normal_is_cut_at_its_bounds),
        cmocka_unit_test(a_normal_cut_far_above_its_mean_keeps_its_digits),
        cmocka_unit_test(a_log_normal_is_never_below_zero),
        cmocka_unit_test(domains_without_legal_values_are_known),
        cmocka_unit_test(domains_whose_draws_are_rounded_away_are_known),
        cmocka_unit_test(probabilities_decide_how_often_an_option_is_drawn),
        cmocka_unit_test(what_a_domain_does_not_hold_is_not_accepted),
        cmocka_unit_test(a_log_normal_so_small_that_one_minus_it_is_one_is_accepted),
        cmocka_unit_test(a_q_too_fine_to_count_is_a_continuous_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
