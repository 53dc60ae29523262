/* yardstick.h - what every benchmark of the engine measures by: this process's CPU time, and the
 * rate of sgemm on this machine in the same run. A benchmark is one file, so both are static. */
#ifndef BENCH_YARDSTICK_H
#define BENCH_YARDSTICK_H
#include "common/xalloc.h"

#include <cblas.h>
#include <stdlib.h>
#include <time.h>

static inline double cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* GFLOP/s of the best of some products of two 512 x 512 matrices. */
static inline double sgemm_rate(void)
{
    enum { SIZE = 512, PRODUCTS = 40 };
    size_t bytes = (size_t)SIZE * SIZE * sizeof(float);
    float *a = xaligned(bytes), *b = xaligned(bytes), *c = xaligned(bytes);
    for (int i = 0; i < SIZE * SIZE; i++) {
        a[i] = (float)(i % 7) - 3;
        b[i] = (float)(i % 5) - 2;
    }
    double best = 0;
    for (int i = 0; i < PRODUCTS; i++) {
        double start = cpu_now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIZE, SIZE, SIZE, 1, a, SIZE, b,
                    SIZE, 0, c, SIZE);
        double rate = 2.0 * SIZE * SIZE * SIZE / (cpu_now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    free(a);
    free(b);
    free(c);
    return best;
}
#endif
