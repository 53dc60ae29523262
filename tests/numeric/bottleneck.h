/* bottleneck.h - a student like that of task A, for tests: a linear, supervised first layer, then
 * ReLU layers to one logit. */
#ifndef NUMERIC_BOTTLENECK_H
#define NUMERIC_BOTTLENECK_H
#include "worker/net/net.h"

static inline struct net bottleneck_student(int inputs, int hidden, int relu_layers)
{
    struct net net;
    net_start(&net, inputs);
    net_linear(&net, hidden);
    net_supervise(&net);
    for (int i = 0; i < relu_layers; i++) {
        net_linear(&net, hidden);
        net_relu(&net);
    }
    net_linear(&net, 1);
    return net;
}
#endif
