/* dmath.h - deterministic mathematics: the same bits on every machine and with every C library.
 * Only + - * / sqrt and integer operations inside, compiled without contraction. Whatever decides a
 * suggestion or a data set uses these; kernels of the trainer use libm, whose bits are pinned by
 * the recorded library version. Relative errors are bounds over the stated range, checked in
 * tests. */
#ifndef COMMON_DMATH_H
#define COMMON_DMATH_H
#include <stddef.h>

double dm_exp(double x);             /* 2e-16 relative; 0 below -745.2, infinity above 709.79 */
double dm_log(double x);             /* 3e-16 relative; x > 0, -infinity at 0, NaN below */
double dm_normal_cdf(double x);      /* Phi(x); 1e-14 relative, for x > -37 in the lower tail */
double dm_normal_quantile(double p); /* inverse of Phi; 1e-15: Wichura 1988 (AS 241) */

/* Replaces each x[i] by dm_exp(x[i]), the same bits, several at a time. */
void dm_exp_each(double *x, size_t count);
#endif
