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
    for (int row = 0; row < h.rows; row++) {
        struct mat h_row = mat_rows(h, row, 1), dh_row = mat_rows(dh, row, 1);
        size_t at = (size_t)row * (size_t)o.cols + (size_t)first_column;
        if (pass->fill_values) {
            mse_row(dh_row.value, dout.value + at, h_row.value, o.value + at, h.cols, c);
            loss += vector_squared_distance(h_row.value, o.value + at, (size_t)h.cols);
        }
        if (pass->fill_tangents)
            mse_tangent_row(dh_row.tangent, dout.tangent + at, h_row.tangent, h.cols, c);
    }
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

static void kl_tangent_row(struct mat dh, struct mat dout, const real *log_p, struct mat log_q,
                           double c)
{
    double mean = 0;
    for (int col = 0; col < dh.cols; col++)
        mean += exp((double)log_p[col]) * (double)log_q.tangent[col];
    for (int col = 0; col < dh.cols; col++) {
        double moved = log_q.tangent[col];
        dh.tangent[col] = (real)(c * exp((double)log_q.value[col]) * moved);
        dout.tangent[col] = (real)(c * exp((double)log_p[col]) * (mean - moved));
    }
}

static double kl(struct pass *pass, struct mat dh, struct mat dout, struct mat h, struct mat o,
                 double coef)
{
    struct mat log_p = mat_new(pass, o.rows, o.cols), log_q = mat_new(pass, h.rows, h.cols);
    log_softmax(pass, log_p, o);
    log_softmax(pass, log_q, h);
    double loss = 0, c = coef / h.rows;
    for (int row = 0; row < h.rows; row++) {
        struct mat p_row = mat_rows(log_p, row, 1), q_row = mat_rows(log_q, row, 1);
        struct mat dh_row = mat_rows(dh, row, 1), dout_row = mat_rows(dout, row, 1);
        if (pass->fill_values)
            loss += kl_row(dh_row.value, dout_row.value, p_row.value, q_row.value, h.cols, c);
        if (pass->fill_tangents)
            kl_tangent_row(dh_row, dout_row, p_row.value, q_row, c);
    }
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
