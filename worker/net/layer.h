/* layer.h - what the kinds of layers do: one row of functions for each.
 * A layer is two functions, forward and backward, over matrices that may carry tangents. */
#ifndef NET_LAYER_H
#define NET_LAYER_H
#include "worker/net/net.h"
#include "worker/net/run.h"
#include "worker/numeric/pass.h"

/* Most parameter tensors of one layer: a rollout's model has up to three in every second layer. */
enum { LAYER_MAX_TENSORS = 3 * NET_MAX_LAYERS / 2 };

struct layer_row {
    size_t (*n_parameters)(const struct layer *layer);
    /* Draws its part of the net's parameters. Kinds that students have multiply their weights, not
     * their biases, by weight_multiplier. */
    void (*initialise)(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier);
    /* Its parameters by name, the number-th of their kind; returns how many. */
    int (*tensors)(const struct layer *layer, int number, struct net_tensor *out);
    /* The layer's outputs for inputs x. `parameters` is the flat vector of the whole net. What
     * backward needs besides x goes into notes->kept. */
    struct mat (*forward)(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes);
    /* From d, the gradient for the outputs: writes the layer's part of `gradient` and returns the
     * gradient for the inputs, which is computed only if somebody needs it. */
    struct mat (*backward)(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes);
};
const struct layer_row *layer_row(enum layer_kind kind);

/* Numbers uniform in +-bound, times multiplier. */
void layer_draw(real *out, size_t count, double bound, double multiplier, struct rng *rng);

/* Into how many batches the rows of a pass fall: one if nobody said. */
int layer_batches(const struct layer_notes *notes);

/* For layers without parameters. */
size_t layer_no_parameters(const struct layer *layer);
void layer_nothing_to_initialise(const struct layer *layer, real *parameters, struct rng *rng,
                                 double weight_multiplier);
int layer_no_tensors(const struct layer *layer, int number, struct net_tensor *out);

/* The rows of kinds that have a file of their own. */
extern const struct layer_row layer_weight_norm;  /* weight_norm_layer.c */
extern const struct layer_row layer_convolutions; /* convolution_layer.c */
extern const struct layer_row layer_batch_norm;   /* batch_norm_layer.c */
extern const struct layer_row layer_gate;         /* gate_layer.c */
extern const struct layer_row layer_rollout;      /* rollout_layer.c */
extern const struct layer_row layer_board;        /* board_layer.c */
extern const struct layer_row layer_centre;       /* board_layer.c */
extern const struct layer_row layer_mixture;      /* mixture_layer.c */
#endif
