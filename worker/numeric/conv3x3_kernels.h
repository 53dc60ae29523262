/* conv3x3_kernels.h - the two inner loops of the 3x3 convolutions, once for each kind of vector
 * unit. Private to the conv3x3 files; tests compare every kind that the processor has.
 *
 * Both loops work on one image of side x side cells, channels last, and on vectors of output
 * channels. An image that is read has a border of one cell of zeros ("framed"); an image that is
 * written has none. Channels are stored padded to a multiple of CONV3X3_PAD with zeros, except
 * that an image with one channel is stored as it is (stride 1).
 *
 * These files, and no others, multiply and add in one rounding: a loop of a product and a sum
 * would run at half the speed. The order of the sum for one number is fixed (row of the window,
 * input channel, column), so it depends neither on the tile that the cell is in nor on the cells
 * that are left out. Bits differ between kinds only through the order of the sums over cells. */
#ifndef NUMERIC_CONV3X3_KERNELS_H
#define NUMERIC_CONV3X3_KERNELS_H
#include "worker/numeric/mat.h"

#include <stdbool.h>

enum { CONV3X3_PAD = 16, CONV3X3_TAPS = 9 };

/* What is computed: rows and columns first .. end - 1 of the image. */
struct conv3x3_window {
    int side, first, end;
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
};

extern const struct conv3x3_kernels conv3x3_portable; /* whatever the whole program is built for */
#ifdef __x86_64__
extern const struct conv3x3_kernels conv3x3_avx512;
#endif
#endif
