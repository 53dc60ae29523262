/* All loops run over rows outside and columns inside: columns are the vector lanes, and every sum
 * has a fixed order. */
#include "worker/numeric/weight_norm.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* sum[col] += a[row, col] b[row, col] */
static void add_column_products(real *restrict sum, const real *a, const real *b, int rows,
                                int cols)
{
    for (int row = 0; row < rows; row++, a += cols, b += cols)
        for (int col = 0; col < cols; col++)
            sum[col] += a[col] * b[col];
}

/* y = p a + q b, with p and q for each column */
static void combine(real *restrict y, const real *restrict p, const real *restrict a,
                    const real *restrict q, const real *restrict b, int rows, int cols)
{
    for (int row = 0; row < rows; row++, y += cols, a += cols, b += cols)
        for (int col = 0; col < cols; col++)
            y[col] = p[col] * a[col] + q[col] * b[col];
}

/* Below it, squares of floats have lost bits on their way to zero, or are zero. */
static const real smallest_sum_of_squares = (real)1e-24;

/* A unit that has nothing to learn any more is left to weight decay, and gets there. */
static real norm_of_tiny_column(struct mat v, int col)
{
    double sum = 0;
    for (int row = 0; row < v.rows; row++) {
        double number = mat_row(v, v.value, row)[col];
        sum += number * number;
    }
    return (real)sqrt(sum);
}

static void norm_values(struct weight_norm norm, struct mat w, struct mat v, struct mat g)
{
    real *n = norm.norm.value, *c = norm.scale.value;
    memset(n, 0, (size_t)v.cols * sizeof *n);
    add_column_products(n, v.value, v.value, v.rows, v.cols);
    for (int col = 0; col < v.cols; col++) {
        bool is_tiny = n[col] < smallest_sum_of_squares;
        n[col] = is_tiny ? norm_of_tiny_column(v, col) : real_sqrt(n[col]);
        c[col] = g.value[col] / n[col];
    }
    for (int row = 0; row < v.rows; row++) {
        real *restrict to = mat_row(w, w.value, row);
        const real *restrict from = mat_row(v, v.value, row);
        for (int col = 0; col < v.cols; col++)
            to[col] = c[col] * from[col];
    }
}

static void norm_tangents(struct weight_norm norm, struct mat w, struct mat v, struct mat g)
{
    const real *n = norm.norm.value, *c = norm.scale.value;
    real *n_moved = norm.norm.tangent, *c_moved = norm.scale.tangent;
    memset(n_moved, 0, (size_t)v.cols * sizeof *n_moved);
    add_column_products(n_moved, v.value, v.tangent, v.rows, v.cols);
    for (int col = 0; col < v.cols; col++) {
        n_moved[col] /= n[col];
        c_moved[col] = (g.tangent[col] - c[col] * n_moved[col]) / n[col];
    }
    combine(w.tangent, c_moved, v.value, c, v.tangent, v.rows, v.cols);
}

static void stand_still(struct mat m)
{
    memset(m.tangent, 0, mat_count(m) * sizeof(real));
}

void weight_norm(const struct pass *pass, struct weight_norm norm, struct mat w, struct mat v,
                 struct mat g)
{
    assert(w.rows == v.rows && w.cols == v.cols && g.cols == v.cols);
    assert(!v.tangent == !g.tangent);
    if (pass->fill_values)
        norm_values(norm, w, v, g);
    if (!pass->fill_tangents)
        return;
    if (v.tangent) {
        norm_tangents(norm, w, v, g);
        return;
    }
    stand_still(norm.norm);
    stand_still(norm.scale);
    stand_still(w);
}

/* `k` and minus_k: the factor of v, whose sign lets one loop serve values and tangents. */
static void back_values(struct weight_norm norm, struct mat dv, struct mat dg, struct mat v,
                        struct mat d, struct mat minus_k)
{
    const real *n = norm.norm.value, *c = norm.scale.value;
    memset(dg.value, 0, (size_t)v.cols * sizeof(real));
    add_column_products(dg.value, v.value, d.value, v.rows, v.cols);
    for (int col = 0; col < v.cols; col++) {
        dg.value[col] /= n[col];
        minus_k.value[col] = -(c[col] * dg.value[col] / n[col]);
    }
    combine(dv.value, c, d.value, minus_k.value, v.value, v.rows, v.cols);
}

/* Four terms in one loop: dv' = c' d + c d' - k' v - k v' */
static void combine_moved(struct mat dv, struct weight_norm norm, struct mat minus_k, struct mat d,
                          struct mat v)
{
    const real *restrict c = norm.scale.value, *restrict c_moved = norm.scale.tangent;
    const real *restrict k = minus_k.value, *restrict k_moved = minus_k.tangent;
    for (int row = 0; row < dv.rows; row++) {
        real *restrict to = mat_row(dv, dv.tangent, row);
        const real *restrict d_row = mat_row(d, d.value, row);
        const real *restrict d_moved = mat_row(d, d.tangent, row);
        const real *restrict v_row = mat_row(v, v.value, row);
        const real *restrict v_moved = mat_row(v, v.tangent, row);
        for (int col = 0; col < dv.cols; col++)
            to[col] = (c_moved[col] * d_row[col] + c[col] * d_moved[col]) +
                      (k_moved[col] * v_row[col] + k[col] * v_moved[col]);
    }
}

static void back_tangents(struct weight_norm norm, struct mat dv, struct mat dg, struct mat v,
                          struct mat d, struct mat minus_k)
{
    const real *n = norm.norm.value, *n_moved = norm.norm.tangent;
    const real *c = norm.scale.value, *c_moved = norm.scale.tangent;
    memset(dg.tangent, 0, (size_t)v.cols * sizeof(real));
    add_column_products(dg.tangent, v.tangent, d.value, v.rows, v.cols);
    add_column_products(dg.tangent, v.value, d.tangent, v.rows, v.cols);
    for (int col = 0; col < v.cols; col++) {
        real s = dg.value[col], k = -minus_k.value[col];
        real s_moved = (dg.tangent[col] - s * n_moved[col]) / n[col];
        dg.tangent[col] = s_moved;
        minus_k.tangent[col] = -((c_moved[col] * s + c[col] * s_moved - k * n_moved[col]) / n[col]);
    }
    combine_moved(dv, norm, minus_k, d, v);
}

void weight_norm_back(struct pass *pass, struct weight_norm norm, struct mat dv, struct mat dg,
                      struct mat v, struct mat d)
{
    struct mat minus_k = mat_new(pass, 1, v.cols);
    assert(dv.rows == v.rows && dv.cols == v.cols && d.rows == v.rows && d.cols == v.cols);
    if (pass->fill_values)
        back_values(norm, dv, dg, v, d, minus_k);
    if (pass->fill_tangents) {
        assert(v.tangent && d.tangent);
        back_tangents(norm, dv, dg, v, d, minus_k);
    }
}
