/* Teaching losses. What the hypergradient needs of them beside the student's gradient dh is the
 * tangent of dout, the gradient for the teacher's output. */
#include "worker/numeric/loss.h"

#include "worker/numeric/vector.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- MSE over B rows and K columns of o, c = 2 coef/(B K):
 *     dh  = c (h - o) = -dout        dh' = c h' = -dout' */

static void mse_row(real *restrict dh, real *restrict dout, const real *restrict h,
                    const real *restrict o, int cols, real c)
{
    for (int col = 0; col < cols; col++) {
        real gradient = c * (h[col] - o[col]);
        dh[col] = gradient;
        dout[col] = -gradient;
    }
}

static void mse_tangent_row(real *restrict dh, real *restrict dout, const real *restrict moved,
                            int cols, real c)
{
    for (int col = 0; col < cols; col++) {
        real gradient = moved ? c * moved[col] : 0;
        dh[col] = gradient;
        dout[col] = -gradient;
    }
}

static double mse(const struct pass *pass, struct mat dh, struct mat dout, struct mat h,
                  struct mat o, int first_column, double coef)
{
    double count = (double)mat_count(o), loss = 0;
    real c = (real)(2 * coef / count);
    for (int row = 0; pass->fill_values && row < h.rows; row++) {
        const real *h_row = mat_row(h, h.value, row);
        const real *o_row = mat_row(o, o.value, row) + first_column;
        mse_row(mat_row(dh, dh.value, row), mat_row(dout, dout.value, row) + first_column, h_row,
                o_row, h.cols, c);
        loss += vector_squared_distance(h_row, o_row, (size_t)h.cols);
    }
    for (int row = 0; pass->fill_tangents && row < h.rows; row++)
        mse_tangent_row(mat_row(dh, dh.tangent, row),
                        mat_row(dout, dout.tangent, row) + first_column,
                        h.tangent ? mat_row(h, h.tangent, row) : NULL, h.cols, c);
    return loss / count;
}

/* ---- KL(p || q), p = softmax(o), q = softmax(h), c = coef/B, r = log p - log q, k = sum p r:
 *     dh  = c (q - p)           dout  = c p (r - k)
 *     dh' = c q l'              dout' = c p (sum p l' - l')       with l' = (log q)' */

static double kl_row(real *dh, real *dout, const real *log_p, const real *log_q, int cols, double c)
{
    double kl = 0;
    for (int col = 0; col < cols; col++)
        kl += exp((double)log_p[col]) * ((double)log_p[col] - (double)log_q[col]);
    for (int col = 0; col < cols; col++) {
        double p = exp((double)log_p[col]), q = exp((double)log_q[col]);
        dh[col] = (real)(c * (q - p));
        dout[col] = (real)(c * p * ((double)log_p[col] - (double)log_q[col] - kl));
    }
    return kl;
}

static void kl_tangent_row(real *dh, real *dout, const real *log_p, const real *log_q,
                           const real *moved, int cols, double c)
{
    double mean = 0;
    for (int col = 0; col < cols; col++)
        mean += exp((double)log_p[col]) * (double)moved[col];
    for (int col = 0; col < cols; col++) {
        dh[col] = (real)(c * exp((double)log_q[col]) * (double)moved[col]);
        dout[col] = (real)(c * exp((double)log_p[col]) * (mean - (double)moved[col]));
    }
}

static double kl(struct pass *pass, struct mat dh, struct mat dout, struct mat h, struct mat o,
                 double coef)
{
    struct mat log_p = mat_new(pass, o.rows, o.cols), log_q = mat_new(pass, h.rows, h.cols);
    double loss = 0, c = coef / h.rows;
    log_softmax(pass, log_p, o);
    log_softmax(pass, log_q, h);
    for (int row = 0; pass->fill_values && row < h.rows; row++)
        loss +=
            kl_row(mat_row(dh, dh.value, row), mat_row(dout, dout.value, row),
                   mat_row(log_p, log_p.value, row), mat_row(log_q, log_q.value, row), h.cols, c);
    for (int row = 0; pass->fill_tangents && row < h.rows; row++)
        kl_tangent_row(mat_row(dh, dh.tangent, row), mat_row(dout, dout.tangent, row),
                       mat_row(log_p, log_p.value, row), mat_row(log_q, log_q.value, row),
                       mat_row(log_q, log_q.tangent, row), h.cols, c);
    return loss / h.rows;
}

/* ---- gated, over B rows and K units, c = coef/(B K), e = h - o:
 *     dh  = 2 c w e = -do        dw  = c e^2
 *     dh' = 2 c w h' = -do'      dw' = 2 c e h' */

/* The parts of row `row` of a matrix for the teacher's output: targets, and weights. */
struct gated_row {
    real *target, *weight;
};

static struct gated_row gated_row(struct mat m, real *numbers, int row, int first_column)
{
    real *start = mat_row(m, numbers, row) + first_column;
    return (struct gated_row){ start, start + m.cols / 2 };
}

static void gated_value_row(real *restrict dh, struct gated_row dout, const real *restrict h,
                            struct gated_row o, int cols, real c)
{
    real *restrict dtarget = dout.target, *restrict dweight = dout.weight;
    const real *restrict target = o.target, *restrict weight = o.weight;
    for (int col = 0; col < cols; col++) {
        real e = h[col] - target[col], gradient = 2 * c * weight[col] * e;
        dh[col] = gradient;
        dtarget[col] = -gradient;
        dweight[col] = c * e * e;
    }
}

static void gated_tangent_row(real *restrict dh, struct gated_row dout, const real *restrict h,
                              const real *restrict moved, struct gated_row o, int cols, real c)
{
    real *restrict dtarget = dout.target, *restrict dweight = dout.weight;
    const real *restrict target = o.target, *restrict weight = o.weight;
    for (int col = 0; col < cols; col++) {
        real step = 2 * c * moved[col], gradient = weight[col] * step;
        dh[col] = gradient;
        dtarget[col] = -gradient;
        dweight[col] = step * (h[col] - target[col]);
    }
}

static void gated_still_row(real *dh, struct gated_row dout, int cols)
{
    size_t bytes = (size_t)cols * sizeof(real);
    memset(dh, 0, bytes);
    memset(dout.target, 0, bytes);
    memset(dout.weight, 0, bytes);
}

static double gated(const struct pass *pass, struct mat dh, struct mat dout, struct mat h,
                    struct mat o, int first_column, double coef)
{
    double count = (double)mat_count(o) / 2, loss = 0;
    real c = (real)(coef / count);
    for (int row = 0; pass->fill_values && row < h.rows; row++) {
        const real *h_row = mat_row(h, h.value, row);
        struct gated_row from = gated_row(o, o.value, row, first_column);
        gated_value_row(mat_row(dh, dh.value, row), gated_row(dout, dout.value, row, first_column),
                        h_row, from, h.cols, c);
        loss += vector_weighted_squared_distance(from.weight, h_row, from.target, (size_t)h.cols);
    }
    for (int row = 0; pass->fill_tangents && row < h.rows; row++) {
        real *dh_row = mat_row(dh, dh.tangent, row);
        struct gated_row dout_row = gated_row(dout, dout.tangent, row, first_column);
        if (h.tangent)
            gated_tangent_row(dh_row, dout_row, mat_row(h, h.value, row),
                              mat_row(h, h.tangent, row), gated_row(o, o.value, row, first_column),
                              h.cols, c);
        else
            gated_still_row(dh_row, dout_row, h.cols);
    }
    return loss / count;
}

void gate(const struct pass *pass, struct mat y, struct mat x)
{
    int units = x.cols / 2;
    assert(y.rows == x.rows && y.cols == x.cols && x.cols % 2 == 0 && !pass->fill_tangents);
    for (int row = 0; pass->fill_values && row < x.rows; row++) {
        const real *from = mat_row(x, x.value, row);
        real *to = mat_row(y, y.value, row);
        memcpy(to, from, (size_t)units * sizeof *to);
        for (int col = units; col < x.cols; col++)
            to[col] = 1 / (1 + real_exp(1 - from[col] / 2));
    }
}

void gate_back(const struct pass *pass, struct mat dx, struct mat y, struct mat dy)
{
    int units = y.cols / 2;
    assert(dx.rows == y.rows && dx.cols == y.cols && !pass->fill_tangents);
    for (int row = 0; pass->fill_values && row < y.rows; row++) {
        real *restrict to = mat_row(dx, dx.value, row);
        const real *restrict w = mat_row(y, y.value, row), *restrict d = mat_row(dy, dy.value, row);
        memcpy(to, d, (size_t)units * sizeof *to);
        for (int col = units; col < y.cols; col++)
            to[col] = d[col] * w[col] * (1 - w[col]) / 2;
    }
}

/* How many supervised units a teacher's output of that many columns is for. */
static int teach_units(enum teach_loss loss, int columns)
{
    return loss == TEACH_GATED ? columns / 2 : columns;
}

double teach_gradient(struct pass *pass, enum teach_loss loss, struct mat dh, struct mat dout,
                      struct mat h, struct mat o, int first_column, double coef)
{
    assert(o.tangent == NULL && h.rows == o.rows);
    assert(first_column + h.cols <= teach_units(loss, o.cols));
    if (loss == TEACH_MSE)
        return mse(pass, dh, dout, h, o, first_column, coef);
    if (loss == TEACH_GATED)
        return gated(pass, dh, dout, h, o, first_column, coef);
    assert(first_column == 0 && h.cols == o.cols);
    return kl(pass, dh, dout, h, o, coef);
}
