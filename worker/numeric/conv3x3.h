/* conv3x3.h - 3 x 3 convolutions of square boards with zero padding, channels last.
 *
 * A row of a matrix is one board: side x side cells, each with its channels padded to
 * conv3x3_stride of them; what pads is zero and stays so, in values and tangents. Only inputs that
 * need no gradient, such as the boards of the data, may be without padding. The frame of zeros that
 * a convolution meets around a board is never stored: each board is copied into a framed one while
 * it is worked on, which is also where the ReLU in front of a convolution is taken, so neither the
 * framed boards nor the ReLU's results have to be kept. Places that are written must be aligned to
 * 64 bytes, as those of mat_new are. Weights are [9 * inputs, outputs]: tap (row, column) of the
 * window first, then the input channel, and not padded. */
#ifndef NUMERIC_CONV3X3_H
#define NUMERIC_CONV3X3_H
#include "worker/numeric/pass.h"

#include <stdbool.h>

struct conv3x3 {
    int side;            /* of the board, in cells */
    int inputs, outputs; /* channels */
    int input_stride;    /* reals from one input cell to the next: inputs, or padded */
    bool rectify;        /* the inputs pass through a ReLU first */
    /* So many rows and columns along each edge of the output are left out: never written, never
     * read. Of the input, one row less is needed. 0: the whole board. */
    int margin;
};

int conv3x3_stride(int channels);      /* of padded cells: 16, 32, ... */
const char *conv3x3_kernel_name(void); /* of the vector unit used: "avx512", "portable" */

/* y = conv(r, w) + b, r = relu(x) or x     x [n, boards of inputs]  y [n, boards of outputs]
 * y' = conv(r', w) + conv(r, w') + b'      each term only where that operand carries a tangent */
void conv3x3_forward(struct pass *pass, const struct conv3x3 *shape, struct mat y, struct mat x,
                     struct mat w, struct mat b);

/* From d, the gradient for y: dw, db, and unless dx has no rows, the gradient for x.
 *     dw[t] = sum over boards and cells of r[cell + t] d[cell]     db = sum of d
 *     dx = [x > 0] conv(d, w turned)
 * and the tangents by the product rule. There is no dx for inputs without padding. */
void conv3x3_backward(struct pass *pass, const struct conv3x3 *shape, struct mat dx, struct mat dw,
                      struct mat db, struct mat x, struct mat d, struct mat w);
#endif
