#include "worker/numeric/columns.h"

#include <assert.h>
#include <string.h>

static void copy(struct columns to, real *to_numbers, struct columns from, const real *numbers)
{
    size_t bytes = (size_t)to.count * sizeof(real), stride = (size_t)from.of.cols;
    for (int row = 0; row < to.of.rows; row++) {
        real *out = mat_row(to.of, to_numbers, row) + to.first;
        if (numbers)
            memcpy(out, numbers + (size_t)row * stride + from.first, bytes);
        else
            memset(out, 0, bytes);
    }
}

static void add(struct columns to, real *to_numbers, struct columns from, const real *numbers)
{
    size_t stride = (size_t)from.of.cols;
    for (int row = 0; numbers && row < to.of.rows; row++) {
        real *restrict out = mat_row(to.of, to_numbers, row) + to.first;
        const real *restrict in = numbers + (size_t)row * stride + from.first;
        for (int col = 0; col < to.count; col++)
            out[col] += in[col];
    }
}

static void assert_fit(struct columns to, struct columns from)
{
    assert(to.of.rows == from.of.rows && to.count == from.count);
    assert(to.first + to.count <= to.of.cols && from.first + from.count <= from.of.cols);
    (void)to, (void)from;
}

void columns_copy(const struct pass *pass, struct columns to, struct columns from)
{
    assert_fit(to, from);
    if (pass->fill_values)
        copy(to, to.of.value, from, from.of.value);
    if (pass->fill_tangents)
        copy(to, to.of.tangent, from, from.of.tangent);
}

void columns_add(const struct pass *pass, struct columns to, struct columns from)
{
    assert_fit(to, from);
    if (pass->fill_values)
        add(to, to.of.value, from, from.of.value);
    if (pass->fill_tangents)
        add(to, to.of.tangent, from, from.of.tangent);
}
