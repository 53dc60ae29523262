#include "worker/numeric/blas.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All variables by which OpenBLAS changes its kernels or its blocking, and so its bits. */
static const char *const inherited[] = { "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
                                         "OPENBLAS_BLOCK_FACTOR" };
enum { INHERITED = sizeof inherited / sizeof *inherited };

/* What a variable ought to be: NULL for unset. */
static const char *wanted(const char *name)
{
    return strcmp(name, "OPENBLAS_CORETYPE") == 0 ? getenv("LDT_OPENBLAS_CORETYPE") : NULL;
}

static bool is_as_wanted(const char *name)
{
    const char *now = getenv(name), *then = wanted(name);
    return now && then ? strcmp(now, then) == 0 : now == then;
}

void blas_reexec(char **argv)
{
    bool right = true;
    for (int i = 0; i < INHERITED; i++)
        right = right && is_as_wanted(inherited[i]);
    if (right)
        return;
    for (int i = 0; i < INHERITED; i++) {
        const char *value = wanted(inherited[i]);
        if (value ? setenv(inherited[i], value, 1) : unsetenv(inherited[i]))
            return; /* slower kernels are better than none; the core type is recorded anyway */
    }
    execv("/proc/self/exe", argv);
}

bool blas_check(struct error *error)
{
    if (openblas_get_parallel() == OPENBLAS_SEQUENTIAL)
        return true;
    error_set(error,
              "the OpenBLAS that was loaded runs threads of its own (%s), so results would depend "
              "on the machine's load; install libopenblas0-serial and run the program without "
              "LD_LIBRARY_PATH",
              openblas_get_config());
    return false;
}

const char *blas_core(void)
{
    return openblas_get_corename();
}

const char *blas_version(void)
{
    return openblas_get_config();
}
