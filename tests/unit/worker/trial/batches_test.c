#include "worker/trial/batches.h"
#include "tests/unit/worker/trial/settings.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

enum { SEED = 11, MOST_EXAMPLES = 4000 };

struct plan {
    struct settings settings;
    struct schedule schedule;
    struct batches *batches;
};

static struct plan plan_of(const char *text)
{
    struct plan plan = { .settings = settings_of(text) };
    struct error error;
    int examples = (int)setting_integer(&plan.settings, SETTING_N_TRAIN);
    assert_true(schedule_init(&plan.schedule, &plan.settings, examples, &error));
    plan.batches = batches_create(&plan.settings, &plan.schedule, SEED);
    return plan;
}

static void count_examples(struct batch batch, int counts[MOST_EXAMPLES])
{
    for (int i = 0; i < batch.count; i++)
        counts[batch.index[i]]++;
}

/* A sum of the order as well as of the members. */
static uint64_t fingerprint(const struct batch *batches, int count)
{
    uint64_t sum = 1;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < batches[i].count; j++)
            sum = sum * 6364136223846793005u + (uint64_t)batches[i].index[j] + 1;
    return sum;
}

static uint64_t iteration_fingerprint(const struct iteration *iteration)
{
    return fingerprint(iteration->inner, iteration->n_distinct) ^
           3 * fingerprint(iteration->student, iteration->n_student) ^
           5 * fingerprint(&iteration->validation, 1);
}

static void a_resampled_split_is_batched_in_ascending_order(void **state)
{
    struct plan plan = plan_of("{\"task\":\"task-b\"}");
    struct iteration iteration = batches_draw(plan.batches, 3);
    int counts[MOST_EXAMPLES] = { 0 }, last = -1;
    assert_int_equal(iteration.n_distinct, 16);
    for (int i = 0; i < iteration.n_distinct; i++) {
        assert_int_equal(iteration.inner[i].count, i < 15 ? 32 : 20);
        for (int j = 0; j < iteration.inner[i].count; j++) {
            assert_true(iteration.inner[i].index[j] > last);
            last = iteration.inner[i].index[j];
        }
        count_examples(iteration.inner[i], counts);
    }
    assert_int_equal(iteration.validation.count, 500);
    count_examples(iteration.validation, counts);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(counts[i], 1); /* each example is in exactly one part */
    batches_destroy(&plan.batches);
}

static void the_student_trains_on_the_first_batches_of_the_unroll(void **state)
{
    static const char *const texts[] = {
        "{\"task\":\"task-b\"}",
        "{\"task\":\"task-b\",\"resample_split\":\"no\"}",
        "{\"task\":\"task-b\",\"inner_batches\":\"shuffle\"}",
        "{\"task\":\"task-b\",\"n_inner\":3}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct plan plan = plan_of(texts[i]);
        for (int64_t k = 0; k < 5; k++) {
            struct iteration iteration = batches_draw(plan.batches, k);
            assert_int_equal(iteration.n_student, 8);
            int common = iteration.n_distinct < 8 ? iteration.n_distinct : 8;
            assert_true(fingerprint(iteration.inner, common) ==
                        fingerprint(iteration.student, common));
        }
        batches_destroy(&plan.batches);
    }
}

static void the_split_is_new_in_every_iteration_only_where_it_is_resampled(void **state)
{
    struct plan resampled = plan_of("{\"task\":\"task-a\"}");
    struct plan held = plan_of("{\"task\":\"task-a\",\"resample_split\":\"no\"}");
    uint64_t seen[2][4];
    for (int64_t k = 0; k < 4; k++) {
        struct iteration iteration = batches_draw(resampled.batches, k);
        seen[0][k] = fingerprint(&iteration.validation, 1);
        iteration = batches_draw(held.batches, k);
        seen[1][k] = fingerprint(&iteration.validation, 1);
    }
    for (int k = 1; k < 4; k++) {
        assert_true(seen[0][k] != seen[0][k - 1]);
        assert_true(seen[1][k] == seen[1][0]);
    }
    assert_int_equal(batches_trained_on(resampled.batches).count, 512);
    assert_int_equal(batches_trained_on(held.batches).count, 384);
    batches_destroy(&resampled.batches);
    batches_destroy(&held.batches);
}

/* With one split, an epoch goes through all of its training examples in an order of its own. */
static void a_held_split_is_walked_through_once_an_epoch(void **state)
{
    struct plan plan = plan_of("{\"task\":\"task-b\",\"resample_split\":\"no\"}");
    uint64_t orders[2];
    assert_int_equal(plan.schedule.iterations_per_epoch, 2);
    for (int epoch = 0; epoch < 2; epoch++) {
        int counts[MOST_EXAMPLES] = { 0 }, trained = 0;
        orders[epoch] = 0;
        for (int k = 0; k < 2; k++) {
            struct iteration iteration = batches_draw(plan.batches, 2 * epoch + k);
            orders[epoch] = orders[epoch] * 31 + fingerprint(iteration.student, 8);
            for (int i = 0; i < iteration.n_student; i++)
                count_examples(iteration.student[i], counts);
        }
        for (int i = 0; i < 1000; i++) {
            assert_true(counts[i] <= 1);
            trained += counts[i];
        }
        assert_int_equal(trained, 500);
    }
    assert_true(orders[0] != orders[1]);
    batches_destroy(&plan.batches);
}

static void shuffled_inner_batches_cover_the_unroll_without_repeating_one(void **state)
{
    struct plan plan = plan_of("{\"task\":\"task-b\",\"inner_batches\":\"shuffle\"}");
    struct iteration iteration = batches_draw(plan.batches, 0);
    uint64_t first = fingerprint(iteration.inner, 16);
    int counts[MOST_EXAMPLES] = { 0 };
    assert_int_equal(iteration.n_distinct, 64); /* four passes over 16 batches */
    for (int i = 0; i < iteration.n_distinct; i++)
        count_examples(iteration.inner[i], counts);
    count_examples(iteration.validation, counts);
    for (int i = 0; i < 1000; i++)
        assert_true(counts[i] == 4 || counts[i] == 1);
    assert_true(fingerprint(iteration.inner + 16, 16) != first);
    iteration = batches_draw(plan.batches, 1);
    assert_true(fingerprint(iteration.inner, 16) != first);
    batches_destroy(&plan.batches);
}

static void a_baseline_shuffles_the_whole_set_and_uses_full_batches_only(void **state)
{
    struct plan plan = plan_of("{\"task\":\"task-b\",\"method\":\"no-teacher\"}");
    int counts[MOST_EXAMPLES] = { 0 }, trained = 0;
    for (int k = 0; k < 3; k++) {
        struct iteration iteration = batches_draw(plan.batches, k);
        assert_int_equal(iteration.n_distinct, 0);
        assert_int_equal(iteration.validation.count, 0);
        assert_int_equal(iteration.n_student, 8);
        for (int i = 0; i < 8; i++) {
            assert_int_equal(iteration.student[i].count, 32);
            count_examples(iteration.student[i], counts);
        }
    }
    for (int i = 0; i < 1000; i++) {
        assert_true(counts[i] <= 1);
        trained += counts[i];
    }
    assert_int_equal(trained, 768);
    batches_destroy(&plan.batches);
}

static void more_steps_than_batches_go_on_with_another_order(void **state)
{
    struct plan plan = plan_of("{\"task\":\"task-a\",\"method\":\"no-teacher\",\"n_train\":64,"
                               "\"student_steps\":8}");
    struct iteration iteration = batches_draw(plan.batches, 0);
    int counts[MOST_EXAMPLES] = { 0 };
    for (int i = 0; i < 8; i++)
        count_examples(iteration.student[i], counts);
    for (int i = 0; i < 64; i++)
        assert_int_equal(counts[i], 2);
    assert_true(fingerprint(iteration.student, 4) != fingerprint(iteration.student + 4, 4));
    batches_destroy(&plan.batches);
}

static void nothing_ever_trains_or_validates_on_the_selection_set(void **state)
{
    static const char *const texts[] = {
        "{\"task\":\"task-b\",\"selection_split\":0.3}",
        "{\"task\":\"task-b\",\"selection_split\":0.3,\"method\":\"no-teacher\"}",
        "{\"task\":\"task-b\",\"selection_split\":0.3,\"inner_batches\":\"shuffle\"}",
        "{\"task\":\"mujoco\",\"n_train\":1000,\"selection_split\":0.3}",
        "{\"task\":\"mujoco\",\"n_train\":1000,\"selection_split\":0.3,"
        "\"resample_split\":\"yes\"}",
        "{\"task\":\"mujoco\",\"n_train\":1000,\"selection_split\":0.3,"
        "\"method\":\"auxiliary\"}",
        "{\"task\":\"game-of-life\",\"n_train\":1000,\"selection_split\":0.3}",
        "{\"task\":\"game-of-life\",\"n_train\":1000,\"selection_split\":0.3,"
        "\"method\":\"oracle-teacher\"}",
    };
    enum { TEXTS = sizeof texts / sizeof *texts };
    uint64_t selections[TEXTS];
    for (size_t i = 0; i < TEXTS; i++) {
        struct plan plan = plan_of(texts[i]);
        struct batch selection = batches_selection(plan.batches);
        selections[i] = fingerprint(&selection, 1);
        assert_int_equal(selection.count, 300);
        int counts[MOST_EXAMPLES] = { 0 };
        for (int64_t k = 0; k < 30; k++) {
            struct iteration iteration = batches_draw(plan.batches, k);
            count_examples(iteration.validation, counts);
            for (int j = 0; j < iteration.n_student; j++)
                count_examples(iteration.student[j], counts);
            for (int j = 0; j < iteration.n_distinct; j++)
                count_examples(iteration.inner[j], counts);
        }
        for (int j = 0; j < selection.count; j++)
            assert_int_equal(counts[selection.index[j]], 0);
        batches_destroy(&plan.batches);
    }
    for (size_t i = 1; i < TEXTS; i++)
        assert_true(selections[i] == selections[0]); /* the same examples for every method */
}

/* Iterations of 24 steps in passes of 166: every pass is a whole one, wherever iterations end. */
static void passes_go_on_across_iterations(void **state)
{
    struct plan plan = plan_of("{\"task\":\"mujoco\",\"method\":\"no-teacher\"}");
    int counts[MOST_EXAMPLES] = { 0 }, steps = 0;
    for (int64_t k = 0; steps < 2 * 166; k++) {
        struct iteration iteration = batches_draw(plan.batches, k);
        for (int i = 0; i < iteration.n_student && steps < 2 * 166; i++, steps++) {
            count_examples(iteration.student[i], counts);
            for (int j = 0; steps == 165 && j < 4000; j++)
                assert_true(counts[j] <= 1);
        }
    }
    int total = 0;
    for (int j = 0; j < 4000; j++) {
        assert_true(counts[j] <= 2);
        total += counts[j];
    }
    assert_int_equal(total, 2 * 166 * 24);
    batches_destroy(&plan.batches);
}

static void an_unroll_repeats_the_pass_that_it_begins_in(void **state)
{
    struct plan plan = plan_of("{\"task\":\"mujoco\",\"validation_split\":0.7}");
    struct iteration iteration = batches_draw(plan.batches, 0);
    assert_int_equal(iteration.n_distinct, 50);
    uint64_t second = fingerprint(iteration.inner + 24, 1);
    uint64_t validation = fingerprint(&iteration.validation, 1);
    iteration = batches_draw(plan.batches, 1);
    assert_true(fingerprint(iteration.student, 1) == second);
    assert_true(fingerprint(&iteration.validation, 1) == validation);
    int counts[MOST_EXAMPLES] = { 0 };
    for (int i = 0; i < iteration.n_distinct; i++)
        count_examples(iteration.inner[i], counts);
    count_examples(iteration.validation, counts);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(counts[i], 1);
    batches_destroy(&plan.batches);
}

/* The last iteration of 16600 steps has 16 of its 24. */
static void the_last_iteration_ends_with_the_run(void **state)
{
    struct plan plan = plan_of("{\"task\":\"mujoco\"}");
    assert_int_equal(batches_draw(plan.batches, 690).n_student, 24);
    assert_int_equal(batches_draw(plan.batches, 691).n_student, 16);
    batches_destroy(&plan.batches);
}

/* The ablation AR: examples of any number are trained on at once, not only the first ones. */
static void a_resampled_split_of_a_later_task_is_shuffled(void **state)
{
    struct plan plan = plan_of("{\"task\":\"mujoco\",\"resample_split\":\"yes\"}");
    struct iteration iteration = batches_draw(plan.batches, 0);
    int late = 0;
    for (int i = 0; i < iteration.student[0].count; i++)
        late += iteration.student[0].index[i] >= 2000;
    assert_in_range(late, 4, 20);
    uint64_t first = fingerprint(&iteration.validation, 1);
    iteration = batches_draw(plan.batches, 1);
    assert_true(fingerprint(&iteration.validation, 1) != first);
    assert_int_equal(batches_trained_on(plan.batches).count, 4000);
    batches_destroy(&plan.batches);
}

static void an_iteration_can_be_drawn_without_those_before_it(void **state)
{
    static const char *const texts[] = {
        "{\"task\":\"task-b\"}",
        "{\"task\":\"task-b\",\"resample_split\":\"no\"}",
        "{\"task\":\"task-b\",\"resample_split\":\"no\",\"inner_batches\":\"shuffle\"}",
        "{\"task\":\"task-b\",\"method\":\"no-teacher\"}",
        "{\"task\":\"task-b\",\"method\":\"fixed-teacher\"}",
        "{\"task\":\"mujoco\"}",
        "{\"task\":\"mujoco\",\"resample_split\":\"yes\"}",
        "{\"task\":\"mujoco\",\"method\":\"no-teacher\"}",
        "{\"task\":\"game-of-life\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct plan plan = plan_of(texts[i]), fresh = plan_of(texts[i]);
        uint64_t in_turn = 0;
        for (int64_t k = 0; k <= 7; k++) {
            struct iteration iteration = batches_draw(plan.batches, k);
            in_turn = iteration_fingerprint(&iteration);
        }
        struct iteration iteration = batches_draw(fresh.batches, 7);
        assert_true(iteration_fingerprint(&iteration) == in_turn);
        batches_destroy(&plan.batches);
        batches_destroy(&fresh.batches);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resampled_split_is_batched_in_ascending_order),
        cmocka_unit_test(the_student_trains_on_the_first_batches_of_the_unroll),
        cmocka_unit_test(the_split_is_new_in_every_iteration_only_where_it_is_resampled),
        cmocka_unit_test(a_held_split_is_walked_through_once_an_epoch),
        cmocka_unit_test(shuffled_inner_batches_cover_the_unroll_without_repeating_one),
        cmocka_unit_test(a_baseline_shuffles_the_whole_set_and_uses_full_batches_only),
        cmocka_unit_test(more_steps_than_batches_go_on_with_another_order),
        cmocka_unit_test(nothing_ever_trains_or_validates_on_the_selection_set),
        cmocka_unit_test(passes_go_on_across_iterations),
        cmocka_unit_test(an_unroll_repeats_the_pass_that_it_begins_in),
        cmocka_unit_test(the_last_iteration_ends_with_the_run),
        cmocka_unit_test(a_resampled_split_of_a_later_task_is_shuffled),
        cmocka_unit_test(an_iteration_can_be_drawn_without_those_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
