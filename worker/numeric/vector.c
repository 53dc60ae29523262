#include "worker/numeric/vector.h"

#include <math.h>

enum { LANES = 16 };

static double sum_of_lanes(const double lane[LANES])
{
    double sum = 0;
    for (int k = 0; k < LANES; k++)
        sum += lane[k];
    return sum;
}

double vector_norm(const real *x, size_t count)
{
    double lane[LANES] = { 0 };
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)x[i + k] * (double)x[i + k];
    for (size_t i = whole; i < count; i++)
        lane[i - whole] += (double)x[i] * (double)x[i];
    return sqrt(sum_of_lanes(lane));
}

double vector_squared_distance(const real *a, const real *b, size_t count)
{
    double lane[LANES] = { 0 };
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            double difference = (double)a[i + k] - (double)b[i + k];
            lane[k] += difference * difference;
        }
    for (size_t i = whole; i < count; i++) {
        double difference = (double)a[i] - (double)b[i];
        lane[i - whole] += difference * difference;
    }
    return sum_of_lanes(lane);
}

double vector_dot(const real *a, const real *b, size_t count)
{
    double lane[LANES] = { 0 };
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)a[i + k] * (double)b[i + k];
    for (size_t i = whole; i < count; i++)
        lane[i - whole] += (double)a[i] * (double)b[i];
    return sum_of_lanes(lane);
}

double vector_dot_difference(const real *a, const real *x, const real *y, size_t count)
{
    double lane[LANES] = { 0 };
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += (double)a[i + k] * ((double)x[i + k] - (double)y[i + k]);
    for (size_t i = whole; i < count; i++)
        lane[i - whole] += (double)a[i] * ((double)x[i] - (double)y[i]);
    return sum_of_lanes(lane);
}

double vector_weighted_squared_distance(const real *weight, const real *a, const real *b,
                                        size_t count)
{
    double lane[LANES] = { 0 };
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            double difference = (double)a[i + k] - (double)b[i + k];
            lane[k] += (double)weight[i + k] * difference * difference;
        }
    for (size_t i = whole; i < count; i++) {
        double difference = (double)a[i] - (double)b[i];
        lane[i - whole] += (double)weight[i] * difference * difference;
    }
    return sum_of_lanes(lane);
}

/* 0 x is 0 for every number and NaN for NaN and infinities, and NaN stays in its lane. */
bool vector_is_finite(const real *x, size_t count)
{
    real lane[LANES] = { 0 };
    size_t whole = count / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++)
            lane[k] += 0 * x[i + k];
    for (size_t i = whole; i < count; i++)
        lane[i - whole] += 0 * x[i];
    for (int k = 0; k < LANES; k++)
        if (lane[k] != 0)
            return false;
    return true;
}

int64_t vector_clip(real *x, size_t count, double bound)
{
    real limit = (real)bound;
    int64_t clipped = 0;
    for (size_t i = 0; i < count; i++) {
        clipped += x[i] > limit || x[i] < -limit;
        x[i] = x[i] > limit ? limit : x[i] < -limit ? -limit : x[i];
    }
    return clipped;
}
