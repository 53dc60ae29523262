/* Boards one at a time; their sums are carried on in double. */
#include "worker/numeric/mixture.h"

#include "worker/numeric/conv3x3.h"
#include "worker/numeric/conv3x3_kernels.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static_assert((int)MIXTURE_MAX_FRAMES <= (int)CONV3X3_MAX_FRAMES, "the kernels have fewer places");

/* ---- weights -------------------------------------------------------------------------------- */

/* p = softmax of column `col` of phi. */
static void softmax_column(double *p, struct mat phi, int col)
{
    double largest = -INFINITY, sum = 0;
    for (int t = 0; t < phi.rows; t++)
        largest = fmax(largest, (double)mat_row(phi, phi.value, t)[col]);
    for (int t = 0; t < phi.rows; t++)
        sum += p[t] = exp((double)mat_row(phi, phi.value, t)[col] - largest);
    for (int t = 0; t < phi.rows; t++)
        p[t] /= sum;
}

void mixture_weights(const struct pass *pass, struct mat a, struct mat phi, double scale)
{
    double p[MIXTURE_MAX_FRAMES];
    assert(phi.rows <= MIXTURE_MAX_FRAMES && a.rows == phi.rows && a.cols == phi.cols);
    assert(!pass->fill_tangents);
    for (int col = 0; pass->fill_values && col < phi.cols; col++) {
        softmax_column(p, phi, col);
        for (int t = 0; t < phi.rows; t++)
            mat_row(a, a.value, t)[col] = (real)(scale * p[t]);
    }
}

void mixture_weights_back(const struct pass *pass, struct mat dphi, struct mat phi, struct mat da,
                          double scale)
{
    double p[MIXTURE_MAX_FRAMES];
    assert(phi.rows <= MIXTURE_MAX_FRAMES && da.rows == phi.rows && da.cols == phi.cols);
    assert(!pass->fill_tangents);
    for (int col = 0; pass->fill_values && col < phi.cols; col++) {
        double mean = 0;
        softmax_column(p, phi, col);
        for (int t = 0; t < phi.rows; t++)
            mean += p[t] * (double)mat_row(da, da.value, t)[col];
        for (int t = 0; t < phi.rows; t++)
            mat_row(dphi, dphi.value, t)[col] =
                (real)(scale * p[t] * ((double)mat_row(da, da.value, t)[col] - mean));
    }
}

/* ---- the loss -------------------------------------------------------------------------------- */

/* Sums over all boards, of 16 filters. */
struct all_sums {
    double squares[CONV3X3_PAD], frames[CONV3X3_MAX_FRAMES][CONV3X3_PAD];
};

static void add_board(struct all_sums *all, const struct conv3x3_sums *board, int frames)
{
    for (int i = 0; i < CONV3X3_PAD; i++)
        all->squares[i] += (double)board->squares[i];
    for (int t = 0; t < frames; t++)
        for (int i = 0; i < CONV3X3_PAD; i++)
            all->frames[t][i] += (double)board->frames[t][i];
}

/* The mixtures of filters first .. first + 15, zero where they are padding. */
static struct conv3x3_mixture mixture_of(const struct mixture_lesson *lesson, int first, real c)
{
    int rest = lesson->filters - first, count = rest < CONV3X3_PAD ? rest : CONV3X3_PAD;
    struct conv3x3_mixture mixture = { .frames = lesson->a.rows, .c = c };
    mixture.stride = conv3x3_stride(lesson->filters);
    mixture.cells = lesson->frames.cols / lesson->a.rows;
    for (int t = 0; t < lesson->a.rows; t++)
        memcpy(mixture.a[t], mat_row(lesson->a, lesson->a.value, t) + lesson->first_column + first,
               (size_t)count * sizeof(real));
    return mixture;
}

/* The filters of `mixture`, of which `first` is the first, on all boards; values or tangents. */
static struct all_sums mix_boards(const struct mixture_lesson *lesson,
                                  struct conv3x3_mixture *mixture, int first, struct mat d,
                                  struct mat h, bool tangents)
{
    const struct conv3x3_kernels *kernels = conv3x3_kernels();
    struct all_sums all = { 0 };
    for (int n = 0; n < h.rows; n++) {
        const real *board = mat_row(h, h.value, n) + first;
        struct conv3x3_sums sums;
        mixture->x = mat_row(lesson->frames, lesson->frames.value, n);
        if (tangents)
            kernels->mix_tangent(mixture, mat_row(d, d.tangent, n) + first, board,
                                 mat_row(h, h.tangent, n) + first, &sums);
        else
            kernels->mix(mixture, mat_row(d, d.value, n) + first, board, &sums);
        add_board(&all, &sums, mixture->frames);
    }
    return all;
}

/* The filters' columns of da, or of its tangent, from the sums over all boards. */
static void fill_columns(const struct mixture_lesson *lesson, int first, struct mat da, real *to,
                         const struct all_sums *sums, real c)
{
    for (int t = 0; t < da.rows; t++)
        for (int i = 0; i < CONV3X3_PAD && first + i < lesson->filters; i++)
            mat_row(da, to, t)[lesson->first_column + first + i] =
                (real)(-(double)c * sums->frames[t][i]);
}

static double total(const double *numbers)
{
    double sum = 0;
    for (int i = 0; i < CONV3X3_PAD; i++)
        sum += numbers[i];
    return sum;
}

/* sum of e h' = sum of h h' - sum over t of a_t (sum of h' x_t) */
static double slope_of(const struct conv3x3_mixture *mixture, const struct all_sums *sums)
{
    double slope = total(sums->squares);
    for (int t = 0; t < mixture->frames; t++)
        for (int i = 0; i < CONV3X3_PAD; i++)
            slope -= (double)mixture->a[t][i] * sums->frames[t][i];
    return slope;
}

struct mixture_loss mixture_teach(struct pass *pass, const struct mixture_lesson *lesson,
                                  struct mat d, struct mat da, struct mat h)
{
    int stride = conv3x3_stride(lesson->filters), cells = h.cols / stride;
    double count = (double)h.rows * lesson->a.cols * cells;
    real c = (real)(2 * lesson->coef / count);
    struct mixture_loss result = { 0 };
    assert(lesson->a.rows <= MIXTURE_MAX_FRAMES && d.rows == h.rows && d.cols == h.cols);
    assert(lesson->frames.rows == h.rows && lesson->frames.cols == lesson->a.rows * cells);
    assert(lesson->first_column + lesson->filters <= lesson->a.cols);
    if (!pass->fill_values && !pass->fill_tangents)
        return result;
    for (int first = 0; first < stride; first += CONV3X3_PAD) {
        struct conv3x3_mixture mixture = mixture_of(lesson, first, c);
        if (pass->fill_values) {
            struct all_sums sums = mix_boards(lesson, &mixture, first, d, h, false);
            result.loss += total(sums.squares) / count;
            fill_columns(lesson, first, da, da.value, &sums, c);
        }
        if (pass->fill_tangents) {
            struct all_sums sums = mix_boards(lesson, &mixture, first, d, h, true);
            result.slope += (double)c * slope_of(&mixture, &sums);
            fill_columns(lesson, first, da, da.tangent, &sums, c);
        }
    }
    return result;
}
