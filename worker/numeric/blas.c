#include "worker/numeric/blas.h"

#include <cblas.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

enum { BUFFER_BYTES = 128 << 20, BUFFER_MARGIN = 8 << 20, PRODUCT = 128 };

/* Where OpenBLAS gets no memory to work in it asks again, for ever. It asks once in its life, so
 * here and now, after we have seen that there is enough; for a product that is too large for those
 * of its kernels that need none. */
static bool get_buffer(struct error *error)
{
    static float factor[PRODUCT * PRODUCT], product[PRODUCT * PRODUCT];
    void *probe = mmap(NULL, BUFFER_BYTES + BUFFER_MARGIN, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED) {
        error_set(error,
                  "OpenBLAS needs %d MiB of address space to work in, which this process cannot "
                  "have (%s): allow it more (`ulimit -v`)",
                  BUFFER_BYTES >> 20, strerror(errno));
        return false;
    }
    munmap(probe, BUFFER_BYTES + BUFFER_MARGIN);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, PRODUCT, PRODUCT, PRODUCT, 1, factor,
                PRODUCT, factor, PRODUCT, 0, product, PRODUCT);
    return true;
}

bool blas_check(struct error *error)
{
    if (openblas_get_parallel() == OPENBLAS_SEQUENTIAL)
        return get_buffer(error);
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
