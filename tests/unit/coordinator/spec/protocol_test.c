/* The words of a search's protocol: rerun, ladder, from. */
#include "tests/unit/coordinator/spec/refused.h"

#define SEARCH  COMMAND_SEARCH "  x: {values: [1, 2, 3]}\n" /* six lines */
#define LADDERS SEARCH "matrix: {m: [a, b], n: [1, 2, 3]}\n"

static struct spec *accepted(const char *text)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, 1 << 16);
    if (spec_parse(&spec, "s.yaml", text, strlen(text), &report) != SPEC_OK)
        fail_msg("%s", report.bytes);
    buf_free(&report);
    return spec;
}

/* ---- rerun ----------------------------------------------------------------------------------- */

static void a_rerun_has_the_papers_defaults(void **state)
{
    struct spec *spec = accepted(SEARCH "rerun: {}\n");
    assert_int_equal(spec->definition->rerun.best, 1);
    assert_int_equal(spec->definition->rerun.seeds, 8);
    spec_destroy(&spec);
    spec = accepted(SEARCH "rerun: {best: 3, seeds: 4}\n");
    assert_int_equal(spec->definition->rerun.best, 3);
    assert_int_equal(spec->definition->rerun.seeds, 4);
    spec_destroy(&spec);
    spec = accepted(SEARCH);
    assert_int_equal(spec->definition->rerun.best, 0);
    spec_destroy(&spec);
}

static void a_wrong_rerun_is_refused(void **state)
{
    refused(SEARCH "rerun: 8\n", "7:8: `rerun` must be a mapping, not a number; write {best: 1, "
                                 "seeds: 8}");
    refused(SEARCH "rerun: {seed: 8}\n", "7:9: unknown key `seed`; did you mean `seeds`?");
    refused(SEARCH "rerun: {best: 0}\n", "7:15: `best` must be between 1 and 1000, not 0");
    refused(SEARCH "rerun: {seeds: 10001}\n",
            "7:16: `seeds` must be between 1 and 10000, not 10001");
}

static void seeds_of_reruns_are_those_of_no_trial(void **state)
{
    struct spec *spec = accepted(SEARCH "rerun: {}\nseed: 3\n");
    struct spec *other = accepted(LADDERS "rerun: {}\nseed: 3\n");
    for (int32_t k = 0; k < 1000; k++) {
        int64_t seed = definition_rerun_seed(spec->definition, k);
        assert_int_equal(seed & 1, 1);
        assert_true(seed > 0 && seed <= INT32_MAX);
        assert_int_equal(seed, definition_rerun_seed(other->definition, k));
        assert_int_equal(definition_trial_seed(spec->definition, 0, k) & 1, 0);
        for (int32_t i = 0; i < k; i += 7)
            assert_true(seed != definition_rerun_seed(spec->definition, i));
    }
    spec_destroy(&spec);
    spec_destroy(&other);
}

/* Room for "/rerun" must be left in the longest name. */
static void a_study_whose_rerun_could_not_be_named_is_refused(void **state)
{
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, SEARCH "matrix: {");
    for (char key = 'a'; key <= 'd'; key++)
        buf_printf(&text, "%s%c: [v%061d]", key > 'a' ? ", " : "", key, 1);
    buf_printf(&text, "}\n"); /* s/ and four labels of 62: 253 */
    struct spec *spec;
    struct buf report;
    buf_init(&report, 1 << 16);
    assert_int_equal(spec_parse(&spec, "s", text.bytes, text.length, &report), SPEC_OK);
    spec_destroy(&spec);
    buf_printf(&text, "rerun: {}\n");
    assert_int_equal(spec_parse(&spec, "s", text.bytes, text.length, &report), SPEC_REFUSED);
    assert_non_null(strstr(report.bytes, "would have a name of 253 bytes, of at most 249"));
    buf_free(&report);
    buf_free(&text);
}

/* ---- ladder ---------------------------------------------------------------------------------- */

static void rungs_follow_each_other_within_equal_other_keys(void **state)
{
    static const int64_t before[] = { -1, 0, 1, -1, 3, 4 };
    struct spec *spec = accepted(LADDERS "ladder: {over: n, stop: {at_most: 0.1}}\n");
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(spec->definition->studies[i].before, before[i]);
    assert_false(spec->definition->ladder.at_least);
    assert_true(spec->definition->ladder.value == 0.1);
    spec_destroy(&spec);
}

static void an_excluded_rung_is_stepped_over(void **state)
{
    static const int64_t before[] = { -1, 0, -1, 2 }; /* a,1 a,3 b,2 b,3 */
    struct spec *spec = accepted(
        SEARCH "matrix:\n  m: [a, b]\n  n: [1, 2, 3]\n  exclude: [{m: a, n: 2}, {m: b, n: 1}]\n"
               "ladder: {over: n, stop: {metric: loss, at_most: 0.1}}\n");
    assert_int_equal(spec->definition->n_studies, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(spec->definition->studies[i].before, before[i]);
    spec_destroy(&spec);
}

static void a_wrong_ladder_is_refused(void **state)
{
    refused(LADDERS "ladder: {over: x, stop: {at_most: 1}}\n",
            "8:16: `x` is no key of the matrix: a ladder goes over one of its keys");
    refused(LADDERS "ladder: {over: m, stop: {at_most: 1}}\n",
            "8:16: a ladder goes over 2 to 100 numbers in ascending order; the values of `m` in "
            "the matrix are not");
    refused(SEARCH "matrix: {n: [2, 1]}\nladder: {over: n, stop: {at_most: 1}}\n",
            "8:16: a ladder goes over 2 to 100 numbers in ascending order; the values of `n` in "
            "the matrix are not");
    refused(LADDERS "ladder: {over: n}\n",
            "8:9: `stop` is missing: at which value of the metric is a ladder at its top?");
    refused(LADDERS "ladder: {stop: {at_most: 1}}\n",
            "8:9: `over` is missing: which key of the matrix are the rungs?");
    refused(LADDERS "ladder: {over: n, stop: {at_least: 1}}\n",
            "8:26: the goal is to minimize the metric, so a ladder stops with `at_most`");
    refused(LADDERS "ladder: {over: n, stop: {at_least: 1, at_most: 2}}\n",
            "8:25: give `at_most`, and nothing beside it");
    refused(LADDERS "ladder: {over: n, stop: {metric: accuracy, at_most: 2}}\n",
            "8:34: a ladder stops by the metric of the search, which is `loss`; leave `metric` "
            "out");
    refused(LADDERS "ladder: {over: n, stop: {at_most: .nan}}\n",
            "8:35: `.nan` is no number that can be searched over");
}

/* ---- from ------------------------------------------------------------------------------------ */

static void a_search_with_a_source_is_accepted_and_left_to_the_coordinator(void **state)
{
    struct spec *spec =
        accepted("name: s\nprogram: ldt\nmetric: {name: test_mse}\ntrials: 1\n"
                 "from: {study: grid/ldt, best: 2}\nmatrix: {n_train: [128, 256]}\n");
    assert_true(spec->definition->from.pending);
    assert_string_equal(spec->definition->from.study, "grid/ldt");
    assert_int_equal(spec->definition->from.best, 2);
    assert_int_equal(spec->definition->n_studies, 0);
    spec_destroy(&spec);
}

static void a_recorded_source_is_complete(void **state)
{
    struct spec *spec =
        accepted("name: s\nprogram: ldt\nmetric: {name: test_kl}\ntrials: 1\n"
                 "from: {study: grid, parameters: {task: task-b, student_lr: 0.002, epochs: 4}}\n"
                 "parameters: {epochs: {value: 2}}\n");
    const struct definition *definition = spec->definition;
    struct value values[3];
    assert_false(definition->from.pending);
    assert_int_equal(definition->n_studies, 1);
    assert_string_equal(definition->studies[0].name, "s");
    assert_int_equal(definition->studies[0].points, 1);
    space_point(definition->studies[0].space, 0, values);
    json_t *point = space_to_json(definition->studies[0].space, values);
    assert_int_equal(json_integer_value(json_object_get(point, "epochs")), 2);
    assert_true(json_real_value(json_object_get(point, "student_lr")) == 0.002);
    json_decref(point);
    spec_destroy(&spec);
}

static void what_a_source_brings_may_be_named_in_conditions(void **state)
{
    struct spec *spec = accepted(COMMAND "from: {study: grid, parameters: {kind: a}}\n"
                                         "parameters:\n  x: {values: [1, 2], when: {kind: a}}\n");
    assert_int_equal(spec->definition->studies[0].points, 2);
    spec_destroy(&spec);
}

static void a_wrong_source_is_refused(void **state)
{
    refused(SEARCH "from: grid\n",
            "7:7: `from` must be a mapping, not text; write {study: task-b/ldt, best: 1}");
    refused(SEARCH "from: {best: 1}\n",
            "7:7: `study` is missing: from which study are the constants taken?");
    refused(SEARCH "from: {study: \"\"}\n",
            "7:15: `study` must be the name of a study, as `ldt status` shows it");
    refused(SEARCH "from: {study: a, best: 0}\n", "7:24: `best` must be between 1 and 1000, not 0");
    refused(SEARCH "from: {study: a, seed: 0}\n", "7:18: unknown key `seed`");
    refused(LDT_TASK_B "from: {study: a, parameters: {epoch: 3}}\n",
            "7:31: unknown setting `epoch`; did you mean `epochs`?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rerun_has_the_papers_defaults),
        cmocka_unit_test(a_wrong_rerun_is_refused),
        cmocka_unit_test(seeds_of_reruns_are_those_of_no_trial),
        cmocka_unit_test(a_study_whose_rerun_could_not_be_named_is_refused),
        cmocka_unit_test(rungs_follow_each_other_within_equal_other_keys),
        cmocka_unit_test(an_excluded_rung_is_stepped_over),
        cmocka_unit_test(a_wrong_ladder_is_refused),
        cmocka_unit_test(a_search_with_a_source_is_accepted_and_left_to_the_coordinator),
        cmocka_unit_test(a_recorded_source_is_complete),
        cmocka_unit_test(what_a_source_brings_may_be_named_in_conditions),
        cmocka_unit_test(a_wrong_source_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
