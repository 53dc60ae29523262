/* mat.h - the number type of the engine, and a matrix that carries a value and a tangent.
 *
 * A tangent is the directional derivative of the value along one direction that the caller chose.
 * Every kernel of this folder computes both from the operands' values and tangents, so code that
 * was written once for a gradient yields a Hessian-vector product on operands with tangents. */
#ifndef NUMERIC_MAT_H
#define NUMERIC_MAT_H
#include <stddef.h>

#ifdef REAL_IS_DOUBLE
typedef double real; /* gradient checks */
#define real_sqrt sqrt
#define real_exp exp
#else
typedef float real; /* training */
#define real_sqrt sqrtf
#define real_exp expf
#endif

struct mat {
    int rows, cols; /* row-major, no padding between rows */
    real *value;
    real *tangent; /* NULL: a constant */
};

static inline size_t mat_count(struct mat m)
{
    return (size_t)m.rows * (size_t)m.cols;
}

/* A matrix without a tangent around the caller's memory. Kernels never write through an operand,
 * so the const that is cast away here is kept. */
static inline struct mat mat_constant(const real *value, int rows, int cols)
{
    return (struct mat){ .rows = rows, .cols = cols, .value = (real *)value };
}

/* rows x cols of a flat vector of parameters or gradients, from `at` on. */
static inline struct mat mat_view(struct mat flat, size_t at, int rows, int cols)
{
    struct mat view = { .rows = rows, .cols = cols };
    view.value = flat.value ? flat.value + at : NULL;
    view.tangent = flat.tangent ? flat.tangent + at : NULL;
    return view;
}

/* A row of the values or of the tangents of m, which must be there. */
static inline real *mat_row(struct mat m, real *numbers, int row)
{
    return numbers + (size_t)row * (size_t)m.cols;
}

/* count rows from row first on. */
static inline struct mat mat_rows(struct mat m, int first, int count)
{
    return mat_view(m, (size_t)first * (size_t)m.cols, count, m.cols);
}
#endif
