/* What the sampler may know of a configuration: nothing before all its runs have ended. */
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

enum { CONFIGURATIONS = 40 };

static struct definition *define(const char *goal, int repeat)
{
    char text[512];
    struct definition *definition;
    snprintf(text, sizeof text,
             "{\"name\":\"s\",\"command\":[\"t\"],\"trials\":100,\"repeat\":%d,\"seed\":3,"
             "\"metric\":{\"name\":\"m\",\"goal\":\"%s\"},\"sampler\":{\"name\":\"tpe\"},"
             "\"parameters\":{\"x\":{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}",
             repeat, goal);
    json_t *document = json_loads(text, 0, NULL);
    struct problems problems;
    problems_init(&problems);
    assert_true(definition_parse(&definition, document, &problems));
    problems_free(&problems);
    json_decref(document);
    return definition;
}

/* Forty configurations of two runs each, thirty of them over. */
static struct ledger *half_told(const struct definition *definition)
{
    struct ledger *ledger = ledger_create(definition, 0, 2);
    for (int64_t c = 0; c < CONFIGURATIONS; c++) {
        struct value value;
        assert_true(ledger_suggest(ledger, &value));
        ledger_add(ledger, &value);
    }
    for (int64_t trial = 0; trial < 60; trial++)
        ledger_outcome(ledger, trial, TRIAL_DONE, true, sin((double)trial));
    return ledger;
}

/* The next suggestion, as text. The caller frees it. */
static char *suggestion(struct ledger *ledger)
{
    struct value value;
    assert_true(ledger_suggest(ledger, &value));
    ledger_add(ledger, &value);
    return ledger_parameters(ledger, CONFIGURATIONS);
}

static void half_a_configuration_tells_nothing(void **state)
{
    struct definition *definition = define("minimize", 2);
    struct ledger *one = half_told(definition), *other = half_told(definition);
    for (int64_t trial = 60; trial < 80; trial += 2)
        ledger_outcome(other, trial, TRIAL_DONE, true, -100);
    char *here = suggestion(one), *there = suggestion(other);
    assert_string_equal(here, there);
    free(here);
    free(there);
    ledger_destroy(&one);
    ledger_destroy(&other);
    definition_destroy(&definition);
}

static void of_equal_configurations_the_first_is_the_best(void **state)
{
    static const char *const goals[] = { "minimize", "maximize" };
    for (int g = 0; g < 2; g++) {
        struct definition *definition = define(goals[g], 1);
        struct ledger *ledger = ledger_create(definition, 0, 1);
        int64_t best;
        double value;
        for (int64_t c = 0; c < 3; c++) {
            struct value values;
            assert_true(ledger_suggest(ledger, &values));
            ledger_add(ledger, &values);
        }
        for (int64_t c = 0; c < 3; c++)
            ledger_outcome(ledger, c, TRIAL_DONE, true, 7);
        assert_true(ledger_best(ledger, &best, &value));
        assert_int_equal(best, 0);
        ledger_destroy(&ledger);
        definition_destroy(&definition);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_a_configuration_tells_nothing),
        cmocka_unit_test(of_equal_configurations_the_first_is_the_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
