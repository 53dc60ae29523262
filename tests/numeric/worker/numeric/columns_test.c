#include "worker/numeric/columns.h"

#include "tests/numeric/check.h"

enum { ROWS = 4, WIDE = 7, NARROW = 5, COUNT = 3 };

/* Columns 2 .. 4 of operand 0 become columns 1 .. 3 of a copy of operand 1. */
static struct mat run_copy(struct pass *pass, const struct mat *operands)
{
    struct mat y = mat_new(pass, ROWS, NARROW);
    columns_copy(pass, (struct columns){ y, 0, NARROW },
                 (struct columns){ operands[1], 0, NARROW });
    columns_copy(pass, (struct columns){ y, 1, COUNT }, (struct columns){ operands[0], 2, COUNT });
    return y;
}

static struct mat run_add(struct pass *pass, const struct mat *operands)
{
    struct mat y = mat_new(pass, ROWS, NARROW);
    columns_copy(pass, (struct columns){ y, 0, NARROW },
                 (struct columns){ operands[1], 0, NARROW });
    columns_add(pass, (struct columns){ y, 1, COUNT }, (struct columns){ operands[0], 2, COUNT });
    return y;
}

static void check(struct mat (*run)(struct pass *, const struct mat *), bool adds)
{
    struct rng rng = test_rng(1);
    struct mat operands[2] = { random_mat(&rng, ROWS, WIDE), random_mat(&rng, ROWS, NARROW) };
    struct kernel_workspaces workspaces = kernel_workspaces(run, operands);
    struct pass pass = pass_values(workspaces.values);
    struct mat y = run(&pass, operands);
    for (int i = 0; i < ROWS * NARROW; i++) {
        int row = i / NARROW, col = i % NARROW;
        bool touched = col >= 1 && col < 1 + COUNT;
        real want = touched && !adds ? 0 : operands[1].value[i];
        if (touched)
            want += operands[0].value[row * WIDE + col + 1];
        assert_true(y.value[i] == want);
    }
    expect_tangent("columns", run, operands, 2);
    free(operands[0].tangent); /* a constant moves nothing */
    operands[0].tangent = NULL;
    expect_tangent("columns of a constant", run, operands, 2);
    kernel_workspaces_free(&workspaces);
    free_mats(operands, 2);
}

static void a_block_of_columns_is_copied_and_the_others_stay(void **state)
{
    check(run_copy, false);
}

static void a_block_of_columns_is_added_and_the_others_stay(void **state)
{
    check(run_add, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_of_columns_is_copied_and_the_others_stay),
        cmocka_unit_test(a_block_of_columns_is_added_and_the_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
