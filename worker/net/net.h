/* net.h - networks as sequences of layers over one flat vector of parameters.
 *
 * Students and teachers are both a struct net: a plain value that says which layers follow each
 * other and where in the flat vector the parameters of each begin. It holds no numbers itself. A
 * net is built by one call per layer, in order:
 *     net_start(&net, 128);
 *     net_linear(&net, 256); net_relu(&net);
 *     net_linear(&net, 4); net_supervise(&net);
 * What a layer does is one row of the table in layer.c. */
#ifndef NET_NET_H
#define NET_NET_H
#include "common/rng.h"
#include "worker/numeric/mat.h"

#include <stdbool.h>

enum { NET_MAX_LAYERS = 64, NET_MAX_CONVOLUTIONS = 8 };

enum layer_kind { LAYER_LINEAR, LAYER_RELU };

struct layer {
    enum layer_kind kind;
    int inputs, outputs; /* columns of what goes in and comes out */
    size_t at;           /* where its parameters begin in the flat vector */
    bool supervised;     /* the teacher has a target for each of its outputs */
};

struct net {
    int inputs, outputs;
    int n_layers; /* 0: there is no such net */
    struct layer layers[NET_MAX_LAYERS];
    size_t n_parameters;
    int n_supervised; /* units in all: the columns of a teacher's output for this student */
};

void net_start(struct net *net, int inputs);
void net_linear(struct net *net, int outputs); /* y = x W + b */
void net_relu(struct net *net);
void net_supervise(struct net *net); /* the outputs of the layer added last */

/* ReLU between layers: every teacher of the toy tasks. */
struct net net_mlp(int inputs, int hidden, int hidden_layers, int outputs);
/* Task B's student: net_mlp with its logits supervised. */
struct net net_student_b(int inputs, int hidden, int hidden_layers, int outputs);

/* Weights and biases uniform in +-1/sqrt(inputs of the layer), drawn in the order of the flat
 * vector; weights (not biases) are then multiplied. Float and double get the same numbers. */
void net_initialise(const struct net *net, real *parameters, struct rng *rng,
                    double weight_multiplier);

/* A part of the flat vector by name, for export and tests: "fc1.weight" [inputs, outputs],
 * "fc1.bias" [1, outputs]. Linear weights are stored for y = x W: a row for each input. */
struct net_tensor {
    char name[32];
    size_t at;
    int rows, cols;
};
/* Fills at most capacity of them; returns how many there are. */
int net_tensors(const struct net *net, struct net_tensor *out, int capacity);
#endif
