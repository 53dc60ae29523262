/* run.h - a net forwards and backwards. Written once, first order: on parameters that carry a
 * tangent the same two functions give the tangent of the gradient, a Hessian-vector product. */
#ifndef NET_RUN_H
#define NET_RUN_H
#include "worker/net/net.h"
#include "worker/numeric/pass.h"

/* What went through the net: at[0] the inputs, at[k + 1] the outputs of layer k. */
struct trace {
    struct mat at[NET_MAX_LAYERS + 1];
};

/* The outputs for inputs x. `parameters` is [1, n_parameters]. */
struct mat net_forward(const struct net *net, struct pass *pass, struct mat parameters,
                       struct mat x, struct trace *trace);

/* From d, the gradient of a loss for the outputs, to `gradient` [1, n_parameters]. `supervised`
 * has one matrix for each supervised layer, in their order: the gradient of the teaching loss for
 * that layer's outputs, which joins what comes down from above; NULL if there is none. d may be
 * added to. */
void net_backward(const struct net *net, struct pass *pass, struct mat parameters,
                  const struct trace *trace, struct mat d, const struct mat *supervised,
                  struct mat gradient);
#endif
