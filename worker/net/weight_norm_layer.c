/* A linear layer with weight norm: y = x W + b, the columns of W given by direction and length.
 * Parameters: v [inputs, outputs], g [outputs], b [outputs]. */
#include "worker/net/layer.h"
#include "worker/numeric/elementwise.h"
#include "worker/numeric/product.h"
#include "worker/numeric/weight_norm.h"

#include <math.h>
#include <stdio.h>

enum { KEPT_W, KEPT_NORM, KEPT_SCALE };

static size_t n_directions(const struct layer *layer)
{
    return (size_t)layer->inputs * (size_t)layer->outputs;
}

static size_t n_parameters(const struct layer *layer)
{
    return n_directions(layer) + 2 * (size_t)layer->outputs;
}

static struct mat direction(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at, layer->inputs, layer->outputs);
}

static struct mat length(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at + n_directions(layer), 1, layer->outputs);
}

static struct mat bias(const struct layer *layer, struct mat flat)
{
    size_t after_lengths = n_directions(layer) + (size_t)layer->outputs;
    return mat_view(flat, layer->at + after_lengths, 1, layer->outputs);
}

static double column_norm(const struct layer *layer, const real *v, int col)
{
    double sum = 0;
    for (int row = 0; row < layer->inputs; row++) {
        double x = (double)v[(size_t)row * (size_t)layer->outputs + (size_t)col];
        sum += x * x;
    }
    return sqrt(sum);
}

/* As a linear layer begins: v is its weights, and g their norms, so that W is v. */
static void initialise(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier)
{
    double bound = 1 / sqrt(layer->inputs);
    size_t directions = n_directions(layer), outputs = (size_t)layer->outputs;
    real *v = parameters + layer->at, *g = v + directions, *b = g + outputs;
    layer_draw(v, directions, bound, weight_multiplier, rng);
    layer_draw(b, outputs, bound, 1, rng);
    for (size_t i = 0; i < outputs; i++)
        g[i] = (real)column_norm(layer, v, (int)i);
}

static int tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    static const char *const names[] = { "v", "g", "bias" };
    const size_t at[] = { 0, n_directions(layer), n_directions(layer) + (size_t)layer->outputs };
    for (int k = 0; k < 3; k++) {
        out[k] = (struct net_tensor){ .at = layer->at + at[k],
                                      .rows = k == 0 ? layer->inputs : 1,
                                      .cols = layer->outputs };
        snprintf(out[k].name, sizeof out[k].name, "fc%d.%s", number, names[k]);
    }
    return 3;
}

static struct weight_norm norm_of(const struct layer_notes *notes)
{
    return (struct weight_norm){ notes->kept[KEPT_NORM], notes->kept[KEPT_SCALE] };
}

static struct mat forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes)
{
    struct mat y = mat_new(pass, x.rows, layer->outputs);
    notes->kept[KEPT_W] = mat_new(pass, layer->inputs, layer->outputs);
    notes->kept[KEPT_NORM] = mat_new(pass, 1, layer->outputs);
    notes->kept[KEPT_SCALE] = mat_new(pass, 1, layer->outputs);
    weight_norm(pass, norm_of(notes), notes->kept[KEPT_W], direction(layer, parameters),
                length(layer, parameters));
    mul_add_row(pass, y, x, notes->kept[KEPT_W], bias(layer, parameters));
    return y;
}

static struct mat backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes)
{
    struct mat dx = { 0 }, dw = mat_new(pass, layer->inputs, layer->outputs);
    mul_tn(pass, dw, x, d);
    weight_norm_back(pass, norm_of(notes), direction(layer, gradient), length(layer, gradient),
                     direction(layer, parameters), dw);
    col_sum(pass, bias(layer, gradient), d);
    if (needs_inputs) {
        dx = mat_new(pass, d.rows, layer->inputs);
        mul_nt(pass, dx, d, notes->kept[KEPT_W]);
    }
    return dx;
}

const struct layer_row layer_weight_norm = { n_parameters, initialise, tensors, forward, backward };
