/* product.h - matrix products, by BLAS. Each says its shapes and its rule; a term of the tangent
 * exists only where that operand carries one. Results lie apart from operands. */
#ifndef NUMERIC_PRODUCT_H
#define NUMERIC_PRODUCT_H
#include "worker/numeric/pass.h"

/* y = a b        a [m,k]  b [k,n]  y [m,n]      y' = a' b + a b' */
void mul(const struct pass *pass, struct mat y, struct mat a, struct mat b);

/* y = a^T b      a [k,m]  b [k,n]  y [m,n]      y' = a'^T b + a^T b' */
void mul_tn(const struct pass *pass, struct mat y, struct mat a, struct mat b);

/* y += a^T b     values only: for sums over the pieces of a batch in passes without tangents */
void mul_tn_add(const struct pass *pass, struct mat y, struct mat a, struct mat b);

/* y = a b^T      a [m,k]  b [n,k]  y [m,n]      y' = a' b^T + a b'^T
 * Takes places for turned copies from the workspaces of the pass. */
void mul_nt(struct pass *pass, struct mat y, struct mat a, struct mat b);

/* y = x w + b    x [m,k]  w [k,n]  b [1,n]  y [m,n]      y' = x' w + x w' + b' */
void mul_add_row(const struct pass *pass, struct mat y, struct mat x, struct mat w, struct mat b);
#endif
