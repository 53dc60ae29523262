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
#include "worker/numeric/conv3x3.h"
#include "worker/numeric/mat.h"

#include <stdbool.h>

enum { NET_MAX_LAYERS = 64, NET_MAX_CONVOLUTIONS = 8 };

enum layer_kind {
    LAYER_LINEAR,
    LAYER_RELU,
    LAYER_WEIGHT_NORM,
    LAYER_CONVOLUTIONS,
    LAYER_BATCH_NORM,
    LAYER_GATE,
    LAYER_BOARD,
    LAYER_CENTRE,
    LAYER_MIXTURE,
    LAYER_ROLLOUT,
};

/* Of a torso of convolutions over time, each followed by batch normalisation (or not) and ReLU. */
struct convolutions {
    int steps; /* of time */
    int count;
    int channels[NET_MAX_CONVOLUTIONS + 1]; /* of the inputs, then of each convolution's outputs */
    bool batch_norm;
};

/* Of a teacher that mixes frames (mixture.h). */
struct mixture {
    int frames;
    double initial_deviation; /* phi begins as this times N(0, 1) */
    double scale;             /* on the targets */
};

/* Of a model of dynamics that is applied step after step (rollout_layer.c). */
struct rollout {
    int steps;
    int observation, action;   /* numbers that the model reads at a step */
    int features;              /* and predicts: the next observation first, then a reward, say */
    int hidden, hidden_layers; /* the model is a net_mlp */
    bool weight_norm;
    bool forced; /* observations come from the trajectory, not from the step before */
};

struct layer {
    enum layer_kind kind;
    int inputs, outputs; /* columns of what goes in and comes out */
    size_t at;           /* where its parameters begin in the flat vector */
    bool supervised;     /* the teacher has a target for each of its outputs */
    struct convolutions convolutions; /* LAYER_CONVOLUTIONS only */
    struct conv3x3 board;             /* LAYER_BOARD, and of the inputs of LAYER_CENTRE */
    struct mixture mixture;           /* LAYER_MIXTURE only */
    struct rollout rollout;           /* LAYER_ROLLOUT only */
};

struct net {
    int inputs, outputs;
    int n_layers; /* 0: there is no such net */
    struct layer layers[NET_MAX_LAYERS];
    size_t n_parameters;
    int n_supervised; /* units in all, of boards filters: a teacher has one target for each */
};

void net_start(struct net *net, int inputs);
void net_linear(struct net *net, int outputs); /* y = x W + b */
void net_relu(struct net *net);
/* Stands first: rows are trajectories, time step after time step. */
void net_convolutions(struct net *net, const struct convolutions *convolutions);
void net_batch_norm(struct net *net); /* over the rows of each batch, then scale and shift */
void net_gate(struct net *net);       /* the last layer of a teacher for the gated loss */
/* A 3 x 3 convolution of boards, behind another one with a ReLU between them (board_layer.c). */
void net_board(struct net *net, int side, int filters);
void net_centre(struct net *net); /* behind boards: the centre cell, through a ReLU */
/* The only layer of its net; outputs are the filters of all supervised boards. */
void net_mixture(struct net *net, struct mixture mixture, int outputs);
void net_supervise(struct net *net); /* the outputs of the layer added last */

/* The same net, over the same parameters, for passes without a teacher: boards leave out the cells
 * from which nothing reaches the centre. Same outputs, same bits. */
struct net net_for_labels(const struct net *net);

/* ReLU between layers: every teacher of the toy tasks. */
struct net net_mlp(int inputs, int hidden, int hidden_layers, int outputs);
/* Task B's student: net_mlp with its logits supervised. */
struct net net_student_b(int inputs, int hidden, int hidden_layers, int outputs);

/* The student of MuJoCo: net_mlp with all pre-activations of its hidden layers supervised. */
struct net net_student_hidden(int inputs, int hidden, int hidden_layers, int outputs);
/* The same net with weight norm in place of each linear layer: y = x W + b, where W is given by the
 * direction and the length of each of its columns. Any student can have it. */
struct net net_with_weight_norm(const struct net *net);

/* The teacher of MuJoCo, for the gated loss (B.2.2 of the paper): convolutions over the trajectory,
 * a dense layer, and two outputs for each supervised unit of the student. */
struct trajectory_teacher {
    int steps, features; /* of the trajectories; a row is step after step */
    int convolutions;    /* n_conv; at most NET_MAX_CONVOLUTIONS */
    int c1, c2, c3;      /* channels of all convolutions but the last, of the last; dense units */
    bool batch_norm;       /* after each convolution */
    bool dense_batch_norm; /* and of the dense layer */
};
struct net net_teacher_of_trajectories(const struct trajectory_teacher *teacher, int supervised);

/* The student of the model-based baseline (B.2.3): its first layer predicts the trajectory from
 * inputs [observation, actions], and a linear read-out of the predictions gives the outputs. */
struct net net_model_based(const struct rollout *rollout, int outputs);
/* The same net, over the same parameters, for training on single transitions: a row of its inputs
 * is x and then x*, and each step begins where the trajectory was, not where the model thought. */
struct net net_for_transitions(const struct net *net);

/* Weights and biases uniform in +-1/sqrt(inputs of the layer), drawn in the order of the flat
 * vector; weights (not biases) are then multiplied. Weight norm begins as such a layer; batch
 * normalisation with scale 1 and shift 0. Float and double get the same numbers. */
void net_initialise(const struct net *net, real *parameters, struct rng *rng,
                    double weight_multiplier);

/* A part of the flat vector by name, for export and tests: "fc1.weight" [inputs, outputs],
 * "fc1.bias" [1, outputs]. Linear weights are stored for y = x W: a row for each input. With weight
 * norm "fc1.v" and "fc1.g"; in a torso "conv1.weight" [3 inputs, outputs], tap by tap, with
 * "bn1.weight" and "bn1.bias" (or "conv1.bias"); of the dense layer's batch norm "norm1.weight"; of
 * a model of dynamics "model.fc1.weight" and so on. */
struct net_tensor {
    char name[32];
    size_t at;
    int rows, cols;
};
/* Fills at most capacity of them; returns how many there are. */
int net_tensors(const struct net *net, struct net_tensor *out, int capacity);
#endif
