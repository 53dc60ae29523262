#include "worker/numeric/elementwise.h"

#include <assert.h>
#include <string.h>

static void assert_same_shape(struct mat a, struct mat b)
{
    assert(a.rows == b.rows && a.cols == b.cols);
    (void)a, (void)b;
}

/* y = e where x > 0, else 0; e NULL counts as zero. */
static void where_positive(real *restrict y, const real *restrict x, const real *e, size_t count)
{
    if (!e) {
        memset(y, 0, count * sizeof *y);
        return;
    }
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] > 0 ? e[i] : 0;
}

/* Asked this way round, a NaN stays a NaN instead of becoming a quiet 0. */
static void not_negative(real *restrict y, const real *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

void relu(const struct pass *pass, struct mat y, struct mat x)
{
    assert_same_shape(y, x);
    if (pass->fill_values)
        not_negative(y.value, x.value, mat_count(y));
    if (pass->fill_tangents)
        where_positive(y.tangent, x.value, x.tangent, mat_count(y));
}

void relu_back(const struct pass *pass, struct mat d, struct mat x, struct mat e)
{
    assert_same_shape(d, x);
    assert_same_shape(d, e);
    if (pass->fill_values)
        where_positive(d.value, x.value, e.value, mat_count(d));
    if (pass->fill_tangents)
        where_positive(d.tangent, x.value, e.tangent, mat_count(d));
}

/* Row after row, so that columns are the vector lanes and the order is fixed. */
static void sum_rows(real *restrict s, const real *restrict a, int rows, int cols)
{
    memset(s, 0, (size_t)cols * sizeof *s);
    for (int row = 0; a && row < rows; row++)
        for (int col = 0; col < cols; col++)
            s[col] += a[(size_t)row * (size_t)cols + (size_t)col];
}

void col_sum(const struct pass *pass, struct mat s, struct mat a)
{
    assert(s.rows == 1 && s.cols == a.cols);
    if (pass->fill_values)
        sum_rows(s.value, a.value, a.rows, a.cols);
    if (pass->fill_tangents)
        sum_rows(s.tangent, a.tangent, a.rows, a.cols);
}

/* In squares of 8 by 8, each read row by row and written row by row. */
static void turn(real *restrict y, const real *restrict x, size_t rows, size_t cols)
{
    enum { SIDE = 8 };
    if (!x) {
        memset(y, 0, rows * cols * sizeof *y);
        return;
    }
    size_t whole_rows = rows / SIDE * SIDE, whole_cols = cols / SIDE * SIDE;
    for (size_t row = 0; row < whole_rows; row += SIDE)
        for (size_t col = 0; col < whole_cols; col += SIDE)
            for (size_t i = 0; i < SIDE; i++)
                for (size_t k = 0; k < SIDE; k++)
                    y[(col + i) * rows + row + k] = x[(row + k) * cols + col + i];
    for (size_t row = 0; row < rows; row++)
        for (size_t col = row < whole_rows ? whole_cols : 0; col < cols; col++)
            y[col * rows + row] = x[row * cols + col];
}

void transpose(const struct pass *pass, struct mat y, struct mat x)
{
    assert(y.rows == x.cols && y.cols == x.rows);
    if (pass->fill_values)
        turn(y.value, x.value, (size_t)x.rows, (size_t)x.cols);
    if (pass->fill_tangents)
        turn(y.tangent, x.tangent, (size_t)x.rows, (size_t)x.cols);
}

static void accumulate(real *restrict d, const real *restrict a, size_t count)
{
    for (size_t i = 0; a && i < count; i++)
        d[i] += a[i];
}

void add_into(const struct pass *pass, struct mat d, struct mat a)
{
    assert_same_shape(d, a);
    if (pass->fill_values)
        accumulate(d.value, a.value, mat_count(d));
    if (pass->fill_tangents)
        accumulate(d.tangent, a.tangent, mat_count(d));
}
