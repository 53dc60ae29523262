/* What the sampler is told: outcomes of trials as observations of configurations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator/core/ledger.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    struct definition *definition;
    struct ledger *ledger;
};

static void open_ledger(struct fixture *fixture, const char *goal, int repeat)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"name\":\"s\",\"command\":[\"t\"],\"trials\":100,\"repeat\":%d,\"seed\":3,"
             "\"metric\":{\"name\":\"m\",\"goal\":\"%s\"},\"sampler\":{\"name\":\"tpe\"},"
             "\"parameters\":{\"x\":{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}",
             repeat, goal);
    json_t *document = json_loads(text, 0, NULL);
    struct problems problems;
    problems_init(&problems);
    assert_true(definition_parse(&fixture->definition, document, &problems));
    problems_free(&problems);
    json_decref(document);
    fixture->ledger = ledger_create(fixture->definition, 0, repeat);
}

static void close_ledger(struct fixture *fixture)
{
    ledger_destroy(&fixture->ledger);
    definition_destroy(&fixture->definition);
}

static void add_suggested(struct fixture *fixture)
{
    struct value value;
    assert_true(ledger_suggest(fixture->ledger, &value));
    ledger_add(fixture->ledger, &value);
}

static void a_configuration_counts_once_all_its_trials_have_ended_well(void **state)
{
    struct fixture fixture;
    open_ledger(&fixture, "minimize", 3);
    int64_t configuration;
    double value;
    for (int i = 0; i < 3; i++)
        add_suggested(&fixture);
    ledger_outcome(fixture.ledger, 2, TRIAL_DONE, true, 9);
    ledger_outcome(fixture.ledger, 0, TRIAL_DONE, true, 1);
    assert_false(ledger_best(fixture.ledger, &configuration, &value));
    ledger_outcome(fixture.ledger, 1, TRIAL_DONE, true, 2);
    assert_true(ledger_best(fixture.ledger, &configuration, &value));
    assert_true(value == 4);
    for (int i = 3; i < 5; i++)
        ledger_outcome(fixture.ledger, i, TRIAL_DONE, true, -100);
    ledger_outcome(fixture.ledger, 5, TRIAL_FAILED, false, 0);
    assert_true(ledger_best(fixture.ledger, &configuration, &value));
    assert_int_equal(configuration, 0);
    assert_int_equal(ledger_outcomes(fixture.ledger), 6);
    assert_true(ledger_latest(fixture.ledger, 5, &(struct outcome_row){ 0 }));
    assert_false(ledger_latest(fixture.ledger, 6, &(struct outcome_row){ 0 }));
    close_ledger(&fixture);
}

static void a_diverged_trial_ranks_worst_whatever_its_value_was(void **state)
{
    struct fixture fixture;
    open_ledger(&fixture, "minimize", 1);
    int64_t configuration;
    double value;
    add_suggested(&fixture);
    ledger_outcome(fixture.ledger, 0, TRIAL_DIVERGED, true, -1e300);
    assert_false(ledger_best(fixture.ledger, &configuration, &value));
    add_suggested(&fixture);
    ledger_outcome(fixture.ledger, 1, TRIAL_CANCELLED, false, 0);
    assert_false(ledger_best(fixture.ledger, &configuration, &value));
    close_ledger(&fixture);
}

static void the_goal_decides_which_is_best(void **state)
{
    struct fixture fixture;
    int64_t configuration;
    double value;
    open_ledger(&fixture, "maximize", 1);
    const double values[] = { 1, 3, 2 };
    for (int i = 0; i < 3; i++) {
        add_suggested(&fixture);
        ledger_outcome(fixture.ledger, i, TRIAL_DONE, true, values[i]);
    }
    assert_true(ledger_best(fixture.ledger, &configuration, &value));
    assert_int_equal(configuration, 1);
    assert_true(value == 3);
    close_ledger(&fixture);
}

static void the_mean_of_huge_values_is_finite(void **state)
{
    struct fixture fixture;
    int64_t configuration;
    double value;
    open_ledger(&fixture, "minimize", 2);
    add_suggested(&fixture);
    ledger_outcome(fixture.ledger, 0, TRIAL_DONE, true, 1.7e308);
    ledger_outcome(fixture.ledger, 1, TRIAL_DONE, true, 1.5e308);
    assert_true(ledger_best(fixture.ledger, &configuration, &value));
    assert_true(value == 1.6e308);
    close_ledger(&fixture);
}

/* The 30 outcomes of one search, told in another order, and to a ledger that was asked in between.
 */
static void a_suggestion_depends_on_what_is_known_and_not_on_the_order_it_was_told(void **state)
{
    struct fixture one, other;
    open_ledger(&one, "maximize", 1);
    open_ledger(&other, "maximize", 1);
    for (int i = 0; i < 40; i++) {
        struct value value;
        assert_true(ledger_suggest(one.ledger, &value));
        ledger_add(one.ledger, &value);
        ledger_add(other.ledger, &value);
    }
    for (int i = 0; i < 30; i++) {
        struct value value;
        ledger_outcome(one.ledger, i, TRIAL_DONE, true, sin(i));
        ledger_outcome(other.ledger, 29 - i, TRIAL_DONE, true, sin(29 - i));
        assert_true(ledger_suggest(other.ledger, &value)); /* asking changes nothing */
    }
    add_suggested(&one);
    add_suggested(&other);
    char *here = ledger_parameters(one.ledger, 40), *there = ledger_parameters(other.ledger, 40);
    assert_string_equal(here, there);
    free(here);
    free(there);
    close_ledger(&one);
    close_ledger(&other);
}

static void the_ranking_has_those_with_a_value_from_the_best_on(void **state)
{
    static const double values[] = { 5, 2, 2, 9 };
    struct fixture fixture;
    int64_t ranking[8];
    open_ledger(&fixture, "maximize", 2);
    for (int i = 0; i < 6; i++)
        add_suggested(&fixture);
    for (int64_t c = 0; c < 4; c++) {
        ledger_outcome(fixture.ledger, 2 * c, TRIAL_DONE, true, values[c] - 1);
        ledger_outcome(fixture.ledger, 2 * c + 1, TRIAL_DONE, true, values[c] + 1);
    }
    ledger_outcome(fixture.ledger, 8, TRIAL_DONE, true, 99);
    ledger_outcome(fixture.ledger, 9, TRIAL_DIVERGED, true, 99);
    ledger_outcome(fixture.ledger, 10, TRIAL_DONE, true, 99); /* its other run is not over */
    assert_int_equal(ledger_ranking(fixture.ledger, ranking, 8), 4);
    for (int i = 0; i < 4; i++)
        assert_int_equal(ranking[i], ((int64_t[]){ 3, 0, 1, 2 })[i]); /* of equals the elder */
    ranking[2] = -7;
    assert_int_equal(ledger_ranking(fixture.ledger, ranking, 2), 2);
    assert_int_equal(ranking[2], -7);
    close_ledger(&fixture);
}

static void the_best_that_is_not_taken_is_the_next_until_all_are(void **state)
{
    struct fixture fixture, taken;
    open_ledger(&fixture, "minimize", 1);
    open_ledger(&taken, "minimize", 1);
    for (int64_t c = 0; c < 4; c++) {
        add_suggested(&fixture);
        if (c < 3) /* the last has no value */
            ledger_outcome(fixture.ledger, c, TRIAL_DONE, true, (double)(10 - c));
    }
    for (int64_t c = 2; c >= 0; c--) {
        const struct value *best = ledger_best_not_in(fixture.ledger, taken.ledger);
        assert_ptr_equal(best, ledger_values(fixture.ledger, c));
        ledger_add(taken.ledger, best);
    }
    assert_null(ledger_best_not_in(fixture.ledger, taken.ledger));
    close_ledger(&fixture);
    close_ledger(&taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_counts_once_all_its_trials_have_ended_well),
        cmocka_unit_test(a_diverged_trial_ranks_worst_whatever_its_value_was),
        cmocka_unit_test(the_goal_decides_which_is_best),
        cmocka_unit_test(the_mean_of_huge_values_is_finite),
        cmocka_unit_test(a_suggestion_depends_on_what_is_known_and_not_on_the_order_it_was_told),
        cmocka_unit_test(the_best_that_is_not_taken_is_the_next_until_all_are),
        cmocka_unit_test(the_ranking_has_those_with_a_value_from_the_best_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
