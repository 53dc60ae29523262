#include "worker/task/regression.h"
#include "common/dmath.h"
#include "common/xalloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

void regression_fit(struct regression *out, const double *y, int count)
{
    *out = (struct regression){ .y = xcalloc((size_t)count, sizeof *out->y),
                                .u = xcalloc((size_t)count, sizeof *out->u) };
    double *sorted = out->y;
    memcpy(sorted, y, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    double last_rank = count > 1 ? count - 1 : 1;
    for (int first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && sorted[end] == sorted[first]; end++)
            ;
        double mean_rank = ((double)first + end - 1) / 2;
        out->u[out->knots] = count > 1 ? mean_rank / last_rank : 0.5;
        sorted[out->knots++] = sorted[first]; /* never ahead of what is read */
    }
}

void regression_free(struct regression *regression)
{
    free(regression->y);
    free(regression->u);
    *regression = (struct regression){ 0 };
}

/* The line through (from[i], to[i]), both ascending; beyond the ends, the end's value. */
static double interpolate(const double *from, const double *to, int knots, double at)
{
    int low = 0, high = knots - 1;
    if (at <= from[low])
        return to[low];
    if (at >= from[high])
        return to[high];
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (from[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    double span = from[high] - from[low], share = (at - from[low]) / span;
    if (!isfinite(span)) /* of labels near both ends of what a double holds */
        share = (at / 2 - from[low] / 2) / (from[high] / 2 - from[low] / 2);
    return to[low] * (1 - share) + to[high] * share;
}

double regression_psi(const struct regression *regression, double y)
{
    return interpolate(regression->y, regression->u, regression->knots, y);
}

double regression_unpsi(const struct regression *regression, double u)
{
    return interpolate(regression->u, regression->y, regression->knots, u);
}

int regression_bin(double u)
{
    int bin = (int)floor(u * REGRESSION_BINS);
    return bin < REGRESSION_BINS ? bin : REGRESSION_BINS - 1;
}

double regression_centre(int bin)
{
    return (bin + 0.5) / REGRESSION_BINS;
}

void regression_labels(const struct regression *regression, real *labels, const double *y,
                       int count)
{
    for (int i = 0; i < count; i++)
        labels[i] = (real)regression_bin(regression_psi(regression, y[i]));
}

double regression_expected(const real *logits)
{
    double largest = logits[0], total = 0, weighted = 0;
    for (int bin = 1; bin < REGRESSION_BINS; bin++)
        largest = fmax(largest, logits[bin]);
    for (int bin = 0; bin < REGRESSION_BINS; bin++) {
        double weight = dm_exp(logits[bin] - largest);
        total += weight;
        weighted += weight * regression_centre(bin);
    }
    return weighted / total;
}

double regression_mse(const real *logits, const real *labels, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double error = regression_expected(logits + (size_t)i * REGRESSION_BINS) -
                       regression_centre((int)labels[i]);
        sum += error * error;
    }
    return sum / count;
}
