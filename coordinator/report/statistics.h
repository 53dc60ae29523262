/* statistics.h - what a handful of seeds says: mean, spread, Student's interval of the mean, and
 * the bootstrap for differences between pairs. */
#ifndef REPORT_STATISTICS_H
#define REPORT_STATISTICS_H
#include <stddef.h>
#include <stdint.h>

/* Of the finite numbers among those given. What does not exist is NaN: everything for n = 0; sd and
 * the interval for n = 1, because one run says nothing about the spread of runs. */
struct summary {
    size_t n;
    double mean, sd;
    double low, high;     /* 95 % interval of the mean: Student's t, n - 1 degrees of freedom */
    double least, most;
};

struct summary summary_of(const double *values, size_t count);

/* The 97.5 % quantile of Student's distribution; degrees >= 1. Relative error below 1e-4: the same
 * table and expansion as v_seed_summary in sql/views.sql. */
double student_quantile(size_t degrees);

/* The 95 % percentile interval of the mean of `count` numbers, from `resamples` samples of them
 * drawn with replacement. The same numbers and seed give the same interval. count >= 2. */
void bootstrap_mean(const double *values, size_t count, size_t resamples, uint64_t seed,
                    double *low, double *high);
#endif
