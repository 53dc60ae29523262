/* The last layer of a teacher for the gated loss: targets pass, the other half of the columns
 * becomes the weights of the units. */
#include "worker/net/layer.h"
#include "worker/numeric/loss.h"

static struct mat forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes)
{
    notes->kept[0] = mat_new(pass, x.rows, x.cols);
    gate(pass, notes->kept[0], x);
    return notes->kept[0];
}

static struct mat backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes)
{
    struct mat dx = { 0 };
    if (needs_inputs) {
        dx = mat_new(pass, d.rows, d.cols);
        gate_back(pass, dx, notes->kept[0], d);
    }
    return dx;
}

const struct layer_row layer_gate = { layer_no_parameters, layer_nothing_to_initialise,
                                      layer_no_tensors, forward, backward };
