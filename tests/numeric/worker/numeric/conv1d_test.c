/* Convolution by columns against nested loops; the way back is the transposed map. */
#include "worker/numeric/conv1d.h"

#include "tests/numeric/check.h"
#include "worker/numeric/product.h"

enum { EXAMPLES = 3, IN = 5, OUT = 4 };

static int steps;

/* Operands: x, w. */
static struct mat run_convolution(struct pass *pass, const struct mat *operands)
{
    struct mat columns = mat_new(pass, operands[0].rows, CONV1D_TAPS * IN);
    struct mat y = mat_new(pass, operands[0].rows, OUT);
    conv1d_columns(pass, columns, operands[0], steps);
    mul(pass, y, columns, operands[1]);
    return y;
}

static struct mat run_columns(struct pass *pass, const struct mat *operands)
{
    struct mat columns = mat_new(pass, operands[0].rows, CONV1D_TAPS * IN);
    conv1d_columns(pass, columns, operands[0], steps);
    return columns;
}

static struct mat run_columns_back(struct pass *pass, const struct mat *operands)
{
    struct mat dx = mat_new(pass, operands[0].rows, IN);
    conv1d_columns_back(pass, dx, operands[0], steps);
    return dx;
}

static double convolved(const struct mat *operands, int example, int t, int out)
{
    double sum = 0;
    for (int tap = 0; tap < CONV1D_TAPS; tap++)
        for (int in = 0; in < IN; in++) {
            int from = t + tap - 1;
            if (from >= 0 && from < steps)
                sum += (double)operands[0].value[(example * steps + from) * IN + in] *
                       (double)operands[1].value[(tap * IN + in) * OUT + out];
        }
    return sum;
}

static void columns_times_weights_are_the_convolution(void **state)
{
    for (steps = 1; steps <= 6; steps++) {
        struct rng rng = test_rng((uint64_t)steps);
        struct mat operands[2] = { random_mat(&rng, EXAMPLES * steps, IN),
                                   random_mat(&rng, CONV1D_TAPS * IN, OUT) };
        double want[EXAMPLES * 6 * OUT];
        int count = EXAMPLES * steps * OUT;
        for (int i = 0; i < count; i++)
            want[i] = convolved(operands, i / OUT / steps, i / OUT % steps, i % OUT);
        struct kernel_workspaces workspaces = kernel_workspaces(run_convolution, operands);
        struct pass pass = pass_values(workspaces.values);
        expect_near("convolution", run_convolution(&pass, operands).value, want, (size_t)count,
                    rounding);
        expect_tangent("convolution", run_convolution, operands, 2);
        kernel_workspaces_free(&workspaces);
        free_mats(operands, 2);
    }
}

static double dot(struct mat a, struct mat b)
{
    double sum = 0;
    for (size_t i = 0; i < mat_count(a); i++)
        sum += (double)a.value[i] * (double)b.value[i];
    return sum;
}

static void the_way_back_is_the_transposed_map(void **state)
{
    for (steps = 1; steps <= 4; steps++) {
        struct rng rng = test_rng(20 + (uint64_t)steps);
        struct mat x = random_mat(&rng, EXAMPLES * steps, IN);
        struct mat d = random_mat(&rng, EXAMPLES * steps, CONV1D_TAPS * IN);
        struct kernel_workspaces there = kernel_workspaces(run_columns, &x);
        struct kernel_workspaces back = kernel_workspaces(run_columns_back, &d);
        struct pass forwards = pass_values(there.values), backwards = pass_values(back.values);
        expect_number("d . columns(x)", dot(run_columns(&forwards, &x), d),
                      dot(run_columns_back(&backwards, &d), x), 100 * rounding);
        expect_tangent("way back", run_columns_back, &d, 1);
        kernel_workspaces_free(&there);
        kernel_workspaces_free(&back);
        free_mats(&x, 1);
        free_mats(&d, 1);
    }
}

static void a_constant_has_a_tangent_of_zero(void **state)
{
    steps = 3;
    struct rng rng = test_rng(30);
    struct mat x = random_mat(&rng, EXAMPLES * steps, IN);
    struct mat still = mat_constant(x.value, x.rows, x.cols);
    struct kernel_workspaces workspaces = kernel_workspaces(run_columns, &still);
    struct pass pass = pass_both(workspaces.values, workspaces.tangents);
    struct mat columns = run_columns(&pass, &still);
    for (size_t i = 0; i < mat_count(columns); i++)
        assert_true(columns.tangent[i] == 0);
    kernel_workspaces_free(&workspaces);
    free_mats(&x, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_times_weights_are_the_convolution),
        cmocka_unit_test(the_way_back_is_the_transposed_map),
        cmocka_unit_test(a_constant_has_a_tangent_of_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
