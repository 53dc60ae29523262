/* layer.h - what the kinds of layers do: one row of functions for each.
 * A layer is two functions, forward and backward, over matrices that may carry tangents. */
#ifndef NET_LAYER_H
#define NET_LAYER_H
#include "worker/net/net.h"
#include "worker/numeric/pass.h"

struct layer_row {
    const char *name;
    size_t (*n_parameters)(const struct layer *layer);
    void (*initialise)(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier);
    /* Its parameters by name, the number-th of their kind; at most two, returns how many. */
    int (*tensors)(const struct layer *layer, int number, struct net_tensor out[2]);
    /* The layer's outputs for inputs x. `parameters` is the flat vector of the whole net. */
    struct mat (*forward)(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x);
    /* From d, the gradient for the outputs: writes the layer's part of `gradient` and returns the
     * gradient for the inputs, which is computed only if somebody needs it. */
    struct mat (*backward)(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs);
};
const struct layer_row *layer_row(enum layer_kind kind);
#endif
