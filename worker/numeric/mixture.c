/* Boards one at a time; their sums are carried on in double. */
#include "worker/numeric/mixture.h"

#include "worker/numeric/conv3x3.h"

#include <assert.h>
#include <math.h>
#include <string.h>

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

/* ---- the loss: 16 filters of one board at a time --------------------------------------------- */

enum { LANES = 16 };

/* Sums over the cells of one board. */
struct board_sums {
    real squares[LANES];                    /* of e, or e h' */
    real frames[MIXTURE_MAX_FRAMES][LANES]; /* e x*_t, or h' x*_t */
};

/* One board's 16 filters, from the first of them on. */
struct strip {
    int cells, stride; /* reals from cell to cell */
    const real (*a)[LANES];
    const real *x; /* frame t is x + t cells */
    const real *h, *moved;
    real c;
    real *d;
};

#define INLINE static inline __attribute__((always_inline))

INLINE void value_strip(int frames, struct strip strip, struct board_sums *sums)
{
    struct board_sums now = { 0 };
    for (int cell = 0; cell < strip.cells; cell++) {
        const real *restrict h = strip.h + cell * strip.stride;
        real *restrict d = strip.d + cell * strip.stride;
        for (int i = 0; i < LANES; i++) {
            real error = h[i];
            for (int t = 0; t < frames; t++)
                error -= strip.a[t][i] * strip.x[t * strip.cells + cell];
            d[i] += strip.c * error;
            now.squares[i] += error * error;
            for (int t = 0; t < frames; t++)
                now.frames[t][i] += error * strip.x[t * strip.cells + cell];
        }
    }
    *sums = now;
}

INLINE void tangent_strip(int frames, struct strip strip, struct board_sums *sums)
{
    struct board_sums now = { 0 };
    for (int cell = 0; cell < strip.cells; cell++) {
        const real *restrict h = strip.h + cell * strip.stride;
        const real *restrict moved = strip.moved + cell * strip.stride;
        real *restrict d = strip.d + cell * strip.stride;
        for (int i = 0; i < LANES; i++) {
            real error = h[i];
            for (int t = 0; t < frames; t++)
                error -= strip.a[t][i] * strip.x[t * strip.cells + cell];
            d[i] += strip.c * moved[i];
            now.squares[i] += error * moved[i];
            for (int t = 0; t < frames; t++)
                now.frames[t][i] += moved[i] * strip.x[t * strip.cells + cell];
        }
    }
    *sums = now;
}

/* The usual number of frames becomes a constant of the loops. */
static void strip_sums(int frames, const struct strip *strip, struct board_sums *sums)
{
    enum { USUAL = 3 };
    if (strip->moved && frames == USUAL)
        tangent_strip(USUAL, *strip, sums);
    else if (strip->moved)
        tangent_strip(frames, *strip, sums);
    else if (frames == USUAL)
        value_strip(USUAL, *strip, sums);
    else
        value_strip(frames, *strip, sums);
}

/* Sums over all boards, of 16 filters. */
struct all_sums {
    double squares;
    double frames[MIXTURE_MAX_FRAMES][LANES];
};

static void add_board(struct all_sums *all, const struct board_sums *board, int frames)
{
    for (int i = 0; i < LANES; i++)
        all->squares += (double)board->squares[i];
    for (int t = 0; t < frames; t++)
        for (int i = 0; i < LANES; i++)
            all->frames[t][i] += (double)board->frames[t][i];
}

/* The a of 16 filters, zero where they are padding. */
static void pad_mixture(real (*to)[LANES], const struct mixture_lesson *lesson, int first)
{
    int count = lesson->filters - first < LANES ? lesson->filters - first : LANES;
    memset(to, 0, MIXTURE_MAX_FRAMES * sizeof *to);
    for (int t = 0; t < lesson->a.rows; t++)
        memcpy(to[t], mat_row(lesson->a, lesson->a.value, t) + lesson->first_column + first,
               (size_t)count * sizeof(real));
}

/* Filters first .. first + 15 over all boards, values or tangents; returns the sum of squares. */
static double teach_lanes(const struct mixture_lesson *lesson, struct mat d, struct mat da,
                          struct mat h, int first, bool tangents, real c)
{
    int frames = lesson->a.rows, stride = conv3x3_stride(lesson->filters);
    real a[MIXTURE_MAX_FRAMES][LANES];
    struct all_sums all = { 0 };
    pad_mixture(a, lesson, first);
    for (int n = 0; n < h.rows; n++) {
        struct board_sums board;
        struct strip strip = { .cells = h.cols / stride, .stride = stride, .a = a, .c = c };
        strip.x = mat_row(lesson->frames, lesson->frames.value, n);
        strip.h = mat_row(h, h.value, n) + first;
        strip.moved = tangents ? mat_row(h, h.tangent, n) + first : NULL;
        strip.d = mat_row(d, tangents ? d.tangent : d.value, n) + first;
        strip_sums(frames, &strip, &board);
        add_board(&all, &board, frames);
    }
    for (int t = 0; t < frames; t++)
        for (int i = 0; i < LANES && first + i < lesson->filters; i++)
            mat_row(da, tangents ? da.tangent : da.value, t)[lesson->first_column + first + i] =
                (real)(-(double)c * all.frames[t][i]);
    return all.squares;
}

struct mixture_loss mixture_teach(struct pass *pass, const struct mixture_lesson *lesson,
                                  struct mat d, struct mat da, struct mat h)
{
    int cells = h.cols / conv3x3_stride(lesson->filters);
    double count = (double)h.rows * lesson->a.cols * cells;
    real c = (real)(2 * lesson->coef / count);
    struct mixture_loss result = { 0 };
    assert(lesson->a.rows <= MIXTURE_MAX_FRAMES && d.rows == h.rows && d.cols == h.cols);
    assert(lesson->frames.rows == h.rows && lesson->frames.cols == lesson->a.rows * cells);
    assert(lesson->first_column + lesson->filters <= lesson->a.cols);
    for (int first = 0; first < lesson->filters; first += LANES) {
        if (pass->fill_values)
            result.loss += teach_lanes(lesson, d, da, h, first, false, c) / count;
        if (pass->fill_tangents)
            result.slope += teach_lanes(lesson, d, da, h, first, true, c) * (double)c;
    }
    return result;
}
