/* Weight norm against its formula in double, its way back against central differences, and the
 * tangents of both against central differences. */
#include "worker/numeric/weight_norm.h"

#include "tests/numeric/check.h"

enum { IN = 7, OUT = 5 };

/* Operands: v, g. */
static struct mat run_forward(struct pass *pass, const struct mat *operands)
{
    struct weight_norm norm = { mat_new(pass, 1, OUT), mat_new(pass, 1, OUT) };
    struct mat w = mat_new(pass, IN, OUT);
    weight_norm(pass, norm, w, operands[0], operands[1]);
    return w;
}

/* Operands: v, g and d; the gradient for v in the first rows, that for g in the last. */
static struct mat run_back(struct pass *pass, const struct mat *operands)
{
    struct weight_norm norm = { mat_new(pass, 1, OUT), mat_new(pass, 1, OUT) };
    struct mat w = mat_new(pass, IN, OUT), both = mat_new(pass, IN + 1, OUT);
    weight_norm(pass, norm, w, operands[0], operands[1]);
    weight_norm_back(pass, norm, mat_rows(both, 0, IN), mat_rows(both, IN, 1), operands[0],
                     operands[2]);
    return both;
}

static void draw(struct mat operands[3], uint64_t stream)
{
    struct rng rng = test_rng(stream);
    operands[0] = random_mat(&rng, IN, OUT);
    operands[1] = random_mat(&rng, 1, OUT);
    operands[2] = random_mat(&rng, IN, OUT);
}

static double weight(const struct mat *operands, int row, int col)
{
    const real *v = operands[0].value;
    double sum = 0;
    for (int i = 0; i < IN; i++)
        sum += (double)v[i * OUT + col] * (double)v[i * OUT + col];
    return (double)operands[1].value[col] * (double)v[row * OUT + col] / sqrt(sum);
}

/* Scaled down together with what it stands for, a column means the same; in float its squares are
 * nothing. */
static void a_column_of_tiny_numbers_keeps_its_direction(void **state)
{
    static const double scales[] = { 1e-10, 1e-13, 1e-18, 1e-20, 1e-25, 1e-30 };
    for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
        struct mat operands[3];
        double want[IN * OUT];
        draw(operands, 9 + k);
        for (int i = 0; i < IN; i++)
            operands[0].value[i * OUT + 2] *= (real)scales[k];
        for (int i = 0; i < IN * OUT; i++)
            want[i] = weight(operands, i / OUT, i % OUT);
        struct kernel_workspaces workspaces = kernel_workspaces(run_forward, operands);
        struct pass pass = pass_values(workspaces.values);
        expect_near("weights", run_forward(&pass, operands).value, want, IN * OUT, rounding);
        kernel_workspaces_free(&workspaces);
        free_mats(operands, 3);
    }
}

static void a_column_has_its_direction_and_its_length(void **state)
{
    struct mat operands[3];
    double want[IN * OUT];
    draw(operands, 1);
    for (int i = 0; i < IN * OUT; i++)
        want[i] = weight(operands, i / OUT, i % OUT);
    struct kernel_workspaces workspaces = kernel_workspaces(run_forward, operands);
    struct pass pass = pass_values(workspaces.values);
    expect_near("weights", run_forward(&pass, operands).value, want, IN * OUT, rounding);
    expect_tangent("weights", run_forward, operands, 2);
    kernel_workspaces_free(&workspaces);
    free_mats(operands, 3);
}

/* d . W, whose gradient the way back is. */
static double product(const struct mat *operands)
{
    double sum = 0;
    for (int i = 0; i < IN * OUT; i++)
        sum += (double)operands[2].value[i] * weight(operands, i / OUT, i % OUT);
    return sum;
}

static void the_way_back_agrees_with_differences(void **state)
{
    struct mat operands[3];
    double want[(IN + 1) * OUT], h = IN_DOUBLE ? 1e-6 : 1e-2;
    draw(operands, 2);
    for (int i = 0; i < (IN + 1) * OUT; i++) {
        real *number = i < IN * OUT ? &operands[0].value[i] : &operands[1].value[i - IN * OUT];
        real kept = *number;
        *number = (real)((double)kept + h);
        double up = product(operands), above = (double)*number;
        *number = (real)((double)kept - h);
        want[i] = (up - product(operands)) / (above - (double)*number);
        *number = kept;
    }
    struct kernel_workspaces workspaces = kernel_workspaces(run_back, operands);
    struct pass pass = pass_values(workspaces.values);
    expect_near("gradients", run_back(&pass, operands).value, want, (IN + 1) * OUT,
                IN_DOUBLE ? by_differences : 1e-3);
    kernel_workspaces_free(&workspaces);
    free_mats(operands, 3);
}

static void the_tangent_of_the_way_back_agrees_with_differences(void **state)
{
    struct mat operands[3];
    draw(operands, 3);
    expect_tangent("way back", run_back, operands, 3);
    free_mats(operands, 3);
}

static void constant_weights_have_a_tangent_of_zero(void **state)
{
    struct mat operands[3], still[2];
    draw(operands, 4);
    for (int k = 0; k < 2; k++)
        still[k] = mat_constant(operands[k].value, operands[k].rows, operands[k].cols);
    struct kernel_workspaces workspaces = kernel_workspaces(run_forward, still);
    struct pass pass = pass_both(workspaces.values, workspaces.tangents);
    struct mat w = run_forward(&pass, still);
    for (int i = 0; i < IN * OUT; i++)
        assert_true(w.tangent[i] == 0 && w.value[i] != 0);
    kernel_workspaces_free(&workspaces);
    free_mats(operands, 3);
}

static void a_column_of_zeros_has_no_direction(void **state)
{
    struct mat operands[3];
    draw(operands, 5);
    for (int row = 0; row < IN; row++)
        operands[0].value[row * OUT + 2] = 0;
    struct kernel_workspaces workspaces = kernel_workspaces(run_forward, operands);
    struct pass pass = pass_values(workspaces.values);
    struct mat w = run_forward(&pass, operands);
    for (int i = 0; i < IN * OUT; i++)
        assert_true(isnan(w.value[i]) == (i % OUT == 2));
    kernel_workspaces_free(&workspaces);
    free_mats(operands, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_has_its_direction_and_its_length),
        cmocka_unit_test(a_column_of_tiny_numbers_keeps_its_direction),
        cmocka_unit_test(the_way_back_agrees_with_differences),
        cmocka_unit_test(the_tangent_of_the_way_back_agrees_with_differences),
        cmocka_unit_test(constant_weights_have_a_tangent_of_zero),
        cmocka_unit_test(a_column_of_zeros_has_no_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
