#include "worker/numeric/pass.h"

#include "tests/numeric/check.h"

static void a_dry_pass_measures_what_a_real_one_uses(void **state)
{
    struct workspace workspace = { 0 };
    struct pass dry = pass_dry();
    assert_null(mat_new(&dry, 3, 5).value);
    mat_new(&dry, 1, 100);
    workspace_reserve(&workspace, dry.values.used);
    struct pass pass = pass_values(workspace);
    mat_new(&pass, 3, 5);
    mat_new(&pass, 1, 100);
    assert_int_equal(pass.values.used, dry.values.used);
    assert_int_equal(pass.values.used, workspace.capacity);
    workspace_free(&workspace);
}

static void a_second_pass_finds_the_values_of_the_first_in_the_same_places(void **state)
{
    struct workspace values = { 0 }, tangents = { 0 };
    workspace_reserve(&values, 256);
    workspace_reserve(&tangents, 256);
    struct pass first = pass_values(values), second = pass_tangents(values, tangents);
    for (int k = 1; k <= 4; k++) {
        struct mat a = mat_new(&first, k, 7), b = mat_new(&second, k, 7);
        assert_null(a.tangent);
        assert_non_null(b.tangent);
        assert_ptr_equal(a.value, b.value);
        assert_int_equal((uintptr_t)b.value % 64, 0);
        assert_int_equal((uintptr_t)b.tangent % 64, 0);
    }
    workspace_free(&values);
    workspace_free(&tangents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dry_pass_measures_what_a_real_one_uses),
        cmocka_unit_test(a_second_pass_finds_the_values_of_the_first_in_the_same_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
