#include "worker/net/net.h"

#include "worker/net/layer.h"

#include <assert.h>

void net_start(struct net *net, int inputs)
{
    assert(inputs > 0);
    *net = (struct net){ .inputs = inputs, .outputs = inputs };
}

static void net_add(struct net *net, enum layer_kind kind, int outputs)
{
    assert(net->n_layers < NET_MAX_LAYERS && outputs > 0);
    struct layer *layer = &net->layers[net->n_layers++];
    *layer = (struct layer){
        .kind = kind, .inputs = net->outputs, .outputs = outputs, .at = net->n_parameters
    };
    net->n_parameters += layer_row(kind)->n_parameters(layer);
    net->outputs = outputs;
}

void net_linear(struct net *net, int outputs)
{
    net_add(net, LAYER_LINEAR, outputs);
}

void net_relu(struct net *net)
{
    net_add(net, LAYER_RELU, net->outputs);
}

void net_supervise(struct net *net)
{
    assert(net->n_layers > 0);
    struct layer *layer = &net->layers[net->n_layers - 1];
    assert(!layer->supervised);
    layer->supervised = true;
    net->n_supervised += layer->outputs;
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
