#include "coordinator/report/statistics.h"
#include "common/rng.h"
#include "common/xalloc.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

double student_quantile(size_t degrees)
{
    static const double table[] = { 12.70620, 4.30265, 3.18245, 2.77645, 2.57058,
                                    2.44691,  2.36462, 2.30600, 2.26216 };
    double d = (double)degrees;
    assert(degrees >= 1);
    if (degrees <= sizeof table / sizeof *table)
        return table[degrees - 1];
    return 1.959964 + 2.372271 / d + 2.822487 / (d * d) + 2.555841 / (d * d * d);
}

/* Two passes, as the views do: no cancellation between large numbers. */
static void find_spread(struct summary *summary, const double *values, size_t count)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i]))
            squares += (values[i] - summary->mean) * (values[i] - summary->mean);
    }
    summary->sd = sqrt(squares / (double)(summary->n - 1));
    double half = summary->sd / sqrt((double)summary->n) * student_quantile(summary->n - 1);
    summary->low = summary->mean - half;
    summary->high = summary->mean + half;
}

struct summary summary_of(const double *values, size_t count)
{
    struct summary summary = { 0, NAN, NAN, NAN, NAN, NAN, NAN };
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            continue;
        sum += values[i];
        summary.least = fmin(summary.least, values[i]); /* NaN gives way to a number */
        summary.most = fmax(summary.most, values[i]);
        summary.n++;
    }
    if (summary.n > 0)
        summary.mean = sum / (double)summary.n;
    if (summary.n > 1)
        find_spread(&summary, values, count);
    return summary;
}

static int compare_reals(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* Of sorted numbers; between two of them in proportion. */
static double quantile(const double *sorted, size_t count, double share)
{
    double place = share * (double)(count - 1);
    size_t below = (size_t)place;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

void bootstrap_mean(const double *values, size_t count, size_t resamples, uint64_t seed,
                    double *low, double *high)
{
    struct rng rng;
    double *means = xcalloc(resamples, sizeof *means);
    assert(count >= 2 && resamples >= 2);
    rng_init(&rng, seed, RNG_BOOTSTRAP, 0);
    for (size_t i = 0; i < resamples; i++) {
        for (size_t k = 0; k < count; k++)
            means[i] += values[rng_below(&rng, count)];
        means[i] /= (double)count;
    }
    qsort(means, resamples, sizeof *means, compare_reals);
    *low = quantile(means, resamples, 0.025);
    *high = quantile(means, resamples, 0.975);
    free(means);
}
