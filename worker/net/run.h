/* run.h - a net forwards and backwards. Written once, first order: on parameters that carry a
 * tangent the same two functions give the tangent of the gradient, a Hessian-vector product. */
#ifndef NET_RUN_H
#define NET_RUN_H
#include "worker/net/net.h"
#include "worker/numeric/pass.h"

/* Which rows form a batch, for layers that look at a batch as a whole: batch b is rows
 * first[b] .. first[b + 1] - 1. Lent by the caller from forward to backward. */
struct row_batches {
    const int *first;
    int count; /* 0: all rows are one batch */
};

enum { LAYER_MAX_KEPT = 3 };

/* What a layer's forward leaves for its backward. */
struct layer_notes {
    struct row_batches batches;
    struct mat kept[LAYER_MAX_KEPT];
};

/* What went through the net: at[0] the inputs, at[k + 1] the outputs of layer k. */
struct trace {
    struct mat at[NET_MAX_LAYERS + 1];
    struct layer_notes notes[NET_MAX_LAYERS];
};

/* The outputs for inputs x. `parameters` is [1, n_parameters]. All rows are one batch. */
struct mat net_forward(const struct net *net, struct pass *pass, struct mat parameters,
                       struct mat x, struct trace *trace);

/* The same for several batches, one below the other. */
struct mat net_forward_batches(const struct net *net, struct pass *pass, struct mat parameters,
                               struct mat x, struct row_batches batches, struct trace *trace);

/* From d, the gradient of a loss for the outputs, to `gradient` [1, n_parameters]. Where `joining`
 * is not NULL, joining[k] is a further gradient for the outputs of layer k, that of the teaching
 * loss for instance, which joins what comes down from above; without rows there is none. d may be
 * added to. */
void net_backward(const struct net *net, struct pass *pass, struct mat parameters,
                  const struct trace *trace, struct mat d, const struct mat *joining,
                  struct mat gradient);

/* A further gradient that is cheaper added where it joins than made first: `add` adds to d, the
 * gradient for a layer's outputs. It is called for every layer, from the last to the first. */
struct net_joining {
    void (*add)(void *context, struct pass *pass, int layer, struct mat d);
    void *context;
};
void net_backward_joining(const struct net *net, struct pass *pass, struct mat parameters,
                          const struct trace *trace, struct mat d, struct net_joining joining,
                          struct mat gradient);

/* The same for a net on top of another one: returns the gradient for the inputs. */
struct mat net_backward_to_inputs(const struct net *net, struct pass *pass, struct mat parameters,
                                  const struct trace *trace, struct mat d, struct mat gradient);
#endif
