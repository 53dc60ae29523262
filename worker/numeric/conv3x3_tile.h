/* conv3x3_tile.h - the body of the conv3x3 kernels, compiled by each file that includes it for the
 * vector unit which that file allows. It needs VECTOR_BYTES and TILE, the longest piece of a row
 * of cells whose sums fit the registers, and defines product(), weights(), mix() and
 * mix_tangent(). */
#ifndef NUMERIC_CONV3X3_TILE_H
#define NUMERIC_CONV3X3_TILE_H
#include "worker/numeric/conv3x3_kernels.h"

#include <stddef.h>

enum { LANES = VECTOR_BYTES / sizeof(real) };

typedef real vector __attribute__((vector_size(VECTOR_BYTES), may_alias));

#define INLINE static inline __attribute__((always_inline))

INLINE vector load(const real *from)
{
    return *(const vector *)from;
}

INLINE void store(real *to, vector numbers)
{
    *(vector *)to = numbers;
}

/* The strides of one tile, in reals. */
struct pitch {
    int in_row, in_channels;
    int w_tap, w_channel;
};

/* Some cells of a row, one vector of output channels. Each number of the input is loaded once and
 * meets the weights of its three columns, so that loads do not limit the loop. cells and in_stride
 * are constants wherever this is inlined; `in` points at the cell up and left of the first. */
INLINE void tile(int cells, int in_stride, real *out, int out_stride, const real *in, const real *w,
                 const real *start, struct pitch pitch)
{
    vector sum[TILE];
#pragma GCC unroll 32
    for (int i = 0; i < cells; i++)
        sum[i] = load(start ? start : out + (size_t)i * (size_t)out_stride);
    for (int row = 0; row < 3; row++)
        for (int channel = 0; channel < pitch.in_channels; channel++) {
            const real *x = in + row * pitch.in_row + channel;
            const real *tap = w + 3 * row * pitch.w_tap + channel * pitch.w_channel;
            vector left = load(tap), middle = load(tap + pitch.w_tap),
                   right = load(tap + 2 * pitch.w_tap);
#pragma GCC unroll 32
            for (int i = 0; i < cells + 2; i++) {
                real number = x[i * in_stride];
                if (i < cells)
                    sum[i] += number * left;
                if (i >= 1 && i < cells + 1)
                    sum[i - 1] += number * middle;
                if (i >= 2)
                    sum[i - 2] += number * right;
            }
        }
#pragma GCC unroll 32
    for (int i = 0; i < cells; i++)
        store(out + (size_t)i * (size_t)out_stride, sum[i]);
}

/* The usual strides become constants of the addresses. */
INLINE void tile_of(int cells, int in_stride, real *out, int out_stride, const real *in,
                    const real *w, const real *start, struct pitch pitch)
{
    if (in_stride == CONV3X3_PAD)
        tile(cells, CONV3X3_PAD, out, out_stride, in, w, start, pitch);
    else if (in_stride == 2 * CONV3X3_PAD)
        tile(cells, 2 * CONV3X3_PAD, out, out_stride, in, w, start, pitch);
    else
        tile(cells, in_stride, out, out_stride, in, w, start, pitch);
}

#define TILE_CASE(n)                                                                               \
    case n:                                                                                        \
        tile_of(n, in_stride, out, out_stride, in, w, start, pitch);                               \
        break;

static void tile_of_length(int cells, int in_stride, real *out, int out_stride, const real *in,
                           const real *w, const real *start, struct pitch pitch)
{
    switch (cells) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
#if TILE > 9
        TILE_CASE(10)
        TILE_CASE(11)
        TILE_CASE(12)
        TILE_CASE(13)
        TILE_CASE(14)
        TILE_CASE(15)
        TILE_CASE(16)
        TILE_CASE(17)
#endif
    }
}

/* A row of n cells is cut into the fewest tiles, as equal as they can be. */
static void product(const struct conv3x3_window *window, real *out, int out_stride, const real *in,
                    int in_stride, int in_channels, const real *w, const real *start)
{
    int framed = window->side + 2, length = window->end - window->first;
    int tiles = (length + TILE - 1) / TILE;
    struct pitch pitch = { framed * in_stride, in_channels, in_channels * out_stride, out_stride };
    for (int lane = 0; lane < out_stride; lane += LANES)
        for (int row = window->first; row < window->end; row++)
            for (int k = 0; k < tiles; k++) {
                int column = window->first + k * length / tiles;
                int cells = window->first + (k + 1) * length / tiles - column;
                size_t out_cell = (size_t)row * (size_t)window->side + (size_t)column;
                size_t in_cell = (size_t)row * (size_t)framed + (size_t)column;
                tile_of_length(cells, in_stride, out + out_cell * (size_t)out_stride + lane,
                               out_stride, in + in_cell * (size_t)in_stride, w + lane,
                               start ? start + lane : NULL, pitch);
            }
}

/* ---- weights -------------------------------------------------------------------------------- */

/* Where a row of cells of the two framed images begins, and how many cells of `in` take part. */
struct strip {
    const real *d, *in;
    int d_stride, in_stride;
    int d_row, in_row; /* reals from one row to the next */
    int rows, cells;
};

/* The taps of one row of the window for some input channels and one vector of output channels:
 * each input number meets the three outputs that it is a neighbour of. */
INLINE void weight_block(int channels, struct strip strip, real *w, int w_tap, int w_channel)
{
    vector sum[WEIGHT_CHANNELS][3];
#pragma GCC unroll 32
    for (int c = 0; c < channels; c++)
        sum[c][0] = sum[c][1] = sum[c][2] = (vector){ 0 };
    for (int row = 0; row < strip.rows; row++) {
        const real *d = strip.d + row * strip.d_row, *x = strip.in + row * strip.in_row;
        for (int i = 0; i < strip.cells; i++, d += strip.d_stride, x += strip.in_stride) {
            vector before = load(d - strip.d_stride), here = load(d),
                   after = load(d + strip.d_stride);
#pragma GCC unroll 32
            for (int c = 0; c < channels; c++) {
                sum[c][0] += x[c] * after;
                sum[c][1] += x[c] * here;
                sum[c][2] += x[c] * before;
            }
        }
    }
#pragma GCC unroll 32
    for (int c = 0; c < channels; c++)
        for (int tap = 0; tap < 3; tap++) {
            real *to = w + tap * w_tap + c * w_channel;
            store(to, load(to) + sum[c][tap]);
        }
}

static void weights(const struct conv3x3_window *window, real *w, const real *d, int d_stride,
                    const real *in, int in_stride, int in_channels)
{
    int framed = window->side + 2, tap = in_channels * d_stride;
    int from = window->first > 0 ? window->first - 1 : 0;
    int to = window->end < window->side ? window->end + 1 : window->side;
    struct strip strip = { .d_stride = d_stride, .in_stride = in_stride };
    strip.d_row = framed * d_stride;
    strip.in_row = framed * in_stride;
    strip.rows = window->end - window->first;
    strip.cells = to - from;
    for (int lane = 0; lane < d_stride; lane += LANES)
        for (int row = 0; row < 3; row++) {
            strip.d = d + ((window->first + 1) * framed + from + 1) * d_stride + lane;
            for (int c = 0; c < in_channels;) {
                real *to_w = w + 3 * row * tap + c * d_stride + lane;
                strip.in = in + ((window->first + row) * framed + from + 1) * in_stride + c;
                if (in_channels - c >= WEIGHT_CHANNELS) {
                    weight_block(WEIGHT_CHANNELS, strip, to_w, tap, d_stride);
                    c += WEIGHT_CHANNELS;
                } else {
                    weight_block(1, strip, to_w, tap, d_stride);
                    c++;
                }
            }
        }
}

/* ---- mixtures ------------------------------------------------------------------------------- */

/* One vector of channels; moved NULL: values. frames is a constant wherever it is the usual one. */
INLINE void mix_lanes(int frames, const struct conv3x3_mixture *m, int lane, real *d, const real *h,
                      const real *moved, struct conv3x3_sums *sums)
{
    vector a[CONV3X3_MAX_FRAMES], sum[CONV3X3_MAX_FRAMES], squares = { 0 };
    for (int t = 0; t < frames; t++) {
        a[t] = load(m->a[t] + lane);
        sum[t] = (vector){ 0 };
    }
    for (int cell = 0; cell < m->cells; cell++) {
        size_t at = (size_t)cell * (size_t)m->stride + (size_t)lane;
        vector here = load(h + at), weighed = moved ? load(moved + at) : here;
        for (int t = 0; !moved && t < frames; t++)
            weighed -= a[t] * m->x[t * m->cells + cell];
        store(d + at, load(d + at) + m->c * weighed);
        squares += (moved ? here : weighed) * weighed;
        for (int t = 0; t < frames; t++)
            sum[t] += weighed * m->x[t * m->cells + cell];
    }
    store(sums->squares + lane, squares);
    for (int t = 0; t < frames; t++)
        store(sums->frames[t] + lane, sum[t]);
}

enum { USUAL_FRAMES = 3 };

static void mix(const struct conv3x3_mixture *mixture, real *d, const real *h,
                struct conv3x3_sums *sums)
{
    for (int lane = 0; lane < CONV3X3_PAD; lane += LANES)
        if (mixture->frames == USUAL_FRAMES)
            mix_lanes(USUAL_FRAMES, mixture, lane, d, h, NULL, sums);
        else
            mix_lanes(mixture->frames, mixture, lane, d, h, NULL, sums);
}

static void mix_tangent(const struct conv3x3_mixture *mixture, real *d, const real *h,
                        const real *moved, struct conv3x3_sums *sums)
{
    for (int lane = 0; lane < CONV3X3_PAD; lane += LANES)
        if (mixture->frames == USUAL_FRAMES)
            mix_lanes(USUAL_FRAMES, mixture, lane, d, h, moved, sums);
        else
            mix_lanes(mixture->frames, mixture, lane, d, h, moved, sums);
}
#endif
