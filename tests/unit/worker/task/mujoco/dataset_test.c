#include "worker/task/mujoco/dataset.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <mujoco/mujoco.h>
#include <string.h>

enum { MOST = 512 };

static struct dataset make(const char *environment, int n_train, int n_test, uint64_t data_seed)
{
    struct dataset dataset;
    struct error error;
    struct dataset_request request = { environment_find(environment), n_train, n_test, data_seed };
    if (!dataset_make(&dataset, &request, &error))
        fail_msg("%s", error.text);
    return dataset;
}

static void an_example_is_the_same_whatever_was_made_before_it(void **state)
{
    for (int e = 0; e < environment_count; e++) {
        struct simulator *simulator;
        struct error error;
        const char *name = environment_table[e].name;
        struct dataset all = make(name, 6, 3, 11);
        double x[MOST], xstar[MOST], y;
        assert_true(simulator_create(&simulator, &environment_table[e], &error));
        for (int i = 5; i >= 0; i -= 2) {
            assert_true(dataset_draw(simulator, 11, RNG_DATA_TRAIN, i, x, xstar, &y));
            assert_memory_equal(x, all.x + (size_t)i * dataset_inputs(&all),
                                dataset_inputs(&all) * sizeof *x);
            assert_memory_equal(xstar, all.xstar + (size_t)i * dataset_privileged(&all),
                                dataset_privileged(&all) * sizeof *x);
            assert_true(y == all.y[i]);
        }
        simulator_destroy(&simulator);
        dataset_free(&all);
    }
}

static void a_larger_data_set_begins_with_the_smaller_one(void **state)
{
    struct dataset small = make("swimmer", 4, 3, 5), large = make("swimmer", 9, 7, 5);
    size_t row = dataset_inputs(&small), bytes = row * sizeof(double);
    assert_memory_equal(small.x, large.x, 4 * bytes);
    assert_memory_equal(small.x + 4 * row, large.x + 9 * row, 3 * bytes);
    assert_memory_equal(small.y + 4, large.y + 9, 3 * sizeof(double));
    dataset_free(&small);
    dataset_free(&large);
}

static void another_seed_and_the_other_split_give_other_examples(void **state)
{
    struct dataset one = make("halfcheetah", 2, 2, 5), two = make("halfcheetah", 2, 2, 6);
    size_t row = dataset_inputs(&one), bytes = row * sizeof(double);
    assert_memory_not_equal(one.x, two.x, bytes);
    assert_memory_not_equal(one.x, one.x + row, bytes);
    assert_memory_not_equal(one.x, one.x + 2 * row, bytes);
    dataset_free(&one);
    dataset_free(&two);
}

static void the_label_is_the_sum_of_the_rewards_along_the_way(void **state)
{
    struct dataset data = make("hopper", 5, 1, 2);
    for (int i = 0; i < 5; i++) {
        const double *frames = data.xstar + (size_t)i * dataset_privileged(&data);
        double sum = 0;
        for (int step = 0; step < DATASET_STEPS; step++)
            sum += frames[step * (data.observations + 1) + data.observations];
        assert_true(sum == data.y[i]);
    }
    dataset_free(&data);
}

/* The input holds what the simulator was really told: with the root's place, which is hidden, at
 * any value, the state and the actions in x lead to the first frame of x*. */
static void the_trajectory_follows_from_the_state_and_the_actions_of_the_input(void **state)
{
    struct dataset data = make("swimmer", 20, 1, 3);
    struct simulator *simulator;
    struct error error;
    assert_true(simulator_create(&simulator, environment_find("swimmer"), &error));
    for (int i = 0; i < 20; i++) {
        const double *x = data.x + (size_t)i * dataset_inputs(&data);
        const double *frames = data.xstar + (size_t)i * dataset_privileged(&data);
        double positions[5] = { 0, 0, x[0], x[1], x[2] }, seen[8];
        simulator_start(simulator, positions, x + 3);
        for (int step = 0; step < DATASET_STEPS; step++) {
            const double *frame = frames + step * (data.observations + 1);
            double reward = simulator_act(simulator, x + data.observations + step * data.actions);
            simulator_observe(simulator, seen);
            for (int j = 0; j < 8; j++)
                assert_true(fabs(seen[j] - frame[j]) < 1e-6);
            assert_true(fabs(reward - frame[data.observations]) < 1e-6);
        }
    }
    simulator_destroy(&simulator);
    dataset_free(&data);
}

/* The simulator's clock tells how many actions an example has taken. */
static void the_warm_up_is_of_10_to_30_actions_each_length_as_likely(void **state)
{
    enum { EXAMPLES = 420, LENGTHS = 21 };
    struct simulator *simulator;
    struct error error;
    double x[MOST], xstar[MOST], y;
    int taken[LENGTHS] = { 0 };
    assert_true(simulator_create(&simulator, environment_find("swimmer"), &error));
    for (int i = 0; i < EXAMPLES; i++) {
        assert_true(dataset_draw(simulator, 8, RNG_DATA_TRAIN, i, x, xstar, &y));
        int warm_up = (int)lround(simulator_data(simulator)->time / 0.04) - DATASET_STEPS;
        assert_in_range(warm_up, 10, 30);
        taken[warm_up - 10]++;
    }
    double chi_squared = 0;
    for (int i = 0; i < LENGTHS; i++)
        chi_squared += pow(taken[i] - EXAMPLES / LENGTHS, 2) / (EXAMPLES / LENGTHS);
    assert_true(chi_squared < 20 + 5 * sqrt(2 * 20)); /* 20 degrees of freedom */
    simulator_destroy(&simulator);
}

static void an_unstable_simulation_is_an_error_that_names_the_example(void **state)
{
    struct environment wild = *environment_find("hopper");
    struct dataset_request request = { &wild, 2, 1, 77 };
    struct dataset dataset;
    struct error error;
    wild.velocity_noise = 1e12; /* more than the library goes along with */
    assert_false(dataset_make(&dataset, &request, &error));
    assert_null(dataset.x);
    assert_string_equal(error.text, "hopper: the simulation of example 0 (data_seed 77) became "
                                    "unstable; take another data_seed");
}

static void the_policy_takes_each_of_three_actions_equally_often(void **state)
{
    enum { EXAMPLES = 200 };
    struct dataset data = make("halfcheetah", EXAMPLES, 1, 4);
    int count = EXAMPLES * DATASET_STEPS * data.actions, taken[3] = { 0 };
    for (int i = 0; i < EXAMPLES; i++)
        for (size_t j = (size_t)data.observations; j < dataset_inputs(&data); j++) {
            double action = data.x[(size_t)i * dataset_inputs(&data) + j];
            assert_true(action == -1 || action == 0 || action == 1);
            taken[(int)action + 1]++;
        }
    for (int k = 0; k < 3; k++) /* five standard errors */
        assert_true(fabs(taken[k] - count / 3.0) < 5 * sqrt(count * 2 / 9.0));
    dataset_free(&data);
}

/* What was measured elsewhere at the paper's sizes, within five standard errors of these few. */
static void labels_and_states_are_distributed_as_measured_elsewhere(void **state)
{
    static const struct {
        const char *name;
        int examples;
        double y_mean, y_deviation;
        int part; /* of the observation, and its mean and deviation */
        double mean, deviation;
    } cases[] = {
        { "swimmer", 400, -0.2, 3.57, 7, -0.0457, 2.15 },
        { "walker2d", 200, 14.25, 15.9, 10, -6.15, 5.72 },
        { "hopper", 200, 8.2, 10.97, 7, -3.63, 3.07 },
        { "halfcheetah", 400, -6.02, 9.18, 11, 0.0536, 8.01 },
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int n = cases[c].examples;
        struct dataset data = make(cases[c].name, n, 1, 1);
        double y = 0, y_squares = 0, part = 0, part_squares = 0;
        for (int i = 0; i < n; i++) {
            double s = data.x[(size_t)i * dataset_inputs(&data) + (size_t)cases[c].part];
            y += data.y[i] / n;
            y_squares += pow(data.y[i] - cases[c].y_mean, 2) / n;
            part += s / n;
            part_squares += pow(s - cases[c].mean, 2) / n;
        }
        double bound = 5 / sqrt(n);
        assert_true(fabs(y - cases[c].y_mean) < bound * cases[c].y_deviation);
        assert_true(fabs(part - cases[c].mean) < bound * cases[c].deviation);
        assert_true(fabs(sqrt(y_squares) / cases[c].y_deviation - 1) < bound);
        assert_true(fabs(sqrt(part_squares) / cases[c].deviation - 1) < bound);
        dataset_free(&data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_is_the_same_whatever_was_made_before_it),
        cmocka_unit_test(a_larger_data_set_begins_with_the_smaller_one),
        cmocka_unit_test(another_seed_and_the_other_split_give_other_examples),
        cmocka_unit_test(the_label_is_the_sum_of_the_rewards_along_the_way),
        cmocka_unit_test(the_trajectory_follows_from_the_state_and_the_actions_of_the_input),
        cmocka_unit_test(the_warm_up_is_of_10_to_30_actions_each_length_as_likely),
        cmocka_unit_test(an_unstable_simulation_is_an_error_that_names_the_example),
        cmocka_unit_test(the_policy_takes_each_of_three_actions_equally_often),
        cmocka_unit_test(labels_and_states_are_distributed_as_measured_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
