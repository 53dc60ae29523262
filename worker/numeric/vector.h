/* vector.h - sums over long vectors of numbers, always in the same order: 16 lanes in double, then
 * the lanes from first to last. A plain float sum would not be vectorised and would round more. */
#ifndef NUMERIC_VECTOR_H
#define NUMERIC_VECTOR_H
#include "worker/numeric/mat.h"

#include <stdbool.h>
#include <stdint.h>

double vector_norm(const real *x, size_t count);                       /* Euclidean */
double vector_dot(const real *a, const real *b, size_t count);
/* a . (x - y) */
double vector_dot_difference(const real *a, const real *x, const real *y, size_t count);
double vector_squared_distance(const real *a, const real *b, size_t count);
double vector_weighted_squared_distance(const real *weight, const real *a, const real *b,
                                        size_t count);
bool vector_is_finite(const real *x, size_t count);

/* Limits each number to [-bound, bound]; returns how many had to be. A NaN stays a NaN. */
int64_t vector_clip(real *x, size_t count, double bound);
#endif
