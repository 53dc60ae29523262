/* Label losses and the log-softmax they stand on. Single rows are reckoned in double: they are
 * short, and exp and log then cost nothing in precision. */
#include "worker/numeric/loss.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- log-softmax: y = x - lse(x)      y'_j = x'_j - sum_k q_k x'_k,  q = exp y -------------- */

static void log_softmax_row(real *y, const real *x, int cols)
{
    double largest = x[0], sum = 0;
    for (int col = 1; col < cols; col++)
        largest = (double)x[col] > largest ? (double)x[col] : largest;
    for (int col = 0; col < cols; col++)
        sum += exp((double)x[col] - largest);
    double shift = largest + log(sum);
    for (int col = 0; col < cols; col++)
        y[col] = (real)((double)x[col] - shift);
}

static void log_softmax_tangent_row(real *dy, const real *y, const real *dx, int cols)
{
    double mean = 0;
    for (int col = 0; col < cols; col++)
        mean += exp((double)y[col]) * (double)dx[col];
    for (int col = 0; col < cols; col++)
        dy[col] = (real)((double)dx[col] - mean);
}

void log_softmax(const struct pass *pass, struct mat y, struct mat x)
{
    assert(y.rows == x.rows && y.cols == x.cols);
    for (int row = 0; pass->fill_values && row < y.rows; row++)
        log_softmax_row(mat_row(y, y.value, row), mat_row(x, x.value, row), y.cols);
    if (pass->fill_tangents && !x.tangent)
        memset(y.tangent, 0, mat_count(y) * sizeof(real));
    for (int row = 0; pass->fill_tangents && x.tangent && row < y.rows; row++)
        log_softmax_tangent_row(mat_row(y, y.tangent, row), mat_row(y, y.value, row),
                                mat_row(x, x.tangent, row), y.cols);
}

/* ---- cross-entropy, with l = log softmax(z), q = exp l, H = -sum q l, B rows -----------------
 *     L  = -l_y                     (L - beta H)
 *     d  = (q - 1_y + beta q (l + H)) / B
 *     d' = (q l' + beta (q l' (l + H) + q (l' + H'))) / B
 *     H' = -sum q l' l, as sum q l' = 0 */

static double row_entropy(const real *l, int cols)
{
    double entropy = 0;
    for (int col = 0; col < cols; col++)
        entropy -= exp((double)l[col]) * (double)l[col];
    return entropy;
}

static void cross_entropy_row(real *d, const real *l, int cols, int label, double beta,
                              double entropy, int batch)
{
    for (int col = 0; col < cols; col++) {
        double q = exp((double)l[col]);
        double gradient = q - (col == label) + beta * q * ((double)l[col] + entropy);
        d[col] = (real)(gradient / batch);
    }
}

static void cross_entropy_tangent_row(real *dd, const real *l, const real *dl, int cols,
                                      double beta, int batch)
{
    double entropy = 0, entropy_tangent = 0;
    if (beta != 0) {
        entropy = row_entropy(l, cols);
        for (int col = 0; col < cols; col++)
            entropy_tangent -= exp((double)l[col]) * (double)dl[col] * (double)l[col];
    }
    for (int col = 0; col < cols; col++) {
        double q = exp((double)l[col]), moved = q * (double)dl[col];
        double second = moved * ((double)l[col] + entropy) + moved + q * entropy_tangent;
        dd[col] = (real)((moved + beta * second) / batch);
    }
}

static double cross_entropy(struct pass *pass, struct mat d, struct mat z, const real *labels,
                            double beta, double *entropy)
{
    struct mat l = mat_new(pass, z.rows, z.cols);
    double loss = 0;
    log_softmax(pass, l, z);
    for (int row = 0; pass->fill_values && row < z.rows; row++) {
        const real *l_row = mat_row(l, l.value, row);
        int label = (int)labels[row];
        assert(label >= 0 && label < z.cols);
        double h = beta != 0 ? row_entropy(l_row, z.cols) : 0;
        cross_entropy_row(mat_row(d, d.value, row), l_row, z.cols, label, beta, h, z.rows);
        loss -= (double)l_row[label];
        *entropy += h / z.rows;
    }
    for (int row = 0; pass->fill_tangents && row < z.rows; row++)
        cross_entropy_tangent_row(mat_row(d, d.tangent, row), mat_row(l, l.value, row),
                                  mat_row(l, l.tangent, row), z.cols, beta, z.rows);
    return loss / z.rows;
}

/* ---- logistic, s = 1 / (1 + exp -z):  L = softplus(z) - z y;  d = (s - y)/B;  d' = s(1-s) z'/B */

static double sigmoid(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

static double softplus(double z)
{
    return (z > 0 ? z : 0) + log1p(exp(-fabs(z)));
}

static double logistic(const struct pass *pass, struct mat d, struct mat z, const real *labels)
{
    assert(z.cols == 1);
    double loss = 0;
    for (int row = 0; pass->fill_values && row < z.rows; row++) {
        double logit = z.value[row], label = labels[row];
        d.value[row] = (real)((sigmoid(logit) - label) / z.rows);
        loss += softplus(logit) - logit * label;
    }
    for (int row = 0; pass->fill_tangents && row < z.rows; row++) {
        double s = sigmoid(z.value[row]), moved = z.tangent ? z.tangent[row] : 0;
        d.tangent[row] = (real)(s * (1 - s) * moved / z.rows);
    }
    return loss / z.rows;
}

double label_gradient(struct pass *pass, enum label_loss loss, struct mat d, struct mat z,
                      const real *labels, double entropy_coef, double *entropy)
{
    assert(d.rows == z.rows && d.cols == z.cols);
    *entropy = 0;
    if (loss == LABEL_CROSS_ENTROPY)
        return cross_entropy(pass, d, z, labels, entropy_coef, entropy);
    assert(entropy_coef == 0);
    return logistic(pass, d, z, labels);
}
