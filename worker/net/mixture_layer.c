/* The whole of a mixture teacher (mixture.h): its outputs are weights of frames, the same for all
 * rows of x*, so its only matrix is [frames, units]. The frames themselves reach the student's
 * loss by another way (struct lesson). Values only: a teacher is constant while a student learns.
 *
 * Parameters: phi [frames, units]. */
#include "worker/net/layer.h"
#include "worker/numeric/mixture.h"

static size_t n_parameters(const struct layer *layer)
{
    return (size_t)layer->mixture.frames * (size_t)layer->outputs;
}

static struct mat phi_of(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at, layer->mixture.frames, layer->outputs);
}

static void initialise(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier)
{
    for (size_t i = 0; i < n_parameters(layer); i++)
        parameters[layer->at + i] = (real)(layer->mixture.initial_deviation * rng_normal(rng));
}

static int tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    *out = (struct net_tensor){ "phi", layer->at, layer->mixture.frames, layer->outputs };
    return 1;
}

static struct mat forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes)
{
    struct mat a = mat_new(pass, layer->mixture.frames, layer->outputs);
    mixture_weights(pass, a, phi_of(layer, parameters), layer->mixture.scale);
    return a;
}

static struct mat backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes)
{
    mixture_weights_back(pass, phi_of(layer, gradient), phi_of(layer, parameters), d,
                         layer->mixture.scale);
    return (struct mat){ 0 };
}

const struct layer_row layer_mixture = { n_parameters, initialise, tensors, forward, backward };
