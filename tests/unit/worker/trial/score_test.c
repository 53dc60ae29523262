#include "worker/trial/score.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

static void assert_near(double actual, double expected)
{
    if (!(fabs(actual - expected) <= 1e-6 * fmax(1, fabs(expected))))
        fail_msg("%.12g is not %.12g", actual, expected);
}

static void a_uniform_prediction_costs_and_carries_the_logarithm_of_its_classes(void **state)
{
    const real logits[8] = { 7, 7, 7, 7, -2, -2, -2, -2 }, labels[2] = { 0, 3 };
    struct score score = score_predictions(logits, labels, logits, 2, 4, LABEL_CROSS_ENTROPY);
    assert_near(score.loss, log(4));
    assert_near(score.entropy, log(4));
    assert_near(score.kl, 0);
    assert_near(score.accuracy, 0.5); /* of equals the first counts as the likeliest */
}

/* p = (1/2, 1/4, 1/4) and q = (1/4, 1/2, 1/4): KL = 1/2 log 2 - 1/4 log 2. */
static void the_divergence_of_known_distributions_is_known(void **state)
{
    real truth[3] = { (real)log(0.5), (real)log(0.25), (real)log(0.25) };
    real logits[3] = { (real)(log(0.25) + 9), (real)(log(0.5) + 9), (real)(log(0.25) + 9) };
    const real label[1] = { 1 };
    struct score score = score_predictions(logits, label, truth, 1, 3, LABEL_CROSS_ENTROPY);
    assert_near(score.kl, 0.25 * log(2));
    assert_near(score.loss, log(2));
    assert_near(score.entropy, 1.5 * log(2));
    assert_near(score.accuracy, 1);
}

static void the_truth_itself_has_no_divergence_whatever_its_scale(void **state)
{
    const real truth[8] = { 300, -300, 0, 1, 0, 0, 0, (real)1e-4 }, labels[2] = { 0, 1 };
    struct score score = score_predictions(truth, labels, truth, 2, 4, LABEL_CROSS_ENTROPY);
    assert_near(score.kl, 0);
    assert_true(isfinite(score.loss) && isfinite(score.entropy));
}

static void the_logistic_loss_is_that_of_one_logit_at_any_size(void **state)
{
    const real logits[4] = { 0, 50, -50, 2 }, labels[4] = { 1, 1, 1, 0 };
    struct score score = score_predictions(logits, labels, NULL, 4, 1, LABEL_LOGISTIC);
    assert_near(score.loss, (log(2) + 0 + 50 + log(1 + exp(2))) / 4);
    assert_near(score.accuracy, 0.25);
    assert_true(isnan(score.kl));
}

static void what_is_not_a_number_stays_so(void **state)
{
    const real logits[4] = { 0, NAN, 1, 2 }, label[1] = { 0 };
    struct score score = score_predictions(logits, label, logits, 1, 4, LABEL_CROSS_ENTROPY);
    assert_true(isnan(score.loss) && isnan(score.kl) && isnan(score.entropy));
    const real infinite[1] = { -INFINITY };
    score = score_predictions(infinite, label, NULL, 1, 1, LABEL_LOGISTIC);
    assert_false(isfinite(score.loss));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uniform_prediction_costs_and_carries_the_logarithm_of_its_classes),
        cmocka_unit_test(the_divergence_of_known_distributions_is_known),
        cmocka_unit_test(the_truth_itself_has_no_divergence_whatever_its_scale),
        cmocka_unit_test(the_logistic_loss_is_that_of_one_logit_at_any_size),
        cmocka_unit_test(what_is_not_a_number_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
