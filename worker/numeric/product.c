#include "worker/numeric/product.h"

#include "worker/numeric/elementwise.h"

#include <assert.h>
#include <cblas.h>
#include <string.h>

struct shape {
    int m, n, k;
    enum CBLAS_TRANSPOSE a, b;
};

/* y = keep y + op(a) op(b), with the strides of the whole matrices */
static void gemm_block(struct shape s, const real *a, int a_stride, const real *b, int b_stride,
                       real keep, real *y, int y_stride)
{
#ifdef REAL_IS_DOUBLE
    cblas_dgemm(CblasRowMajor, s.a, s.b, s.m, s.n, s.k, 1, a, a_stride, b, b_stride, keep, y,
                y_stride);
#else
    cblas_sgemm(CblasRowMajor, s.a, s.b, s.m, s.n, s.k, 1, a, a_stride, b, b_stride, keep, y,
                y_stride);
#endif
}

/* OpenBLAS has kernels for small products, up to 10^6 multiplications, that work on the operands
 * where they are; above that it copies both into its own layout first, which for a thin batch costs
 * a third of the time (32 x 256 x 256: 28 us whole, 18 us in four strips). So products a few times
 * larger are cut into strips that are small. Returns the strip's length along a dimension of
 * `length` with `others` multiplications per unit of it, in multiples of 64 or else 32, which the
 * kernels like; the whole length where strips would not pay. */
static int strip_length(int length, size_t others)
{
    enum { SMALL = 1000000, FEW = 16, SHORTEST = 32 };
    size_t multiplications = (size_t)length * others;
    if (multiplications <= SMALL || multiplications > (size_t)FEW * SMALL)
        return length;
    size_t fits = SMALL / others;
    size_t unit = fits >= 2 * SHORTEST ? 2 * SHORTEST : SHORTEST;
    return fits >= SHORTEST ? (int)(fits / unit * unit) : length;
}

/* y = keep y + op(a) op(b) */
static void gemm(struct shape s, const real *a, const real *b, real keep, real *y)
{
    size_t m = (size_t)s.m, n = (size_t)s.n, k = (size_t)s.k;
    int a_stride = s.a == CblasTrans ? s.m : s.k, b_stride = s.b == CblasTrans ? s.k : s.n;
    int rows = s.m > s.n ? strip_length(s.m, n * k) : s.m;
    int cols = s.m > s.n ? s.n : strip_length(s.n, m * k);
    for (int row = 0; row < s.m; row += rows)
        for (int col = 0; col < s.n; col += cols) {
            struct shape strip = s;
            strip.m = s.m - row < rows ? s.m - row : rows;
            strip.n = s.n - col < cols ? s.n - col : cols;
            const real *a_from = a + (size_t)row * (s.a == CblasTrans ? 1 : k);
            const real *b_from = b + (size_t)col * (s.b == CblasTrans ? k : 1);
            gemm_block(strip, a_from, a_stride, b_from, b_stride, keep,
                       y + (size_t)row * n + (size_t)col, s.n);
        }
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

void mul_tn_add(const struct pass *pass, struct mat y, struct mat a, struct mat b)
{
    struct shape shape = { a.cols, b.cols, a.rows, CblasTrans, CblasNoTrans };
    assert(a.rows == b.rows && y.rows == shape.m && y.cols == shape.n && !pass->fill_tangents);
    if (pass->fill_values)
        gemm(shape, a.value, b.value, 1, y.value);
}

/* For a batch of few rows BLAS is much slower with a transposed second operand than without. Then
 * y^T = b a^T, with the two small matrices turned by us. */
void mul_nt(struct pass *pass, struct mat y, struct mat a, struct mat b)
{
    enum { FEW_ROWS = 64, LONG_ROWS = 16 };
    assert(a.cols == b.cols);
    if (a.rows > FEW_ROWS || a.cols < LONG_ROWS) {
        product(pass, (struct shape){ a.rows, b.rows, a.cols, CblasNoTrans, CblasTrans }, y, a, b);
        return;
    }
    struct mat a_turned = mat_new(pass, a.cols, a.rows);
    struct mat y_turned = mat_new(pass, b.rows, a.rows);
    transpose(pass, a_turned, a);
    mul(pass, y_turned, b, a_turned);
    transpose(pass, y, y_turned);
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
