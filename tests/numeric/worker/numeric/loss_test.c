/* Losses against formulas written out in double, their gradients against central differences of the
 * loss, and the gradients' tangents against central differences of the gradients. */
#include "worker/numeric/loss.h"

#include "tests/numeric/check.h"

enum { ROWS = 6, COLS = 5 };

static real labels[ROWS];
static double entropy_coef, teaching_coef;
static enum label_loss label_loss;
static enum teach_loss teach_loss;
static double last_loss; /* what the run below returned, entropy taken off */

/* ---- the kernels under test, as functions of operands --------------------------------------- */

static struct mat run_log_softmax(struct pass *pass, const struct mat *operands)
{
    struct mat y = mat_new(pass, operands[0].rows, operands[0].cols);
    log_softmax(pass, y, operands[0]);
    return y;
}

static struct mat run_label(struct pass *pass, const struct mat *operands)
{
    double entropy;
    struct mat d = mat_new(pass, operands[0].rows, operands[0].cols);
    last_loss = label_gradient(pass, label_loss, d, operands[0], labels, entropy_coef, &entropy);
    last_loss -= entropy_coef * entropy;
    return d;
}

/* Both gradients of a teaching loss, those for h in the first rows and those for o below. h are the
 * operand, o is the constant second operand. */
static struct mat run_teach(struct pass *pass, const struct mat *operands)
{
    struct mat h = operands[0], o = mat_constant(operands[1].value, h.rows, operands[1].cols);
    struct mat both = mat_new(pass, 2 * h.rows, h.cols);
    last_loss = teach_gradient(pass, teach_loss, mat_rows(both, 0, h.rows),
                               mat_rows(both, h.rows, h.rows), h, o, 0, teaching_coef);
    last_loss *= teaching_coef;
    return both;
}

/* d(last_loss)/d(operand), by central differences in each number. */
static double *numeric_gradient(struct mat (*run)(struct pass *, const struct mat *),
                                const struct mat *operands, int which)
{
    size_t count = mat_count(operands[which]);
    double *out = xmalloc(count * sizeof *out), h = IN_DOUBLE ? 1e-6 : 1e-2;
    for (size_t i = 0; i < count; i++) {
        real kept = operands[which].value[i];
        for (int side = -1; side <= 1; side += 2) {
            operands[which].value[i] = (real)((double)kept + side * h);
            struct kernel_workspaces workspaces = kernel_workspaces(run, operands);
            struct pass pass = pass_values(workspaces.values);
            run(&pass, operands);
            out[i] = side < 0 ? last_loss : (last_loss - out[i]) / (2 * h);
            kernel_workspaces_free(&workspaces);
        }
        operands[which].value[i] = kept;
    }
    return out;
}

static void expect_gradient(const char *what, struct mat (*run)(struct pass *, const struct mat *),
                            const struct mat *operands, int which, size_t at)
{
    struct kernel_workspaces workspaces = kernel_workspaces(run, operands);
    struct pass pass = pass_values(workspaces.values);
    struct mat gradient = run(&pass, operands);
    double *want = numeric_gradient(run, operands, which);
    expect_near(what, gradient.value + at, want, mat_count(operands[which]),
                IN_DOUBLE ? by_differences : 1e-3);
    free(want);
    kernel_workspaces_free(&workspaces);
}

/* Along the tangent of h; o is a constant. */
static void expect_teach_tangent(const char *what, const struct mat *operands)
{
    struct mat o = mat_constant(operands[1].value, operands[1].rows, operands[1].cols);
    expect_tangent(what, run_teach, (struct mat[]){ operands[0], o }, 2);
}

static void draw_labels(struct rng *rng, int classes)
{
    for (int row = 0; row < ROWS; row++)
        labels[row] =
            (real)(classes > 1 ? (double)rng_below(rng, (uint64_t)classes) : rng_uniform(rng));
}

static double naive_log_softmax(const real *z, int cols, int col)
{
    double sum = 0;
    for (int j = 0; j < cols; j++)
        sum += exp((double)z[j]);
    return (double)z[col] - log(sum);
}

static double loss_of(struct mat (*run)(struct pass *, const struct mat *),
                      const struct mat *operands)
{
    struct kernel_workspaces workspaces = kernel_workspaces(run, operands);
    struct pass pass = pass_values(workspaces.values);
    run(&pass, operands);
    kernel_workspaces_free(&workspaces);
    return last_loss;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void log_softmax_is_the_logarithm_of_softmax(void **state)
{
    struct rng rng = test_rng(1);
    struct mat z = random_mat(&rng, ROWS, COLS);
    double want[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++)
        want[i] = naive_log_softmax(z.value + i / COLS * COLS, COLS, i % COLS);
    struct kernel_workspaces workspaces = kernel_workspaces(run_log_softmax, &z);
    struct pass pass = pass_values(workspaces.values);
    expect_near("log_softmax", run_log_softmax(&pass, &z).value, want, ROWS * COLS, rounding);
    expect_tangent("log_softmax", run_log_softmax, &z, 1);
    kernel_workspaces_free(&workspaces);
    free_mats(&z, 1);
}

static void log_softmax_of_huge_logits_is_finite_and_of_nan_is_nan(void **state)
{
    real value[] = { 3e30F, -3e30F, 0, NAN, 1, 2 }, out[6];
    struct pass pass = { .fill_values = true };
    log_softmax(&pass, (struct mat){ 2, 3, out, NULL }, mat_constant(value, 2, 3));
    assert_true(out[0] == 0 && isfinite(out[1]) && isfinite(out[2]));
    assert_true(isnan(out[3]) && isnan(out[4]) && isnan(out[5]));
}

static void cross_entropy_is_the_mean_surprise_of_the_labels(void **state)
{
    struct rng rng = test_rng(2);
    struct mat z = random_mat(&rng, ROWS, COLS);
    double want = 0;
    draw_labels(&rng, COLS);
    label_loss = LABEL_CROSS_ENTROPY;
    entropy_coef = 0;
    for (int row = 0; row < ROWS; row++)
        want -= naive_log_softmax(z.value + row * COLS, COLS, (int)labels[row]) / ROWS;
    expect_number("cross-entropy", loss_of(run_label, &z), want, 10 * rounding);
    expect_gradient("cross-entropy", run_label, &z, 0, 0);
    expect_tangent("cross-entropy", run_label, &z, 1);
    free_mats(&z, 1);
}

static void entropy_regularisation_subtracts_beta_times_the_mean_entropy(void **state)
{
    struct rng rng = test_rng(3);
    struct mat z = random_mat(&rng, ROWS, COLS);
    double entropy = 0;
    draw_labels(&rng, COLS);
    label_loss = LABEL_CROSS_ENTROPY;
    for (int i = 0; i < ROWS * COLS; i++) {
        double l = naive_log_softmax(z.value + i / COLS * COLS, COLS, i % COLS);
        entropy -= exp(l) * l / ROWS;
    }
    entropy_coef = 0;
    double plain = loss_of(run_label, &z);
    entropy_coef = 0.7;
    expect_number("entropy", loss_of(run_label, &z), plain - 0.7 * entropy, 10 * rounding);
    expect_gradient("cross-entropy with entropy", run_label, &z, 0, 0);
    expect_tangent("cross-entropy with entropy", run_label, &z, 1);
    free_mats(&z, 1);
}

static void logistic_loss_is_the_mean_of_softplus_minus_z_y(void **state)
{
    struct rng rng = test_rng(4);
    struct mat z = random_mat(&rng, ROWS, 1);
    double want = 0;
    draw_labels(&rng, 1);
    label_loss = LABEL_LOGISTIC;
    entropy_coef = 0;
    for (int row = 0; row < ROWS; row++)
        want += (log(1 + exp((double)z.value[row])) - (double)z.value[row] * (double)labels[row]) /
                ROWS;
    expect_number("logistic", loss_of(run_label, &z), want, 10 * rounding);
    expect_gradient("logistic", run_label, &z, 0, 0);
    expect_tangent("logistic", run_label, &z, 1);
    free_mats(&z, 1);
}

static void logistic_loss_of_huge_logits_is_finite(void **state)
{
    real value[ROWS] = { 1e30F, -1e30F, 90, -90, 800, -800 };
    struct mat z = mat_constant(value, ROWS, 1);
    label_loss = LABEL_LOGISTIC;
    for (int row = 0; row < ROWS; row++)
        labels[row] = 0.5;
    assert_true(isfinite(loss_of(run_label, &z)));
}

static void mean_squared_error_is_over_rows_and_units(void **state)
{
    struct rng rng = test_rng(5);
    struct mat operands[2] = { random_mat(&rng, ROWS, COLS), random_mat(&rng, ROWS, COLS) };
    double want = 0;
    teach_loss = TEACH_MSE;
    teaching_coef = 3;
    for (int i = 0; i < ROWS * COLS; i++)
        want +=
            3 * pow((double)operands[0].value[i] - (double)operands[1].value[i], 2) / (ROWS * COLS);
    expect_number("mse", loss_of(run_teach, operands), want, 10 * rounding);
    expect_gradient("mse for h", run_teach, operands, 0, 0);
    expect_gradient("mse for o", run_teach, operands, 1, ROWS * COLS);
    expect_teach_tangent("mse", operands);
    free_mats(operands, 2);
}

static void kl_is_the_mean_divergence_of_the_student_from_the_teacher(void **state)
{
    struct rng rng = test_rng(6);
    struct mat operands[2] = { random_mat(&rng, ROWS, COLS), random_mat(&rng, ROWS, COLS) };
    double want = 0;
    teach_loss = TEACH_KL;
    teaching_coef = 5;
    for (int i = 0; i < ROWS * COLS; i++) {
        int row = i / COLS * COLS, col = i % COLS;
        double p = naive_log_softmax(operands[1].value + row, COLS, col);
        want += 5 * exp(p) * (p - naive_log_softmax(operands[0].value + row, COLS, col)) / ROWS;
    }
    expect_number("kl", loss_of(run_teach, operands), want, 10 * rounding);
    expect_gradient("kl for h", run_teach, operands, 0, 0);
    expect_gradient("kl for o", run_teach, operands, 1, ROWS * COLS);
    expect_teach_tangent("kl", operands);
    free_mats(operands, 2);
}

/* Two layers of 2 and 3 units against the 5 columns of one teacher. */
static void mean_squared_errors_of_several_layers_add_up_to_that_of_all_units(void **state)
{
    struct rng rng = test_rng(7);
    struct mat operands[2] = { random_mat(&rng, ROWS, COLS), random_mat(&rng, ROWS, COLS) };
    struct mat o = mat_constant(operands[1].value, ROWS, COLS);
    teach_loss = TEACH_MSE;
    teaching_coef = 1;
    double want = loss_of(run_teach, operands), got = 0;
    real dout[ROWS * COLS], dh[ROWS * COLS], h[ROWS * COLS];
    static const int first[] = { 0, 2, 5 };
    for (int layer = 0; layer < 2; layer++) {
        int cols = first[layer + 1] - first[layer];
        for (int i = 0; i < ROWS * cols; i++)
            h[i] = operands[0].value[i / cols * COLS + first[layer] + i % cols];
        struct pass pass = { .fill_values = true };
        got += teach_gradient(&pass, TEACH_MSE, (struct mat){ ROWS, cols, dh, NULL },
                              (struct mat){ ROWS, COLS, dout, NULL }, mat_constant(h, ROWS, cols),
                              o, first[layer], 1);
    }
    expect_number("loss of two layers", got, want, 10 * rounding);
    struct kernel_workspaces workspaces = kernel_workspaces(run_teach, operands);
    struct pass pass = pass_values(workspaces.values);
    struct mat whole = run_teach(&pass, operands);
    expect_same_bits("gradient for the teacher", whole.value + ROWS * COLS, dout, ROWS * COLS);
    kernel_workspaces_free(&workspaces);
    free_mats(operands, 2);
}

/* Operand 0 are the h; operand 1 the targets, then the weights. Rows of the result: the gradients
 * for h, for the targets and for the weights. */
static struct mat run_gated(struct pass *pass, const struct mat *operands)
{
    struct mat h = operands[0], o = mat_constant(operands[1].value, h.rows, 2 * h.cols);
    struct mat all = mat_new(pass, 3 * h.rows, h.cols);
    last_loss = teaching_coef * teach_gradient(pass, TEACH_GATED, mat_rows(all, 0, h.rows),
                                               mat_view(all, mat_count(h), h.rows, 2 * h.cols), h,
                                               o, 0, teaching_coef);
    return all;
}

static void a_gated_loss_weights_the_squared_errors_of_its_units(void **state)
{
    struct rng rng = test_rng(30);
    struct mat operands[2] = { random_mat(&rng, ROWS, COLS), random_mat(&rng, ROWS, 2 * COLS) };
    struct mat o = mat_constant(operands[1].value, ROWS, 2 * COLS);
    double want = 0;
    teaching_coef = 3;
    for (int i = 0; i < ROWS * COLS; i++) {
        const real *target = operands[1].value + i / COLS * 2 * COLS + i % COLS;
        want += 3 * (double)target[COLS] * pow((double)(operands[0].value[i] - *target), 2) /
                (ROWS * COLS);
    }
    expect_number("gated", loss_of(run_gated, operands), want, 10 * rounding);
    expect_gradient("gated for h", run_gated, operands, 0, 0);
    expect_gradient("gated for targets and weights", run_gated, operands, 1, ROWS * COLS);
    expect_tangent("gated", run_gated, (struct mat[]){ operands[0], o }, 2);
    free_mats(operands, 2);
}

static void gated_losses_of_several_layers_add_up_to_that_of_all_units(void **state)
{
    struct rng rng = test_rng(31);
    struct mat h = random_mat(&rng, ROWS, COLS), o = random_mat(&rng, ROWS, 2 * COLS);
    real dh[ROWS * COLS], dout[2 * ROWS * COLS], part[ROWS * COLS];
    struct pass pass = pass_values((struct workspace){ 0 });
    struct mat targets = mat_constant(o.value, ROWS, 2 * COLS);
    struct mat whole = { 3 * ROWS, COLS, xmalloc(3 * ROWS * COLS * sizeof(real)), NULL };
    double got = 0, want = teach_gradient(&pass, TEACH_GATED, mat_rows(whole, 0, ROWS),
                                          mat_view(whole, ROWS * COLS, ROWS, 2 * COLS),
                                          mat_constant(h.value, ROWS, COLS), targets, 0, 2);
    for (int first = 0, cols = 2; first < COLS; first += cols, cols = COLS - cols) {
        for (int i = 0; i < ROWS * cols; i++)
            part[i] = h.value[i / cols * COLS + first + i % cols];
        got += teach_gradient(&pass, TEACH_GATED, (struct mat){ ROWS, cols, dh, NULL },
                              (struct mat){ ROWS, 2 * COLS, dout, NULL },
                              mat_constant(part, ROWS, cols), targets, first, 2);
        for (int i = 0; i < ROWS * cols; i++)
            assert_true(dh[i] == whole.value[i / cols * COLS + first + i % cols]);
    }
    expect_number("loss", got, want, 1e-12);
    expect_same_bits("gradient for the teacher", whole.value + ROWS * COLS, dout, 2 * ROWS * COLS);
    free(whole.value);
    free_mats((struct mat[]){ h, o }, 2);
}

/* What the gate makes of m; targets pass. */
static double gated_number(const real *x, int i)
{
    return i % (2 * COLS) < COLS ? (double)x[i] : 1 / (1 + exp(1 - (double)x[i] / 2));
}

static void a_gate_passes_targets_and_makes_weights_between_zero_and_one(void **state)
{
    enum { COUNT = ROWS * 2 * COLS };
    struct rng rng = test_rng(32);
    struct mat x = random_mat(&rng, ROWS, 2 * COLS), d = random_mat(&rng, ROWS, 2 * COLS);
    real memory[2][COUNT];
    struct mat y = { ROWS, 2 * COLS, memory[0], NULL }, dx = { ROWS, 2 * COLS, memory[1], NULL };
    struct pass pass = pass_values((struct workspace){ 0 });
    double want[COUNT], slope[COUNT], h = 1e-5;
    x.value[COLS] = -1000; /* far out on both sides: 0 and 1, not NaN */
    x.value[COLS + 1] = 1000;
    for (int i = 0; i < COUNT; i++) {
        real number = x.value[i];
        want[i] = gated_number(x.value, i);
        bool target = i % (2 * COLS) < COLS;
        double up = 1 / (1 + exp(1 - ((double)number + h) / 2));
        double down = 1 / (1 + exp(1 - ((double)number - h) / 2));
        slope[i] = (double)d.value[i] * (target ? 1 : (up - down) / (2 * h));
    }
    gate(&pass, y, x);
    gate_back(&pass, dx, y, d);
    expect_near("gate", y.value, want, COUNT, rounding);
    expect_near("gate backwards", dx.value, slope, COUNT, IN_DOUBLE ? by_differences : 1e-5);
    assert_true(y.value[COLS] >= 0 && y.value[COLS] < 1e-30 && y.value[COLS + 1] == 1);
    free_mats((struct mat[]){ x, d }, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_softmax_is_the_logarithm_of_softmax),
        cmocka_unit_test(log_softmax_of_huge_logits_is_finite_and_of_nan_is_nan),
        cmocka_unit_test(cross_entropy_is_the_mean_surprise_of_the_labels),
        cmocka_unit_test(entropy_regularisation_subtracts_beta_times_the_mean_entropy),
        cmocka_unit_test(logistic_loss_is_the_mean_of_softplus_minus_z_y),
        cmocka_unit_test(logistic_loss_of_huge_logits_is_finite),
        cmocka_unit_test(mean_squared_error_is_over_rows_and_units),
        cmocka_unit_test(kl_is_the_mean_divergence_of_the_student_from_the_teacher),
        cmocka_unit_test(a_gated_loss_weights_the_squared_errors_of_its_units),
        cmocka_unit_test(gated_losses_of_several_layers_add_up_to_that_of_all_units),
        cmocka_unit_test(a_gate_passes_targets_and_makes_weights_between_zero_and_one),
        cmocka_unit_test(mean_squared_errors_of_several_layers_add_up_to_that_of_all_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
