/* standardise.h - every dimension with mean 0 and standard deviation 1, by the statistics of the
 * training set (B.2.1). Computed in double and rounded once, so that a dimension that is large and
 * varies little, such as a date, keeps what varies. */
#ifndef TASK_STANDARDISE_H
#define TASK_STANDARDISE_H
#include "worker/numeric/mat.h"

struct standardise {
    int dims;
    double *mean, *scale; /* [dims]; scale: standard deviation (over n, not n-1), or 1 where the
                             training set has one value only */
};

void standardise_init(struct standardise *out, int dims); /* mean 0, scale 1: changes nothing */
void standardise_free(struct standardise *standardise);   /* accepts a zeroed one */

/* Dimensions first .. first+count-1 from the rows of a training set: the numbers of row i are at
 * rows + i * stride. So parts of a row can be fitted to different data, such as each state of a
 * trajectory to one and the same statistics. n_rows > 0. */
void standardise_fit(struct standardise *standardise, int first, int count, const double *rows,
                     size_t n_rows, size_t stride);

/* out = (rows - mean) / scale      out, rows [n_rows, dims], without gaps */
void standardise_apply(const struct standardise *standardise, real *out, const double *rows,
                       size_t n_rows);
#endif
