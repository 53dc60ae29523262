/* check.h - what the tests of the engine share: random matrices, comparisons norm by norm, and the
 * check of a kernel's tangent against central differences. Random numbers come from one seed, which
 * every failure prints; LDT_TEST_SEED sets another. */
#ifndef NUMERIC_CHECK_H
#define NUMERIC_CHECK_H
#include "common/rng.h"
#include "common/xalloc.h"
#include "worker/numeric/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN_DOUBLE = sizeof(real) == sizeof(double) };
static const double rounding = IN_DOUBLE ? 1e-13 : 2e-5; /* of a kernel against a naive one */
static const double by_differences = 1e-7;               /* of a derivative, in double */

static inline uint64_t test_seed(void)
{
    const char *text = getenv("LDT_TEST_SEED");
    return text ? strtoull(text, NULL, 10) : 20260817;
}

/* Streams differ by index, so one test never shifts another. */
static inline struct rng test_rng(uint64_t index)
{
    struct rng rng;
    rng_init(&rng, test_seed(), RNG_TEST, index);
    return rng;
}

static inline real *random_reals(struct rng *rng, size_t count)
{
    real *out = xmalloc((count + 1) * sizeof *out);
    for (size_t i = 0; i < count; i++)
        out[i] = (real)rng_normal(rng);
    return out;
}

static inline struct mat random_mat(struct rng *rng, int rows, int cols)
{
    struct mat m = { .rows = rows, .cols = cols };
    m.value = random_reals(rng, mat_count(m));
    m.tangent = random_reals(rng, mat_count(m));
    return m;
}

static inline void free_mats(struct mat *mats, int count)
{
    for (int i = 0; i < count; i++) {
        free(mats[i].value);
        free(mats[i].tangent);
    }
}

/* |got - want| <= allowed |want|, and want is not zero, so that nothing passes by being empty. */
static inline void expect_near(const char *what, const real *got, const double *want, size_t count,
                               double allowed)
{
    double distance = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        distance += pow((double)got[i] - want[i], 2);
        norm += want[i] * want[i];
    }
    if (!(norm > 0))
        fail_msg("%s: the expected value is zero or not a number (seed %llu)", what,
                 (unsigned long long)test_seed());
    if (!(sqrt(distance) <= allowed * sqrt(norm)))
        fail_msg("%s is off by %.3g of its norm, %.0e is allowed (seed %llu)", what,
                 sqrt(distance / norm), allowed, (unsigned long long)test_seed());
}

static inline void expect_number(const char *what, double got, double want, double allowed)
{
    if (!(fabs(got - want) <= allowed * fabs(want)) || want == 0)
        fail_msg("%s is %.17g instead of %.17g (seed %llu)", what, got, want,
                 (unsigned long long)test_seed());
}

static inline void expect_same_bits(const char *what, const real *a, const real *b, size_t count)
{
    if (memcmp(a, b, count * sizeof *a) != 0)
        fail_msg("%s: the bits differ (seed %llu)", what, (unsigned long long)test_seed());
}

/* ---- a kernel, run in a workspace of its own ------------------------------------------------- */

/* `run` is always a function that computes one matrix from operands, in workspaces of the pass. */
struct kernel_workspaces {
    struct workspace values, tangents;
};

static inline struct kernel_workspaces
kernel_workspaces(struct mat (*run)(struct pass *, const struct mat *), const struct mat *operands)
{
    struct kernel_workspaces workspaces = { 0 };
    struct pass dry = pass_dry();
    run(&dry, operands);
    workspace_reserve(&workspaces.values, dry.values.used);
    workspace_reserve(&workspaces.tangents, dry.values.used);
    return workspaces;
}

static inline void kernel_workspaces_free(struct kernel_workspaces *workspaces)
{
    workspace_free(&workspaces->values);
    workspace_free(&workspaces->tangents);
}

/* The values at operands + step * tangents. */
static inline double *kernel_values(struct mat (*run)(struct pass *, const struct mat *),
                                    const struct mat *operands, int count, double step)
{
    struct mat moved[8];
    assert_true(count <= 8);
    for (int k = 0; k < count; k++) {
        moved[k] = mat_constant(xmalloc((mat_count(operands[k]) + 1) * sizeof(real)),
                                operands[k].rows, operands[k].cols);
        for (size_t i = 0; i < mat_count(moved[k]); i++) {
            double direction = operands[k].tangent ? (double)operands[k].tangent[i] : 0;
            moved[k].value[i] = (real)((double)operands[k].value[i] + step * direction);
        }
    }
    struct kernel_workspaces workspaces = kernel_workspaces(run, moved);
    struct pass pass = pass_values(workspaces.values);
    struct mat result = run(&pass, moved);
    double *out = xmalloc((mat_count(result) + 1) * sizeof *out);
    for (size_t i = 0; i < mat_count(result); i++)
        out[i] = (double)result.value[i];
    kernel_workspaces_free(&workspaces);
    free_mats(moved, count);
    return out;
}

/* Values and tangents in one pass and in two have the same bits; in double the tangent agrees with
 * central differences along the operands' tangents. */
static inline void expect_tangent(const char *what,
                                  struct mat (*run)(struct pass *, const struct mat *),
                                  const struct mat *operands, int count)
{
    struct kernel_workspaces one = kernel_workspaces(run, operands),
                             two = kernel_workspaces(run, operands);
    struct pass both = pass_both(one.values, one.tangents);
    struct mat y = run(&both, operands);
    struct pass values = pass_values(two.values),
                tangents = pass_tangents(two.values, two.tangents);
    run(&values, operands);
    struct mat again = run(&tangents, operands);
    expect_same_bits(what, y.value, again.value, mat_count(y));
    expect_same_bits(what, y.tangent, again.tangent, mat_count(y));
    if (IN_DOUBLE) {
        double h = 1e-6, *up = kernel_values(run, operands, count, h);
        double *down = kernel_values(run, operands, count, -h);
        for (size_t i = 0; i < mat_count(y); i++)
            up[i] = (up[i] - down[i]) / (2 * h);
        expect_near(what, y.tangent, up, mat_count(y), by_differences);
        free(up);
        free(down);
    }
    kernel_workspaces_free(&one);
    kernel_workspaces_free(&two);
}
#endif
