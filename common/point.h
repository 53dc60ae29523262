/* point.h - learning curves: one value of one metric at one step, and the digest that proves a
 * curve whole. */
#ifndef COMMON_POINT_H
#define COMMON_POINT_H
#include <stdint.h>

struct point {
    int64_t step;       /* as the child counts; the built-in trainer counts real student steps */
    double epoch;       /* NaN when the child gave none */
    const char *metric; /* 1-64 of letters, digits, . _ - and / */
    double value;       /* may be NaN or infinite: the trial is then DIVERGED */
};

/* Chained over the points of an attempt in the order they were reported, starting from 0. NaN of
 * any payload counts as one value, and -0.0 as 0.0, because that is what survives wire and
 * database. */
uint64_t point_digest(uint64_t digest, const struct point *point);
#endif
