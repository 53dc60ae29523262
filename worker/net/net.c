#include "worker/net/net.h"

#include "worker/net/layer.h"

#include <assert.h>

void net_start(struct net *net, int inputs)
{
    assert(inputs > 0);
    *net = (struct net){ .inputs = inputs, .outputs = inputs };
}

/* How many columns of a teacher's output a supervised layer takes. */
static int targets_of(const struct layer *layer)
{
    return layer->kind == LAYER_BOARD ? layer->board.outputs : layer->outputs;
}

/* Puts a layer of which kind, outputs and details are given behind the last. */
static void net_append(struct net *net, struct layer layer)
{
    assert(net->n_layers < NET_MAX_LAYERS && layer.outputs > 0);
    layer.inputs = net->outputs;
    layer.at = net->n_parameters;
    net->layers[net->n_layers++] = layer;
    net->n_parameters += layer_row(layer.kind)->n_parameters(&layer);
    net->n_supervised += layer.supervised ? targets_of(&layer) : 0;
    net->outputs = layer.outputs;
}

static void net_add(struct net *net, enum layer_kind kind, int outputs)
{
    net_append(net, (struct layer){ .kind = kind, .outputs = outputs });
}

void net_linear(struct net *net, int outputs)
{
    net_add(net, LAYER_LINEAR, outputs);
}

void net_relu(struct net *net)
{
    net_add(net, LAYER_RELU, net->outputs);
}

void net_convolutions(struct net *net, const struct convolutions *convolutions)
{
    int count = convolutions->count;
    assert(net->n_layers == 0 && count > 0 && count <= NET_MAX_CONVOLUTIONS);
    assert(net->inputs == convolutions->steps * convolutions->channels[0]);
    net_append(net, (struct layer){ .kind = LAYER_CONVOLUTIONS,
                                    .outputs = convolutions->steps * convolutions->channels[count],
                                    .convolutions = *convolutions });
}

void net_batch_norm(struct net *net)
{
    net_add(net, LAYER_BATCH_NORM, net->outputs);
}

void net_gate(struct net *net)
{
    net_add(net, LAYER_GATE, net->outputs);
}

void net_board(struct net *net, int side, int filters)
{
    struct conv3x3 board = { .side = side, .inputs = 1, .outputs = filters, .input_stride = 1 };
    if (net->n_layers > 0) {
        const struct layer *last = &net->layers[net->n_layers - 1];
        assert(last->kind == LAYER_BOARD && last->board.side == side);
        board.inputs = last->board.outputs;
        board.input_stride = conv3x3_stride(board.inputs);
        board.rectify = true;
    }
    assert(net->outputs == side * side * board.input_stride);
    net_append(net, (struct layer){ .kind = LAYER_BOARD,
                                    .outputs = side * side * conv3x3_stride(filters),
                                    .board = board });
}

void net_centre(struct net *net)
{
    assert(net->n_layers > 0 && net->layers[net->n_layers - 1].kind == LAYER_BOARD);
    const struct conv3x3 *last = &net->layers[net->n_layers - 1].board;
    struct conv3x3 board = { .side = last->side, .inputs = last->outputs, .rectify = true };
    board.input_stride = conv3x3_stride(board.inputs);
    net_append(net,
               (struct layer){ .kind = LAYER_CENTRE, .outputs = board.inputs, .board = board });
}

void net_mixture(struct net *net, struct mixture mixture, int outputs)
{
    assert(net->n_layers == 0 && mixture.frames > 0);
    net_append(net,
               (struct layer){ .kind = LAYER_MIXTURE, .outputs = outputs, .mixture = mixture });
}

struct net net_for_labels(const struct net *net)
{
    struct net narrow = *net;
    int margin = 0; /* of the cells that the layer above reads */
    for (int k = net->n_layers - 1; k >= 0; k--) {
        struct layer *layer = &narrow.layers[k];
        if (layer->kind == LAYER_CENTRE)
            margin = (layer->board.side - 1) / 2;
        if (layer->kind == LAYER_CENTRE || layer->kind == LAYER_BOARD)
            layer->board.margin = margin;
        if (layer->kind == LAYER_BOARD && margin > 0)
            margin--;
    }
    return narrow;
}

void net_supervise(struct net *net)
{
    assert(net->n_layers > 0);
    struct layer *layer = &net->layers[net->n_layers - 1];
    assert(!layer->supervised);
    layer->supervised = true;
    net->n_supervised += targets_of(layer);
}

struct net net_mlp(int inputs, int hidden, int hidden_layers, int outputs)
{
    struct net net;
    net_start(&net, inputs);
    for (int i = 0; i < hidden_layers; i++) {
        net_linear(&net, hidden);
        net_relu(&net);
    }
    net_linear(&net, outputs);
    return net;
}

struct net net_student_b(int inputs, int hidden, int hidden_layers, int outputs)
{
    struct net net = net_mlp(inputs, hidden, hidden_layers, outputs);
    net_supervise(&net);
    return net;
}

struct net net_student_hidden(int inputs, int hidden, int hidden_layers, int outputs)
{
    struct net net;
    net_start(&net, inputs);
    for (int i = 0; i < hidden_layers; i++) {
        net_linear(&net, hidden);
        net_supervise(&net);
        net_relu(&net);
    }
    net_linear(&net, outputs);
    return net;
}

struct net net_with_weight_norm(const struct net *net)
{
    struct net normed;
    net_start(&normed, net->inputs);
    for (int k = 0; k < net->n_layers; k++) {
        struct layer layer = net->layers[k];
        if (layer.kind == LAYER_LINEAR)
            layer.kind = LAYER_WEIGHT_NORM;
        net_append(&normed, layer);
    }
    return normed;
}

struct net net_teacher_of_trajectories(const struct trajectory_teacher *teacher, int supervised)
{
    struct net net;
    struct convolutions torso = { .steps = teacher->steps,
                                  .count = teacher->convolutions,
                                  .batch_norm = teacher->batch_norm };
    assert(torso.count > 0 && torso.count <= NET_MAX_CONVOLUTIONS);
    torso.channels[0] = teacher->features;
    for (int k = 1; k < torso.count; k++)
        torso.channels[k] = teacher->c1;
    torso.channels[torso.count] = teacher->c2;
    net_start(&net, teacher->steps * teacher->features);
    net_convolutions(&net, &torso);
    net_linear(&net, teacher->c3);
    if (teacher->dense_batch_norm)
        net_batch_norm(&net);
    net_relu(&net);
    net_linear(&net, 2 * supervised);
    net_gate(&net);
    return net;
}

struct net net_model_based(const struct rollout *rollout, int outputs)
{
    struct net net;
    const struct rollout *r = rollout;
    assert(r->steps > 0 && r->observation > 0 && r->action >= 0 && r->features >= r->observation);
    assert(!r->forced);
    net_start(&net, r->observation + r->steps * r->action);
    net_append(&net, (struct layer){
                         .kind = LAYER_ROLLOUT, .outputs = r->steps * r->features, .rollout = *r });
    net_linear(&net, outputs);
    return net;
}

struct net net_for_transitions(const struct net *net)
{
    struct net forced = *net;
    struct layer *first = &forced.layers[0];
    assert(first->kind == LAYER_ROLLOUT && !first->rollout.forced);
    first->rollout.forced = true;
    first->inputs += first->outputs;
    forced.inputs = first->inputs;
    return forced;
}

void net_initialise(const struct net *net, real *parameters, struct rng *rng,
                    double weight_multiplier)
{
    for (int k = 0; k < net->n_layers; k++) {
        const struct layer *layer = &net->layers[k];
        layer_row(layer->kind)->initialise(layer, parameters, rng, weight_multiplier);
    }
}

int net_tensors(const struct net *net, struct net_tensor *out, int capacity)
{
    int count = 0, number[NET_MAX_LAYERS] = { 0 };
    for (int k = 0; k < net->n_layers; k++) {
        const struct layer *layer = &net->layers[k];
        struct net_tensor tensors[LAYER_MAX_TENSORS];
        int n = layer_row(layer->kind)->tensors(layer, ++number[layer->kind], tensors);
        for (int i = 0; i < n; i++, count++)
            if (count < capacity)
                out[count] = tensors[i];
    }
    return count;
}
