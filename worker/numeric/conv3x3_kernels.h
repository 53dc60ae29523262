/* conv3x3_kernels.h - the inner loops over boards, once for each kind of vector unit: the products
 * of the 3x3 convolutions, and the comparison with mixed frames (mixture.h). Private to those two;
 * tests compare every kind that the processor has.
 *
 * The loops work on one image of side x side cells, channels last, and on vectors of output
 * channels. An image that is read has a border of one cell of zeros ("framed"); an image that is
 * written has none, and begins at a multiple of 64 bytes. Channels are stored padded with zeros to
 * a multiple of CONV3X3_PAD; only an image that is read may be stored otherwise.
 *
 * The files of the kinds, and no others, multiply and add in one rounding: products and sums apart
 * would run at half the speed. The order of the sum for one number is fixed (row of the window,
 * input channel, column), so it depends neither on the tile that the cell is in nor on the cells
 * that are left out. Bits may differ between kinds, never between runs on one. */
#ifndef NUMERIC_CONV3X3_KERNELS_H
#define NUMERIC_CONV3X3_KERNELS_H
#include "worker/numeric/mat.h"

#include <stdbool.h>

enum { CONV3X3_PAD = 16, CONV3X3_TAPS = 9, CONV3X3_MAX_FRAMES = 8 };

/* What is computed: rows and columns first .. end - 1 of the image. */
struct conv3x3_window {
    int side, first, end;
};

/* What 16 channels of a board are compared with: sum over t of a[t][channel] x[t][cell]. */
struct conv3x3_mixture {
    int frames, cells, stride;
    const real *x; /* [frames][cells] */
    real c;
    real a[CONV3X3_MAX_FRAMES][CONV3X3_PAD] __attribute__((aligned(64)));
};

/* Sums over the cells of a board, for each of 16 channels. */
struct conv3x3_sums {
    real squares[CONV3X3_PAD] __attribute__((aligned(64)));
    real frames[CONV3X3_MAX_FRAMES][CONV3X3_PAD] __attribute__((aligned(64)));
};

struct conv3x3_kernels {
    const char *name;
    bool (*supported)(void);

    /* out[cell][o] = start[o] + sum over taps t and channels c of in[cell + t][c] w[t][c][o];
     * start NULL: added to what out holds. w [9][in_channels][out_stride]. */
    void (*product)(const struct conv3x3_window *window, real *out, int out_stride, const real *in,
                    int in_stride, int in_channels, const real *w, const real *start);

    /* w[t][c][o] += sum over cells of in[cell + t][c] d[cell][o]. Both images are framed, and d is
     * zero outside the window. */
    void (*weights)(const struct conv3x3_window *window, real *w, const real *d, int d_stride,
                    const real *in, int in_stride, int in_channels);

    /* In 16 channels of a board, of which d, h and moved are the first: with e = h - mixture
     *     d += c e         squares = sum of e e         frames[t] = sum of e x_t
     * and for the tangent
     *     d += c moved     squares = sum of h moved     frames[t] = sum of moved x_t */
    void (*mix)(const struct conv3x3_mixture *mixture, real *d, const real *h,
                struct conv3x3_sums *sums);
    void (*mix_tangent)(const struct conv3x3_mixture *mixture, real *d, const real *h,
                        const real *moved, struct conv3x3_sums *sums);
};

/* The widest that this processor has; the same on every call. */
const struct conv3x3_kernels *conv3x3_kernels(void);

extern const struct conv3x3_kernels conv3x3_portable; /* whatever the whole program is built for */
#ifdef __x86_64__
extern const struct conv3x3_kernels conv3x3_avx512;
#endif
#endif
