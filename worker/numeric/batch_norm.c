/* Rows outside, columns inside: columns are the vector lanes, and every sum has a fixed order. */
#include "worker/numeric/batch_norm.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double epsilon = 1e-5; /* inside the root */

static void assert_values_only(const struct pass *pass)
{
    assert(!pass->fill_tangents);
    (void)pass;
}

/* x^ = x - mean; `mean` is a place for the means. */
static void centre(struct mat x_hat, struct mat x, real *restrict mean)
{
    memset(mean, 0, (size_t)x.cols * sizeof *mean);
    for (int row = 0; row < x.rows; row++) {
        const real *restrict from = mat_row(x, x.value, row);
        for (int col = 0; col < x.cols; col++)
            mean[col] += from[col];
    }
    for (int col = 0; col < x.cols; col++)
        mean[col] /= (real)x.rows;
    for (int row = 0; row < x.rows; row++) {
        const real *from = mat_row(x, x.value, row);
        real *to = mat_row(x_hat, x_hat.value, row);
#pragma GCC ivdep
        for (int col = 0; col < x.cols; col++)
            to[col] = from[col] - mean[col];
    }
}

void batch_norm(const struct pass *pass, struct batch_norm norm, struct mat x)
{
    struct mat x_hat = norm.x_hat;
    assert_values_only(pass);
    assert(x_hat.rows == x.rows && x_hat.cols == x.cols && norm.inverse.cols == x.cols);
    if (!pass->fill_values)
        return;
    real *restrict inverse = norm.inverse.value;
    centre(x_hat, x, inverse);
    memset(inverse, 0, (size_t)x.cols * sizeof *inverse);
    for (int row = 0; row < x.rows; row++) {
        const real *restrict from = mat_row(x_hat, x_hat.value, row);
        for (int col = 0; col < x.cols; col++)
            inverse[col] += from[col] * from[col];
    }
    for (int col = 0; col < x.cols; col++)
        inverse[col] = (real)(1 / sqrt((double)inverse[col] / x.rows + epsilon));
    for (int row = 0; row < x.rows; row++) {
        real *restrict to = mat_row(x_hat, x_hat.value, row);
        for (int col = 0; col < x.cols; col++)
            to[col] *= inverse[col];
    }
}

/* y = gamma x^ + beta of one row; gamma NULL: ones. */
static void scale_and_shift(real *restrict y, const real *restrict x_hat, const real *gamma,
                            const real *restrict beta, int cols)
{
    if (gamma)
        for (int col = 0; col < cols; col++)
            y[col] = gamma[col] * x_hat[col] + beta[col];
    else
        for (int col = 0; col < cols; col++)
            y[col] = x_hat[col] + beta[col];
}

void batch_norm_outputs(const struct pass *pass, struct mat y, struct batch_norm norm)
{
    assert_values_only(pass);
    assert(y.rows == norm.x_hat.rows && y.cols == norm.x_hat.cols);
    for (int row = 0; pass->fill_values && row < y.rows; row++) {
        real *restrict to = mat_row(y, y.value, row);
        scale_and_shift(to, mat_row(norm.x_hat, norm.x_hat.value, row), norm.gamma.value,
                        norm.beta.value, y.cols);
        for (int col = 0; norm.relu && col < y.cols; col++)
            to[col] = to[col] < 0 ? 0 : to[col];
    }
}

/* dx = d where y > 0, else 0, of one row: y is made again, with the bits that it had. */
static void mask_row(real *to, const real *d, const real *restrict x_hat, const real *gamma,
                     const real *restrict beta, int cols)
{
#pragma GCC ivdep
    for (int col = 0; col < cols; col++) {
        real y = gamma ? gamma[col] * x_hat[col] + beta[col] : x_hat[col] + beta[col];
        to[col] = y > 0 ? d[col] : 0;
    }
}

/* dx = d or its mask; the batch's sums of dx and, with dot, of dx x^. */
static void mask_and_sum(struct mat dx, struct mat d, struct batch_norm norm, real *restrict sum,
                         real *restrict dot)
{
    for (int row = 0; row < dx.rows; row++) {
        real *to = mat_row(dx, dx.value, row);
        const real *from = mat_row(d, d.value, row);
        const real *restrict x_hat = mat_row(norm.x_hat, norm.x_hat.value, row);
        if (norm.relu)
            mask_row(to, from, x_hat, norm.gamma.value, norm.beta.value, dx.cols);
        else if (to != from)
            memcpy(to, from, (size_t)dx.cols * sizeof *to);
        for (int col = 0; col < dx.cols; col++)
            sum[col] += to[col];
        for (int col = 0; dot && col < dx.cols; col++)
            dot[col] += to[col] * x_hat[col];
    }
}

static void add_row(real *restrict to, const real *restrict from, int cols)
{
    for (int col = 0; col < cols; col++)
        to[col] += from[col];
}

/* dx <- factor (dx - mean - x^ slope), factor = gamma/sigma; the sums become those means. */
static void through_statistics(struct mat dx, struct batch_norm norm, real *restrict mean,
                               real *restrict slope, real *restrict factor)
{
    for (int col = 0; col < dx.cols; col++) {
        mean[col] /= (real)dx.rows;
        slope[col] /= (real)dx.rows;
        factor[col] = norm.gamma.value ? norm.gamma.value[col] * norm.inverse.value[col]
                                       : norm.inverse.value[col];
    }
    for (int row = 0; row < dx.rows; row++) {
        real *restrict to = mat_row(dx, dx.value, row);
        const real *restrict x_hat = mat_row(norm.x_hat, norm.x_hat.value, row);
        for (int col = 0; col < dx.cols; col++)
            to[col] = factor[col] * (to[col] - mean[col] - x_hat[col] * slope[col]);
    }
}

void batch_norm_back(const struct pass *pass, struct mat dx, struct mat dgamma, struct mat dbeta,
                     struct mat d, struct batch_norm norm, struct mat sums)
{
    assert_values_only(pass);
    assert(dx.rows == norm.x_hat.rows && dx.cols == norm.x_hat.cols);
    assert(sums.rows == 3 && sums.cols == dx.cols);
    if (!pass->fill_values)
        return;
    bool normalised = norm.inverse.value != NULL;
    assert(normalised || !norm.gamma.value);
    real *sum = mat_row(sums, sums.value, 0), *dot = mat_row(sums, sums.value, 1);
    memset(sums.value, 0, mat_count(sums) * sizeof(real));
    mask_and_sum(dx, d, norm, sum, normalised || dgamma.value ? dot : NULL);
    add_row(dbeta.value, sum, dx.cols);
    if (dgamma.value)
        add_row(dgamma.value, dot, dx.cols);
    if (normalised)
        through_statistics(dx, norm, sum, dot, mat_row(sums, sums.value, 2));
}
