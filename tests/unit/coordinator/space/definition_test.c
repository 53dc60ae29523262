/* From the JSON form of a search to its studies: what a definition comes to hold. Which searches
 * are refused, and with what words, is tested through YAML in tests/unit/coordinator/spec. */
#include "coordinator/space/definition.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* JSON is written with ' for " here. */
static json_t *document_of(const char *text)
{
    json_error_t error;
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *c = copy; *c != '\0'; c++)
        if (*c == '\'')
            *c = '"';
    json_t *document = json_loads(copy, 0, &error);
    if (document == NULL)
        fail_msg("%s: %s", copy, error.text);
    free(copy);
    return document;
}

static struct definition *parse(const char *text)
{
    struct definition *definition;
    struct problems problems;
    json_t *document = document_of(text);
    problems_init(&problems);
    definition_parse(&definition, document, &problems);
    json_decref(document); /* nothing of it may be kept */
    if (definition == NULL)
        fail_msg("%s: %s", problems.list[0].path, problems.list[0].text);
    problems_free(&problems);
    return definition;
}

/* The first fault must be at that path and contain that text. */
static void refused(const char *text, const char *path, const char *part)
{
    struct definition *definition;
    struct problems problems;
    json_t *document = document_of(text);
    problems_init(&problems);
    assert_false(definition_parse(&definition, document, &problems));
    assert_null(definition);
    assert_true(problems.count > 0);
    assert_string_equal(problems.list[0].path, path);
    if (strstr(problems.list[0].text, part) == NULL)
        fail_msg("`%s` does not say `%s`", problems.list[0].text, part);
    problems_free(&problems);
    json_decref(document);
}

#define COMMAND       "'name': 's', 'command': ['x'], 'metric': {'name': 'loss'}, 'trials': 5, "
#define TRAINER       "'name': 's', 'program': 'ldt', 'metric': {'name': 'test_kl'}, 'trials': 5, "
#define ONE_PARAMETER "'parameters': {'a': {'values': [1, 2]}}"

static const struct parameter *parameter_of(const struct definition *definition, size_t study,
                                            const char *name)
{
    const struct space *space = definition->studies[study].space;
    for (int i = 0; i < space->n_parameters; i++)
        if (strcmp(space->parameters[i].name, name) == 0)
            return &space->parameters[i];
    return NULL;
}

static const struct domain *domain_of(const struct definition *definition, const char *name)
{
    const struct parameter *parameter = parameter_of(definition, 0, name);
    assert_non_null(parameter);
    assert_int_equal(parameter->n_domains, 1);
    return &parameter->domains[0];
}

/* "a b c": the parameters of a study in order. */
static void has_parameters(const struct definition *definition, size_t study, const char *expected)
{
    char names[1000] = "";
    const struct space *space = definition->studies[study].space;
    for (int i = 0, n = 0; i < space->n_parameters; i++)
        n += snprintf(names + n, sizeof names - (size_t)n, "%s%s", i > 0 ? " " : "",
                      space->parameters[i].name);
    assert_string_equal(names, expected);
}

/* ---- fields -------------------------------------------------------------------------------- */

static void what_is_not_said_has_its_default(void **state)
{
    struct definition *definition =
        parse("{" TRAINER "'parameters': {'task': {'value': 'task-b'}}}");
    assert_string_equal(definition->name, "s");
    assert_int_equal(definition->program, PROGRAM_LDT);
    assert_string_equal(definition->metric, "test_kl");
    assert_false(definition->maximize);
    assert_false(definition->over_time_last);
    assert_int_equal(definition->sampler, SAMPLER_TPE);
    assert_int_equal(definition->trials, 5);
    assert_int_equal(definition->repeat, 1);
    assert_int_equal(definition->max_concurrent_trials, 0);
    assert_int_equal(definition->max_trial_duration_ms, 0);
    assert_int_equal(definition->max_trial_silence_ms, 0);
    assert_int_equal(definition->max_failed_trials, -1);
    assert_int_equal(definition->max_attempts, 1);
    assert_string_equal(definition->workdir, "");
    assert_int_equal(definition->n_studies, 1);
    assert_string_equal(definition->studies[0].name, "s");
    assert_int_equal(definition->studies[0].search_seed, 0);
    assert_int_equal(definition->n_notes, 0);
    definition_destroy(&definition);
    assert_null(definition);
}

static void what_is_said_is_kept(void **state)
{
    struct definition *definition =
        parse("{'name': 's', 'command': ['python3', 'train.py'], 'workdir': '/w', 'seed': 9,"
              " 'env': {'Z': 'last', 'A': 'x=y', 'N': 8},"
              " 'metric': {'name': 'val/acc', 'goal': 'maximize', 'over_time': 'last'},"
              " 'sampler': {'name': 'random'}, 'trials': 7, 'repeat': 3, 'max_attempts': 2,"
              " 'max_concurrent_trials': 4, 'max_failed_trials': 0, 'max_trial_duration': "
              "'90s', 'max_trial_silence': 30, " ONE_PARAMETER "}");
    assert_int_equal(definition->program, PROGRAM_COMMAND);
    assert_int_equal(definition->n_command, 2);
    assert_string_equal(definition->command[1], "train.py");
    assert_string_equal(definition->workdir, "/w");
    assert_int_equal(definition->n_environment, 3);
    assert_string_equal(definition->environment[0], "A=x=y");
    assert_string_equal(definition->environment[1], "N=8");
    assert_string_equal(definition->environment[2], "Z=last");
    assert_string_equal(definition->metric, "val/acc");
    assert_true(definition->maximize);
    assert_true(definition->over_time_last);
    assert_int_equal(definition->sampler, SAMPLER_RANDOM);
    assert_int_equal(definition->trials, 7);
    assert_int_equal(definition->repeat, 3);
    assert_int_equal(definition->max_attempts, 2);
    assert_int_equal(definition->max_concurrent_trials, 4);
    assert_int_equal(definition->max_failed_trials, 0);
    assert_int_equal(definition->max_trial_duration_ms, 90000);
    assert_int_equal(definition->max_trial_silence_ms, 30000);
    assert_int_equal(definition->studies[0].search_seed, 9);
    definition_destroy(&definition);
}

static void a_command_may_be_tried_three_times(void **state)
{
    struct definition *definition = parse("{" COMMAND ONE_PARAMETER "}");
    assert_int_equal(definition->max_attempts, 3);
    definition_destroy(&definition);
}

static void durations_are_read_in_every_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        { "'90s'", 90000 },  { "'30m'", 1800000 }, { "'2h'", 7200000 }, { "'1d'", 86400000 },
        { "'1.5m'", 90000 }, { "45", 45000 },      { "0.25", 250 },     { "'366d'", 31622400000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[500];
        snprintf(text, sizeof text, "{" COMMAND "'max_trial_duration': %s, " ONE_PARAMETER "}",
                 cases[i].text);
        struct definition *definition = parse(text);
        assert_int_equal(definition->max_trial_duration_ms, cases[i].ms);
        definition_destroy(&definition);
    }
}

/* ---- domains ------------------------------------------------------------------------------- */

static void every_distribution_is_read(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'parameters': {"
              "'a': {'distribution': 'constant', 'value': 'x'},"
              "'b': {'values': [true, 'y', 2, 2.5], 'probabilities': [0.1, 0.2, 0.3, 0.4]},"
              "'c': {'distribution': 'int_uniform', 'min': -3, 'max': 9},"
              "'d': {'distribution': 'uniform', 'min': -3, 'max': 9},"
              "'e': {'distribution': 'q_uniform', 'min': 0.0, 'max': 1.0, 'q': 0.3},"
              "'f': {'distribution': 'log_uniform_values', 'min': 1e-4, 'max': 1, 'transform': "
              "'one_minus'},"
              "'g': {'distribution': 'q_log_uniform_values', 'min': 8, 'max': 64, 'q': 8},"
              "'h': {'distribution': 'normal', 'mu': 3, 'sigma': 0.5, 'transform': 'pow10'},"
              "'i': {'distribution': 'log_normal', 'mu': -1, 'sigma': 2}}}");
    const struct domain *c = domain_of(definition, "c"), *f = domain_of(definition, "f");
    assert_int_equal(domain_of(definition, "a")->distribution, CONSTANT);
    assert_string_equal(domain_of(definition, "a")->values[0].text, "x");
    assert_int_equal(domain_of(definition, "b")->n_values, 4);
    assert_true(domain_of(definition, "b")->probabilities[3] == 0.4);
    assert_true(c->integer && c->min == -3 && c->max == 9 && isinf(c->bounds.lower));
    assert_int_equal(domain_of(definition, "d")->distribution, UNIFORM);
    assert_false(domain_of(definition, "d")->integer);
    assert_true(domain_of(definition, "e")->q == 0.3 && !domain_of(definition, "e")->integer);
    assert_true(f->transform == ONE_MINUS && f->min == 1e-4 && f->max == 1);
    assert_true(domain_of(definition, "g")->integer);
    assert_true(domain_of(definition, "h")->transform == POW10);
    assert_true(domain_of(definition, "h")->mu == 3 && domain_of(definition, "h")->sigma == 0.5);
    assert_int_equal(domain_of(definition, "i")->distribution, LOG_NORMAL);
    definition_destroy(&definition);
}

static void integer_ends_imply_integers_for_a_command_and_that_is_told(void **state)
{
    struct definition *definition = parse("{" COMMAND "'parameters': {'a': {'min': 1, 'max': 9},"
                                          " 'b': {'min': 1, 'max': 9.5}}}");
    assert_int_equal(domain_of(definition, "a")->distribution, INT_UNIFORM);
    assert_int_equal(domain_of(definition, "b")->distribution, UNIFORM);
    assert_int_equal(definition->n_notes, 1);
    assert_non_null(strstr(definition->notes[0], "`a` has integer bounds"));
    definition_destroy(&definition);
}

static void a_setting_decides_its_type_and_bounds(void **state)
{
    struct definition *definition = parse(
        "{" TRAINER "'parameters': {'task': {'value': 'task-b'}, 'epochs': {'min': 1, 'max': 9},"
        " 'student_lr': {'min': 1, 'max': 2}, 'meta_lr': {'value': 1},"
        " 'resample_split': {'values': ['yes', 'no']}, 'student_steps': {'values': ['auto', 8]},"
        " 'student_beta1': {'min': 0, 'max': 1}}}");
    assert_int_equal(domain_of(definition, "epochs")->distribution, INT_UNIFORM);
    assert_int_equal(domain_of(definition, "student_lr")->distribution, UNIFORM);
    assert_int_equal(domain_of(definition, "meta_lr")->values[0].type, VALUE_REAL);
    assert_int_equal(domain_of(definition, "resample_split")->values[0].type, VALUE_BOOLEAN);
    assert_int_equal(domain_of(definition, "student_steps")->values[0].type, VALUE_TEXT);
    assert_true(domain_of(definition, "epochs")->bounds.lower == 1);
    assert_true(domain_of(definition, "student_beta1")->bounds.upper_open); /* touched, not drawn */
    assert_int_equal(definition->n_notes, 0);
    definition_destroy(&definition);
}

/* ---- the matrix ---------------------------------------------------------------------------- */

static void each_combination_is_a_study_and_the_first_key_turns_slowest(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'matrix': {'m': ['p', 'q'], 'n': [1, 2.5, true]}, " ONE_PARAMETER "}");
    static const char *const names[] = { "s/p,1", "s/p,2.5", "s/p,true",
                                         "s/q,1", "s/q,2.5", "s/q,true" };
    assert_int_equal(definition->n_studies, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(definition->studies[i].name, names[i]);
        assert_int_equal(definition->studies[i].points, 2);
        has_parameters(definition, i, "m n a");
    }
    assert_string_equal(parameter_of(definition, 5, "m")->domains[0].values[0].text, "q");
    assert_int_equal(parameter_of(definition, 5, "m")->domains[0].distribution, CONSTANT);
    definition_destroy(&definition);
}

static void what_exclude_names_is_left_out(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'matrix': {'m': ['p', 'q', 'r'], 'n': [1, 2], 'exclude': ["
              "{'m': 'p', 'n': 2}, {'m': ['q', 'r'], 'n': 1}]}, " ONE_PARAMETER "}");
    assert_int_equal(definition->n_studies, 3);
    assert_string_equal(definition->studies[0].name, "s/p,1");
    assert_string_equal(definition->studies[1].name, "s/q,2");
    assert_string_equal(definition->studies[2].name, "s/r,2");
    definition_destroy(&definition);
}

static void a_value_that_is_no_name_is_written_as_its_position(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'matrix': {'m': ['fine', 'not fine', -1, 1e300]}, " ONE_PARAMETER "}");
    static const char *const names[] = { "s/fine", "s/1", "s/2", "s/3" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(definition->studies[i].name, names[i]);
    assert_int_equal(definition->n_notes, 1);
    assert_string_equal(definition->notes[0],
                        "a value of `m` that cannot stand in the name of a study is written there "
                        "as its position, from 0: `not fine` as 1");
    definition_destroy(&definition);
}

static void no_two_studies_have_one_name(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'matrix': {'m': ['1', 1, 1.0, 'x']}, " ONE_PARAMETER "}");
    static const char *const names[] = { "s/0", "s/1", "s/2", "s/3" };
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(definition->studies[i].name, names[i]);
    definition_destroy(&definition);
}

static void a_seed_in_the_matrix_is_no_parameter(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'matrix': {'seed': [3, 9223372036854775807]}, " ONE_PARAMETER "}");
    has_parameters(definition, 0, "a");
    assert_int_equal(definition->studies[0].search_seed, 3);
    assert_true(definition->studies[1].search_seed == INT64_MAX);
    assert_true(definition->studies[0].seed != definition->studies[1].seed);
    definition_destroy(&definition);
}

static void a_study_leaves_out_what_its_method_does_not_have(void **state)
{
    struct definition *definition =
        parse("{" TRAINER "'matrix': {'method': ['ldt', 'no-teacher'], 'entropy_coef': [0, 1],"
              " 'exclude': [{'method': 'ldt', 'entropy_coef': 1}]},"
              " 'parameters': {'task': {'value': 'task-b'}}}");
    assert_int_equal(definition->n_studies, 3);
    assert_string_equal(definition->studies[0].name, "s/ldt,0");
    has_parameters(definition, 0, "method task");
    has_parameters(definition, 1, "method entropy_coef task");
    definition_destroy(&definition);
}

/* ---- conditions ---------------------------------------------------------------------------- */

static void a_condition_on_the_matrix_is_settled_in_each_study(void **state)
{
    struct definition *definition = parse(
        "{" TRAINER "'matrix': {'method': ['ldt', 'no-teacher']}, 'parameters': {"
        " 'task': {'value': 'task-b'},"
        " 'teaching_coef': {'min': 1, 'max': 9, 'when': {'method': 'ldt'}},"
        " 'batch_size': [{'min': 16, 'max': 64, 'when': {'method': 'ldt'}},"
        "                {'values': [8, 16], 'when': {'method': ['no-teacher', 'auxiliary']}}]}}");
    has_parameters(definition, 0, "method task teaching_coef batch_size");
    has_parameters(definition, 1, "method task batch_size");
    for (size_t i = 0; i < 2; i++) {
        const struct parameter *batch = parameter_of(definition, i, "batch_size");
        assert_int_equal(batch->n_domains, 1);
        assert_int_equal(batch->domains[0].n_conditions, 0);
        assert_int_equal(batch->domains[0].distribution, i == 0 ? INT_UNIFORM : CATEGORICAL);
    }
    definition_destroy(&definition);
}

static void parents_come_first_and_nothing_else_moves(void **state)
{
    struct definition *definition = parse("{" COMMAND "'parameters': {"
                                          " 'z': {'value': 1},"
                                          " 'child': {'min': 1, 'max': 2, 'when': {'parent': 'x'}},"
                                          " 'b': {'value': 1},"
                                          " 'parent': {'values': ['x', 'y'], 'when': {'root': 1}},"
                                          " 'a': {'value': 1},"
                                          " 'root': {'values': [1, 2]}}}");
    has_parameters(definition, 0, "z root parent child b a");
    const struct domain *child = domain_of(definition, "child");
    assert_int_equal(child->n_conditions, 1);
    assert_int_equal(child->conditions[0].parameter, 2);
    assert_int_equal(child->conditions[0].n_values, 1);
    assert_string_equal(child->conditions[0].values[0].text, "x");
    definition_destroy(&definition);
}

static void a_condition_that_always_holds_is_dropped(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'parameters': {'o': {'values': ['x', 'y']}, 'k': {'value': 3},"
              " 'a': {'min': 1, 'max': 2, 'when': {'o': ['x', 'y'], 'k': 3}}}}");
    assert_int_equal(domain_of(definition, "a")->n_conditions, 0);
    definition_destroy(&definition);
}

static void a_condition_on_what_may_be_inactive_stays(void **state)
{
    struct definition *definition = parse("{" COMMAND "'parameters': {'o': {'values': ['x', 'y']},"
                                          " 'k': {'value': 3, 'when': {'o': 'x'}},"
                                          " 'a': {'values': [1, 2], 'when': {'k': 3}}}}");
    assert_int_equal(domain_of(definition, "a")->n_conditions, 1);
    assert_int_equal(definition->studies[0].points, 3); /* x with a = 1 or 2, and y */
    definition_destroy(&definition);
}

static void a_branch_that_a_study_cannot_reach_is_cut(void **state)
{
    struct definition *definition = parse(
        "{" COMMAND "'matrix': {'m': ['p', 'q']}, 'parameters': {"
        " 'o': [{'values': ['x', 'y'], 'when': {'m': 'p'}}, {'value': 'z', 'when': {'m': 'q'}}],"
        " 'a': {'values': [1, 2], 'when': {'o': 'x'}},"
        " 'b': {'values': [1, 2], 'when': {'o': 'z'}}}}");
    has_parameters(definition, 0, "m o a");
    has_parameters(definition, 1, "m o b");
    assert_int_equal(parameter_of(definition, 1, "b")->domains[0].n_conditions, 0);
    assert_int_equal(definition->studies[0].points, 3);
    assert_int_equal(definition->studies[1].points, 2);
    definition_destroy(&definition);
}

static void guarded_domains_share_one_parameter(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'parameters': {'o': {'values': ['x', 'y', 'z']},"
              " 'a': [{'values': [1, 2], 'when': {'o': ['x', 'y']}}, {'value': 3, 'when': {'o': "
              "'z'}}]}}");
    const struct parameter *a = parameter_of(definition, 0, "a");
    assert_int_equal(a->n_domains, 2);
    assert_int_equal(a->first_dimension, 1);
    assert_int_equal(definition->studies[0].space->n_dimensions, 3);
    assert_int_equal(definition->studies[0].points, 5);
    definition_destroy(&definition);
}

/* ---- budget -------------------------------------------------------------------------------- */

static void a_study_ends_with_its_points_or_its_trials(void **state)
{
    struct definition *definition = parse("{" COMMAND ONE_PARAMETER "}");
    assert_int_equal(definition_configurations(definition, 0), 2);
    definition_destroy(&definition);
    definition = parse("{" COMMAND "'parameters': {'a': {'min': 1, 'max': 100}}}");
    assert_int_equal(definition_configurations(definition, 0), 5);
    definition_destroy(&definition);
    definition =
        parse("{'name': 's', 'command': ['x'], 'metric': {'name': 'm'},"
              " 'sampler': {'name': 'grid'}, 'parameters': {'a': {'min': 1, 'max': 100}}}");
    assert_int_equal(definition->trials, 0);
    assert_int_equal(definition_configurations(definition, 0), 100);
    definition_destroy(&definition);
}

/* ---- seeds --------------------------------------------------------------------------------- */

static void seeds_of_trials_are_even_31_bit_and_all_different(void **state)
{
    enum { TRIALS = 20000 };
    struct definition *definition = parse("{" COMMAND ONE_PARAMETER "}");
    unsigned char *seen = calloc(1u << 27, 1); /* one bit for each even number below 2^31 */
    assert_non_null(seen);
    for (int64_t trial = 0; trial < TRIALS; trial++) {
        int64_t seed = definition_trial_seed(definition, 0, trial);
        assert_true(seed >= 0 && seed < (int64_t)1 << 31 && seed % 2 == 0);
        assert_false(seen[seed / 16] >> (seed / 2 % 8) & 1);
        seen[seed / 16] |= (unsigned char)(1 << (seed / 2 % 8));
    }
    free(seen);
    definition_destroy(&definition);
}

static void repetitions_have_the_same_seeds_in_all_studies(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'repeat': 3, 'matrix': {'m': ['p', 'q']}, " ONE_PARAMETER "}");
    for (int64_t trial = 0; trial < 6; trial++) {
        int64_t seed = definition_trial_seed(definition, 0, trial % 3);
        assert_int_equal(definition_trial_seed(definition, 0, trial), seed);
        assert_int_equal(definition_trial_seed(definition, 1, trial), seed);
        assert_true(seed != definition_trial_seed(definition, 0, (trial + 1) % 3));
    }
    definition_destroy(&definition);
}

static void without_repetitions_studies_have_seeds_of_their_own(void **state)
{
    struct definition *definition =
        parse("{" COMMAND "'matrix': {'m': ['p', 'q']}, " ONE_PARAMETER "}");
    assert_true(definition_trial_seed(definition, 0, 0) != definition_trial_seed(definition, 1, 0));
    definition_destroy(&definition);
}

static void neither_a_new_name_nor_a_new_value_changes_a_seed(void **state)
{
    struct definition *before =
        parse("{" COMMAND "'matrix': {'m': ['p', 'q']}, " ONE_PARAMETER "}");
    struct definition *after =
        parse("{'name': 'other', 'command': ['x'], 'metric': {'name': 'loss'}, 'trials': 9,"
              "'matrix': {'m': ['o', 'p', 'q']}, " ONE_PARAMETER "}");
    for (int64_t trial = 0; trial < 5; trial++)
        assert_int_equal(definition_trial_seed(before, 1, trial),
                         definition_trial_seed(after, 2, trial));
    definition_destroy(&before);
    definition_destroy(&after);
}

/* Numbers that stand in databases by now: whoever changes them breaks every recorded search. */
static void recorded_seeds_stay_as_they_are(void **state)
{
    struct definition *definition = parse("{" COMMAND "'seed': 1, " ONE_PARAMETER "}");
    static const int64_t recorded[] = { 103418022, 869461354, 552289310 };
    assert_int_equal(definition->studies[0].seed, 4268021734991418026);
    for (int64_t trial = 0; trial < 3; trial++)
        assert_int_equal(definition_trial_seed(definition, 0, trial), recorded[trial]);
    definition_destroy(&definition);
}

/* ---- what is hostile or huge --------------------------------------------------------------- */

static void anything_but_a_mapping_is_refused(void **state)
{
    struct definition *definition;
    struct problems problems;
    problems_init(&problems);
    assert_false(definition_parse(&definition, NULL, &problems));
    assert_int_equal(problems.count, 1);
    problems_free(&problems);
    refused("[1]", "", "not a list");
}

static void paths_name_the_node_at_fault(void **state)
{
    refused("{" COMMAND "'parameters': {'a': {'values': [1, 2, [3]]}}}", "/parameters/a/values/2",
            "single word");
    refused("{" COMMAND "'x/y~': 1, " ONE_PARAMETER "}", "/x~1y~0", "unknown key");
    refused("{" COMMAND "'parameters': {'o': {'values': [1, 2]},"
            "'a': [{'value': 1, 'when': {'o': 1}}, {'value': 2, 'when': {'o': 3}}]}}",
            "/parameters/a/1/when/o", "never is `3`");
}

/* Also where nobody would look at it: what the search says itself wins over `from`. */
static void what_is_nested_too_deeply_is_refused_wherever_it_stands(void **state)
{
    static const char format[] = "{" COMMAND "'from': {'study': 'o', 'parameters': {'a': %s1%s}},"
                                 " " ONE_PARAMETER "}";
    enum { AROUND = 3 }; /* the search, `from` and `parameters` */
    for (int levels = SPEC_MAX_DEPTH - 1; levels <= SPEC_MAX_DEPTH + 1; levels++) {
        char open[SPEC_MAX_DEPTH] = "", close[SPEC_MAX_DEPTH] = "", text[1024];
        memset(open, '[', (size_t)(levels - AROUND));
        memset(close, ']', (size_t)(levels - AROUND));
        snprintf(text, sizeof text, format, open, close);
        if (levels > SPEC_MAX_DEPTH)
            refused(text, "", "deeper than 64 lists and mappings");
        else
            definition_destroy(&(struct definition *){ parse(text) });
    }
}

static void control_characters_are_found_in_keys_and_texts(void **state)
{
    refused("{" COMMAND "'description': 'a\\n\\tb', 'parameters': {'a': {'value': 'x\\u0007'}}}",
            "/parameters/a/value", "control character");
    refused("{" COMMAND "'parameters': {'a\\u001b': {'value': 1}}}", "/parameters/a\033",
            "control character");
    refused("{" COMMAND "'workdir': 'a\\nb', " ONE_PARAMETER "}", "/workdir", "control character");
}

static void add_parameters(json_t *document, int count)
{
    json_t *parameters = json_object();
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d", i);
        json_object_set_new(parameters, name, json_pack("{s:i, s:i}", "min", 1, "max", 9));
    }
    json_object_set_new(document, "parameters", parameters);
}

static void add_matrix_key(json_t *document, const char *name, int count)
{
    json_t *matrix = json_object_get(document, "matrix"), *values = json_array();
    if (matrix == NULL) {
        matrix = json_object();
        json_object_set_new(document, "matrix", matrix);
    }
    for (int i = 0; i < count; i++)
        json_array_append_new(values, json_integer(i));
    json_object_set_new(matrix, name, values);
}

/* Whether it is accepted, and else the text of the first fault. */
static bool accepts(json_t *document, char *text, size_t bytes)
{
    struct definition *definition;
    struct problems problems;
    problems_init(&problems);
    bool accepted = definition_parse(&definition, document, &problems);
    snprintf(text, bytes, "%s", accepted ? "" : problems.list[0].text);
    definition_destroy(&definition);
    problems_free(&problems);
    json_decref(document);
    return accepted;
}

static json_t *command_document(void)
{
    return document_of("{" COMMAND "'sampler': {'name': 'random'}}");
}

static void a_thousand_parameters_are_allowed_and_no_more(void **state)
{
    char text[700];
    json_t *document = command_document();
    add_parameters(document, SPEC_MAX_PARAMETERS);
    assert_true(accepts(document, text, sizeof text));
    document = command_document();
    add_parameters(document, SPEC_MAX_PARAMETERS + 1);
    assert_false(accepts(document, text, sizeof text));
    assert_non_null(strstr(text, "at most 1000"));
}

static void ten_thousand_studies_are_allowed_and_no_more(void **state)
{
    char text[700];
    json_t *document = command_document();
    add_parameters(document, 3);
    add_matrix_key(document, "m", 100);
    add_matrix_key(document, "n", 100);
    assert_true(accepts(document, text, sizeof text));
    document = command_document();
    add_parameters(document, 3);
    add_matrix_key(document, "m", 100);
    add_matrix_key(document, "n", 101);
    assert_false(accepts(document, text, sizeof text));
    assert_non_null(strstr(text, "10100 studies, of at most 10000"));
}

static void many_studies_of_many_parameters_are_refused(void **state)
{
    char text[700];
    json_t *document = command_document();
    add_parameters(document, 1000);
    add_matrix_key(document, "m", 10000);
    assert_false(accepts(document, text, sizeof text));
    assert_non_null(strstr(text, "too many for one search"));
}

static void a_name_that_does_not_fit_is_refused(void **state)
{
    char text[700];
    json_t *document = command_document(), *matrix = json_object();
    add_parameters(document, 1);
    for (int i = 0; i < 4; i++) {
        char name[2] = { (char)('a' + i), '\0' }, value[65] = "";
        memset(value, 'v', 64);
        json_object_set_new(matrix, name, json_pack("[s]", value));
    }
    json_object_set_new(document, "matrix", matrix);
    assert_false(accepts(document, text, sizeof text));
    assert_non_null(strstr(text, "of at most 255"));
}

/* Thirteen yes-or-no parameters make 8192 combinations, fourteen too many to try. */
static void conditions_are_tried_up_to_ten_thousand_combinations(void **state)
{
    for (int count = 13; count <= 14; count++) {
        char text[700];
        json_t *document = command_document(), *when = json_object();
        add_parameters(document, 0);
        json_t *parameters = json_object_get(document, "parameters");
        for (int i = 0; i < count; i++) {
            char name[32];
            snprintf(name, sizeof name, "flag%d", i);
            json_object_set_new(parameters, name, json_pack("{s:[b,b]}", "values", 0, 1));
            json_object_set_new(when, name, json_true());
        }
        json_object_set_new(parameters, "a", json_pack("{s:i, s:o}", "value", 1, "when", when));
        assert_true(accepts(document, text, sizeof text) == (count == 13));
        if (count == 14)
            assert_non_null(strstr(text, "more than 10000 combinations to try"));
    }
}

/* Conditions of thousands of values on thousands of values: refused for their cost. */
static void what_costs_too_much_to_check_is_refused(void **state)
{
    char text[700];
    json_t *document = command_document(), *values = json_array();
    add_parameters(document, 0);
    json_t *parameters = json_object_get(document, "parameters");
    for (int i = 0; i < 10000; i++)
        json_array_append_new(values, json_integer(i));
    json_object_set_new(parameters, "o", json_pack("{s:O}", "values", values));
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "a%d", i);
        json_object_set_new(parameters, name,
                            json_pack("{s:i, s:{s:O}}", "value", 1, "when", "o", values));
    }
    json_decref(values);
    assert_false(accepts(document, text, sizeof text));
    assert_non_null(strstr(text, "too many to check"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(what_is_said_is_kept),
        cmocka_unit_test(a_command_may_be_tried_three_times),
        cmocka_unit_test(durations_are_read_in_every_unit),
        cmocka_unit_test(every_distribution_is_read),
        cmocka_unit_test(integer_ends_imply_integers_for_a_command_and_that_is_told),
        cmocka_unit_test(a_setting_decides_its_type_and_bounds),
        cmocka_unit_test(each_combination_is_a_study_and_the_first_key_turns_slowest),
        cmocka_unit_test(what_exclude_names_is_left_out),
        cmocka_unit_test(a_value_that_is_no_name_is_written_as_its_position),
        cmocka_unit_test(no_two_studies_have_one_name),
        cmocka_unit_test(a_seed_in_the_matrix_is_no_parameter),
        cmocka_unit_test(a_study_leaves_out_what_its_method_does_not_have),
        cmocka_unit_test(a_condition_on_the_matrix_is_settled_in_each_study),
        cmocka_unit_test(parents_come_first_and_nothing_else_moves),
        cmocka_unit_test(a_condition_that_always_holds_is_dropped),
        cmocka_unit_test(a_condition_on_what_may_be_inactive_stays),
        cmocka_unit_test(a_branch_that_a_study_cannot_reach_is_cut),
        cmocka_unit_test(guarded_domains_share_one_parameter),
        cmocka_unit_test(a_study_ends_with_its_points_or_its_trials),
        cmocka_unit_test(seeds_of_trials_are_even_31_bit_and_all_different),
        cmocka_unit_test(repetitions_have_the_same_seeds_in_all_studies),
        cmocka_unit_test(without_repetitions_studies_have_seeds_of_their_own),
        cmocka_unit_test(neither_a_new_name_nor_a_new_value_changes_a_seed),
        cmocka_unit_test(recorded_seeds_stay_as_they_are),
        cmocka_unit_test(anything_but_a_mapping_is_refused),
        cmocka_unit_test(paths_name_the_node_at_fault),
        cmocka_unit_test(what_is_nested_too_deeply_is_refused_wherever_it_stands),
        cmocka_unit_test(control_characters_are_found_in_keys_and_texts),
        cmocka_unit_test(a_thousand_parameters_are_allowed_and_no_more),
        cmocka_unit_test(ten_thousand_studies_are_allowed_and_no_more),
        cmocka_unit_test(many_studies_of_many_parameters_are_refused),
        cmocka_unit_test(a_name_that_does_not_fit_is_refused),
        cmocka_unit_test(conditions_are_tried_up_to_ten_thousand_combinations),
        cmocka_unit_test(what_costs_too_much_to_check_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
