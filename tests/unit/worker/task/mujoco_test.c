#include "worker/task/mujoco.h"
#include "common/xalloc.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_TRAIN = 320, N_TEST = 60 };

static struct dataset raw_of(const char *environment)
{
    struct dataset dataset;
    struct error error;
    struct dataset_request request = { environment_find(environment), N_TRAIN, N_TEST, 3 };
    if (!dataset_make(&dataset, &request, &error))
        fail_msg("%s", error.text);
    return dataset;
}

/* Two that differ in sizes and in what they clip; made once, the tests only read them. */
static struct dataset raw[2];
static struct task_data data[2];

static int prepare(void **state)
{
    static const char *const names[] = { "swimmer", "hopper" };
    for (int i = 0; i < 2; i++) {
        raw[i] = raw_of(names[i]);
        mujoco_prepare(&data[i], &raw[i]);
    }
    return 0;
}

static int free_all(void **state)
{
    for (int i = 0; i < 2; i++) {
        dataset_free(&raw[i]);
        task_free(&data[i]);
    }
    return 0;
}

static void the_sizes_are_those_of_a_trajectory_and_its_bins(void **state)
{
    static const int inputs[] = { 40, 59 }, features[] = { 9, 12 };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(data[i].inputs, inputs[i]);
        assert_int_equal(data[i].steps, 16);
        assert_int_equal(data[i].features, features[i]);
        assert_int_equal(data[i].privileged, 16 * features[i]);
        assert_int_equal(data[i].outputs, 32);
        assert_int_equal(data[i].label_loss, LABEL_CROSS_ENTROPY);
        assert_true(data[i].is_regression);
        assert_int_equal(data[i].train.count, N_TRAIN);
        assert_int_equal(data[i].test.count, N_TEST);
        assert_null(data[i].train.true_logits);
    }
}

static void every_input_has_mean_zero_and_deviation_one_in_the_training_set(void **state)
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < data[i].inputs; j++) {
            double sum = 0, squares = 0;
            for (int row = 0; row < N_TRAIN; row++) {
                double x = data[i].train.x[row * data[i].inputs + j];
                sum += x;
                squares += x * x;
            }
            assert_true(fabs(sum / N_TRAIN) < 1e-5);
            assert_true(fabs(squares / N_TRAIN - 1) < 1e-5);
        }
}

/* Wherever a state stands, in x or in a frame of either set, the same numbers undo it. */
static void a_state_of_the_trajectory_is_scaled_like_one_of_the_input(void **state)
{
    for (int i = 0; i < 2; i++) {
        int observations = raw[i].observations, features = data[i].features;
        const struct standardise *scale = &data[i].x_standard;
        for (int row = 0; row < N_TRAIN + N_TEST; row++) {
            bool is_training = row < N_TRAIN;
            const real *frames = is_training
                                     ? data[i].train.xstar + row * data[i].privileged
                                     : data[i].test.xstar + (row - N_TRAIN) * data[i].privileged;
            const double *want = raw[i].xstar + (size_t)row * dataset_privileged(&raw[i]);
            for (int step = 0; step < 16; step++)
                for (int j = 0; j < observations; j++) {
                    double undone = frames[step * features + j] * scale->scale[j] + scale->mean[j];
                    double expected = want[step * features + j];
                    assert_true(fabs(undone - expected) <
                                1e-5 * (fabs(expected) + fabs(scale->mean[j]) + scale->scale[j]));
                }
        }
        assert_memory_equal(data[i].xstar_standard.mean, scale->mean,
                            (size_t)observations * sizeof(double));
        assert_memory_equal(data[i].xstar_standard.scale, scale->scale,
                            (size_t)observations * sizeof(double));
    }
}

static void rewards_have_mean_zero_and_deviation_one_over_all_steps(void **state)
{
    for (int i = 0; i < 2; i++) {
        double sum = 0, squares = 0;
        int count = N_TRAIN * 16;
        for (int frame = 0; frame < count; frame++) {
            double reward = data[i].train.xstar[frame * data[i].features + raw[i].observations];
            sum += reward;
            squares += reward * reward;
        }
        assert_true(fabs(sum / count) < 1e-5);
        assert_true(fabs(squares / count - 1) < 1e-5);
    }
}

static void the_training_labels_are_spread_evenly_over_the_bins(void **state)
{
    for (int i = 0; i < 2; i++) {
        int count[REGRESSION_BINS] = { 0 };
        for (int row = 0; row < N_TRAIN; row++)
            count[(int)data[i].train.labels[row]]++;
        for (int bin = 0; bin < REGRESSION_BINS; bin++)
            assert_int_equal(count[bin], N_TRAIN / REGRESSION_BINS);
        for (int row = 0; row < N_TEST; row++)
            assert_in_range((int)data[i].test.labels[row], 0, REGRESSION_BINS - 1);
    }
}

static void a_larger_return_never_has_a_lower_label(void **state)
{
    for (int a = 0; a < N_TRAIN; a++)
        for (int b = 0; b < N_TEST; b++) {
            double ya = raw[0].y[a], yb = raw[0].y[N_TRAIN + b];
            real la = data[0].train.labels[a], lb = data[0].test.labels[b];
            assert_true(ya <= yb ? la <= lb : la >= lb);
        }
}

/* By the name a search uses, through the cache. */
static void the_task_is_made_by_its_name_and_environment(void **state)
{
    struct task_data made, again;
    struct error error;
    struct task_request request = {
        .data_seed = 3, .n_train = N_TRAIN, .n_test = N_TEST, .environment = "swimmer"
    };
    size_t bytes = (size_t)(N_TRAIN * 40) * sizeof(real);
    char place[4096];
    const char *temporary = getenv("TMPDIR");
    snprintf(place, sizeof place, "%s/ldt-mujoco-XXXXXX", temporary ? temporary : "/tmp");
    assert_non_null(mkdtemp(place));
    setenv("LDT_CACHE", place, 1);
    assert_true(task_make(&made, "mujoco", &request, &error));
    assert_true(task_make(&again, "mujoco", &request, &error));
    assert_memory_equal(made.train.x, data[0].train.x, bytes);
    assert_memory_equal(made.train.x, again.train.x, bytes);
    assert_memory_equal(made.test.xstar, again.test.xstar,
                        (size_t)(N_TEST * made.privileged) * sizeof(real));
    task_free(&made);
    task_free(&again);
    char *command = xasprintf("rm -rf '%s'", place);
    assert_int_equal(system(command), 0);
    free(command);
}

static void an_impossible_request_is_refused_with_what_is_possible(void **state)
{
    struct task_data none;
    struct error error;
    struct task_request request = { .n_train = 4, .n_test = 4, .environment = "ant" };
    assert_false(task_make(&none, "mujoco", &request, &error));
    assert_string_equal(error.text, "environment: `ant` is none of swimmer, walker2d, hopper, "
                                    "halfcheetah");
    request.environment = NULL;
    assert_false(task_make(&none, "mujoco", &request, &error));
    request.environment = "hopper";
    request.n_test = 0;
    assert_false(task_make(&none, "mujoco", &request, &error));
    assert_string_equal(error.text, "n_train, n_test: 4 and 0 examples; both sets need at least 1");
    request.n_test = 10000000;
    assert_false(task_make(&none, "mujoco", &request, &error));
    assert_non_null(strstr(error.text, "too many"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sizes_are_those_of_a_trajectory_and_its_bins),
        cmocka_unit_test(every_input_has_mean_zero_and_deviation_one_in_the_training_set),
        cmocka_unit_test(a_state_of_the_trajectory_is_scaled_like_one_of_the_input),
        cmocka_unit_test(rewards_have_mean_zero_and_deviation_one_over_all_steps),
        cmocka_unit_test(the_training_labels_are_spread_evenly_over_the_bins),
        cmocka_unit_test(a_larger_return_never_has_a_lower_label),
        cmocka_unit_test(the_task_is_made_by_its_name_and_environment),
        cmocka_unit_test(an_impossible_request_is_refused_with_what_is_possible),
    };
    return cmocka_run_group_tests(tests, prepare, free_all);
}
