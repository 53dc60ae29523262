/* mat.h - the number type of the engine, and a matrix that carries a value and a tangent.
 *
 * A tangent is the directional derivative of the value along one direction that the caller chose.
 * Every kernel of this folder computes both from the operands' values and tangents, so code that
 * was written once for a gradient yields a Hessian-vector product when its operands carry
 * tangents. */
#ifndef NUMERIC_MAT_H
#define NUMERIC_MAT_H
#include <stddef.h>

#ifdef REAL_IS_DOUBLE
typedef double real; /* gradient checks */
#else
typedef float real; /* training */
#endif

struct mat {
    int rows, cols; /* row-major, no padding between rows */
    real *value;
    real *tangent;  /* NULL: a constant */
};

static inline size_t mat_count(struct mat m)
{
    return (size_t)m.rows * (size_t)m.cols;
}

/* A matrix without a tangent around memory of the caller. Kernels never write through an operand.
 * */
struct mat mat_constant(const real *value, int rows, int cols);
#endif
