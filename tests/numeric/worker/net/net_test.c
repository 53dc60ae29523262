#include "worker/net/net.h"

#include "tests/numeric/bottleneck.h"
#include "tests/numeric/check.h"
#include "worker/net/run.h"

enum { ROWS = 7 };

static void nets_have_the_layers_that_were_added_in_order(void **state)
{
    struct net a = bottleneck_student(256, 128, 1), b = net_student_b(128, 256, 2, 4);
    static const enum layer_kind kinds_a[] = { LAYER_LINEAR, LAYER_LINEAR, LAYER_RELU,
                                               LAYER_LINEAR };
    static const enum layer_kind kinds_b[] = { LAYER_LINEAR, LAYER_RELU, LAYER_LINEAR, LAYER_RELU,
                                               LAYER_LINEAR };
    assert_int_equal(a.n_layers, 4);
    assert_int_equal(b.n_layers, 5);
    for (int k = 0; k < 4; k++)
        assert_int_equal(a.layers[k].kind, kinds_a[k]);
    for (int k = 0; k < 5; k++)
        assert_int_equal(b.layers[k].kind, kinds_b[k]);
    assert_true(a.layers[0].supervised && b.layers[4].supervised);
    assert_int_equal(a.n_supervised, 128);
    assert_int_equal(b.n_supervised, 4);
    assert_int_equal(a.outputs, 1);
    assert_int_equal(a.n_parameters, 256 * 128 + 128 + 128 * 128 + 128 + 128 + 1);
    assert_int_equal(b.n_parameters, 128 * 256 + 256 + 256 * 256 + 256 + 256 * 4 + 4);
}

static void tensors_cover_the_flat_vector_without_gaps(void **state)
{
    struct net net = net_mlp(5, 7, 3, 2);
    struct net_tensor tensors[8];
    size_t at = 0;
    assert_int_equal(net_tensors(&net, tensors, 8), 8);
    assert_string_equal(tensors[0].name, "fc1.weight");
    assert_string_equal(tensors[7].name, "fc4.bias");
    for (int k = 0; k < 8; k++) {
        assert_int_equal(tensors[k].at, at);
        at += (size_t)(tensors[k].rows * tensors[k].cols);
    }
    assert_int_equal(at, net.n_parameters);
    assert_int_equal(net_tensors(&net, tensors, 1), 8);
}

static void initial_parameters_fill_their_bounds_and_weights_are_multiplied(void **state)
{
    struct net net = net_mlp(100, 50, 1, 10);
    struct rng rng = test_rng(1), same = test_rng(1);
    real *one = xcalloc(net.n_parameters, sizeof *one),
         *two = xcalloc(net.n_parameters, sizeof *two);
    double largest = 0, mean = 0;
    net_initialise(&net, one, &rng, 1);
    net_initialise(&net, two, &same, 2);
    for (int i = 0; i < 100 * 50; i++) {
        assert_true(two[i] == 2 * one[i]);
        largest = fmax(largest, fabs((double)one[i]));
        mean += (double)one[i] / (100 * 50);
    }
    assert_true(largest < 0.1 && largest > 0.0999);
    assert_true(fabs(mean) < 0.005); /* six standard errors */
    for (int i = 100 * 50; i < 100 * 50 + 50; i++)
        assert_true(two[i] == one[i] && fabs((double)one[i]) < 0.1 && one[i] != 0);
    free(one);
    free(two);
}

static void the_same_stream_gives_the_same_numbers_in_float_and_double(void **state)
{
    struct net net = net_mlp(3, 4, 1, 2);
    struct rng rng = test_rng(2), raw = test_rng(2);
    real parameters[64];
    net_initialise(&net, parameters, &rng, 1);
    for (int i = 0; i < 3 * 4 + 4; i++)
        assert_true(parameters[i] == (real)(1 / sqrt(3) * (2 * rng_uniform(&raw) - 1)));
}

/* The net by a naive loop in double. */
static void naive_forward(const struct net *net, const real *parameters, const real *x, double *out)
{
    double now[64], next[64];
    for (int i = 0; i < net->inputs; i++)
        now[i] = (double)x[i];
    for (int k = 0; k < net->n_layers; k++) {
        const struct layer *layer = &net->layers[k];
        for (int j = 0; j < layer->outputs; j++) {
            const real *w = parameters + layer->at + j;
            if (layer->kind == LAYER_RELU) {
                next[j] = now[j] > 0 ? now[j] : 0;
                continue;
            }
            next[j] = (double)w[layer->inputs * layer->outputs];
            for (int i = 0; i < layer->inputs; i++)
                next[j] += now[i] * (double)w[i * layer->outputs];
        }
        memcpy(now, next, sizeof now);
    }
    memcpy(out, now, (size_t)net->outputs * sizeof *out);
}

static void forward_is_the_naive_network(void **state)
{
    struct net net = bottleneck_student(9, 11, 2);
    struct rng rng = test_rng(3);
    struct mat parameters = random_mat(&rng, 1, (int)net.n_parameters);
    struct mat x = random_mat(&rng, ROWS, net.inputs);
    double want[ROWS];
    real memory[2048];
    struct pass pass = pass_values((struct workspace){ memory, 2048, 0 });
    struct trace trace;
    for (int row = 0; row < ROWS; row++)
        naive_forward(&net, parameters.value, x.value + row * net.inputs, want + row);
    struct mat z = net_forward(&net, &pass, parameters, x, &trace);
    expect_near("outputs", z.value, want, ROWS, rounding);
    free_mats(&parameters, 1);
    free_mats(&x, 1);
}

#ifdef REAL_IS_DOUBLE
/* ---- the gradient of a sum over squared outputs and supervised units, with weights ---------- */

static struct net net;
static struct mat x, output_weights, hidden_weights;

/* Forwards and backwards; a kernel of one operand, the parameters. */
static struct mat gradient_of(struct pass *pass, const struct mat *operands)
{
    struct trace trace;
    struct mat gradient = mat_new(pass, 1, operands[0].cols);
    struct mat z = net_forward(&net, pass, operands[0], x, &trace);
    struct mat d = mat_new(pass, z.rows, z.cols);
    for (size_t i = 0; i < mat_count(d); i++) { /* d = w z, so that it moves with the parameters */
        if (pass->fill_values)
            d.value[i] = output_weights.value[i] * z.value[i];
        if (pass->fill_tangents)
            d.tangent[i] = output_weights.value[i] * z.tangent[i];
    }
    net_backward(&net, pass, operands[0], &trace, d, (struct mat[NET_MAX_LAYERS]){ hidden_weights },
                 gradient);
    return gradient;
}

static double value_of(const real *parameters)
{
    real memory[4096];
    struct pass pass = pass_values((struct workspace){ memory, 4096, 0 });
    struct trace trace;
    struct mat z =
        net_forward(&net, &pass, mat_constant(parameters, 1, (int)net.n_parameters), x, &trace);
    double sum = 0;
    for (size_t i = 0; i < mat_count(z); i++)
        sum += output_weights.value[i] * z.value[i] * z.value[i] / 2;
    for (size_t i = 0; i < mat_count(hidden_weights); i++)
        sum += hidden_weights.value[i] * trace.at[1].value[i];
    return sum;
}

static void the_gradient_and_its_tangent_agree_with_differences(void **state)
{
    struct rng rng = test_rng(4);
    net = bottleneck_student(4, 6, 1);
    x = random_mat(&rng, ROWS, net.inputs);
    output_weights = random_mat(&rng, ROWS, 1);
    struct mat hidden = random_mat(&rng, ROWS, 6),
               parameters = random_mat(&rng, 1, (int)net.n_parameters);
    hidden_weights = mat_constant(hidden.value, ROWS, 6);
    struct mat x_moving = x;
    x = mat_constant(x.value, x.rows, x.cols);
    double *want = xcalloc(net.n_parameters, sizeof *want), h = 1e-6;
    for (size_t i = 0; i < net.n_parameters; i++) {
        real kept = parameters.value[i];
        parameters.value[i] = kept + h;
        want[i] = value_of(parameters.value);
        parameters.value[i] = kept - h;
        want[i] = (want[i] - value_of(parameters.value)) / (2 * h);
        parameters.value[i] = kept;
    }
    struct kernel_workspaces workspaces = kernel_workspaces(gradient_of, &parameters);
    struct pass pass = pass_values(workspaces.values);
    struct mat gradient = gradient_of(&pass, &parameters);
    expect_near("gradient", gradient.value, want, net.n_parameters, by_differences);
    expect_tangent("tangent of the gradient", gradient_of, &parameters, 1);
    kernel_workspaces_free(&workspaces);
    free(want);
    free_mats((struct mat[]){ x_moving, output_weights, hidden, parameters }, 4);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nets_have_the_layers_that_were_added_in_order),
        cmocka_unit_test(tensors_cover_the_flat_vector_without_gaps),
        cmocka_unit_test(initial_parameters_fill_their_bounds_and_weights_are_multiplied),
        cmocka_unit_test(the_same_stream_gives_the_same_numbers_in_float_and_double),
        cmocka_unit_test(forward_is_the_naive_network),
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(the_gradient_and_its_tangent_agree_with_differences),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
