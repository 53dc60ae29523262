#include "worker/net/life.h"

#include "tests/numeric/check.h"
#include "worker/net/run.h"
#include "worker/numeric/mixture.h"

enum { ROWS = 3, FRAMES = 3, TENSORS = 14 }; /* of `small`: two for each layer with any */

static const struct life paper = { .side = 17, .frames = 3, .layers = 9, .filters = 16 };
static const struct life small = { .side = 7, .frames = 3, .layers = 6, .filters = 3 };

static void the_student_of_the_paper_has_nine_convolutions_and_a_read_out(void **state)
{
    struct net net = net_life_student(&paper);
    assert_int_equal(net.inputs, 17 * 17);
    assert_int_equal(net.outputs, 1);
    assert_int_equal(net.n_layers, 11);
    assert_int_equal(net.n_supervised, 9 * 16);
    assert_int_equal(net.n_parameters, 9 * 16 + 16 + 8 * (9 * 16 * 16 + 16) + 16 + 1);
    assert_false(net.layers[0].board.rectify);
    for (int k = 0; k < 9; k++)
        assert_true(net.layers[k].supervised);
    for (int k = 1; k < 9; k++)
        assert_true(net.layers[k].board.rectify);
}

static void the_tensors_cover_the_flat_vector_without_gaps(void **state)
{
    struct net net = net_life_student(&small);
    struct net_tensor tensors[TENSORS];
    size_t at = 0;
    assert_int_equal(net_tensors(&net, tensors, TENSORS), TENSORS);
    assert_string_equal(tensors[0].name, "conv1.weight");
    assert_string_equal(tensors[11].name, "conv6.bias");
    assert_string_equal(tensors[12].name, "fc1.weight");
    for (int k = 0; k < TENSORS; k++) {
        assert_int_equal(tensors[k].at, at);
        at += (size_t)(tensors[k].rows * tensors[k].cols);
    }
    assert_int_equal(at, net.n_parameters);
}

static void initial_weights_fill_the_bound_of_nine_times_the_channels(void **state)
{
    struct net net = net_life_student(&paper);
    struct rng rng = test_rng(1);
    real *parameters = xcalloc(net.n_parameters, sizeof *parameters);
    double largest = 0;
    net_initialise(&net, parameters, &rng, 1);
    for (size_t i = 0; i < 9 * 16 * 16; i++) /* of the second convolution */
        largest = fmax(largest, fabs((double)parameters[net.layers[1].at + i]));
    assert_true(largest < 1.0 / 12 && largest > 0.99 / 12);
    free(parameters);
}

static void a_teacher_begins_with_equal_parts_or_at_random(void **state)
{
    struct net equal = net_life_teacher(&paper, 0, 1), random = net_life_teacher(&paper, 0.1, 2);
    struct rng rng = test_rng(2);
    real phi[FRAMES * 9 * 16];
    double squares = 0;
    assert_int_equal(equal.inputs, 3 * 17 * 17);
    assert_int_equal(equal.outputs, 9 * 16);
    assert_int_equal(equal.n_parameters, FRAMES * 9 * 16);
    net_initialise(&equal, phi, &rng, 1);
    for (int i = 0; i < FRAMES * 9 * 16; i++)
        assert_true(phi[i] == 0);
    net_initialise(&random, phi, &rng, 1);
    for (int i = 0; i < FRAMES * 9 * 16; i++)
        squares += pow((double)phi[i], 2) / (FRAMES * 9 * 16);
    assert_true(sqrt(squares) > 0.085 && sqrt(squares) < 0.115); /* over four standard errors */
}

/* Weights of the frames, as a student's loss uses them. */
static void weights_of(const struct net *teacher, real *phi, real *out)
{
    struct workspace workspace = { 0 };
    struct trace trace;
    workspace_reserve(&workspace, 1024);
    struct pass pass = pass_values(workspace);
    real *xstar = xcalloc((size_t)teacher->inputs, sizeof *xstar);
    struct mat a = net_forward(teacher, &pass, mat_constant(phi, 1, (int)teacher->n_parameters),
                               mat_constant(xstar, 1, teacher->inputs), &trace);
    memcpy(out, a.value, mat_count(a) * sizeof *out);
    workspace_free(&workspace);
    free(xstar);
}

static void an_oracle_gives_each_step_its_own_frame_and_nothing_else(void **state)
{
    struct life life = small;
    const int frame_time[FRAMES] = { 2, 0, 1 }; /* frame 0 shows the state after the last step */
    real phi[FRAMES * FRAMES * 3], a[FRAMES * FRAMES * 3];
    life.last_of_step_only = true;
    struct net student = net_life_student(&life), teacher = net_life_teacher(&life, 0, 1);
    assert_int_equal(student.n_supervised, FRAMES * life.filters);
    assert_int_equal(teacher.outputs, student.n_supervised);
    for (int k = 0; k < life.layers; k++)
        assert_true(student.layers[k].supervised == (k % 2 == 1));
    life_oracle(&life, frame_time, phi);
    weights_of(&teacher, phi, a);
    for (int frame = 0; frame < FRAMES; frame++)
        for (int step = 0; step < FRAMES; step++)
            for (int filter = 0; filter < life.filters; filter++)
                assert_true(a[(frame * FRAMES + step) * life.filters + filter] ==
                            (frame_time[frame] == step));
}

/* ---- a student in workspaces of its own ------------------------------------------------------ */

static struct net net;  /* of the test */
static struct mat x, w; /* inputs; and what the loss weighs the outputs' squares with */

/* The gradient of sum of w z^2 / 2, so that it moves with the parameters. */
static struct mat gradient_of(struct pass *pass, const struct mat *operands)
{
    struct trace trace;
    struct mat gradient = mat_new(pass, 1, operands[0].cols);
    struct mat z = net_forward(&net, pass, operands[0], x, &trace);
    struct mat d = mat_new(pass, z.rows, z.cols);
    for (size_t i = 0; i < mat_count(d); i++) {
        if (pass->fill_values)
            d.value[i] = w.value[i] * z.value[i];
        if (pass->fill_tangents)
            d.tangent[i] = w.value[i] * z.tangent[i];
    }
    net_backward(&net, pass, operands[0], &trace, d, NULL, gradient);
    return gradient;
}

static struct mat outputs_of(struct pass *pass, const struct mat *operands)
{
    struct trace trace;
    return net_forward(&net, pass, operands[0], x, &trace);
}

static struct mat begin(const struct life *life, uint64_t stream)
{
    struct rng rng = test_rng(stream);
    net = net_life_student(life);
    struct mat inputs = random_mat(&rng, ROWS, net.inputs);
    free(inputs.tangent);
    x = mat_constant(inputs.value, ROWS, net.inputs);
    w = random_mat(&rng, ROWS, 1);
    struct mat parameters = random_mat(&rng, 1, (int)net.n_parameters);
    for (int i = 0; i < parameters.cols; i++)
        parameters.value[i] *= (real)0.4; /* so that six layers neither vanish nor explode */
    return parameters;
}

static void end(struct mat parameters)
{
    free(x.value);
    free_mats((struct mat[]){ w, parameters }, 2);
}

static void what_labels_need_has_the_bits_of_the_whole(void **state)
{
    struct mat parameters = begin(&small, 10);
    struct net whole = net;
    struct kernel_workspaces all = kernel_workspaces(gradient_of, &parameters),
                             some = kernel_workspaces(gradient_of, &parameters);
    struct pass of_all = pass_both(all.values, all.tangents),
                of_some = pass_both(some.values, some.tangents);
    double *want = xcalloc(net.n_parameters, sizeof *want);
    struct mat wide = gradient_of(&of_all, &parameters);
    net = net_for_labels(&whole);
    static const int margins[] = { 0, 0, 0, 1, 2, 3, 3 }; /* of six boards and the centre */
    for (int k = 0; k < 7; k++)
        assert_int_equal(net.layers[k].board.margin, margins[k]);
    memset(some.values.memory, 0xff, some.values.capacity * sizeof(real)); /* NaN: never read */
    memset(some.tangents.memory, 0xff, some.tangents.capacity * sizeof(real));
    struct mat narrow = gradient_of(&of_some, &parameters);
    for (size_t i = 0; i < net.n_parameters; i++)
        want[i] = (double)wide.value[i];
    expect_near("gradient", narrow.value, want, net.n_parameters, rounding);
    for (size_t i = 0; i < net.n_parameters; i++)
        want[i] = (double)wide.tangent[i];
    expect_near("tangent", narrow.tangent, want, net.n_parameters, rounding);
    struct pass again = pass_both(some.values, some.tangents);
    struct mat z_narrow = outputs_of(&again, &parameters);
    net = whole;
    again = pass_both(all.values, all.tangents);
    struct mat z_wide = outputs_of(&again, &parameters);
    expect_same_bits("outputs", z_narrow.value, z_wide.value, ROWS);
    expect_same_bits("outputs'", z_narrow.tangent, z_wide.tangent, ROWS);
    kernel_workspaces_free(&all);
    kernel_workspaces_free(&some);
    free(want);
    end(parameters);
}

#ifdef REAL_IS_DOUBLE
static double value_of(struct mat parameters)
{
    double *z = kernel_values(outputs_of, &parameters, 1, 0), sum = 0;
    for (int i = 0; i < ROWS; i++)
        sum += w.value[i] * z[i] * z[i] / 2;
    free(z);
    return sum;
}

static void the_gradient_and_its_tangent_agree_with_differences(void **state)
{
    struct mat parameters = begin(&small, 11);
    double *want = xcalloc(net.n_parameters, sizeof *want), h = 1e-6;
    for (size_t i = 0; i < net.n_parameters; i++) {
        real kept = parameters.value[i];
        parameters.value[i] = kept + h;
        want[i] = value_of(parameters);
        parameters.value[i] = kept - h;
        want[i] = (want[i] - value_of(parameters)) / (2 * h);
        parameters.value[i] = kept;
    }
    struct kernel_workspaces workspaces = kernel_workspaces(gradient_of, &parameters);
    struct pass pass = pass_values(workspaces.values);
    struct mat gradient = gradient_of(&pass, &parameters);
    expect_near("gradient", gradient.value, want, net.n_parameters, by_differences);
    expect_tangent("tangent of the gradient", gradient_of, &parameters, 1);
    kernel_workspaces_free(&workspaces);
    free(want);
    end(parameters);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_student_of_the_paper_has_nine_convolutions_and_a_read_out),
        cmocka_unit_test(the_tensors_cover_the_flat_vector_without_gaps),
        cmocka_unit_test(initial_weights_fill_the_bound_of_nine_times_the_channels),
        cmocka_unit_test(a_teacher_begins_with_equal_parts_or_at_random),
        cmocka_unit_test(an_oracle_gives_each_step_its_own_frame_and_nothing_else),
        cmocka_unit_test(what_labels_need_has_the_bits_of_the_whole),
#ifdef REAL_IS_DOUBLE
        cmocka_unit_test(the_gradient_and_its_tangent_agree_with_differences),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
