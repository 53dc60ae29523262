/* The layers of a student that looks at boards: 3 x 3 convolutions, and the step from the last of
 * them to its read-out, which sees the features of the centre cell. The shape of the boards is
 * layer->board (conv3x3.h); the ReLU between two layers belongs to the later one.
 *
 * Parameters of a convolution: W [9 inputs, outputs], then b [outputs]. */
#include "worker/net/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- convolution ---------------------------------------------------------------------------- */

static size_t n_weights(const struct layer *layer)
{
    return 9 * (size_t)layer->board.inputs * (size_t)layer->board.outputs;
}

static size_t n_parameters(const struct layer *layer)
{
    return n_weights(layer) + (size_t)layer->board.outputs;
}

static struct mat weights_of(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at, 9 * layer->board.inputs, layer->board.outputs);
}

static struct mat bias_of(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at + n_weights(layer), 1, layer->board.outputs);
}

static void initialise(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier)
{
    double bound = 1 / sqrt(9 * (double)layer->board.inputs);
    real *weights = parameters + layer->at, *bias = weights + n_weights(layer);
    layer_draw(weights, n_weights(layer), bound, weight_multiplier, rng);
    layer_draw(bias, (size_t)layer->board.outputs, bound, 1, rng);
}

static int tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    out[0] = (struct net_tensor){ .at = layer->at,
                                  .rows = 9 * layer->board.inputs,
                                  .cols = layer->board.outputs };
    snprintf(out[0].name, sizeof out[0].name, "conv%d.weight", number);
    out[1] = (struct net_tensor){ .at = layer->at + n_weights(layer),
                                  .rows = 1,
                                  .cols = layer->board.outputs };
    snprintf(out[1].name, sizeof out[1].name, "conv%d.bias", number);
    return 2;
}

static struct mat forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes)
{
    struct mat y = mat_new(pass, x.rows, layer->outputs);
    conv3x3_forward(pass, &layer->board, y, x, weights_of(layer, parameters),
                    bias_of(layer, parameters));
    return y;
}

static struct mat backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes)
{
    struct mat dx = { 0 };
    if (needs_inputs)
        dx = mat_new(pass, x.rows, x.cols);
    conv3x3_backward(pass, &layer->board, dx, weights_of(layer, gradient), bias_of(layer, gradient),
                     x, d, weights_of(layer, parameters));
    return dx;
}

const struct layer_row layer_board = { n_parameters, initialise, tensors, forward, backward };

/* ---- the centre cell: y = relu(x at the centre) ---------------------------------------------- */

/* Where the centre cell of a board begins in its row. */
static size_t centre(const struct layer *layer)
{
    int side = layer->board.side;
    return (size_t)((side / 2) * side + side / 2) * (size_t)layer->board.input_stride;
}

/* to = relu of `from`, or `from` where gate > 0: a NaN of a value stays one. */
static void take_centres(const struct layer *layer, struct mat y, real *to, struct mat x,
                         const real *from, bool is_tangent)
{
    for (int row = 0; row < y.rows; row++) {
        const real *value = mat_row(x, x.value, row) + centre(layer);
        const real *source = from + (size_t)row * (size_t)x.cols + centre(layer);
        real *out = mat_row(y, to, row);
        for (int i = 0; i < y.cols; i++)
            if (is_tangent)
                out[i] = value[i] > 0 ? source[i] : 0;
            else
                out[i] = value[i] < 0 ? 0 : value[i];
    }
}

static struct mat centre_forward(const struct layer *layer, struct pass *pass,
                                 struct mat parameters, struct mat x, struct layer_notes *notes)
{
    struct mat y = mat_new(pass, x.rows, layer->outputs);
    if (pass->fill_values)
        take_centres(layer, y, y.value, x, x.value, false);
    if (pass->fill_tangents && x.tangent)
        take_centres(layer, y, y.tangent, x, x.tangent, true);
    else if (pass->fill_tangents)
        memset(y.tangent, 0, mat_count(y) * sizeof(real));
    return y;
}

/* dx is zero but at the centre; outside the margin it is not defined. */
static void put_centres(const struct layer *layer, struct mat dx, real *to, struct mat x,
                        struct mat d, const real *from)
{
    int margin = layer->board.margin, side = layer->board.side, stride = layer->board.input_stride;
    size_t width = (size_t)((side - 2 * margin) * stride) * sizeof(real);
    for (int row = 0; row < dx.rows; row++) {
        const real *value = mat_row(x, x.value, row) + centre(layer);
        real *out = mat_row(dx, to, row);
        for (int line = margin; line < side - margin; line++)
            memset(out + (line * side + margin) * stride, 0, width);
        for (int i = 0; i < d.cols; i++)
            out[centre(layer) + (size_t)i] = value[i] > 0 ? mat_row(d, (real *)from, row)[i] : 0;
    }
}

static struct mat centre_backward(const struct layer *layer, struct pass *pass,
                                  struct mat parameters, struct mat x, struct mat d,
                                  struct mat gradient, bool needs_inputs,
                                  const struct layer_notes *notes)
{
    struct mat dx = { 0 };
    if (!needs_inputs)
        return dx;
    dx = mat_new(pass, x.rows, x.cols);
    if (pass->fill_values)
        put_centres(layer, dx, dx.value, x, d, d.value);
    if (pass->fill_tangents)
        put_centres(layer, dx, dx.tangent, x, d, d.tangent);
    return dx;
}

const struct layer_row layer_centre = { layer_no_parameters, layer_nothing_to_initialise,
                                        layer_no_tensors, centre_forward, centre_backward };
