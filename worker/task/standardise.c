#include "worker/task/standardise.h"
#include "common/xalloc.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

void standardise_init(struct standardise *out, int dims)
{
    out->dims = dims;
    out->mean = xcalloc((size_t)dims, sizeof *out->mean);
    out->scale = xcalloc((size_t)dims, sizeof *out->scale);
    for (int j = 0; j < dims; j++)
        out->scale[j] = 1;
}

void standardise_free(struct standardise *standardise)
{
    free(standardise->mean);
    free(standardise->scale);
    *standardise = (struct standardise){ 0 };
}

/* One dimension in two passes: a sum of squares alone would cancel where the mean is large. The
 * comparison tells a constant from one whose rounded mean only looks as if it varied. */
static void fit_dimension(double *mean, double *scale, const double *numbers, size_t n_rows,
                          size_t stride)
{
    double sum = 0, squares = 0;
    bool varies = false;
    for (size_t i = 0; i < n_rows; i++) {
        sum += numbers[i * stride];
        varies = varies || numbers[i * stride] != numbers[0];
    }
    *mean = varies ? sum / (double)n_rows : numbers[0];
    for (size_t i = 0; i < n_rows; i++) {
        double distance = numbers[i * stride] - *mean;
        squares += distance * distance;
    }
    *scale = varies ? sqrt(squares / (double)n_rows) : 1;
}

void standardise_fit(struct standardise *standardise, int first, int count, const double *rows,
                     size_t n_rows, size_t stride)
{
    for (int j = 0; j < count; j++)
        fit_dimension(&standardise->mean[first + j], &standardise->scale[first + j], rows + j,
                      n_rows, stride);
}

void standardise_apply(const struct standardise *standardise, real *out, const double *rows,
                       size_t n_rows)
{
    size_t dims = (size_t)standardise->dims;
    for (size_t i = 0; i < n_rows; i++)
        for (size_t j = 0; j < dims; j++)
            out[i * dims + j] =
                (real)((rows[i * dims + j] - standardise->mean[j]) / standardise->scale[j]);
}
