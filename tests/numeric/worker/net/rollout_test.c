/* A model of dynamics applied step after step: against the model applied by hand, its gradient
 * against central differences, and the tangents of that. */
#include "tests/numeric/check.h"
#include "worker/net/net.h"
#include "worker/net/run.h"

enum { ROWS = 5, STEPS = 3, OBSERVATION = 2, ACTION = 2, FEATURES = 3, OUTPUTS = 4 };
enum { TRAJECTORY = STEPS * FEATURES, INPUTS = OBSERVATION + STEPS * ACTION };

static struct net net; /* as the test at hand has it */
static struct mat x;   /* [x | x*] */
static struct mat weights;

static struct net student(bool weight_norm)
{
    const struct rollout rollout = { .steps = STEPS,
                                     .observation = OBSERVATION,
                                     .action = ACTION,
                                     .features = FEATURES,
                                     .hidden = 5,
                                     .hidden_layers = 2,
                                     .weight_norm = weight_norm };
    return net_model_based(&rollout, OUTPUTS);
}

static struct mat set_up(bool weight_norm, bool forced)
{
    struct rng rng = test_rng(1);
    net = student(weight_norm);
    if (forced)
        net = net_for_transitions(&net);
    x = mat_constant(random_reals(&rng, ROWS * (INPUTS + TRAJECTORY)), ROWS, net.inputs);
    weights = mat_constant(random_reals(&rng, ROWS * (OUTPUTS + TRAJECTORY)), ROWS, OUTPUTS);
    struct mat parameters = random_mat(&rng, 1, (int)net.n_parameters);
    net_initialise(&net, parameters.value, &rng, 1);
    return parameters;
}

static void tear_down(struct mat *parameters)
{
    free_mats((struct mat[]){ x, weights, *parameters }, 3);
}

/* The model's own answer to one observation and action, which are `in`. */
static void ask_model(const real *parameters, const real *in, real *out)
{
    struct net model = net_mlp(OBSERVATION + ACTION, 5, 2, FEATURES);
    real memory[1024];
    struct pass pass = pass_values((struct workspace){ memory, 1024, 0 });
    struct trace trace;
    struct mat p = net_forward(&model, &pass, mat_constant(parameters, 1, (int)model.n_parameters),
                               mat_constant(in, 1, OBSERVATION + ACTION), &trace);
    memcpy(out, p.value, FEATURES * sizeof *out);
}

/* By hand: a step after the other, from its own prediction or from the true state before it. */
static void expected_trajectory(const real *parameters, const real *row, double *want)
{
    real in[OBSERVATION + ACTION], out[FEATURES];
    bool forced = net.layers[0].rollout.forced;
    memcpy(in, row, OBSERVATION * sizeof *in);
    for (int t = 0; t < STEPS; t++) {
        memcpy(in + OBSERVATION, row + OBSERVATION + t * ACTION, ACTION * sizeof *in);
        ask_model(parameters, in, out);
        for (int i = 0; i < FEATURES; i++)
            want[t * FEATURES + i] = (double)out[i];
        memcpy(in, forced ? row + INPUTS + t * FEATURES : out, OBSERVATION * sizeof *in);
    }
}

static void check_trajectory(bool forced)
{
    struct mat parameters = set_up(false, forced);
    real memory[4096];
    struct pass pass = pass_values((struct workspace){ memory, 4096, 0 });
    struct trace trace;
    double want[ROWS * TRAJECTORY];
    for (int row = 0; row < ROWS; row++)
        expected_trajectory(parameters.value, mat_row(x, x.value, row), want + row * TRAJECTORY);
    net_forward(&net, &pass, mat_constant(parameters.value, 1, parameters.cols), x, &trace);
    expect_near("trajectory", trace.at[1].value, want, ROWS * TRAJECTORY, rounding);
    tear_down(&parameters);
}

static void a_model_is_applied_to_its_own_predictions(void **state)
{
    check_trajectory(false);
}

static void a_forced_model_begins_every_step_at_the_true_state(void **state)
{
    check_trajectory(true);
}

static void both_forms_share_one_vector_of_parameters(void **state)
{
    struct net stacked = student(true), forced = net_for_transitions(&stacked);
    struct net_tensor a[32], b[32];
    int count = net_tensors(&stacked, a, 32);
    assert_int_equal(count, 3 * 3 + 2);
    assert_int_equal(net_tensors(&forced, b, 32), count);
    assert_string_equal(a[0].name, "model.fc1.v");
    assert_string_equal(a[count - 1].name, "fc1.bias");
    size_t at = 0;
    for (int k = 0; k < count; k++) {
        assert_string_equal(a[k].name, b[k].name);
        assert_int_equal(a[k].at, at);
        assert_int_equal(b[k].at, at);
        at += (size_t)(a[k].rows * a[k].cols);
    }
    assert_int_equal(at, stacked.n_parameters);
    assert_int_equal(forced.inputs, stacked.inputs + TRAJECTORY);
}

/* ---- the gradient of a weighted sum over outputs and over the trajectory --------------------- */

static struct mat trajectory_weights(void)
{
    return mat_constant(weights.value + ROWS * OUTPUTS, ROWS, TRAJECTORY);
}

static struct mat run_gradient(struct pass *pass, const struct mat *operands)
{
    struct trace trace;
    struct mat gradient = mat_new(pass, 1, operands[0].cols);
    struct mat z = net_forward(&net, pass, operands[0], x, &trace), d = mat_new(pass, ROWS, z.cols);
    for (size_t i = 0; i < mat_count(d); i++) { /* of w z^2 / 2, so that it moves too */
        if (pass->fill_values)
            d.value[i] = weights.value[i] * z.value[i];
        if (pass->fill_tangents)
            d.tangent[i] = weights.value[i] * z.tangent[i];
    }
    net_backward(&net, pass, operands[0], &trace, d,
                 (struct mat[NET_MAX_LAYERS]){ trajectory_weights() }, gradient);
    return gradient;
}

static void check_tangent(bool weight_norm, bool forced)
{
    struct mat parameters = set_up(weight_norm, forced);
    expect_tangent("tangent of the gradient", run_gradient, &parameters, 1);
    tear_down(&parameters);
}

static void tangents_agree_with_differences_of_the_gradient(void **state)
{
    for (int form = 0; form < 4; form++)
        check_tangent(form & 1, form & 2);
}

#ifdef REAL_IS_DOUBLE
static double sum_at(struct mat parameters)
{
    real memory[8192];
    struct pass pass = pass_values((struct workspace){ memory, 8192, 0 });
    struct trace trace;
    struct mat z = net_forward(&net, &pass, parameters, x, &trace), w = trajectory_weights();
    double sum = 0;
    for (size_t i = 0; i < mat_count(z); i++)
        sum += weights.value[i] * z.value[i] * z.value[i] / 2;
    for (size_t i = 0; i < mat_count(w); i++)
        sum += w.value[i] * trace.at[1].value[i];
    return sum;
}

static void check_gradient(bool weight_norm, bool forced)
{
    struct mat parameters = set_up(weight_norm, forced);
    struct mat still = mat_constant(parameters.value, 1, parameters.cols);
    double *want = xcalloc(net.n_parameters, sizeof *want), h = 1e-6;
    for (size_t i = 0; i < net.n_parameters; i++) {
        real kept = still.value[i];
        still.value[i] = kept + h;
        want[i] = sum_at(still);
        still.value[i] = kept - h;
        want[i] = (want[i] - sum_at(still)) / (2 * h);
        still.value[i] = kept;
    }
    struct kernel_workspaces workspaces = kernel_workspaces(run_gradient, &still);
    struct pass pass = pass_values(workspaces.values);
    expect_near("gradient", run_gradient(&pass, &still).value, want, net.n_parameters,
                by_differences);
    kernel_workspaces_free(&workspaces);
    free(want);
    tear_down(&parameters);
}

static void gradients_agree_with_differences(void **state)
{
    for (int form = 0; form < 4; form++)
        check_gradient(form & 1, form & 2);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_applied_to_its_own_predictions),
        cmocka_unit_test(a_forced_model_begins_every_step_at_the_true_state),
        cmocka_unit_test(both_forms_share_one_vector_of_parameters),
        cmocka_unit_test(tangents_agree_with_differences_of_the_gradient),
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(gradients_agree_with_differences),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
