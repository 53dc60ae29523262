/* The networks of the reward prediction experiment: a student with weight norm, the teacher that
 * reads trajectories. Their gradients against central differences of a weighted sum of outputs. */
#include "tests/numeric/check.h"
#include "worker/net/net.h"
#include "worker/net/run.h"

enum { STEPS = 4, FEATURES = 3, UNITS = 5, ROWS = 40 };

/* Two that make a piece together, one of more rows than a piece has, a single row; and the rest. */
static const int first_rows[] = { 0, 2, 3, 37, ROWS };
static const struct row_batches batches = { first_rows, 4 };

static struct net teacher_net(bool batch_norm, bool dense_batch_norm)
{
    const struct trajectory_teacher teacher = { .steps = STEPS,
                                                .features = FEATURES,
                                                .convolutions = 3,
                                                .c1 = 4,
                                                .c2 = 6,
                                                .c3 = 7,
                                                .batch_norm = batch_norm,
                                                .dense_batch_norm = dense_batch_norm };
    return net_teacher_of_trajectories(&teacher, UNITS);
}

/* ---- layout --------------------------------------------------------------------------------- */

static void expect_tensors(const struct net *net, const char *const *names, int count)
{
    struct net_tensor tensors[32];
    size_t at = 0;
    assert_int_equal(net_tensors(net, tensors, 32), count);
    for (int k = 0; k < count; k++) {
        assert_string_equal(tensors[k].name, names[k]);
        assert_int_equal(tensors[k].at, at);
        at += (size_t)(tensors[k].rows * tensors[k].cols);
    }
    assert_int_equal(at, net->n_parameters);
}

static void tensors_have_names_and_cover_the_vector(void **state)
{
    static const char *const normed[] = { "conv1.weight", "bn1.weight", "bn1.bias",
                                          "conv2.weight", "bn2.weight", "bn2.bias",
                                          "conv3.weight", "bn3.weight", "bn3.bias",
                                          "fc1.weight",   "fc1.bias",   "norm1.weight",
                                          "norm1.bias",   "fc2.weight", "fc2.bias" };
    static const char *const plain[] = { "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias",
                                         "conv3.weight", "conv3.bias", "fc1.weight",   "fc1.bias",
                                         "fc2.weight",   "fc2.bias" };
    static const char *const student[] = { "fc1.v",    "fc1.g", "fc1.bias", "fc2.v",   "fc2.g",
                                           "fc2.bias", "fc3.v", "fc3.g",    "fc3.bias" };
    struct net net = teacher_net(true, true);
    expect_tensors(&net, normed, 15);
    net = teacher_net(false, false);
    expect_tensors(&net, plain, 10);
    struct net bare = net_student_hidden(6, 5, 2, 3);
    net = net_with_weight_norm(&bare);
    expect_tensors(&net, student, 9);
}

static void the_teacher_has_the_sizes_of_the_paper(void **state)
{
    const struct trajectory_teacher paper = { 16, 18, 4, 96, 256, 768, true, false };
    struct net net = net_teacher_of_trajectories(&paper, 5 * 128);
    size_t filters = 3 * (18 * 96 + 96 * 96 + 96 * 96 + 96 * 256), norms = 2 * (3 * 96 + 256);
    size_t dense = 256 * 16 * 768 + 768, outputs = 768 * 1280 + 1280;
    assert_int_equal(net.inputs, 16 * 18);
    assert_int_equal(net.outputs, 2 * 640);
    assert_int_equal(net.n_parameters, filters + norms + dense + outputs);
}

static void all_pre_activations_of_hidden_layers_are_supervised(void **state)
{
    struct net plain = net_student_hidden(9, 8, 3, 4), net = net_with_weight_norm(&plain);
    assert_int_equal(net.n_supervised, 3 * 8);
    assert_int_equal(net.n_layers, 7);
    for (int k = 0; k < net.n_layers; k++) {
        bool relu = k % 2 == 1;
        assert_int_equal(net.layers[k].kind, relu ? LAYER_RELU : LAYER_WEIGHT_NORM);
        assert_int_equal(plain.layers[k].kind, relu ? LAYER_RELU : LAYER_LINEAR);
        assert_int_equal(net.layers[k].supervised, !relu && k < 6);
    }
    assert_int_equal(net.n_parameters, plain.n_parameters + 8 + 8 + 8 + 4);
}

/* ---- the first parameters ------------------------------------------------------------------- */

static struct mat run(const struct net *net, struct workspace *workspace, const real *parameters,
                      struct mat x, struct trace *trace)
{
    struct mat flat = mat_constant(parameters, 1, (int)net->n_parameters);
    struct pass pass = pass_dry();
    net_forward(net, &pass, flat, x, trace);
    workspace_reserve(workspace, pass.values.used);
    pass = pass_values(*workspace);
    return net_forward(net, &pass, flat, x, trace);
}

static void weight_norm_begins_as_the_linear_layer_of_its_directions(void **state)
{
    struct net plain = net_student_hidden(6, 5, 1, 3), net = net_with_weight_norm(&plain);
    struct rng rng = test_rng(1);
    struct mat x = random_mat(&rng, ROWS, 6);
    real parameters[128], directions[128];
    struct workspace workspaces[2] = { { 0 } };
    struct trace trace;
    double want[ROWS * 3];
    net_initialise(&net, parameters, &rng, 1.5);
    for (int k = 0, to = 0; k < net.n_layers; k += 2) {
        const struct layer *layer = &net.layers[k];
        int weights = layer->inputs * layer->outputs;
        memcpy(directions + to, parameters + layer->at, (size_t)weights * sizeof(real));
        memcpy(directions + to + weights, parameters + layer->at + weights + layer->outputs,
               (size_t)layer->outputs * sizeof(real));
        to += weights + layer->outputs;
    }
    struct mat z = run(&plain, &workspaces[0], directions, x, &trace);
    for (int i = 0; i < ROWS * 3; i++)
        want[i] = (double)z.value[i];
    expect_near("outputs", run(&net, &workspaces[1], parameters, x, &trace).value, want, ROWS * 3,
                rounding);
    workspace_free(&workspaces[0]);
    workspace_free(&workspaces[1]);
    free_mats(&x, 1);
}

static void batch_norm_begins_with_scale_one_and_shift_zero(void **state)
{
    struct net net = teacher_net(true, true);
    struct net_tensor tensors[16];
    struct rng rng = test_rng(2);
    real *parameters = xcalloc(net.n_parameters, sizeof *parameters);
    net_initialise(&net, parameters, &rng, 1);
    int count = net_tensors(&net, tensors, 16);
    for (int k = 0; k < count; k++)
        for (int i = 0; i < tensors[k].rows * tensors[k].cols; i++) {
            real number = parameters[tensors[k].at + (size_t)i];
            bool of_norm = tensors[k].name[0] == 'b' || tensors[k].name[0] == 'n';
            bool scale = of_norm && strstr(tensors[k].name, "weight");
            double bound = 1 / sqrt(tensors[k].rows == 1 ? 1 : tensors[k].rows);
            if (of_norm)
                assert_true(number == (scale ? 1 : 0));
            else
                assert_true(number != 0 && fabs((double)number) <= bound);
        }
    free(parameters);
}

/* ---- gradients ------------------------------------------------------------------------------ */

static struct net net;
static struct mat x, weights; /* of the sum over the outputs */

static void set_up(bool batch_norm, bool dense_batch_norm, struct mat *parameters)
{
    struct rng rng = test_rng(3);
    net = teacher_net(batch_norm, dense_batch_norm);
    x = mat_constant(random_reals(&rng, ROWS * STEPS * FEATURES), ROWS, STEPS * FEATURES);
    weights = mat_constant(random_reals(&rng, ROWS * 2 * UNITS), ROWS, 2 * UNITS);
    *parameters = mat_constant(random_reals(&rng, net.n_parameters), 1, (int)net.n_parameters);
    net_initialise(&net, parameters->value, &rng, 1);
    for (size_t i = 0; i < net.n_parameters; i++) /* away from 1 and 0 */
        parameters->value[i] += (real)(0.3 * (rng_uniform(&rng) - 0.5));
}

static void tear_down(struct mat *parameters)
{
    free_mats((struct mat[]){ x, weights, *parameters }, 3);
}

/* The gradient of that sum; *sum unless NULL. */
static struct mat gradient_of(struct pass *pass, struct mat parameters, struct row_batches rows,
                              double *sum)
{
    struct trace trace;
    struct mat gradient = mat_new(pass, 1, parameters.cols);
    struct mat z = net_forward_batches(&net, pass, parameters, x, rows, &trace);
    struct mat d = mat_new(pass, z.rows, z.cols);
    if (pass->fill_values)
        memcpy(d.value, weights.value, mat_count(d) * sizeof(real));
    for (size_t i = 0; sum && i < mat_count(z); i++)
        *sum += (double)z.value[i] * (double)weights.value[i];
    net_backward(&net, pass, parameters, &trace, d, NULL, gradient);
    return gradient;
}

static struct workspace workspace_for(struct mat parameters, struct row_batches rows)
{
    struct workspace workspace = { 0 };
    struct pass dry = pass_dry();
    gradient_of(&dry, parameters, rows, NULL);
    workspace_reserve(&workspace, dry.values.used);
    return workspace;
}

#ifdef REAL_IS_DOUBLE
static double sum_at(struct workspace workspace, struct mat parameters)
{
    struct pass pass = pass_values(workspace);
    double sum = 0;
    gradient_of(&pass, parameters, batches, &sum);
    return sum;
}

static void check_gradient(const char *what, bool batch_norm, bool dense_batch_norm)
{
    struct mat parameters;
    set_up(batch_norm, dense_batch_norm, &parameters);
    struct workspace workspace = workspace_for(parameters, batches),
                     other = workspace_for(parameters, batches);
    struct pass pass = pass_values(workspace);
    struct mat gradient = gradient_of(&pass, parameters, batches, NULL);
    double *want = xcalloc(net.n_parameters, sizeof *want), h = 1e-6;
    for (size_t i = 0; i < net.n_parameters; i++) {
        real kept = parameters.value[i];
        parameters.value[i] = kept + h;
        double up = sum_at(other, parameters);
        parameters.value[i] = kept - h;
        want[i] = (up - sum_at(other, parameters)) / (2 * h);
        parameters.value[i] = kept;
    }
    expect_near(what, gradient.value, want, net.n_parameters, by_differences);
    free(want);
    workspace_free(&workspace);
    workspace_free(&other);
    tear_down(&parameters);
}

static void the_teachers_gradient_agrees_with_differences(void **state)
{
    check_gradient("batch norm after convolutions", true, false);
    check_gradient("batch norm everywhere", true, true);
    check_gradient("no batch norm", false, false);
}
#endif

static void batches_do_not_see_each_other(void **state)
{
    struct mat parameters;
    set_up(true, true, &parameters);
    struct workspace workspace = workspace_for(parameters, batches), alone = { 0 };
    struct pass pass = pass_values(workspace);
    struct trace trace;
    struct mat z = net_forward_batches(&net, &pass, parameters, x, batches, &trace);
    for (int b = 0; b < batches.count; b++) {
        int first = first_rows[b], rows = first_rows[b + 1] - first;
        struct mat one = run(&net, &alone, parameters.value, mat_rows(x, first, rows), &trace);
        double want[ROWS * 2 * UNITS];
        for (size_t i = 0; i < mat_count(one); i++)
            want[i] = (double)one.value[i];
        expect_near("outputs of a batch", mat_rows(z, first, rows).value, want, mat_count(one),
                    rounding);
    }
    workspace_free(&workspace);
    workspace_free(&alone);
    tear_down(&parameters);
}

static void the_same_batches_give_the_same_bits(void **state)
{
    struct mat parameters;
    set_up(true, false, &parameters);
    struct workspace one = workspace_for(parameters, batches),
                     two = workspace_for(parameters, batches);
    memset(two.memory, 0x7f, two.capacity * sizeof(real)); /* what a place held is of no account */
    struct pass first = pass_values(one), second = pass_values(two);
    expect_same_bits("gradient", gradient_of(&first, parameters, batches, NULL).value,
                     gradient_of(&second, parameters, batches, NULL).value, net.n_parameters);
    workspace_free(&one);
    workspace_free(&two);
    tear_down(&parameters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_have_names_and_cover_the_vector),
        cmocka_unit_test(the_teacher_has_the_sizes_of_the_paper),
        cmocka_unit_test(all_pre_activations_of_hidden_layers_are_supervised),
        cmocka_unit_test(weight_norm_begins_as_the_linear_layer_of_its_directions),
        cmocka_unit_test(batch_norm_begins_with_scale_one_and_shift_zero),
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(the_teachers_gradient_agrees_with_differences),
#endif
        cmocka_unit_test(batches_do_not_see_each_other),
        cmocka_unit_test(the_same_batches_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
