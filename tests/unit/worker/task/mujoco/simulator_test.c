#include "worker/task/mujoco/simulator.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <mujoco/mujoco.h>
#include <string.h>

enum { MOST = 32 };

static struct simulator *create(const char *name)
{
    struct simulator *simulator;
    struct error error;
    if (!simulator_create(&simulator, environment_find(name), &error))
        fail_msg("%s", error.text);
    return simulator;
}

static const struct {
    const char *name;
    int observations, actions;
} sizes[] = {
    { "swimmer", 8, 2 },
    { "walker2d", 17, 6 },
    { "hopper", 11, 3 },
    { "halfcheetah", 17, 6 },
};

static void every_environment_has_the_sizes_of_the_published_one(void **state)
{
    assert_int_equal(environment_count, 4);
    for (int i = 0; i < environment_count; i++) {
        struct simulator *simulator = create(sizes[i].name);
        assert_int_equal(simulator_observations(simulator), sizes[i].observations);
        assert_int_equal(simulator_actions(simulator), sizes[i].actions);
        simulator_destroy(&simulator);
        assert_null(simulator);
    }
}

static void there_is_no_environment_of_another_name(void **state)
{
    assert_null(environment_find("ant"));
    assert_null(environment_find(""));
    assert_null(environment_find("walker"));
}

static void what_is_observed_leaves_out_where_along_the_way_it_is(void **state)
{
    for (int i = 0; i < environment_count; i++) {
        struct simulator *simulator = create(sizes[i].name);
        const mjModel *model = simulator_model(simulator);
        int hidden = model->nq + model->nv - sizes[i].observations;
        double positions[MOST], velocities[MOST], seen[MOST];
        for (int j = 0; j < model->nq; j++)
            positions[j] = model->qpos0[j] + 0.001 * (j + 1);
        for (int j = 0; j < model->nv; j++)
            velocities[j] = 0.01 * (j + 1);
        simulator_start(simulator, positions, velocities);
        simulator_observe(simulator, seen);
        assert_int_equal(hidden, strcmp(sizes[i].name, "swimmer") == 0 ? 2 : 1);
        assert_memory_equal(seen, positions + hidden, (size_t)(model->nq - hidden) * sizeof *seen);
        assert_memory_equal(seen + model->nq - hidden, velocities,
                            (size_t)model->nv * sizeof *seen);
        simulator_destroy(&simulator);
    }
}

static void velocities_are_clipped_where_the_published_environment_does(void **state)
{
    static const struct {
        const char *name;
        double least, most;
    } seen_of_30[] = {
        { "swimmer", -30, 30 },
        { "walker2d", -10, 10 },
        { "hopper", -10, 10 },
        { "halfcheetah", -30, 30 },
    };
    for (int i = 0; i < environment_count; i++) {
        struct simulator *simulator = create(seen_of_30[i].name);
        const mjModel *model = simulator_model(simulator);
        double velocities[MOST] = { 30, -30 }, seen[MOST];
        simulator_start(simulator, model->qpos0, velocities);
        simulator_observe(simulator, seen);
        const double *from = seen + simulator_observations(simulator) - model->nv;
        assert_true(from[0] == seen_of_30[i].most);
        assert_true(from[1] == seen_of_30[i].least);
        simulator_destroy(&simulator);
    }
}

/* Each part is drawn, within its bound, to both sides. */
static void a_random_start_is_drawn_as_the_table_says(void **state)
{
    enum { STARTS = 400 };
    for (int i = 0; i < environment_count; i++) {
        const struct environment *environment = environment_find(sizes[i].name);
        struct simulator *simulator = create(sizes[i].name);
        const mjModel *model = simulator_model(simulator);
        const mjData *data = simulator_data(simulator);
        double furthest = 0, squares = 0, lowest = 0, highest = 0;
        for (int start = 0; start < STARTS; start++) {
            struct rng rng;
            rng_init(&rng, 7, RNG_TEST, (uint64_t)start);
            simulator_start_random(simulator, &rng);
            for (int j = 0; j < model->nq; j++)
                furthest = fmax(furthest, fabs(data->qpos[j] - model->qpos0[j]));
            for (int j = 0; j < model->nv; j++) {
                squares += pow(data->qvel[j], 2) / (STARTS * model->nv);
                lowest = fmin(lowest, data->qvel[j]);
                highest = fmax(highest, data->qvel[j]);
            }
        }
        double noise = environment->velocity_noise;
        bool is_normal = environment->velocity_noise_kind == NOISE_NORMAL;
        assert_true(furthest <= environment->position_noise);
        assert_true(furthest > 0.98 * environment->position_noise);
        assert_true(fabs(squares / (noise * noise) - (is_normal ? 1 : 1.0 / 3)) < 0.1);
        assert_true(is_normal ? highest > 2 * noise : highest <= noise);
        assert_true(is_normal ? lowest < -2 * noise : lowest >= -noise);
        simulator_destroy(&simulator);
    }
}

static void run(struct simulator *simulator, uint64_t seed, double *seen)
{
    struct rng rng;
    rng_init(&rng, seed, RNG_TEST, 0);
    simulator_start_random(simulator, &rng);
    for (int step = 0; step < 40; step++) {
        double action[MOST];
        for (int j = 0; j < simulator_actions(simulator); j++)
            action[j] = (double)rng_below(&rng, 3) - 1;
        simulator_act(simulator, action);
    }
    simulator_observe(simulator, seen);
}

static void what_was_simulated_before_a_start_leaves_no_trace(void **state)
{
    for (int i = 0; i < environment_count; i++) {
        double fresh[MOST], later[MOST], other[MOST];
        size_t bytes = (size_t)sizes[i].observations * sizeof *fresh;
        struct simulator *simulator = create(sizes[i].name);
        run(simulator, 1, fresh);
        run(simulator, 2, other);
        run(simulator, 1, later);
        assert_memory_equal(fresh, later, bytes);
        assert_memory_not_equal(fresh, other, bytes);
        simulator_destroy(&simulator);
    }
}

/* The published rule: the simulator clamps an action, its cost does not. */
static void an_action_beyond_its_range_costs_more_and_does_no_more(void **state)
{
    static const double costs[] = { 1e-4, 1e-3, 1e-3, 0.1 };
    for (int i = 0; i < environment_count; i++) {
        struct simulator *simulator = create(sizes[i].name);
        const mjModel *model = simulator_model(simulator);
        double still[MOST] = { 0 }, full[MOST], beyond[MOST], after_full[MOST], after_beyond[MOST];
        for (int j = 0; j < MOST; j++) {
            full[j] = 1;
            beyond[j] = 3;
        }
        simulator_start(simulator, model->qpos0, still);
        double reward = simulator_act(simulator, full);
        simulator_observe(simulator, after_full);
        simulator_start(simulator, model->qpos0, still);
        double costlier = simulator_act(simulator, beyond);
        simulator_observe(simulator, after_beyond);
        assert_memory_equal(after_full, after_beyond,
                            (size_t)sizes[i].observations * sizeof *after_full);
        assert_true(fabs(reward - costlier - costs[i] * 8 * sizes[i].actions) < 1e-12);
        simulator_destroy(&simulator);
    }
}

/* Nobody pushes and nothing touches the ground yet, so the speed stays what it was. */
static void the_reward_is_the_forward_speed_and_the_bonus_for_being_alive(void **state)
{
    static const struct {
        const char *name;
        double bonus;
    } cases[] = { { "walker2d", 1 }, { "hopper", 1 }, { "halfcheetah", 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct simulator *simulator = create(cases[i].name);
        const mjModel *model = simulator_model(simulator);
        double positions[MOST], velocities[MOST] = { 0.25 }, action[MOST] = { 0 };
        memcpy(positions, model->qpos0, (size_t)model->nq * sizeof *positions);
        positions[1] += 5; /* high above the floor */
        simulator_start(simulator, positions, velocities);
        assert_true(fabs(simulator_act(simulator, action) - 0.25 - cases[i].bonus) < 1e-9);
        simulator_destroy(&simulator);
    }
}

static void a_state_that_became_unstable_is_told(void **state)
{
    struct simulator *simulator = create("hopper");
    double velocities[MOST] = { 0, 0, NAN }, action[MOST] = { 0 };
    simulator_start(simulator, simulator_model(simulator)->qpos0, velocities);
    simulator_act(simulator, action);
    assert_true(simulator_warned(simulator));
    velocities[2] = 0;
    simulator_start(simulator, simulator_model(simulator)->qpos0, velocities);
    simulator_act(simulator, action);
    assert_false(simulator_warned(simulator));
    simulator_destroy(&simulator);
}

static void a_model_that_does_not_compile_is_an_error_with_the_cause(void **state)
{
    struct environment broken = *environment_find("hopper");
    struct simulator *simulator = NULL;
    struct error error;
    broken.model = "<mujoco><worldbody><geom type=\"no such shape\"/></worldbody></mujoco>";
    assert_false(simulator_create(&simulator, &broken, &error));
    assert_null(simulator);
    assert_non_null(strstr(error.text, "cannot compile the model of hopper: "));
    assert_non_null(strstr(error.text, "'no such shape'"));
    assert_null(strchr(error.text, '\n'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_environment_has_the_sizes_of_the_published_one),
        cmocka_unit_test(there_is_no_environment_of_another_name),
        cmocka_unit_test(what_is_observed_leaves_out_where_along_the_way_it_is),
        cmocka_unit_test(velocities_are_clipped_where_the_published_environment_does),
        cmocka_unit_test(a_random_start_is_drawn_as_the_table_says),
        cmocka_unit_test(what_was_simulated_before_a_start_leaves_no_trace),
        cmocka_unit_test(an_action_beyond_its_range_costs_more_and_does_no_more),
        cmocka_unit_test(the_reward_is_the_forward_speed_and_the_bonus_for_being_alive),
        cmocka_unit_test(a_state_that_became_unstable_is_told),
        cmocka_unit_test(a_model_that_does_not_compile_is_an_error_with_the_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
