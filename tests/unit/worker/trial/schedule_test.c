#include "worker/trial/schedule.h"
#include "tests/unit/worker/trial/settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

static struct schedule schedule_of(const char *text)
{
    struct settings settings = settings_of(text);
    struct schedule schedule;
    struct error error;
    int examples = setting_is_auto(&settings, SETTING_N_TRAIN)
                       ? 1000
                       : (int)setting_integer(&settings, SETTING_N_TRAIN);
    assert_true(schedule_init(&schedule, &settings, examples, &error));
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
    assert_false(schedule_init(&schedule, &settings, 2, &error));
    assert_string_equal(error.text, "selection_split: 2 training examples leave none to carve off; "
                                    "n_train must be at least 3");
}

/* 4000 examples in batches of 24: 166 steps, of which nobody's epoch has more or less. */
static void later_tasks_have_the_same_steps_for_every_method(void **state)
{
    static const char *const texts[] = {
        "{\"task\":\"mujoco\",\"validation_split\":0.7}",
        "{\"task\":\"mujoco\",\"validation_split\":0.3}",
        "{\"task\":\"mujoco\",\"method\":\"no-teacher\"}",
        "{\"task\":\"mujoco\",\"method\":\"auxiliary\",\"student_steps\":\"auto\"}",
        "{\"task\":\"mujoco\",\"resample_split\":\"yes\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct schedule schedule = schedule_of(texts[i]);
        assert_int_equal(schedule.steps_per_epoch, 166);
        assert_int_equal(schedule.steps, 16600);
        assert_int_equal(schedule_steps(&schedule, schedule.iterations), 16600);
        assert_int_equal(count_evaluations(&schedule), 100);
    }
    struct schedule schedule = schedule_of(texts[0]);
    assert_int_equal(schedule.train_count, 1200);
    assert_int_equal(schedule.n_batches, 50);
    assert_int_equal(schedule.student_steps, 24);
    assert_int_equal(schedule.iterations, 692); /* the last one of 16 steps */
    assert_int_equal(schedule_steps(&schedule, 691), 16584);
    assert_true(schedule_epoch(&schedule, 692) == 100);
}

static void an_evaluation_comes_with_the_first_iteration_that_passes_its_step(void **state)
{
    struct schedule schedule =
        schedule_of("{\"task\":\"mujoco\",\"epochs\":2,\"evaluations_per_epoch\":2}");
    int64_t expected[] = { 96, 168, 264, 332 }, found = 0; /* due at 83, 166, 249, 332 */
    for (int64_t done = 1; done <= schedule.iterations; done++)
        if (schedule_evaluates(&schedule, done))
            assert_int_equal(schedule_steps(&schedule, done), expected[found++]);
    assert_int_equal(found, 4);
    schedule = schedule_of("{\"task\":\"mujoco\",\"epochs\":2,"
                           "\"evaluations_per_epoch\":\"auto\"}");
    assert_int_equal(count_evaluations(&schedule), schedule.iterations);
}

static void automatic_steps_follow_the_unroll_or_the_evaluations(void **state)
{
    struct schedule schedule = schedule_of("{\"task\":\"game-of-life\",\"n_inner\":17}");
    assert_int_equal(schedule.student_steps, 17);
    assert_int_equal(schedule.steps_per_epoch, 16);
    assert_int_equal(schedule.steps, 200 * 16);
    schedule = schedule_of("{\"task\":\"game-of-life\",\"method\":\"no-teacher\"}");
    assert_int_equal(schedule.student_steps, 16);
    assert_int_equal(count_evaluations(&schedule), 200);
    schedule = schedule_of("{\"task\":\"game-of-life\",\"method\":\"no-teacher\","
                           "\"evaluations_per_epoch\":4}");
    assert_int_equal(schedule.student_steps, 4);
    assert_int_equal(count_evaluations(&schedule), 800);
    schedule = schedule_of("{\"task\":\"game-of-life\",\"method\":\"no-teacher\","
                           "\"evaluations_per_epoch\":\"auto\"}");
    assert_int_equal(schedule.student_steps, 1);
}

static void a_batch_is_never_more_than_the_students_part(void **state)
{
    struct schedule schedule = schedule_of("{\"task\":\"game-of-life\",\"n_train\":128,"
                                           "\"batch_size\":100,\"validation_split\":0.9}");
    assert_int_equal(schedule.train_count, 13);
    assert_int_equal(schedule.batch_size, 13);
    assert_int_equal(schedule.n_batches, 1);
    assert_int_equal(schedule.steps_per_epoch, 1); /* of all methods with batches of 100 */
}

static void the_longest_run_that_can_be_asked_for_is_counted_right(void **state)
{
    struct schedule schedule =
        schedule_of("{\"task\":\"mujoco\",\"method\":\"no-teacher\",\"n_train\":10000000,"
                    "\"batch_size\":1,\"epochs\":1000000,\"evaluations_per_epoch\":1000000,"
                    "\"student_steps\":1}");
    assert_int_equal(schedule.steps, 10000000000000);
    assert_true(schedule_evaluates(&schedule, 9999999999990));
    assert_false(schedule_evaluates(&schedule, 9999999999991));
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
        cmocka_unit_test(later_tasks_have_the_same_steps_for_every_method),
        cmocka_unit_test(an_evaluation_comes_with_the_first_iteration_that_passes_its_step),
        cmocka_unit_test(automatic_steps_follow_the_unroll_or_the_evaluations),
        cmocka_unit_test(a_batch_is_never_more_than_the_students_part),
        cmocka_unit_test(the_longest_run_that_can_be_asked_for_is_counted_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
