#include "worker/net/run.h"

#include "worker/net/layer.h"
#include "worker/numeric/elementwise.h"

#include <assert.h>

struct mat net_forward_batches(const struct net *net, struct pass *pass, struct mat parameters,
                               struct mat x, struct row_batches batches, struct trace *trace)
{
    assert(x.cols == net->inputs && mat_count(parameters) == net->n_parameters);
    assert(batches.count == 0 || batches.first[batches.count] == x.rows);
    trace->at[0] = x;
    for (int k = 0; k < net->n_layers; k++) {
        const struct layer *layer = &net->layers[k];
        trace->notes[k] = (struct layer_notes){ .batches = batches };
        trace->at[k + 1] = layer_row(layer->kind)
                               ->forward(layer, pass, parameters, trace->at[k], &trace->notes[k]);
    }
    return trace->at[net->n_layers];
}

struct mat net_forward(const struct net *net, struct pass *pass, struct mat parameters,
                       struct mat x, struct trace *trace)
{
    return net_forward_batches(net, pass, parameters, x, (struct row_batches){ 0 }, trace);
}

static struct mat backward(const struct net *net, struct pass *pass, struct mat parameters,
                           const struct trace *trace, struct mat d, struct net_joining joining,
                           struct mat gradient, bool needs_inputs)
{
    for (int k = net->n_layers - 1; k >= 0; k--) {
        const struct layer *layer = &net->layers[k];
        if (joining.add)
            joining.add(joining.context, pass, k, d);
        d = layer_row(layer->kind)
                ->backward(layer, pass, parameters, trace->at[k], d, gradient,
                           k > 0 || needs_inputs, &trace->notes[k]);
    }
    return d;
}

/* The joining of net_backward: matrices that are there, one for each layer. */
static void add_matrix(void *context, struct pass *pass, int layer, struct mat d)
{
    const struct mat *joining = context;
    if (joining[layer].rows > 0)
        add_into(pass, d, joining[layer]);
}

void net_backward(const struct net *net, struct pass *pass, struct mat parameters,
                  const struct trace *trace, struct mat d, const struct mat *joining,
                  struct mat gradient)
{
    net_backward_joining(net, pass, parameters, trace, d,
                         (struct net_joining){ joining ? add_matrix : NULL, (void *)joining },
                         gradient);
}

void net_backward_joining(const struct net *net, struct pass *pass, struct mat parameters,
                          const struct trace *trace, struct mat d, struct net_joining joining,
                          struct mat gradient)
{
    backward(net, pass, parameters, trace, d, joining, gradient, false);
}

struct mat net_backward_to_inputs(const struct net *net, struct pass *pass, struct mat parameters,
                                  const struct trace *trace, struct mat d, struct mat gradient)
{
    return backward(net, pass, parameters, trace, d, (struct net_joining){ 0 }, gradient, true);
}
