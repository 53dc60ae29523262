/* regression.h - regression as classification (B.2.1): psi spreads the training set's labels evenly
 * over [0, 1], and 32 equal bins of that are the classes. A prediction is the mean of the bins'
 * centres by their probability, and its error, the normalised mse, is in the same [0, 1].
 *
 * psi goes linearly from (a value of the training set) to (its rank / (n-1)), where equal values
 * share the mean of their ranks; outside the training set's range it stays at its end's value. */
#ifndef TASK_REGRESSION_H
#define TASK_REGRESSION_H
#include "worker/numeric/mat.h"

enum { REGRESSION_BINS = 32 };

struct regression {
    int knots;
    double *y, *u; /* [knots] distinct labels, ascending, and psi of each */
};

void regression_fit(struct regression *out, const double *y, int count); /* finite; count > 0 */
void regression_free(struct regression *regression); /* accepts a zeroed one */

double regression_psi(const struct regression *regression, double y);
double regression_unpsi(const struct regression *regression, double u); /* a label with that psi */

int regression_bin(double u);      /* min(floor(32 u), 31), for u in [0, 1] */
double regression_centre(int bin); /* (bin + 1/2) / 32, the bucket value */

/* labels[i] = bin of psi(y[i]) */
void regression_labels(const struct regression *regression, real *labels, const double *y,
                       int count);

/* The mean of the bins' centres by softmax(logits [REGRESSION_BINS]). */
double regression_expected(const real *logits);

/* Mean of (expected - centre of the label's bin)^2.   logits [count, REGRESSION_BINS] */
double regression_mse(const real *logits, const real *labels, int count);
#endif
