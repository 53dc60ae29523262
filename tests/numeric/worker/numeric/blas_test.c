#include "worker/numeric/blas.h"

#include "tests/numeric/check.h"

static void the_linear_algebra_library_is_the_serial_one(void **state)
{
    struct error error;
    if (!blas_check(&error))
        fail_msg("%s", error.text);
    assert_true(blas_core()[0] != 0 && blas_version()[0] != 0);
}

static void the_environment_that_changes_kernels_is_gone_after_reexec(void **state)
{
    const char *wanted = getenv("LDT_OPENBLAS_CORETYPE"), *now = getenv("OPENBLAS_CORETYPE");
    assert_null(getenv("OPENBLAS_L2_SIZE"));
    if (wanted)
        assert_string_equal(now, wanted);
    else
        assert_null(now);
}

int main(int argc, char **argv)
{
    if (argc == 1) { /* set what a login script may leave behind, then run once more */
        setenv("OPENBLAS_CORETYPE", "Prescott", 1);
        setenv("OPENBLAS_L2_SIZE", "512", 1);
        blas_reexec((char *[]){ argv[0], (char *)"again", NULL });
        return 1; /* it did not run again */
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_linear_algebra_library_is_the_serial_one),
        cmocka_unit_test(the_environment_that_changes_kernels_is_gone_after_reexec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
