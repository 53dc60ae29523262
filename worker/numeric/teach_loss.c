/* Teaching losses. What the hypergradient needs of them beside the student's gradient dh is the
 * tangent of dout, the gradient for the teacher's output. */
#include "worker/numeric/loss.h"

#include "worker/numeric/vector.h"

#include <assert.h>
#include <math.h>

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

double teach_gradient(struct pass *pass, enum teach_loss loss, struct mat dh, struct mat dout,
                      struct mat h, struct mat o, int first_column, double coef)
{
    assert(o.tangent == NULL && h.rows == o.rows && first_column + h.cols <= o.cols);
    if (loss == TEACH_MSE)
        return mse(pass, dh, dout, h, o, first_column, coef);
    assert(first_column == 0 && h.cols == o.cols);
    return kl(pass, dh, dout, h, o, coef);
}
