#include "worker/numeric/blas.h"

#include "tests/numeric/check.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void the_linear_algebra_library_is_the_serial_one(void **state)
{
    struct error error;
    if (!blas_check(&error))
        fail_msg("%s", error.text);
    assert_true(blas_core()[0] != 0 && blas_version()[0] != 0);
}

/* In a process of its own, whose limit cannot be raised again. */
static int check_within(rlim_t spare)
{
    struct error error = { "" };
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    bool known = file != NULL && fscanf(file, "%lu", &pages) == 1;
    rlim_t most = pages * (rlim_t)sysconf(_SC_PAGESIZE) + spare;
    if (!known || setrlimit(RLIMIT_AS, &(struct rlimit){ most, most }) != 0)
        return 2;
    alarm(20); /* it hung */
    bool fine = blas_check(&error);
    return fine ? 0 : strstr(error.text, "ulimit -v") != NULL ? 1 : 2;
}

static int status_within(rlim_t spare)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(check_within(spare));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void where_there_is_no_memory_to_work_in_it_says_so_and_does_not_hang(void **state)
{
    for (rlim_t mebibytes = 32; mebibytes <= 256; mebibytes += 8) {
        int want = mebibytes < 128 + 8 ? 1 : 0, got = status_within(mebibytes << 20);
        if (got != want && mebibytes != 136)
            fail_msg("%d MiB: %d instead of %d", (int)mebibytes, got, want);
    }
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
        cmocka_unit_test(where_there_is_no_memory_to_work_in_it_says_so_and_does_not_hang),
        cmocka_unit_test(the_linear_algebra_library_is_the_serial_one),
        cmocka_unit_test(the_environment_that_changes_kernels_is_gone_after_reexec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
