#include "worker/net/layer.h"

#include "worker/numeric/elementwise.h"
#include "worker/numeric/product.h"

#include <math.h>
#include <stdio.h>

/* ---- what several layers share --------------------------------------------------------------- */

void layer_draw(real *out, size_t count, double bound, double multiplier, struct rng *rng)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (real)(multiplier * (bound * (2 * rng_uniform(rng) - 1)));
}

int layer_batches(const struct layer_notes *notes)
{
    return notes->batches.count ? notes->batches.count : 1;
}

size_t layer_no_parameters(const struct layer *layer)
{
    return 0;
}

void layer_nothing_to_initialise(const struct layer *layer, real *parameters, struct rng *rng,
                                 double weight_multiplier)
{
}

int layer_no_tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    return 0;
}

/* ---- linear: y = x W + b      W [inputs, outputs], then b [outputs] ------------------------- */

static size_t linear_weights(const struct layer *layer)
{
    return (size_t)layer->inputs * (size_t)layer->outputs;
}

static size_t linear_n_parameters(const struct layer *layer)
{
    return linear_weights(layer) + (size_t)layer->outputs;
}

static struct mat linear_weight(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at, layer->inputs, layer->outputs);
}

static struct mat linear_bias(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at + linear_weights(layer), 1, layer->outputs);
}

static void linear_initialise(const struct layer *layer, real *parameters, struct rng *rng,
                              double weight_multiplier)
{
    double bound = 1 / sqrt(layer->inputs);
    real *weights = parameters + layer->at, *bias = weights + linear_weights(layer);
    layer_draw(weights, linear_weights(layer), bound, weight_multiplier, rng);
    layer_draw(bias, (size_t)layer->outputs, bound, 1, rng);
}

static int linear_tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    out[0] = (struct net_tensor){ .at = layer->at, .rows = layer->inputs, .cols = layer->outputs };
    snprintf(out[0].name, sizeof out[0].name, "fc%d.weight", number);
    out[1] = (struct net_tensor){ .at = layer->at + linear_weights(layer),
                                  .rows = 1,
                                  .cols = layer->outputs };
    snprintf(out[1].name, sizeof out[1].name, "fc%d.bias", number);
    return 2;
}

static struct mat linear_forward(const struct layer *layer, struct pass *pass,
                                 struct mat parameters, struct mat x, struct layer_notes *notes)
{
    struct mat y = mat_new(pass, x.rows, layer->outputs);
    mul_add_row(pass, y, x, linear_weight(layer, parameters), linear_bias(layer, parameters));
    return y;
}

static struct mat linear_backward(const struct layer *layer, struct pass *pass,
                                  struct mat parameters, struct mat x, struct mat d,
                                  struct mat gradient, bool needs_inputs,
                                  const struct layer_notes *notes)
{
    struct mat dx = { 0 };
    mul_tn(pass, linear_weight(layer, gradient), x, d);
    col_sum(pass, linear_bias(layer, gradient), d);
    if (needs_inputs) {
        dx = mat_new(pass, d.rows, layer->inputs);
        mul_nt(pass, dx, d, linear_weight(layer, parameters));
    }
    return dx;
}

/* ---- ReLU ----------------------------------------------------------------------------------- */

static struct mat relu_forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                               struct mat x, struct layer_notes *notes)
{
    struct mat y = mat_new(pass, x.rows, layer->outputs);
    relu(pass, y, x);
    return y;
}

static struct mat relu_backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                                struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                                const struct layer_notes *notes)
{
    struct mat dx = { 0 };
    if (needs_inputs) {
        dx = mat_new(pass, d.rows, layer->inputs);
        relu_back(pass, dx, x, d);
    }
    return dx;
}

/* ---- the kinds ------------------------------------------------------------------------------- */

static const struct layer_row layer_linear = { linear_n_parameters, linear_initialise,
                                               linear_tensors, linear_forward, linear_backward };
static const struct layer_row layer_relu = { layer_no_parameters, layer_nothing_to_initialise,
                                             layer_no_tensors, relu_forward, relu_backward };

static const struct layer_row *const rows[] = {
    [LAYER_LINEAR] = &layer_linear,           [LAYER_RELU] = &layer_relu,
    [LAYER_WEIGHT_NORM] = &layer_weight_norm, [LAYER_CONVOLUTIONS] = &layer_convolutions,
    [LAYER_BATCH_NORM] = &layer_batch_norm,   [LAYER_GATE] = &layer_gate,
    [LAYER_ROLLOUT] = &layer_rollout,         [LAYER_BOARD] = &layer_board,
    [LAYER_CENTRE] = &layer_centre,           [LAYER_MIXTURE] = &layer_mixture,
};

const struct layer_row *layer_row(enum layer_kind kind)
{
    return rows[kind];
}
