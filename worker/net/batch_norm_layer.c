/* Batch normalisation of each column over the rows of each batch, then scale and shift.
 * Parameters: gamma [outputs], beta [outputs]. */
#include "worker/net/layer.h"
#include "worker/numeric/batch_norm.h"

#include <stdio.h>
#include <string.h>

enum { KEPT_X_HAT, KEPT_INVERSE };

static size_t n_parameters(const struct layer *layer)
{
    return 2 * (size_t)layer->outputs;
}

static struct mat gamma_of(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at, 1, layer->outputs);
}

static struct mat beta_of(const struct layer *layer, struct mat flat)
{
    return mat_view(flat, layer->at + (size_t)layer->outputs, 1, layer->outputs);
}

static void initialise(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier)
{
    for (int i = 0; i < layer->outputs; i++) {
        parameters[layer->at + (size_t)i] = 1;
        parameters[layer->at + (size_t)(layer->outputs + i)] = 0;
    }
}

static int tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    out[0] = (struct net_tensor){ .at = layer->at, .rows = 1, .cols = layer->outputs };
    out[1] = out[0];
    out[1].at += (size_t)layer->outputs;
    snprintf(out[0].name, sizeof out[0].name, "norm%d.weight", number);
    snprintf(out[1].name, sizeof out[1].name, "norm%d.bias", number);
    return 2;
}

/* Rows of m that belong to batch b. */
static struct mat rows_of_batch(const struct layer_notes *notes, struct mat m, int b)
{
    const int *first = notes->batches.first;
    return notes->batches.count ? mat_rows(m, first[b], first[b + 1] - first[b]) : m;
}

static struct batch_norm norm_of_batch(const struct layer *layer, struct mat parameters,
                                       const struct layer_notes *notes, int b)
{
    return (struct batch_norm){ .x_hat = rows_of_batch(notes, notes->kept[KEPT_X_HAT], b),
                                .inverse = mat_rows(notes->kept[KEPT_INVERSE], b, 1),
                                .gamma = gamma_of(layer, parameters),
                                .beta = beta_of(layer, parameters) };
}

static struct mat forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes)
{
    struct mat y = mat_new(pass, x.rows, x.cols);
    notes->kept[KEPT_X_HAT] = mat_new(pass, x.rows, x.cols);
    notes->kept[KEPT_INVERSE] = mat_new(pass, layer_batches(notes), x.cols);
    for (int b = 0; b < layer_batches(notes); b++) {
        struct batch_norm norm = norm_of_batch(layer, parameters, notes, b);
        batch_norm(pass, norm, rows_of_batch(notes, x, b));
        batch_norm_outputs(pass, rows_of_batch(notes, y, b), norm);
    }
    return y;
}

static struct mat backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes)
{
    struct mat dx = mat_new(pass, d.rows, d.cols), sums = mat_new(pass, 3, d.cols);
    struct mat dgamma = gamma_of(layer, gradient), dbeta = beta_of(layer, gradient);
    if (pass->fill_values)
        memset(gradient.value + layer->at, 0, n_parameters(layer) * sizeof(real));
    for (int b = 0; b < layer_batches(notes); b++)
        batch_norm_back(pass, rows_of_batch(notes, dx, b), dgamma, dbeta,
                        rows_of_batch(notes, d, b), norm_of_batch(layer, parameters, notes, b),
                        sums);
    return dx;
}

const struct layer_row layer_batch_norm = { n_parameters, initialise, tensors, forward, backward };
