/* elementwise.h - kernels without products. Shapes are equal unless said otherwise. */
#ifndef NUMERIC_ELEMENTWISE_H
#define NUMERIC_ELEMENTWISE_H
#include "worker/numeric/pass.h"

/* y = max(x, 0)       y' = [x > 0] x'      (the derivative at 0 is 0; NaN stays) */
void relu(const struct pass *pass, struct mat y, struct mat x);

/* d = [x > 0] e       d' = [x > 0] e'      (a kink has no second derivative) */
void relu_back(const struct pass *pass, struct mat d, struct mat x, struct mat e);

/* s = sum of the rows of a      a [m,n]  s [1,n]      s' likewise */
void col_sum(const struct pass *pass, struct mat s, struct mat a);

/* y = x^T             x [m,n]  y [n,m]      y' = x'^T */
void transpose(const struct pass *pass, struct mat y, struct mat x);

/* d += a      d' += a'     The one kernel that accumulates: a second loss joins the gradient of a
 * layer's output before anything has read it. */
void add_into(const struct pass *pass, struct mat d, struct mat a);
#endif
