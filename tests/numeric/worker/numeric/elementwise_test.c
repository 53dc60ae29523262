#include "worker/numeric/elementwise.h"

#include "tests/numeric/check.h"

static struct mat run_relu(struct pass *pass, const struct mat *operands)
{
    struct mat y = mat_new(pass, operands[0].rows, operands[0].cols);
    relu(pass, y, operands[0]);
    return y;
}

static struct mat run_relu_back(struct pass *pass, const struct mat *operands)
{
    struct mat d = mat_new(pass, operands[0].rows, operands[0].cols);
    relu_back(pass, d, operands[0], operands[1]);
    return d;
}

static struct mat run_col_sum(struct pass *pass, const struct mat *operands)
{
    struct mat s = mat_new(pass, 1, operands[0].cols);
    col_sum(pass, s, operands[0]);
    return s;
}

static struct mat run_transpose(struct pass *pass, const struct mat *operands)
{
    struct mat y = mat_new(pass, operands[0].cols, operands[0].rows);
    transpose(pass, y, operands[0]);
    return y;
}

/* relu(x) + e, so that what is added to was made by the same pass. */
static struct mat run_add_into(struct pass *pass, const struct mat *operands)
{
    struct mat d = run_relu(pass, operands);
    add_into(pass, d, operands[1]);
    return d;
}

static void check_against(const char *what, struct mat (*run)(struct pass *, const struct mat *),
                          const struct mat *operands, int count, const double *want)
{
    struct kernel_workspaces workspaces = kernel_workspaces(run, operands);
    struct pass pass = pass_values(workspaces.values);
    struct mat y = run(&pass, operands);
    expect_near(what, y.value, want, mat_count(y), rounding);
    expect_tangent(what, run, operands, count);
    kernel_workspaces_free(&workspaces);
}

static void relu_keeps_what_is_positive(void **state)
{
    struct rng rng = test_rng(1);
    struct mat x = random_mat(&rng, 13, 21);
    double want[13 * 21];
    for (size_t i = 0; i < mat_count(x); i++)
        want[i] = x.value[i] > 0 ? (double)x.value[i] : 0;
    check_against("relu", run_relu, &x, 1, want);
    free_mats(&x, 1);
}

static void relu_of_nan_is_nan(void **state)
{
    real value[] = { -1, NAN, 3 }, out[3];
    struct pass pass = { .fill_values = true };
    relu(&pass, (struct mat){ 1, 3, out, NULL }, mat_constant(value, 1, 3));
    assert_true(out[0] == 0 && isnan(out[1]) && out[2] == 3);
}

static void relu_has_derivative_zero_at_zero(void **state)
{
    real value[] = { 0, -1, 2 }, tangent[] = { 5, 5, 5 }, out[3], moved[3];
    struct pass pass = { .fill_values = true, .fill_tangents = true };
    relu(&pass, (struct mat){ 1, 3, out, moved }, (struct mat){ 1, 3, value, tangent });
    for (int i = 0; i < 3; i++) {
        assert_true(out[i] == (i == 2 ? 2 : 0));
        assert_true(moved[i] == (i == 2 ? 5 : 0));
    }
}

static void relu_back_passes_the_gradient_where_the_input_was_positive(void **state)
{
    struct rng rng = test_rng(2);
    struct mat operands[2] = { random_mat(&rng, 9, 17), random_mat(&rng, 9, 17) };
    double want[9 * 17];
    for (size_t i = 0; i < mat_count(operands[0]); i++)
        want[i] = operands[0].value[i] > 0 ? (double)operands[1].value[i] : 0;
    check_against("relu_back", run_relu_back, operands, 2, want);
    free_mats(operands, 2);
}

static void col_sum_adds_the_rows(void **state)
{
    struct rng rng = test_rng(3);
    struct mat a = random_mat(&rng, 31, 19);
    double want[19] = { 0 };
    for (int i = 0; i < 31 * 19; i++)
        want[i % 19] += (double)a.value[i];
    check_against("col_sum", run_col_sum, &a, 1, want);
    free_mats(&a, 1);
}

static void transpose_turns_whole_squares_and_the_edges(void **state)
{
    static const int sizes[][2] = { { 8, 8 }, { 16, 24 }, { 1, 9 }, { 9, 1 }, { 20, 33 } };
    for (int k = 0; k < 5; k++) {
        int rows = sizes[k][0], cols = sizes[k][1];
        struct rng rng = test_rng(4 + (uint64_t)k);
        struct mat x = random_mat(&rng, rows, cols);
        double *want = xcalloc(mat_count(x), sizeof *want);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < cols; j++)
                want[j * rows + i] = (double)x.value[i * cols + j];
        check_against("transpose", run_transpose, &x, 1, want);
        free(want);
        free_mats(&x, 1);
    }
}

static void add_into_adds_values_and_tangents(void **state)
{
    struct rng rng = test_rng(20);
    struct mat operands[2] = { random_mat(&rng, 7, 30), random_mat(&rng, 7, 30) };
    double want[7 * 30];
    for (size_t i = 0; i < mat_count(operands[0]); i++)
        want[i] = fmax((double)operands[0].value[i], 0) + (double)operands[1].value[i];
    struct kernel_workspaces workspaces = kernel_workspaces(run_add_into, operands);
    struct pass pass = pass_values(workspaces.values);
    struct mat y = run_add_into(&pass, operands);
    expect_near("add_into", y.value, want, mat_count(y), rounding);
    expect_tangent("add_into", run_add_into, operands, 2);
    kernel_workspaces_free(&workspaces);
    free_mats(operands, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu_keeps_what_is_positive),
        cmocka_unit_test(relu_of_nan_is_nan),
        cmocka_unit_test(relu_has_derivative_zero_at_zero),
        cmocka_unit_test(relu_back_passes_the_gradient_where_the_input_was_positive),
        cmocka_unit_test(col_sum_adds_the_rows),
        cmocka_unit_test(transpose_turns_whole_squares_and_the_edges),
        cmocka_unit_test(add_into_adds_values_and_tangents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
