#include "worker/numeric/product.h"

#include <assert.h>
#include <cblas.h>
#include <string.h>

struct shape {
    int m, n, k;
    enum CBLAS_TRANSPOSE a, b;
};

/* y = keep y + op(a) op(b) */
static void gemm(struct shape s, const real *a, const real *b, real keep, real *y)
{
    int a_stride = s.a == CblasTrans ? s.m : s.k;
    int b_stride = s.b == CblasTrans ? s.k : s.n;
#ifdef REAL_IS_DOUBLE
    cblas_dgemm(CblasRowMajor, s.a, s.b, s.m, s.n, s.k, 1, a, a_stride, b, b_stride, keep, y, s.n);
#else
    cblas_sgemm(CblasRowMajor, s.a, s.b, s.m, s.n, s.k, 1, a, a_stride, b, b_stride, keep, y, s.n);
#endif
}

static void product(const struct pass *pass, struct shape shape, struct mat y, struct mat a,
                    struct mat b)
{
    assert(y.rows == shape.m && y.cols == shape.n);
    if (pass->fill_values)
        gemm(shape, a.value, b.value, 0, y.value);
    if (!pass->fill_tangents)
        return;
    if (a.tangent)
        gemm(shape, a.tangent, b.value, 0, y.tangent);
    if (b.tangent)
        gemm(shape, a.value, b.tangent, a.tangent ? 1 : 0, y.tangent);
    if (!a.tangent && !b.tangent)
        memset(y.tangent, 0, mat_count(y) * sizeof(real));
}

void mul(const struct pass *pass, struct mat y, struct mat a, struct mat b)
{
    assert(a.cols == b.rows);
    product(pass, (struct shape){ a.rows, b.cols, a.cols, CblasNoTrans, CblasNoTrans }, y, a, b);
}

void mul_tn(const struct pass *pass, struct mat y, struct mat a, struct mat b)
{
    assert(a.rows == b.rows);
    product(pass, (struct shape){ a.cols, b.cols, a.rows, CblasTrans, CblasNoTrans }, y, a, b);
}

void mul_nt(const struct pass *pass, struct mat y, struct mat a, struct mat b)
{
    assert(a.cols == b.cols);
    product(pass, (struct shape){ a.rows, b.rows, a.cols, CblasNoTrans, CblasTrans }, y, a, b);
}

/* Every row of y becomes the row b, or zero where b is NULL. */
static void fill_rows(real *y, int rows, int cols, const real *b)
{
    size_t bytes = (size_t)cols * sizeof(real);
    if (!b)
        memset(y, 0, (size_t)rows * bytes);
    for (int row = 0; b && row < rows; row++)
        memcpy(y + (size_t)row * (size_t)cols, b, bytes);
}

void mul_add_row(const struct pass *pass, struct mat y, struct mat x, struct mat w, struct mat b)
{
    struct shape shape = { x.rows, w.cols, x.cols, CblasNoTrans, CblasNoTrans };
    assert(x.cols == w.rows && y.rows == shape.m && y.cols == shape.n && b.cols == shape.n);
    if (pass->fill_values) {
        fill_rows(y.value, y.rows, y.cols, b.value);
        gemm(shape, x.value, w.value, 1, y.value);
    }
    if (!pass->fill_tangents)
        return;
    fill_rows(y.tangent, y.rows, y.cols, b.tangent);
    if (x.tangent)
        gemm(shape, x.tangent, w.value, 1, y.tangent);
    if (w.tangent)
        gemm(shape, x.value, w.tangent, 1, y.tangent);
}
