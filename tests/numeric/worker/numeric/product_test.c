/* Products against a naive triple loop in double, in every shape class: small, cut into strips,
 * thin batches whose transposed product is turned, and single columns. */
#include "worker/numeric/product.h"

#include "tests/numeric/check.h"

#include <stdio.h>

static const struct shape {
    int m, n, k;
} shapes[] = {
    { 1, 1, 1 },      { 3, 5, 7 },      { 16, 1, 128 },    { 20, 256, 256 },
    { 32, 256, 256 }, { 256, 32, 256 }, { 256, 250, 32 },  { 65, 128, 130 },
    { 40, 4, 256 },   { 33, 100, 17 },  { 130, 300, 129 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

struct product {
    const char *name;
    void (*run)(struct pass *, struct mat y, struct mat a, struct mat b);
    bool turn_a, turn_b;
};

static void run_mul(struct pass *pass, struct mat y, struct mat a, struct mat b)
{
    mul(pass, y, a, b);
}

static void run_mul_tn(struct pass *pass, struct mat y, struct mat a, struct mat b)
{
    mul_tn(pass, y, a, b);
}

static const struct product products[] = {
    { "mul", run_mul, false, false },
    { "mul_tn", run_mul_tn, true, false },
    { "mul_nt", mul_nt, false, true },
};

/* out += op(a) op(b) */
static void naive(double *out, struct shape s, const struct product *product, const real *a,
                  const real *b)
{
    for (int i = 0; i < s.m; i++)
        for (int j = 0; j < s.n; j++)
            for (int k = 0; k < s.k; k++) {
                int a_at = product->turn_a ? k * s.m + i : i * s.k + k;
                int b_at = product->turn_b ? j * s.k + k : k * s.n + j;
                out[i * s.n + j] += (double)a[a_at] * (double)b[b_at];
            }
}

static struct mat operand(struct rng *rng, int rows, int cols, bool turned)
{
    return turned ? random_mat(rng, cols, rows) : random_mat(rng, rows, cols);
}

static void check_product(const struct product *product, struct shape s, bool a_moves, bool b_moves)
{
    struct rng rng = test_rng((uint64_t)(s.m * 1000 + s.n));
    struct mat a = operand(&rng, s.m, s.k, product->turn_a),
               b = operand(&rng, s.k, s.n, product->turn_b);
    struct mat use_a = a_moves ? a : mat_constant(a.value, a.rows, a.cols);
    struct mat use_b = b_moves ? b : mat_constant(b.value, b.rows, b.cols);
    struct workspace values = { 0 }, tangents = { 0 };
    size_t enough = (size_t)(s.m * s.n + s.m * s.k) * 3 + 256;
    workspace_reserve(&values, enough);
    workspace_reserve(&tangents, enough);
    struct pass pass = pass_both(values, tangents);
    struct mat y = mat_new(&pass, s.m, s.n);
    memset(y.tangent, 0x7f, mat_count(y) * sizeof(real)); /* whatever was there must not matter */
    product->run(&pass, y, use_a, use_b);

    double *want = xcalloc(mat_count(y), sizeof *want);
    char what[64];
    snprintf(what, sizeof what, "%s %dx%dx%d", product->name, s.m, s.n, s.k);
    naive(want, s, product, a.value, b.value);
    expect_near(what, y.value, want, mat_count(y), rounding);
    memset(want, 0, mat_count(y) * sizeof *want);
    if (a_moves)
        naive(want, s, product, a.tangent, b.value);
    if (b_moves)
        naive(want, s, product, a.value, b.tangent);
    if (a_moves || b_moves)
        expect_near(what, y.tangent, want, mat_count(y), rounding);
    for (size_t i = 0; !a_moves && !b_moves && i < mat_count(y); i++)
        assert_true(y.tangent[i] == 0);
    free(want);
    free_mats((struct mat[]){ a, b }, 2);
    workspace_free(&values);
    workspace_free(&tangents);
}

static void check_shapes(const struct product *product)
{
    for (int i = 0; i < SHAPES; i++)
        for (int moves = 0; moves < 4; moves++)
            check_product(product, shapes[i], moves & 1, moves & 2);
}

static void mul_is_the_naive_product_and_so_is_its_tangent(void **state)
{
    check_shapes(&products[0]);
}

static void mul_tn_is_the_naive_product_and_so_is_its_tangent(void **state)
{
    check_shapes(&products[1]);
}

static void mul_nt_is_the_naive_product_and_so_is_its_tangent(void **state)
{
    check_shapes(&products[2]);
}

static void mul_tn_add_adds_to_what_is_there(void **state)
{
    struct rng rng = test_rng(3);
    struct shape s = { 96, 40, 300 }; /* cut into strips */
    struct mat a = random_mat(&rng, s.k, s.m), b = random_mat(&rng, s.k, s.n);
    struct mat y = random_mat(&rng, s.m, s.n);
    double *want = xcalloc(mat_count(y), sizeof *want);
    struct pass pass = pass_values((struct workspace){ 0 });
    for (size_t i = 0; i < mat_count(y); i++)
        want[i] = (double)y.value[i];
    naive(want, s, &products[1], a.value, b.value);
    mul_tn_add(&pass, y, a, b);
    expect_near("mul_tn_add", y.value, want, mat_count(y), rounding);
    free(want);
    free_mats((struct mat[]){ a, b, y }, 3);
}

static struct mat linear(struct pass *pass, const struct mat *operands)
{
    struct mat y = mat_new(pass, operands[0].rows, operands[1].cols);
    mul_add_row(pass, y, operands[0], operands[1], operands[2]);
    return y;
}

static void mul_add_row_adds_the_row_to_every_row_of_the_product(void **state)
{
    struct rng rng = test_rng(1);
    struct shape s = { 20, 250, 256 };
    struct mat operands[3] = { random_mat(&rng, s.m, s.k), random_mat(&rng, s.k, s.n),
                               random_mat(&rng, 1, s.n) };
    double *want = xcalloc((size_t)(s.m * s.n), sizeof *want);
    for (int i = 0; i < s.m; i++)
        for (int j = 0; j < s.n; j++)
            want[i * s.n + j] = (double)operands[2].value[j];
    naive(want, s, &products[0], operands[0].value, operands[1].value);
    struct kernel_workspaces workspaces = kernel_workspaces(linear, operands);
    struct pass pass = pass_values(workspaces.values);
    struct mat y = linear(&pass, operands);
    expect_near("mul_add_row", y.value, want, mat_count(y), rounding);
    expect_tangent("mul_add_row", linear, operands, 3);
    kernel_workspaces_free(&workspaces);
    free(want);
    free_mats(operands, 3);
}

static void mul_add_row_of_constants_has_no_tangent_but_that_of_the_moving_operand(void **state)
{
    struct rng rng = test_rng(2);
    struct mat all[3] = { random_mat(&rng, 4, 6), random_mat(&rng, 6, 5), random_mat(&rng, 1, 5) };
    for (int moving = 0; moving < 3; moving++) {
        struct mat operands[3];
        for (int k = 0; k < 3; k++)
            operands[k] =
                k == moving ? all[k] : mat_constant(all[k].value, all[k].rows, all[k].cols);
        expect_tangent("mul_add_row with one moving operand", linear, operands, 3);
    }
    free_mats(all, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mul_is_the_naive_product_and_so_is_its_tangent),
        cmocka_unit_test(mul_tn_is_the_naive_product_and_so_is_its_tangent),
        cmocka_unit_test(mul_nt_is_the_naive_product_and_so_is_its_tangent),
        cmocka_unit_test(mul_tn_add_adds_to_what_is_there),
        cmocka_unit_test(mul_add_row_adds_the_row_to_every_row_of_the_product),
        cmocka_unit_test(mul_add_row_of_constants_has_no_tangent_but_that_of_the_moving_operand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
