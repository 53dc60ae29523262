#include "worker/numeric/conv1d.h"

#include <assert.h>
#include <string.h>

/* One example: x [steps, channels]. The three taps of a time step lie next to each other in x. */
static void spread(real *restrict columns, const real *restrict x, int steps, int channels)
{
    size_t width = (size_t)channels;
    for (int t = 0; t < steps; t++, columns += CONV1D_TAPS * width) {
        size_t skip = t == 0 ? width : 0, end = t == steps - 1 ? 2 * width : 3 * width;
        memset(columns, 0, skip * sizeof *columns);
        memcpy(columns + skip, x + (size_t)t * width + skip - width,
               (end - skip) * sizeof *columns);
        memset(columns + end, 0, (3 * width - end) * sizeof *columns);
    }
}

static void spread_all(struct mat columns, real *to, struct mat x, const real *from, int steps)
{
    for (int row = 0; row < x.rows; row += steps)
        spread(mat_row(columns, to, row), from + (size_t)row * (size_t)x.cols, steps, x.cols);
}

void conv1d_columns(const struct pass *pass, struct mat columns, struct mat x, int steps)
{
    assert(columns.rows == x.rows && columns.cols == CONV1D_TAPS * x.cols && x.rows % steps == 0);
    if (pass->fill_values)
        spread_all(columns, columns.value, x, x.value, steps);
    if (!pass->fill_tangents)
        return;
    if (x.tangent)
        spread_all(columns, columns.tangent, x, x.tangent, steps);
    else
        memset(columns.tangent, 0, mat_count(columns) * sizeof(real));
}

static void add(real *restrict to, const real *restrict from, int count)
{
    for (int i = 0; i < count; i++)
        to[i] += from[i];
}

/* One example: dx [steps, channels]. */
static void gather(real *dx, const real *d, int steps, int channels)
{
    size_t width = (size_t)channels, stride = CONV1D_TAPS * width;
    for (int t = 0; t < steps; t++, dx += width, d += stride) {
        memcpy(dx, d + width, width * sizeof *dx);
        if (t < steps - 1)
            add(dx, d + stride, channels);
        if (t > 0)
            add(dx, d - stride + 2 * width, channels);
    }
}

static void gather_all(struct mat dx, real *to, struct mat d, const real *from, int steps)
{
    for (int row = 0; row < dx.rows; row += steps)
        gather(mat_row(dx, to, row), from + (size_t)row * (size_t)d.cols, steps, dx.cols);
}

void conv1d_columns_back(const struct pass *pass, struct mat dx, struct mat d, int steps)
{
    assert(d.rows == dx.rows && d.cols == CONV1D_TAPS * dx.cols && dx.rows % steps == 0);
    if (pass->fill_values)
        gather_all(dx, dx.value, d, d.value, steps);
    if (!pass->fill_tangents)
        return;
    if (d.tangent)
        gather_all(dx, dx.tangent, d, d.tangent, steps);
    else
        memset(dx.tangent, 0, mat_count(dx) * sizeof(real));
}
