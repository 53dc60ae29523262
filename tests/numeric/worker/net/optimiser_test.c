/* Steps against the rules written out in double; adjoints against central differences of a weighted
 * sum of everything that a step changes. */
#include "worker/net/optimiser.h"

#include "tests/numeric/check.h"

enum { COUNT = 37 }; /* not a multiple of any vector length */

/* A state and gradient with numbers of the sizes that training has. */
struct scene {
    struct optimiser_state state;
    real *gradient;
};

static struct scene scene_create(uint64_t stream, int steps)
{
    struct rng rng = test_rng(stream);
    struct scene scene = { .gradient = random_reals(&rng, COUNT) };
    scene.state.parameters = random_reals(&rng, COUNT);
    scene.state.moment[0] = random_reals(&rng, COUNT);
    scene.state.moment[1] = random_reals(&rng, COUNT);
    scene.state.steps = steps;
    for (int i = 0; i < COUNT; i++)
        scene.state.moment[1][i] *= scene.state.moment[1][i];
    return scene;
}

static void state_free(struct optimiser_state *state)
{
    free(state->parameters);
    free(state->moment[0]);
    free(state->moment[1]);
}

static void scene_free(struct scene *scene)
{
    state_free(&scene->state);
    free(scene->gradient);
}

static struct optimiser_state state_empty(void)
{
    return (struct optimiser_state){ xcalloc(COUNT, sizeof(real)),
                                     { xcalloc(COUNT, sizeof(real)), xcalloc(COUNT, sizeof(real)) },
                                     0 };
}

static const struct optimiser sgd = { OPTIMISER_SGD, 0.1, 0.75, 0, 0, 0.01 };
static const struct optimiser adam = { OPTIMISER_ADAM, 0.02, 0.8, 0.99, 1e-3, 0.05 };

static void sgd_steps_by_its_rule(void **state)
{
    struct scene scene = scene_create(1, 3);
    struct optimiser_state after = state_empty();
    double parameters[COUNT], buffer[COUNT];
    for (int i = 0; i < COUNT; i++) {
        double theta = scene.state.parameters[i];
        buffer[i] =
            0.75 * (double)scene.state.moment[0][i] + ((double)scene.gradient[i] + 0.01 * theta);
        parameters[i] = theta - 0.1 * buffer[i];
    }
    optimiser_step(&sgd, &scene.state, &after, scene.gradient, COUNT);
    expect_near("parameters", after.parameters, parameters, COUNT, rounding);
    expect_near("buffer", after.moment[0], buffer, COUNT, rounding);
    assert_int_equal(after.steps, 4);
    state_free(&after);
    scene_free(&scene);
}

static void adam_steps_by_its_rule(void **state)
{
    struct scene scene = scene_create(2, 6);
    struct optimiser_state after = state_empty();
    double parameters[COUNT], m[COUNT], v[COUNT];
    for (int i = 0; i < COUNT; i++) {
        double theta = scene.state.parameters[i], g = (double)scene.gradient[i] + 0.05 * theta;
        m[i] = 0.8 * (double)scene.state.moment[0][i] + (1 - 0.8) * g;
        v[i] = 0.99 * (double)scene.state.moment[1][i] + (1 - 0.99) * g * g;
        parameters[i] =
            theta - 0.02 / (1 - pow(0.8, 7)) * m[i] / (sqrt(v[i]) / sqrt(1 - pow(0.99, 7)) + 1e-3);
    }
    optimiser_step(&adam, &scene.state, &after, scene.gradient, COUNT);
    expect_near("parameters", after.parameters, parameters, COUNT, rounding);
    expect_near("m", after.moment[0], m, COUNT, rounding);
    expect_near("v", after.moment[1], v, COUNT, rounding);
    state_free(&after);
    scene_free(&scene);
}

static void a_step_in_place_has_the_bits_of_a_step_elsewhere(void **state)
{
    const struct optimiser *kinds[] = { &sgd, &adam };
    for (int k = 0; k < 2; k++) {
        struct scene scene = scene_create(3, 0);
        struct optimiser_state after = state_empty();
        optimiser_step(kinds[k], &scene.state, &after, scene.gradient, COUNT);
        optimiser_step(kinds[k], &scene.state, &scene.state, scene.gradient, COUNT);
        expect_same_bits("parameters", after.parameters, scene.state.parameters, COUNT);
        for (int j = 0; j < optimiser_moments(kinds[k]); j++)
            expect_same_bits("moment", after.moment[j], scene.state.moment[j], COUNT);
        assert_int_equal(after.steps, scene.state.steps);
        state_free(&after);
        scene_free(&scene);
    }
}

static void the_bias_correction_of_a_late_step_is_one(void **state)
{
    struct scene scene = scene_create(4, 2000000000);
    struct optimiser_state after = state_empty();
    optimiser_step(&adam, &scene.state, &after, scene.gradient, COUNT);
    double moved[COUNT];
    real step[COUNT];
    for (int i = 0; i < COUNT; i++) {
        step[i] = scene.state.parameters[i] - after.parameters[i];
        moved[i] = 0.02 * (double)after.moment[0][i] / (sqrt((double)after.moment[1][i]) + 1e-3);
    }
    expect_near("step", step, moved, COUNT, IN_DOUBLE ? 1e-12 : 1e-4);
    state_free(&after);
    scene_free(&scene);
}

static void the_adjoint_of_sgd_is_its_rule_backwards(void **state)
{
    struct scene scene = scene_create(5, 0), bars = scene_create(6, 0);
    double direction[COUNT], buffer[COUNT], parameters[COUNT];
    real got[COUNT];
    for (int i = 0; i < COUNT; i++) {
        direction[i] = (double)bars.state.moment[0][i] - 0.1 * (double)bars.state.parameters[i];
        buffer[i] = 0.75 * direction[i];
        parameters[i] =
            (double)bars.state.parameters[i] + 0.01 * direction[i] + (double)scene.gradient[i];
    }
    optimiser_adjoint(&sgd, &scene.state, &scene.state, scene.gradient, &bars.state, got, COUNT);
    expect_near("direction", got, direction, COUNT, rounding);
    expect_near("buffer", bars.state.moment[0], buffer, COUNT, rounding);
    optimiser_adjoint_finish(&sgd, &bars.state, got, scene.gradient, COUNT);
    expect_near("parameters", bars.state.parameters, parameters, COUNT, rounding);
    scene_free(&scene);
    scene_free(&bars);
}

#ifdef REAL_IS_DOUBLE
/* What the adjoint differentiates: a weighted sum of all that a step changes. */
static double weighted(const struct optimiser *o, const struct scene *scene,
                       const struct optimiser_state *weights)
{
    struct optimiser_state after = state_empty();
    double sum = 0;
    optimiser_step(o, &scene->state, &after, scene->gradient, COUNT);
    for (int i = 0; i < COUNT; i++) {
        sum += after.parameters[i] * weights->parameters[i];
        for (int k = 0; k < optimiser_moments(o); k++)
            sum += after.moment[k][i] * weights->moment[k][i];
    }
    state_free(&after);
    return sum;
}

static void expect_derivative(const char *what, const struct optimiser *o, struct scene *scene,
                              const struct optimiser_state *weights, real *varied, const real *got)
{
    double want[COUNT], h = 1e-6;
    for (int i = 0; i < COUNT; i++) {
        double kept = varied[i];
        varied[i] = kept + h;
        want[i] = weighted(o, scene, weights);
        varied[i] = kept - h;
        want[i] = (want[i] - weighted(o, scene, weights)) / (2 * h);
        varied[i] = kept;
    }
    expect_near(what, got, want, COUNT, by_differences);
}

static void check_adjoint(const struct optimiser *o)
{
    struct scene scene = scene_create(7, 2), weights = scene_create(8, 0),
                 bars = scene_create(8, 0);
    struct optimiser_state after = state_empty();
    real direction[COUNT], nothing[COUNT] = { 0 };
    for (int i = 0; i < COUNT;
         i++) /* second moments well away from 0, where differences are true */
        scene.state.moment[1][i] += 0.5;
    optimiser_step(o, &scene.state, &after, scene.gradient, COUNT);
    optimiser_adjoint(o, &scene.state, &after, scene.gradient, &bars.state, direction, COUNT);
    optimiser_adjoint_finish(o, &bars.state, direction, nothing, COUNT);
    expect_derivative("gradient", o, &scene, &weights.state, scene.gradient, direction);
    expect_derivative("parameters", o, &scene, &weights.state, scene.state.parameters,
                      bars.state.parameters);
    for (int k = 0; k < optimiser_moments(o); k++)
        expect_derivative("moment", o, &scene, &weights.state, scene.state.moment[k],
                          bars.state.moment[k]);
    state_free(&after);
    scene_free(&scene);
    scene_free(&weights);
    scene_free(&bars);
}

/* The derivatives of that sum for the optimiser's own settings. */
static void check_slopes(struct optimiser o)
{
    static const char *const names[] = { "lr", "beta1", "weight decay" };
    struct scene scene = scene_create(9, 2), weights = scene_create(10, 0),
                 bars = scene_create(10, 0);
    struct optimiser_state after = state_empty();
    struct optimiser_slopes slopes = { 1, 1, 1 }; /* they are added to */
    real direction[COUNT];
    for (int i = 0; i < COUNT; i++)
        scene.state.moment[1][i] += 0.5;
    /* of moments after the step, which the slopes are not for: theta alone is a step's end */
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < COUNT; i++)
            weights.state.moment[k][i] = bars.state.moment[k][i] = 0;
    optimiser_step(&o, &scene.state, &after, scene.gradient, COUNT);
    optimiser_adjoint(&o, &scene.state, &after, scene.gradient, &bars.state, direction, COUNT);
    optimiser_adjoint_slopes(&o, &scene.state, &after, NULL, scene.gradient, &bars.state, direction,
                             COUNT, &slopes);
    const double got[] = { slopes.lr - 1, slopes.beta1 - 1, slopes.weight_decay - 1 };
    double *const settings[] = { &o.lr, &o.beta1, &o.weight_decay }, h = 1e-6;
    for (int k = 0; k < 3; k++) {
        double kept = *settings[k];
        *settings[k] = kept + h;
        double up = weighted(&o, &scene, &weights.state);
        *settings[k] = kept - h;
        expect_number(names[k], got[k], (up - weighted(&o, &scene, &weights.state)) / (2 * h),
                      1e-6);
        *settings[k] = kept;
    }
    state_free(&after);
    scene_free(&scene);
    scene_free(&weights);
    scene_free(&bars);
}

static void the_slopes_for_settings_agree_with_differences(void **state)
{
    struct optimiser without_momentum = adam;
    without_momentum.beta1 = 0;
    check_slopes(sgd);
    check_slopes(adam);
    check_slopes(without_momentum);
}

static void the_adjoint_of_sgd_agrees_with_differences(void **state)
{
    check_adjoint(&sgd);
}

static void the_adjoint_of_adam_agrees_with_differences(void **state)
{
    check_adjoint(&adam);
}
#endif

static void a_second_moment_of_zero_contributes_nothing_to_the_adjoint_of_adam(void **state)
{
    real zero[COUNT] = { 0 }, direction[COUNT], th_bar[COUNT], m_bar[COUNT], v_bar[COUNT];
    struct optimiser_state before = { zero, { zero, zero }, 0 },
                           after = { zero, { zero, zero }, 1 };
    struct optimiser_state bars = { th_bar, { m_bar, v_bar }, 0 };
    for (int i = 0; i < COUNT; i++) {
        th_bar[i] = (real)0.25;
        m_bar[i] = v_bar[i] = 1;
    }
    optimiser_adjoint(&adam, &before, &after, zero, &bars, direction, COUNT);
    double q = 0.02 / (1 - 0.8) * 0.25 / 1e-3;
    for (int i = 0; i < COUNT; i++) {
        expect_number("direction", (double)direction[i], 0.2 * (1 - q), 1e-5);
        expect_number("v", (double)v_bar[i], 0.99, 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_steps_by_its_rule),
        cmocka_unit_test(adam_steps_by_its_rule),
        cmocka_unit_test(a_step_in_place_has_the_bits_of_a_step_elsewhere),
        cmocka_unit_test(the_bias_correction_of_a_late_step_is_one),
        cmocka_unit_test(the_adjoint_of_sgd_is_its_rule_backwards),
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(the_adjoint_of_sgd_agrees_with_differences),
        cmocka_unit_test(the_adjoint_of_adam_agrees_with_differences),
        cmocka_unit_test(the_slopes_for_settings_agree_with_differences),
#endif
        cmocka_unit_test(a_second_moment_of_zero_contributes_nothing_to_the_adjoint_of_adam),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
