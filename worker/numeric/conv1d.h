/* conv1d.h - convolution over time, three taps, zeros beyond both ends, as a matrix product:
 *     y = columns(x) w      x [examples * steps, channels]   columns [examples * steps, 3 channels]
 *                           w [3 channels, channels of y]    its rows: tap by tap
 * Channels last: the rows of an example are its time steps. Both kernels are linear and carry
 * tangents. */
#ifndef NUMERIC_CONV1D_H
#define NUMERIC_CONV1D_H
#include "worker/numeric/pass.h"

enum { CONV1D_TAPS = 3 };

/* Row t of an example becomes x[t - 1], x[t], x[t + 1]. */
void conv1d_columns(const struct pass *pass, struct mat columns, struct mat x, int steps);

/* The way back, from the gradient for the columns to that for x:
 *     dx[t] = d[t + 1] of the first tap + d[t] of the middle one + d[t - 1] of the last */
void conv1d_columns_back(const struct pass *pass, struct mat dx, struct mat d, int steps);
#endif
