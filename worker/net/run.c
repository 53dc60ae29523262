#include "worker/net/run.h"

#include "worker/net/layer.h"
#include "worker/numeric/elementwise.h"

#include <assert.h>

struct mat net_forward(const struct net *net, struct pass *pass, struct mat parameters,
                       struct mat x, struct trace *trace)
{
    assert(x.cols == net->inputs && mat_count(parameters) == net->n_parameters);
    trace->at[0] = x;
    for (int k = 0; k < net->n_layers; k++) {
        const struct layer *layer = &net->layers[k];
        trace->at[k + 1] = layer_row(layer->kind)->forward(layer, pass, parameters, trace->at[k]);
    }
    return trace->at[net->n_layers];
}

static int supervised_layers(const struct net *net)
{
    int count = 0;
    for (int k = 0; k < net->n_layers; k++)
        count += net->layers[k].supervised;
    return count;
}

void net_backward(const struct net *net, struct pass *pass, struct mat parameters,
                  const struct trace *trace, struct mat d, const struct mat *supervised,
                  struct mat gradient)
{
    int next_supervised = supervised_layers(net);
    for (int k = net->n_layers - 1; k >= 0; k--) {
        const struct layer *layer = &net->layers[k];
        if (supervised && layer->supervised)
            add_into(pass, d, supervised[--next_supervised]);
        d = layer_row(layer->kind)
                ->backward(layer, pass, parameters, trace->at[k], d, gradient, k > 0);
    }
}
