/* Convolutions over time one after the other, each with batch normalisation (or a bias) and ReLU:
 * the torso of a teacher of trajectories. x [rows, steps * channels], channels last; so is what
 * comes out, [rows, steps * last channels].
 *
 * They are one layer because they are computed together: a few batches at a time go through all of
 * them, so that a piece stays in the cache from the first convolution to the last, and all that
 * remains of it is the normalised output of each convolution. What follows from that is made again
 * on the way back. Batches do not see each other, so pieces change nothing but the time.
 *
 * Parameters, for each convolution: W [3 inputs, outputs] (its rows tap by tap), then gamma and
 * beta [outputs], or without batch normalisation a bias [outputs]. In front of batch normalisation
 * a bias would have no effect. Values only: teachers are constant while a student learns. */
#include "worker/net/layer.h"
#include "worker/numeric/batch_norm.h"
#include "worker/numeric/conv1d.h"
#include "worker/numeric/elementwise.h"
#include "worker/numeric/product.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEPT_OUTPUTS, KEPT_INVERSE };
enum { PIECE_ROWS = 32 }; /* a piece has at most so many rows, or it is one batch */

/* ---- where the parameters are --------------------------------------------------------------- */

static size_t n_weights(const struct convolutions *c, int k)
{
    return (size_t)CONV1D_TAPS * (size_t)c->channels[k] * (size_t)c->channels[k + 1];
}

static size_t n_parameters_of(const struct convolutions *c, int k)
{
    return n_weights(c, k) + (c->batch_norm ? 2 : 1) * (size_t)c->channels[k + 1];
}

static size_t n_parameters(const struct layer *layer)
{
    size_t count = 0;
    for (int k = 0; k < layer->convolutions.count; k++)
        count += n_parameters_of(&layer->convolutions, k);
    return count;
}

/* The parameters of convolution k, or their places in a gradient. */
struct filters {
    struct mat weights, gamma, beta; /* gamma without a value: there is none */
};

static struct filters filters_of(const struct layer *layer, struct mat flat, int k)
{
    const struct convolutions *c = &layer->convolutions;
    int outputs = c->channels[k + 1];
    size_t at = layer->at;
    for (int j = 0; j < k; j++)
        at += n_parameters_of(c, j);
    struct filters filters = { 0 };
    filters.weights = mat_view(flat, at, CONV1D_TAPS * c->channels[k], outputs);
    at += n_weights(c, k);
    if (c->batch_norm) {
        filters.gamma = mat_view(flat, at, 1, outputs);
        at += (size_t)outputs;
    }
    filters.beta = mat_view(flat, at, 1, outputs);
    return filters;
}

/* Uniform in +-1/sqrt(numbers that a filter sees); gamma 1 and beta 0. */
static void initialise(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier)
{
    const struct convolutions *c = &layer->convolutions;
    for (int k = 0; k < c->count; k++) {
        struct mat flat = { 1, 0, parameters, NULL };
        struct filters filters = filters_of(layer, flat, k);
        double bound = 1 / sqrt(CONV1D_TAPS * c->channels[k]);
        layer_draw(filters.weights.value, mat_count(filters.weights), bound, 1, rng);
        for (int i = 0; c->batch_norm && i < c->channels[k + 1]; i++) {
            filters.gamma.value[i] = 1;
            filters.beta.value[i] = 0;
        }
        if (!c->batch_norm)
            layer_draw(filters.beta.value, mat_count(filters.beta), bound, 1, rng);
    }
}

static struct net_tensor tensor_of(const struct layer *layer, const char *of, int number,
                                   const char *what, struct mat part, size_t at)
{
    struct net_tensor tensor = { .at = layer->at + at, .rows = part.rows, .cols = part.cols };
    snprintf(tensor.name, sizeof tensor.name, "%s%d.%s", of, number, what);
    return tensor;
}

static int tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    const struct convolutions *c = &layer->convolutions;
    int count = 0;
    size_t at = 0;
    for (int k = 0; k < c->count; k++) {
        struct filters filters = filters_of(layer, (struct mat){ 0 }, k);
        out[count++] = tensor_of(layer, "conv", k + 1, "weight", filters.weights, at);
        at += mat_count(filters.weights);
        if (c->batch_norm) {
            out[count++] = tensor_of(layer, "bn", k + 1, "weight", filters.gamma, at);
            at += mat_count(filters.gamma);
        }
        const char *last = c->batch_norm ? "bn" : "conv";
        out[count++] = tensor_of(layer, last, k + 1, "bias", filters.beta, at);
        at += mat_count(filters.beta);
    }
    return count;
}

/* ---- pieces --------------------------------------------------------------------------------- */

struct piece {
    int row, rows;      /* of the layer's inputs */
    int batch, batches; /* those that lie in it */
};

/* The row at which batch b begins; b may be the number of batches. */
static int batch_row(const struct layer_notes *notes, int b, int rows)
{
    if (notes->batches.count)
        return notes->batches.first[b];
    return b == 0 ? 0 : rows;
}

/* The piece that begins with batch b: as many whole batches as fit. */
static struct piece piece_from(const struct layer_notes *notes, int b, int rows)
{
    struct piece piece = { .row = batch_row(notes, b, rows), .batch = b };
    do {
        piece.batches++;
        piece.rows = batch_row(notes, b + piece.batches, rows) - piece.row;
    } while (b + piece.batches < layer_batches(notes) &&
             batch_row(notes, b + piece.batches + 1, rows) - piece.row <= PIECE_ROWS);
    return piece;
}

static int largest_piece(const struct layer_notes *notes, int rows)
{
    int largest = 0, b = 0;
    while (b < layer_batches(notes)) {
        struct piece piece = piece_from(notes, b, rows);
        largest = piece.rows > largest ? piece.rows : largest;
        b += piece.batches;
    }
    return largest;
}

/* ---- what is kept: of each convolution x^ [rows * steps, channels], of each batch 1/sigma ---- */

static int channels_before(const struct convolutions *c, int k)
{
    int sum = 0;
    for (int j = 0; j < k; j++)
        sum += c->channels[j + 1];
    return sum;
}

static void make_notes(const struct layer *layer, struct pass *pass, int rows,
                       struct layer_notes *notes)
{
    const struct convolutions *c = &layer->convolutions;
    int channels = channels_before(c, c->count);
    notes->kept[KEPT_OUTPUTS] = mat_new(pass, rows, c->steps * channels);
    if (c->batch_norm)
        notes->kept[KEPT_INVERSE] = mat_new(pass, layer_batches(notes), channels);
}

/* Convolution k of the rows first .. first + count - 1, which are one batch or part of one. */
static struct batch_norm norm_of_rows(const struct layer *layer, const struct layer_notes *notes,
                                      struct mat parameters, int k, int first, int count, int batch)
{
    const struct convolutions *c = &layer->convolutions;
    struct mat outputs = notes->kept[KEPT_OUTPUTS], inverse = notes->kept[KEPT_INVERSE];
    struct filters filters = filters_of(layer, parameters, k);
    size_t before = (size_t)channels_before(c, k), width = (size_t)c->channels[k + 1];
    size_t at = (before * (size_t)outputs.rows + width * (size_t)first) * (size_t)c->steps;
    struct batch_norm norm = { .x_hat = mat_view(outputs, at, count * c->steps, (int)width),
                               .gamma = filters.gamma,
                               .beta = filters.beta,
                               .relu = true };
    if (c->batch_norm)
        norm.inverse =
            mat_view(inverse, (size_t)batch * (size_t)inverse.cols + before, 1, (int)width);
    return norm;
}

/* The same for all rows of a piece: what no statistics belong to. */
static struct batch_norm norm_of_piece(const struct layer *layer, const struct layer_notes *notes,
                                       struct mat parameters, int k, const struct piece *piece)
{
    return norm_of_rows(layer, notes, parameters, k, piece->row, piece->rows, piece->batch);
}

/* ---- forwards ------------------------------------------------------------------------------- */

static int most_channels(const struct convolutions *c, int from, int to)
{
    int most = 0;
    for (int k = from; k <= to; k++)
        most = c->channels[k] > most ? c->channels[k] : most;
    return most;
}

static int widest_input(const struct convolutions *c)
{
    return most_channels(c, 0, c->count - 1);
}

/* Places for one piece at a time, used again by each; `gradient`, `sums` and the turned weights
 * serve the way back. */
struct scratch {
    struct mat columns, activations, gradient, sums;
    struct mat turned[NET_MAX_CONVOLUTIONS];
};

static struct scratch scratch_new(const struct convolutions *c, struct pass *pass, int rows)
{
    struct scratch scratch = { 0 };
    scratch.columns = mat_new(pass, rows * c->steps, CONV1D_TAPS * widest_input(c));
    scratch.activations = mat_new(pass, rows * c->steps, widest_input(c));
    return scratch;
}

/* x^ (or the bare convolution) from the columns of its inputs. */
static void convolve(const struct layer *layer, struct pass *pass, struct mat parameters,
                     const struct layer_notes *notes, int k, const struct piece *piece,
                     struct mat columns, int rows)
{
    struct batch_norm all = norm_of_piece(layer, notes, parameters, k, piece);
    mul(pass, all.x_hat, columns, filters_of(layer, parameters, k).weights);
    for (int b = piece->batch; layer->convolutions.batch_norm && b < piece->batch + piece->batches;
         b++) {
        int first = batch_row(notes, b, rows), end = batch_row(notes, b + 1, rows);
        struct batch_norm norm = norm_of_rows(layer, notes, parameters, k, first, end - first, b);
        batch_norm(pass, norm, norm.x_hat);
    }
}

/* What convolution k reads: the piece of x, or what the convolution before it left. */
static struct mat inputs_of(const struct layer *layer, struct pass *pass, struct mat parameters,
                            const struct layer_notes *notes, int k, const struct piece *piece,
                            struct mat x, struct mat place)
{
    const struct convolutions *c = &layer->convolutions;
    int rows = piece->rows * c->steps, width = c->channels[k];
    if (k == 0)
        return mat_view(x, (size_t)piece->row * (size_t)x.cols, rows, width);
    struct mat inputs = mat_view(place, 0, rows, width);
    batch_norm_outputs(pass, inputs, norm_of_piece(layer, notes, parameters, k - 1, piece));
    return inputs;
}

static struct mat columns_of(const struct layer *layer, struct pass *pass, struct mat parameters,
                             const struct layer_notes *notes, int k, const struct piece *piece,
                             struct mat x, struct scratch scratch)
{
    const struct convolutions *c = &layer->convolutions;
    struct mat inputs = inputs_of(layer, pass, parameters, notes, k, piece, x, scratch.activations);
    struct mat columns = mat_view(scratch.columns, 0, inputs.rows, CONV1D_TAPS * inputs.cols);
    conv1d_columns(pass, columns, inputs, c->steps);
    return columns;
}

static struct mat forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes)
{
    const struct convolutions *c = &layer->convolutions;
    struct mat y = mat_new(pass, x.rows, layer->outputs);
    make_notes(layer, pass, x.rows, notes);
    struct scratch scratch = scratch_new(c, pass, largest_piece(notes, x.rows));
    for (int b = 0; pass->fill_values && b < layer_batches(notes);) {
        struct piece piece = piece_from(notes, b, x.rows);
        for (int k = 0; k < c->count; k++) {
            struct mat columns = columns_of(layer, pass, parameters, notes, k, &piece, x, scratch);
            convolve(layer, pass, parameters, notes, k, &piece, columns, x.rows);
        }
        batch_norm_outputs(pass,
                           mat_view(y, (size_t)piece.row * (size_t)y.cols, piece.rows * c->steps,
                                    c->channels[c->count]),
                           norm_of_piece(layer, notes, parameters, c->count - 1, &piece));
        b += piece.batches;
    }
    return y;
}

/* ---- backwards ------------------------------------------------------------------------------ */

/* Through ReLU and batch normalisation of convolution k, batch by batch: from d to `to`. */
static void back_through_norm(const struct layer *layer, struct pass *pass, struct mat parameters,
                              struct mat gradient, const struct layer_notes *notes, int k,
                              const struct piece *piece, struct mat to, struct mat d,
                              struct mat sums, int rows)
{
    struct filters filters = filters_of(layer, gradient, k);
    int steps = layer->convolutions.steps;
    for (int b = piece->batch; b < piece->batch + piece->batches; b++) {
        int first = batch_row(notes, b, rows), count = batch_row(notes, b + 1, rows) - first;
        int from = (first - piece->row) * steps;
        struct batch_norm norm = norm_of_rows(layer, notes, parameters, k, first, count, b);
        batch_norm_back(pass, mat_rows(to, from, count * steps), filters.gamma, filters.beta,
                        mat_rows(d, from, count * steps), norm, mat_view(sums, 0, 3, to.cols));
    }
}

/* All convolutions of a piece, the last first. d is the gradient for what the last one gave. */
static void piece_back(const struct layer *layer, struct pass *pass, struct mat parameters,
                       struct mat gradient, const struct layer_notes *notes,
                       const struct piece *piece, struct mat x, struct mat d,
                       struct scratch scratch)
{
    const struct convolutions *c = &layer->convolutions;
    for (int k = c->count - 1; k >= 0; k--) {
        struct filters filters = filters_of(layer, gradient, k);
        struct mat dy = mat_view(scratch.gradient, 0, d.rows, d.cols);
        back_through_norm(layer, pass, parameters, gradient, notes, k, piece, dy, d, scratch.sums,
                          x.rows);
        struct mat columns = columns_of(layer, pass, parameters, notes, k, piece, x, scratch);
        mul_tn_add(pass, filters.weights, columns, dy);
        if (k == 0)
            return;
        mul(pass, columns, dy, scratch.turned[k]);
        d = mat_view(scratch.activations, 0, d.rows, c->channels[k]);
        conv1d_columns_back(pass, d, columns, c->steps);
    }
}

/* Products with a second operand that is not turned are faster, and the weights are turned once
 * for all pieces. */
static struct scratch scratch_for_back(const struct layer *layer, struct pass *pass,
                                       struct mat parameters, int rows)
{
    const struct convolutions *c = &layer->convolutions;
    struct scratch scratch = scratch_new(c, pass, rows);
    int most = most_channels(c, 1, c->count);
    scratch.gradient = mat_new(pass, rows * c->steps, most);
    scratch.sums = mat_new(pass, 3, most);
    for (int k = 1; k < c->count; k++) {
        struct mat weights = filters_of(layer, parameters, k).weights;
        scratch.turned[k] = mat_new(pass, weights.cols, weights.rows);
        transpose(pass, scratch.turned[k], weights);
    }
    return scratch;
}

/* Nobody needs the gradient for x: the torso stands first. */
static struct mat backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes)
{
    const struct convolutions *c = &layer->convolutions;
    struct scratch scratch =
        scratch_for_back(layer, pass, parameters, largest_piece(notes, x.rows));
    assert(!needs_inputs && !pass->fill_tangents);
    if (!pass->fill_values)
        return (struct mat){ 0 };
    memset(gradient.value + layer->at, 0, n_parameters(layer) * sizeof(real));
    for (int b = 0; b < layer_batches(notes);) {
        struct piece piece = piece_from(notes, b, x.rows);
        struct mat part = mat_view(d, (size_t)piece.row * (size_t)d.cols, piece.rows * c->steps,
                                   c->channels[c->count]);
        piece_back(layer, pass, parameters, gradient, notes, &piece, x, part, scratch);
        b += piece.batches;
    }
    return (struct mat){ 0 };
}

const struct layer_row layer_convolutions = { n_parameters, initialise, tensors, forward,
                                              backward };
