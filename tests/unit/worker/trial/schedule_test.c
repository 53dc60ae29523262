#include "worker/trial/schedule.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static struct settings settings_of(const char *text)
{
    struct settings settings;
    struct error error;
    json_t *parameters = json_loads(text, 0, NULL);
    assert_non_null(parameters);
    if (!settings_parse(&settings, parameters, &error))
        fail_msg("%s", error.text);
    json_decref(parameters);
    return settings;
}

static struct schedule schedule_of(const char *text)
{
    struct settings settings = settings_of(text);
    struct schedule schedule;
    struct error error;
    assert_true(schedule_init(&schedule, &settings, &error));
    return schedule;
}

static int count_evaluations(const struct schedule *schedule)
{
    int count = 0;
    for (int64_t done = 0; done <= schedule->iterations; done++)
        count += schedule_evaluates(schedule, done);
    return count;
}

static void task_b_with_a_teacher_has_33_points_in_16_epochs(void **state)
{
    struct schedule schedule = schedule_of("{\"task\":\"task-b\"}");
    assert_int_equal(schedule.validation_count, 500);
    assert_int_equal(schedule.train_count, 500);
    assert_int_equal(schedule.n_batches, 16); /* 15 of 32 and one of 20 */
    assert_int_equal(schedule.student_steps, 8);
    assert_int_equal(schedule.iterations_per_epoch, 2);
    assert_int_equal(schedule.iterations, 32);
    assert_int_equal(count_evaluations(&schedule), 33);
    assert_true(schedule_epoch(&schedule, 5) == 2.5);
}

static void task_b_without_a_teacher_has_49_points_in_16_epochs(void **state)
{
    struct schedule schedule = schedule_of("{\"task\":\"task-b\",\"method\":\"no-teacher\"}");
    assert_int_equal(schedule.validation_count, 0);
    assert_int_equal(schedule.train_count, 1000);
    assert_int_equal(schedule.iterations_per_epoch, 3);
    assert_int_equal(count_evaluations(&schedule), 49);
}

static void task_a_is_one_iteration_an_epoch_and_evaluated_after_it(void **state)
{
    struct schedule schedule = schedule_of("{\"task\":\"task-a\"}");
    assert_int_equal(schedule.validation_count, 128);
    assert_int_equal(schedule.train_count, 384);
    assert_int_equal(schedule.student_steps, 24);
    assert_int_equal(schedule.iterations, 50);
    assert_int_equal(count_evaluations(&schedule), 50);
    assert_false(schedule_evaluates(&schedule, 0));
    schedule = schedule_of("{\"task\":\"task-a\",\"method\":\"no-teacher\"}");
    assert_int_equal(schedule.student_steps, 32);
    assert_int_equal(schedule.iterations, 50);
}

static void student_steps_of_task_a_are_the_full_batches_of_its_part(void **state)
{
    static const struct {
        int n_train, steps;
    } cases[] = { { 128, 6 }, { 147, 6 }, { 256, 12 }, { 676, 31 }, { 1024, 48 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"task\":\"task-a\",\"n_train\":%d}", cases[i].n_train);
        struct schedule schedule = schedule_of(text);
        assert_int_equal(schedule.student_steps, cases[i].steps);
        assert_int_equal(schedule.iterations_per_epoch, 1);
    }
}

static void evaluations_are_spread_evenly_and_never_more_than_iterations(void **state)
{
    struct schedule schedule = schedule_of(
        "{\"task\":\"task-b\",\"student_steps\":2,\"epochs\":3,\"evaluations_per_epoch\":2}");
    assert_int_equal(schedule.iterations_per_epoch, 8);
    for (int64_t done = 0; done <= 24; done++)
        assert_int_equal(schedule_evaluates(&schedule, done), done % 4 == 0);
    schedule = schedule_of("{\"task\":\"task-b\",\"evaluations_per_epoch\":1000}");
    assert_int_equal(count_evaluations(&schedule), 33);
    schedule = schedule_of(
        "{\"task\":\"task-b\",\"student_steps\":3,\"epochs\":7,\"evaluations_per_epoch\":3}");
    assert_int_equal(schedule.iterations_per_epoch, 6); /* 500 examples by 96 */
    assert_int_equal(count_evaluations(&schedule), 1 + 21);
    schedule = schedule_of("{\"task\":\"task-b\",\"method\":\"no-teacher\",\"student_steps\":3}");
    assert_int_equal(schedule.iterations_per_epoch, 10); /* 1000 examples by 96 */
}

static void splits_are_clamped_so_that_each_part_has_an_example(void **state)
{
    struct schedule schedule =
        schedule_of("{\"task\":\"task-a\",\"n_train\":10,\"validation_split\":0.999}");
    assert_int_equal(schedule.validation_count, 9);
    assert_int_equal(schedule.batch_size, 1); /* never more than there is to train on */
    schedule = schedule_of("{\"task\":\"task-a\",\"n_train\":10,\"validation_split\":1e-9}");
    assert_int_equal(schedule.validation_count, 1);
    schedule = schedule_of("{\"task\":\"task-a\",\"n_train\":10,\"selection_split\":0.999}");
    assert_int_equal(schedule.selection_count, 8);
    assert_int_equal(schedule.validation_count + schedule.train_count, 2);
}

static void the_selection_split_comes_first_for_every_method(void **state)
{
    struct schedule ldt = schedule_of("{\"task\":\"task-b\",\"selection_split\":0.2}");
    struct schedule baseline =
        schedule_of("{\"task\":\"task-b\",\"selection_split\":0.2,\"method\":\"no-teacher\"}");
    assert_int_equal(ldt.selection_count, 200);
    assert_int_equal(ldt.train_count, 400);
    assert_int_equal(baseline.selection_count, 200);
    assert_int_equal(baseline.train_count, 800);
}

static void too_few_examples_for_the_splits_are_refused(void **state)
{
    struct settings settings =
        settings_of("{\"task\":\"task-a\",\"n_train\":2,\"selection_split\":0.5}");
    struct schedule schedule;
    struct error error;
    assert_false(schedule_init(&schedule, &settings, &error));
    assert_string_equal(error.text, "selection_split: 2 training examples leave none to carve off; "
                                    "n_train must be at least 3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(task_b_with_a_teacher_has_33_points_in_16_epochs),
        cmocka_unit_test(task_b_without_a_teacher_has_49_points_in_16_epochs),
        cmocka_unit_test(task_a_is_one_iteration_an_epoch_and_evaluated_after_it),
        cmocka_unit_test(student_steps_of_task_a_are_the_full_batches_of_its_part),
        cmocka_unit_test(evaluations_are_spread_evenly_and_never_more_than_iterations),
        cmocka_unit_test(splits_are_clamped_so_that_each_part_has_an_example),
        cmocka_unit_test(the_selection_split_comes_first_for_every_method),
        cmocka_unit_test(too_few_examples_for_the_splits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
