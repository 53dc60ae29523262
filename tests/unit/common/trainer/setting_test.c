#include "common/trainer/settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *parse_json(const char *text)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return json;
}

static bool parse(struct settings *settings, const char *text, struct error *error)
{
    json_t *parameters = parse_json(text);
    error->text[0] = '\0';
    bool parsed = settings_parse(settings, parameters, error);
    json_decref(parameters);
    return parsed;
}

static void assert_refused(const char *parameters, const char *sentence)
{
    struct settings settings;
    struct error error;
    assert_false(parse(&settings, parameters, &error));
    assert_string_equal(error.text, sentence);
}

static void every_row_is_complete(void **state)
{
    for (int id = 0; id < SETTINGS; id++) {
        const struct setting_row *row = &setting_table[id];
        assert_non_null(row->name);
        assert_true(strlen(row->help) > 10);
        assert_int_not_equal(row->methods, 0);
        assert_ptr_equal(setting_find(row->name), row);
        assert_string_equal(setting_nearest(row->name), row->name);
        if (row->type == SETTING_CHOICE)
            assert_non_null(row->choices[1]);
        else if (row->type != SETTING_TEXT)
            assert_true(row->lower < row->upper);
    }
}

static void every_default_is_a_value_that_the_setting_accepts(void **state)
{
    int defaults = 0;
    for (int task = 0; task < TASKS; task++) {
        for (int method = 0; method < METHODS; method++) {
            struct settings settings;
            struct error error;
            char text[96];
            snprintf(text, sizeof text, "{\"task\": \"%s\", \"method\": \"%s\"%s}",
                     task_name((enum task)task), method_name((enum method)method),
                     task == TASK_ARRAYS ? ", \"data\": \"d\"" : "");
            bool parsed = parse(&settings, text, &error);
            assert_int_equal(parsed, task_has_method((enum task)task, (enum method)method));
            for (int id = 0; parsed && id < SETTINGS; id++) {
                bool applies =
                    setting_applies(&setting_table[id], (enum task)task, (enum method)method);
                bool is_auto = applies && setting_is_auto(&settings, (enum setting_id)id);
                assert_int_equal(applies, is_auto || !isnan(settings.number[id]));
                defaults += applies;
            }
        }
    }
    assert_true(defaults > 100);
}

static void assert_default(enum task task, enum setting_id id, double expected)
{
    struct settings settings;
    struct error error;
    char text[96];
    snprintf(text, sizeof text, "{\"task\": \"%s\"%s}", task_name(task),
             task == TASK_ARRAYS ? ", \"data\": \"d\"" : "");
    assert_true(parse(&settings, text, &error));
    if (isnan(expected))
        assert_true(setting_is_auto(&settings, id));
    else
        assert_true(setting_real(&settings, id) == expected);
}

#define NONE (-1.0) /* the task does not have the setting */

static void every_task_has_the_documented_defaults(void **state)
{
    static const struct {
        enum setting_id id;
        double of_task[TASKS];
    } expected[] = {
        { SETTING_ENVIRONMENT, { NONE, NONE, NONE, 3, NONE } },
        { SETTING_DATA_SEED, { NAN, NAN, NAN, 0, NONE } },
        { SETTING_N_TRAIN, { 512, 1000, 1024, 4000, NAN } },
        { SETTING_N_TEST, { 1000, 1000, 4096, 10000, NAN } },
        { SETTING_INPUT_DIM, { 256, 128, NONE, NONE, NONE } },
        { SETTING_EPOCHS, { 50, 16, 200, 100, 100 } },
        { SETTING_EVALUATIONS_PER_EPOCH, { 1, NAN, 1, 1, 1 } },
        { SETTING_BATCH_SIZE, { 16, 32, 64, 24, 32 } },
        { SETTING_STUDENT_LR, { 1e-3, 1e-3, 1e-3, 1e-3, 1e-3 } },
        { SETTING_STUDENT_BETA1, { 0.5, 0.9, 0.9, 0.9, 0.9 } },
        { SETTING_WEIGHT_DECAY, { 1e-8, 1e-6, 1e-6, 0, 0 } },
        { SETTING_INNER_LR, { NONE, NONE, NONE, 1e-2, 1e-2 } },
        { SETTING_INNER_MOMENTUM, { NONE, NONE, NONE, 0.75, 0.75 } },
        { SETTING_INNER_WEIGHT_DECAY, { NONE, NONE, NONE, 1e-8, 1e-8 } },
        { SETTING_N_INNER, { 32, 64, 16, 96, 32 } },
        { SETTING_STUDENT_STEPS, { NAN, 8, NAN, 24, NAN } },
        { SETTING_TEACHING_COEF, { 1e3, 1e4, 1e3, 316.22776601683796, 1e2 } },
        { SETTING_VALIDATION_SPLIT, { 0.25, 0.5, 0.3, 0.3, 0.3 } },
        { SETTING_RESAMPLE_SPLIT, { 1, 1, 0, 0, 0 } },
        { SETTING_SELECTION_SPLIT, { 0, 0, 0, 0, 0.2 } },
        { SETTING_META_LR, { 3e-4, 1e-3, 1e-4, 5e-4, 5e-4 } },
        { SETTING_META_MOMENTUM, { 0.5, 0.9, 0.9, 0.9, 0.9 } },
        { SETTING_META_CLIP, { 1e8, 1e8, 1e8, 1e8, 1e8 } },
        { SETTING_STUDENT_HIDDEN, { 128, 256, NONE, 128, 128 } },
        { SETTING_STUDENT_LAYERS, { 2, 2, NONE, 5, 5 } },
        { SETTING_STUDENT_WEIGHT_NORM, { 0, 0, NONE, 1, 1 } },
        { SETTING_TEACHER_HIDDEN, { 512, 256, NONE, NONE, 256 } },
        { SETTING_TEACHER_LAYERS, { 2, 2, NONE, NONE, 2 } },
        { SETTING_TEACHER_CONV, { NONE, NONE, NONE, 4, 4 } },
        { SETTING_TEACHER_C1, { NONE, NONE, NONE, 96, 96 } },
        { SETTING_TEACHER_C2, { NONE, NONE, NONE, 256, 256 } },
        { SETTING_TEACHER_C3, { NONE, NONE, NONE, 768, 768 } },
        { SETTING_N_FILTERS, { NONE, NONE, 16, NONE, NONE } },
        { SETTING_WEIGHT_INIT_MULTIPLIER, { 1, 1, 1, 1, 1 } },
        { SETTING_SCRAMBLE, { NONE, NONE, 1, NONE, NONE } },
        { SETTING_LOGIT_SCALE, { NONE, 3, NONE, NONE, NONE } },
        { SETTING_ABLATION, { NONE, NONE, NONE, 0, 0 } },
        { SETTING_MEMORY_LIMIT, { 1024, 1024, 1024, 1024, 1024 } },
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct setting_row *row = &setting_table[expected[i].id];
        for (int task = 0; task < TASKS; task++) {
            double number = expected[i].of_task[task];
            assert_int_equal(setting_applies(row, (enum task)task, METHOD_LDT), number != NONE);
            if (number != NONE)
                assert_default((enum task)task, expected[i].id, number);
        }
    }
}

static void choices_default_to_their_documented_words(void **state)
{
    struct settings settings;
    struct error error;
    assert_true(parse(&settings, "{\"task\":\"task-a\"}", &error));
    assert_string_equal(setting_choice(&settings, SETTING_STUDENT_OPTIMIZER), "adam");
    assert_string_equal(setting_choice(&settings, SETTING_INNER_OPTIMIZER), "shared");
    assert_string_equal(setting_choice(&settings, SETTING_INNER_BATCHES), "cycle");
    assert_string_equal(setting_choice(&settings, SETTING_META_OPTIMIZER), "adam");
    assert_string_equal(setting_choice(&settings, SETTING_METHOD), "ldt");
    assert_true(parse(&settings, "{\"task\":\"game-of-life\"}", &error));
    assert_string_equal(setting_choice(&settings, SETTING_INNER_BATCHES), "shuffle");
    assert_string_equal(setting_choice(&settings, SETTING_META_OPTIMIZER), "sgd");
    assert_true(parse(&settings, "{\"task\":\"mujoco\"}", &error));
    assert_string_equal(setting_choice(&settings, SETTING_ENVIRONMENT), "halfcheetah");
    assert_string_equal(setting_choice(&settings, SETTING_INNER_OPTIMIZER), "sgd");
    assert_string_equal(setting_choice(&settings, SETTING_TEACHER_BATCH_NORM), "conv");
    assert_string_equal(setting_choice(&settings, SETTING_ABLATION), "none");
}

/* Parses {"task": "mujoco", "ablation": WORD}. */
static bool parse_ablation(struct settings *settings, const char *word)
{
    struct error error;
    char text[96];
    snprintf(text, sizeof text, "{\"task\": \"mujoco\", \"ablation\": \"%s\"}", word);
    return parse(settings, text, &error);
}

static void a_choice_may_count(void **state)
{
    struct settings settings;
    assert_true(parse_ablation(&settings, "permuted"));
    assert_int_equal(setting_choice_count(&settings, SETTING_ABLATION), 0);
    assert_string_equal(setting_choice(&settings, SETTING_ABLATION), "permuted");
    assert_true(parse_ablation(&settings, "random-1"));
    assert_int_equal(setting_choice_count(&settings, SETTING_ABLATION), 1);
    assert_true(parse_ablation(&settings, "random-16"));
    assert_int_equal(setting_choice_count(&settings, SETTING_ABLATION), 16);
    assert_string_equal(setting_choice(&settings, SETTING_ABLATION), "random-N");
    static const char *const wrong[] = { "random-N",
                                         "random-0",
                                         "random-",
                                         "random-016",
                                         "random--1",
                                         "random-1x",
                                         "random-65537",
                                         "random",
                                         "random- 1",
                                         "random-+1",
                                         "random-99999999999999999999" };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(parse_ablation(&settings, wrong[i]));
    assert_refused(
        "{\"task\":\"mujoco\",\"ablation\":\"random-N\"}",
        "ablation: \"random-N\" is not one of none, permuted, random-N; N: an integer at "
        "least 1 and at most 65536");
}

static void arrays_need_their_directory(void **state)
{
    struct settings settings;
    struct error error;
    assert_true(parse(&settings, "{\"task\":\"arrays\",\"data\":\"a/b c\"}", &error));
    assert_string_equal(settings.data, "a/b c");
    assert_true(settings.is_given[SETTING_DATA]);
    assert_false(settings.is_given[SETTING_N_TRAIN]);
    assert_true(setting_is_auto(&settings, SETTING_N_TRAIN));
    assert_false(parse(&settings, "{\"task\":\"arrays\"}", &error));
    assert_memory_equal(error.text, "parameters: arrays needs `data`: directory of x.npy", 51);
    assert_refused("{\"task\":\"arrays\",\"data\":\"\"}",
                   "data: \"\" is not a text of 1 to 1023 bytes");
    assert_refused("{\"task\":\"arrays\",\"data\":7}", "data: 7 is not a text of 1 to 1023 bytes");
    assert_refused("{\"task\":\"mujoco\",\"n_train\":\"all\"}",
                   "n_train: the data of mujoco are made as many as asked for; give a number");
}

static void a_text_is_kept_whole_or_refused(void **state)
{
    char text[SETTING_TEXT_BYTES + 64], longest[SETTING_TEXT_BYTES];
    struct settings settings;
    struct error error;
    memset(longest, 'd', sizeof longest);
    longest[SETTING_TEXT_BYTES - 1] = '\0';
    snprintf(text, sizeof text, "{\"task\":\"arrays\",\"data\":\"%s\"}", longest);
    assert_true(parse(&settings, text, &error));
    assert_string_equal(settings.data, longest);
    snprintf(text, sizeof text, "{\"task\":\"arrays\",\"data\":\"%sd\"}", longest);
    assert_false(parse(&settings, text, &error));
}

static void given_values_replace_defaults_and_keep_their_type(void **state)
{
    struct settings settings;
    struct error error;
    assert_true(parse(&settings,
                      "{\"student_lr\": 1, \"n_inner\": 7, \"resample_split\": \"no\","
                      " \"method\": \"ldt\", \"task\": \"task-b\", \"student_steps\": \"auto\"}",
                      &error));
    assert_int_equal(settings.task, TASK_B);
    assert_true(setting_real(&settings, SETTING_STUDENT_LR) == 1);
    assert_int_equal(setting_integer(&settings, SETTING_N_INNER), 7);
    assert_false(setting_flag(&settings, SETTING_RESAMPLE_SPLIT));
    assert_true(setting_is_auto(&settings, SETTING_STUDENT_STEPS));
}

static void wrong_parameters_are_refused_with_the_way_out(void **state)
{
    assert_refused("{}", "parameters: `task` is missing and has no default; give "
                         "{\"task\": \"task-a\"} or another task");
    assert_refused("[]", "parameters: not an object of settings and their values");
    assert_refused("{\"task\":\"task-c\"}",
                   "task: \"task-c\" is not one of task-a, task-b, game-of-life, mujoco, arrays; "
                   "did you mean `task-a`?");
    assert_refused("{\"task\":\"task-a\",\"method\":\"auxiliary\"}",
                   "method: task-a does not have the method auxiliary");
    assert_refused("{\"task\":\"mujoco\",\"method\":\"oracle-teacher\"}",
                   "method: mujoco does not have the method oracle-teacher");
    assert_refused("{\"task\":\"task-a\",\"studnet_lr\":1}",
                   "parameters: unknown setting `studnet_lr`; did you mean `student_lr`?");
    assert_refused("{\"task\":\"task-a\",\"qqqq\":1}",
                   "parameters: unknown setting `qqqq`; `ldt-worker trial --help` lists all of "
                   "them");
    assert_refused("{\"task\":\"task-a\",\"logit_scale\":1}",
                   "parameters: task-a with the method ldt does not have the setting "
                   "`logit_scale`; leave it out");
    assert_refused("{\"task\":\"task-b\",\"method\":\"no-teacher\",\"n_inner\":1}",
                   "parameters: task-b with the method no-teacher does not have the setting "
                   "`n_inner`; leave it out");
    assert_refused("{\"task\":\"task-a\",\"inner_lr\":0.1}",
                   "parameters: task-a with the method ldt does not have the setting `inner_lr`; "
                   "leave it out");
}

static void values_out_of_bounds_or_of_another_type_are_refused(void **state)
{
    assert_refused("{\"task\":\"task-a\",\"student_lr\":0}",
                   "student_lr: 0 is not a number above 0");
    assert_refused("{\"task\":\"task-a\",\"meta_momentum\":1.0}",
                   "meta_momentum: 1.0 is not a number at least 0 and below 1");
    assert_refused("{\"task\":\"task-a\",\"batch_size\":16.0}",
                   "batch_size: 16.0 is not an integer at least 1 and at most 65536");
    assert_refused("{\"task\":\"task-a\",\"batch_size\":\"16\"}",
                   "batch_size: \"16\" is not an integer at least 1 and at most 65536");
    assert_refused("{\"task\":\"task-a\",\"student_steps\":\"automatic\"}",
                   "student_steps: \"automatic\" is not an integer at least 1 and at most 1000000, "
                   "or auto");
    assert_refused("{\"task\":\"task-a\",\"resample_split\":1}",
                   "resample_split: 1 is not yes or no");
    assert_refused("{\"task\":\"task-a\",\"meta_optimizer\":\"adma\"}",
                   "meta_optimizer: \"adma\" is not one of adam, sgd; did you mean `adam`?");
    assert_refused("{\"task\":[1]}",
                   "task: [1] is not one of task-a, task-b, game-of-life, mujoco, arrays");
    assert_refused("{\"task\":\"task-a\",\"student_lr\":null}",
                   "student_lr: null is not a number above 0");
}

static void a_boolean_has_four_spellings(void **state)
{
    static const struct {
        const char *text;
        bool value;
    } spellings[] = { { "\"yes\"", true }, { "\"true\"", true },   { "true", true },
                      { "\"no\"", false }, { "\"false\"", false }, { "false", false } };
    const struct setting_row *row = &setting_table[SETTING_RESAMPLE_SPLIT];
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct error error;
        json_t *scalar = parse_json(spellings[i].text);
        json_t *typed = setting_type_value(row, scalar, &error);
        assert_true(json_is_boolean(typed));
        assert_int_equal(json_is_true(typed), spellings[i].value);
        json_decref(typed);
        json_decref(scalar);
    }
}

static void a_hostile_value_is_cut_in_the_sentence(void **state)
{
    char *long_text = malloc(100001);
    memset(long_text, 'x', 100000);
    long_text[100000] = '\0';
    json_t *scalar = json_string(long_text);
    struct error error;
    assert_null(setting_type_value(&setting_table[SETTING_TASK], scalar, &error));
    assert_true(strlen(error.text) < 300);
    assert_non_null(strstr(error.text, "xxx..."));
    assert_null(setting_nearest(long_text));
    json_decref(scalar);
    free(long_text);
}

static void methods_have_the_settings_that_they_use(void **state)
{
    static const struct {
        enum setting_id id;
        bool ldt, no_teacher, fixed_teacher;
    } rows[] = {
        { SETTING_N_INNER, true, false, false },
        { SETTING_META_LR, true, false, false },
        { SETTING_VALIDATION_SPLIT, true, false, false },
        { SETTING_TEACHING_COEF, true, false, true },
        { SETTING_TEACHER_HIDDEN, true, false, true },
        { SETTING_ENTROPY_COEF, false, true, false },
        { SETTING_STUDENT_LR, true, true, true },
        { SETTING_SELECTION_SPLIT, true, true, true },
        { SETTING_INNER_LR, false, false, false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct setting_row *row = &setting_table[rows[i].id];
        assert_int_equal(setting_applies(row, TASK_B, METHOD_LDT), rows[i].ldt);
        assert_int_equal(setting_applies(row, TASK_B, METHOD_NO_TEACHER), rows[i].no_teacher);
        assert_int_equal(setting_applies(row, TASK_B, METHOD_FIXED_TEACHER), rows[i].fixed_teacher);
    }
    assert_false(setting_applies(&setting_table[SETTING_ENTROPY_COEF], TASK_A, METHOD_NO_TEACHER));
    assert_false(setting_applies(&setting_table[SETTING_LOGIT_SCALE], TASK_A, METHOD_LDT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(every_default_is_a_value_that_the_setting_accepts),
        cmocka_unit_test(every_task_has_the_documented_defaults),
        cmocka_unit_test(choices_default_to_their_documented_words),
        cmocka_unit_test(a_choice_may_count),
        cmocka_unit_test(arrays_need_their_directory),
        cmocka_unit_test(a_text_is_kept_whole_or_refused),
        cmocka_unit_test(given_values_replace_defaults_and_keep_their_type),
        cmocka_unit_test(wrong_parameters_are_refused_with_the_way_out),
        cmocka_unit_test(values_out_of_bounds_or_of_another_type_are_refused),
        cmocka_unit_test(a_boolean_has_four_spellings),
        cmocka_unit_test(a_hostile_value_is_cut_in_the_sentence),
        cmocka_unit_test(methods_have_the_settings_that_they_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
