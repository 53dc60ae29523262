/* batch_norm.h - normalisation over the rows of a batch, for each column (Ioffe and Szegedy 2015),
 * with the statistics of that batch only; and the scale and shift after it. Values only: it stands
 * in teachers, which are constant while a student learns.
 *
 *     x^ = (x - mean)/sigma     sigma^2 = biased variance + 1e-5        x [R, channels]
 *     y  = gamma x^ + beta      or, with relu, max(that, 0)
 *
 * x^ and 1/sigma are all that the way back needs: y is cheaper to make again than to keep. */
#ifndef NUMERIC_BATCH_NORM_H
#define NUMERIC_BATCH_NORM_H
#include "worker/numeric/pass.h"

struct batch_norm {
    struct mat x_hat;       /* [R, channels] of one batch */
    struct mat inverse;     /* [1, channels] 1/sigma; no value: x^ is x itself, and gamma ones */
    struct mat gamma, beta; /* [1, channels]; no value of gamma: ones */
    bool relu;
};

/* Fills x^ and 1/sigma. x may be x^ itself. */
void batch_norm(const struct pass *pass, struct batch_norm norm, struct mat x);

/* y from x^ */
void batch_norm_outputs(const struct pass *pass, struct mat y, struct batch_norm norm);

/* From d, the gradient for y, masked where relu is: dgamma += sum d x^ (unless gamma is ones),
 * dbeta += sum d, and, unless it is not normalised, where dx = d,
 *     dx = (gamma/sigma)(d - sum d/R - x^ sum(d x^)/R)
 * dx may be d. The sums of several batches add up. `sums` [3, channels] is a place to work in. */
void batch_norm_back(const struct pass *pass, struct mat dx, struct mat dgamma, struct mat dbeta,
                     struct mat d, struct batch_norm norm, struct mat sums);
#endif
