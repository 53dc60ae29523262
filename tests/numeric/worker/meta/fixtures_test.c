/* Replays every case of $LDT_FIXTURES/meta_gradient (tests/fixtures unless set): recorded unrolls
 * and recorded whole runs, computed elsewhere in double precision. What a case contains decides how
 * it is replayed, its name and sizes do not. A case whose networks this version does not have is
 * skipped; a malformed case fails with its file and key; a directory in which nothing could be
 * replayed fails. The layout is described in tests/fixtures/meta_gradient/README.md. */
#include "common/xalloc.h"
#include "worker/meta/hypergradient.h"
#include "worker/meta/learner.h"
#include "worker/meta/teacher.h"
#include "worker/net/life.h"
#include "worker/numeric/mixture.h"
#include "worker/numeric/blas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double tolerance = sizeof(real) == sizeof(double) ? 1e-9 : 1e-3;
static int replayed; /* cases */

enum { MAX_DIMS = 5 };
enum { MAX_TENSORS = 2 * NET_MAX_LAYERS, MAX_STEPS = 4096 };

/* ---- reading: whatever is missing or of the wrong type fails with file and key -------------- */

static const char *file;  /* of the case being replayed */
static json_t *case_root; /* its content, freed with the next: a failing test jumps out */

static json_t *get(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!value)
        fail_msg("%s: key %s is missing", file, key);
    return value;
}

static json_t *get_object(json_t *object, const char *key)
{
    json_t *value = get(object, key);
    if (!json_is_object(value))
        fail_msg("%s: %s is not an object", file, key);
    return value;
}

static json_t *get_array(json_t *object, const char *key, size_t count)
{
    json_t *value = get(object, key);
    if (!json_is_array(value) || json_array_size(value) != count)
        fail_msg("%s: %s is not an array of %zu", file, key, count);
    return value;
}

static double get_number(json_t *object, const char *key)
{
    json_t *value = get(object, key);
    if (!json_is_number(value) || !isfinite(json_number_value(value)))
        fail_msg("%s: %s is not a finite number", file, key);
    return json_number_value(value);
}

static int get_integer(json_t *object, const char *key, int lowest, int highest)
{
    json_t *value = get(object, key);
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < lowest || n > highest)
        fail_msg("%s: %s is not an integer from %d to %d", file, key, lowest, highest);
    return (int)n;
}

struct array {
    int dims, shape[MAX_DIMS];
    size_t count;
    json_t *data;
};

static struct array get_shaped(json_t *object, const char *key)
{
    struct array array = { .count = 1 };
    json_t *value = get_object(object, key), *shape = get(value, "shape"), *length;
    size_t i;
    array.data = get(value, "data");
    if (!json_is_array(shape) || json_array_size(shape) > MAX_DIMS || !json_is_array(array.data))
        fail_msg("%s: %s is not a shape of at most %d and data", file, key, MAX_DIMS);
    json_array_foreach(shape, i, length) {
        json_int_t n = json_integer_value(length);
        if (!json_is_integer(length) || n < 1 || n > 1 << 20)
            fail_msg("%s: %s has a bad shape", file, key);
        array.shape[array.dims++] = (int)n;
        array.count *= (size_t)n;
    }
    if (json_array_size(array.data) != array.count)
        fail_msg("%s: %s has %zu numbers, its shape says %zu", file, key,
                 json_array_size(array.data), array.count);
    for (i = 0; i < array.count; i++)
        if (!json_is_number(json_array_get(array.data, i)))
            fail_msg("%s: %s: number %zu is none", file, key, i);
    return array;
}

static double number_at(struct array array, size_t i)
{
    return json_number_value(json_array_get(array.data, i));
}

static real *read_array(struct array array)
{
    real *out = xmalloc((array.count + 1) * sizeof *out);
    for (size_t i = 0; i < array.count; i++)
        out[i] = (real)number_at(array, i);
    return out;
}

static void expect_shape(struct array array, const char *key, int dims, int a, int b, int c)
{
    int want[3] = { a, b, c };
    if (array.dims != dims)
        fail_msg("%s: %s has %d dimensions instead of %d", file, key, array.dims, dims);
    for (int i = 0; i < dims; i++)
        if (array.shape[i] != want[i])
            fail_msg("%s: %s: length %d of dimension %d should be %d", file, key, array.shape[i], i,
                     want[i]);
}

/* ---- comparing, norm-wise per tensor -------------------------------------------------------- */

static void compare(const char *what, const double *want, const real *got, size_t count)
{
    double distance = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        distance += pow((double)got[i] - want[i], 2);
        norm += want[i] * want[i];
    }
    distance = sqrt(distance);
    norm = sqrt(norm);
    if (!isfinite(distance) || !(distance <= tolerance * (norm > 0 ? norm : 1)))
        fail_msg("%s: %s is off by %.3g of a norm of %.3g (relative %.3g, allowed %.0e)", file,
                 what, distance, norm, distance / norm, tolerance);
}

static void compare_number(const char *what, double want, double got)
{
    if (!(fabs(got - want) <= tolerance * (want != 0 ? fabs(want) : 1)))
        fail_msg("%s: %s is %.17g, expected %.17g", file, what, got, want);
}

static void compare_array(json_t *object, const char *key, const real *got, size_t count)
{
    struct array array = get_shaped(object, key);
    if (array.count != count)
        fail_msg("%s: %s has %zu numbers instead of %zu", file, key, array.count, count);
    double *want = xmalloc((count + 1) * sizeof *want);
    for (size_t i = 0; i < count; i++)
        want[i] = number_at(array, i);
    compare(key, want, got, count);
    free(want);
}

/* ---- tensors by name: weights are recorded [out, in] and stored [in, out]; a convolution's are
 * recorded [out, in, taps] and stored [taps * in, out]. Behind a torso of convolutions the dense
 * layers are recorded as fc and out, and fc reads what was laid out channel by channel, not time
 * step by time step. */

static const struct convolutions *torso_of(const struct net *net)
{
    return net->layers[0].kind == LAYER_CONVOLUTIONS ? &net->layers[0].convolutions : NULL;
}

/* Of a student that looks at boards weights are recorded [out, in, 3, 3] and stored [9 in, out],
 * and its one dense layer is recorded as readout; of a mixture teacher phi is recorded as it is
 * stored, with a further axis for the layers. */
static bool has_boards(const struct net *net)
{
    return net->layers[0].kind == LAYER_BOARD;
}

static bool is_mixture(const struct net *net)
{
    return net->layers[0].kind == LAYER_MIXTURE;
}

static const char *recorded_name(const struct net *net, const struct net_tensor *tensor)
{
    static char name[40];
    const char *part = strchr(tensor->name, '.');
    if ((!torso_of(net) && !has_boards(net)) || tensor->name[0] != 'f')
        return tensor->name;
    if (has_boards(net)) {
        snprintf(name, sizeof name, "readout%s", part);
        return name;
    }
    snprintf(name, sizeof name, "%s%s", tensor->name[2] == '1' ? "fc" : "out", part);
    return name;
}

/* The index at which the number of a row and column is recorded. */
static size_t recorded_place(const struct net *net, const struct net_tensor *tensor, int row,
                             int col)
{
    const struct convolutions *torso = torso_of(net);
    int rows = tensor->rows;
    if (torso && strncmp(tensor->name, "conv", 4) == 0)
        row = row % (rows / 3) * 3 + row / (rows / 3);
    if (torso && strcmp(tensor->name, "fc1.weight") == 0) {
        int channels = torso->channels[torso->count];
        row = row % channels * torso->steps + row / channels;
    }
    if (has_boards(net) && strncmp(tensor->name, "conv", 4) == 0 && rows > 1)
        row = row % (rows / 9) * 9 + row / (rows / 9);
    if (is_mixture(net))
        return (size_t)row * (size_t)tensor->cols + (size_t)col;
    return (size_t)col * (size_t)rows + (size_t)row;
}

static size_t place(const struct net_tensor *tensor, int row, int col)
{
    return tensor->at + (size_t)row * (size_t)tensor->cols + (size_t)col;
}

static struct array get_tensor(const struct net *net, json_t *object,
                               const struct net_tensor *tensor)
{
    struct array array = get_shaped(object, recorded_name(net, tensor));
    if (is_mixture(net) ? array.dims == 3 && array.shape[0] == tensor->rows &&
                              array.shape[1] * array.shape[2] == tensor->cols
                        : has_boards(net) && array.dims == 4 && array.shape[0] == tensor->cols &&
                              array.shape[1] * 9 == tensor->rows && array.shape[2] == 3)
        return array;
    if (torso_of(net) && array.dims == 3)
        expect_shape(array, tensor->name, 3, tensor->cols, tensor->rows / 3, 3);
    else if (tensor->rows == 1 && array.dims == 1)
        expect_shape(array, tensor->name, 1, tensor->cols, 0, 0);
    else
        expect_shape(array, tensor->name, 2, tensor->cols, tensor->rows, 0);
    return array;
}

static void read_tensors(const struct net *net, json_t *object, real *out)
{
    struct net_tensor tensors[MAX_TENSORS];
    int count = net_tensors(net, tensors, MAX_TENSORS);
    for (int k = 0; k < count; k++) {
        struct array array = get_tensor(net, object, &tensors[k]);
        for (int col = 0; col < tensors[k].cols; col++)
            for (int row = 0; row < tensors[k].rows; row++)
                out[place(&tensors[k], row, col)] =
                    (real)number_at(array, recorded_place(net, &tensors[k], row, col));
    }
}

static void compare_tensors(const struct net *net, json_t *parent, const char *key, const real *got)
{
    struct net_tensor tensors[MAX_TENSORS];
    json_t *object = get_object(parent, key);
    int count = net_tensors(net, tensors, MAX_TENSORS);
    for (int k = 0; k < count; k++) {
        struct array array = get_tensor(net, object, &tensors[k]);
        double *want = xmalloc(array.count * sizeof *want);
        real *ours = xmalloc(array.count * sizeof *ours);
        size_t i = 0;
        for (int col = 0; col < tensors[k].cols; col++)
            for (int row = 0; row < tensors[k].rows; row++, i++) {
                want[i] = number_at(array, recorded_place(net, &tensors[k], row, col));
                ours[i] = got[place(&tensors[k], row, col)];
            }
        char *what = xasprintf("%s.%s", key, tensors[k].name);
        compare(what, want, ours, array.count);
        free(what);
        free(ours);
        free(want);
    }
}

/* ---- which networks a case has -------------------------------------------------------------- */

/* How many layers there are if all names are fc1.weight, fc1.bias, fc2.weight, ...; 0 for any other
 * name. That none is missing shows when they are read. */
static int dense_layers(json_t *parameters)
{
    int layers = 0;
    const char *name;
    json_t *tensor;
    json_object_foreach(parameters, name, tensor) {
        int number = 0, end = 0;
        bool dense = sscanf(name, "fc%d.%n", &number, &end) == 1 && end > 0 && number > 0 &&
                     number <= NET_MAX_LAYERS / 2 &&
                     (strcmp(name + end, "weight") == 0 || strcmp(name + end, "bias") == 0);
        if (!dense)
            return 0;
        layers = number > layers ? number : layers;
    }
    return layers;
}

/* The net that the weights' shapes describe: ReLU between layers; with first_is_supervised the
 * first layer is linear and taught, otherwise the last one is. */
static struct net read_net(json_t *parameters, bool first_is_supervised)
{
    struct net net;
    int layers = dense_layers(parameters);
    for (int k = 1; k <= layers; k++) {
        char name[32];
        snprintf(name, sizeof name, "fc%d.weight", k);
        struct array weight = get_shaped(parameters, name);
        if (weight.dims != 2 || (k > 1 && weight.shape[1] != net.outputs))
            fail_msg("%s: %s does not fit the layer before it", file, name);
        if (k == 1)
            net_start(&net, weight.shape[1]);
        else if (!(k == 2 && first_is_supervised))
            net_relu(&net);
        net_linear(&net, weight.shape[0]);
        if (k == (first_is_supervised ? 1 : layers))
            net_supervise(&net);
    }
    return net;
}

/* How many layers with weight norm, fc1.v, fc2.v, ..., there are: 0 where fc1 has none. */
static int normed_layers(json_t *parameters)
{
    int layers = 0;
    for (;; layers++) {
        char name[32];
        snprintf(name, sizeof name, "fc%d.v", layers + 1);
        if (layers == NET_MAX_LAYERS / 2 || !json_object_get(parameters, name))
            return layers;
    }
}

/* Weight norm, ReLU between layers, and every pre-activation but the logits taught. */
static struct net read_normed_student(json_t *theta)
{
    struct net net;
    int layers = normed_layers(theta);
    for (int k = 1; k <= layers; k++) {
        char name[32];
        snprintf(name, sizeof name, "fc%d.v", k);
        struct array v = get_shaped(theta, name);
        if (v.dims != 2 || (k > 1 && v.shape[1] != net.outputs))
            fail_msg("%s: %s does not fit the layer before it", file, name);
        if (k == 1)
            net_start(&net, v.shape[1]);
        net_linear(&net, v.shape[0]);
        if (k == layers)
            break;
        net_supervise(&net);
        net_relu(&net);
    }
    return net_with_weight_norm(&net);
}

static struct convolutions read_torso(json_t *phi)
{
    struct convolutions torso = { .batch_norm = true };
    for (; torso.count < NET_MAX_CONVOLUTIONS; torso.count++) {
        char name[32];
        snprintf(name, sizeof name, "conv%d.weight", torso.count + 1);
        if (!json_object_get(phi, name))
            break;
        struct array weight = get_shaped(phi, name);
        if (weight.dims != 3 || weight.shape[2] != 3 ||
            (torso.count > 0 && weight.shape[1] != torso.channels[torso.count]))
            fail_msg("%s: %s does not fit the layer before it or has not three taps", file, name);
        torso.channels[torso.count] = weight.shape[1];
        torso.channels[torso.count + 1] = weight.shape[0];
    }
    return torso;
}

/* A gated teacher of trajectories: convolutions with batch normalisation, then fc and out. Biases
 * in front of batch normalisation have no effect and no gradient, so we have none. */
static struct net read_gated_teacher(json_t *phi)
{
    struct net net;
    struct array fc = get_shaped(phi, "fc.weight"), out = get_shaped(phi, "out.weight");
    struct convolutions torso = read_torso(phi);
    int channels = torso.channels[torso.count];
    if (torso.count == 0 || fc.dims != 2 || out.dims != 2 || fc.shape[1] % channels != 0)
        fail_msg("%s: fc.weight does not fit the convolutions before it", file);
    torso.steps = fc.shape[1] / channels;
    net_start(&net, torso.steps * torso.channels[0]);
    net_convolutions(&net, &torso);
    net_linear(&net, fc.shape[0]);
    net_relu(&net);
    net_linear(&net, out.shape[0]);
    net_gate(&net);
    return net;
}

static void read_gated_networks(json_t *theta, json_t *phi, struct learner_config *config)
{
    config->student = read_normed_student(theta);
    config->teacher = read_gated_teacher(phi);
    config->label_loss = LABEL_CROSS_ENTROPY;
    config->teach_loss = TEACH_GATED;
    if (config->teacher.outputs != 2 * config->student.n_supervised)
        fail_msg(
            "%s: phi has %d outputs for %d supervised units of theta0, two are needed for each",
            file, config->teacher.outputs, config->student.n_supervised);
}

/* Boards, all pre-activations of the convolutions taught by mixtures of frames; a logistic loss. */
static void read_life_networks(json_t *theta, json_t *phi, struct learner_config *config)
{
    struct array boards = get_shaped(get_object(case_root, "train"), "x");
    struct array mixture = get_shaped(phi, "phi"), first = get_shaped(theta, "conv1.weight");
    if (boards.dims != 4 || boards.shape[2] != boards.shape[3] || boards.shape[2] % 2 == 0)
        fail_msg("%s: x is not [steps, batch, side, side] with an odd side", file);
    if (mixture.dims != 3 || first.dims != 4 || mixture.shape[2] != first.shape[0])
        fail_msg("%s: phi is not [frames, layers, filters] of the convolutions", file);
    if (mixture.shape[0] > MIXTURE_MAX_FRAMES)
        fail_msg("%s: phi mixes %d frames, more than %d", file, mixture.shape[0],
                 MIXTURE_MAX_FRAMES);
    struct life life = { .side = boards.shape[2],
                         .frames = mixture.shape[0],
                         .layers = mixture.shape[1],
                         .filters = mixture.shape[2] };
    config->student = net_life_student(&life);
    config->teacher = net_life_teacher(&life, 0, 1);
    config->label_loss = LABEL_LOGISTIC;
    config->teach_loss = TEACH_MIXTURE;
}

/* A scalar logit: logistic loss, first layer linear and taught by mean squared error (task A).
 * Several logits: cross-entropy, the logits taught by KL (task B). */
static void read_networks(json_t *theta, json_t *phi, struct learner_config *config)
{
    if (!json_is_object(theta) || !json_is_object(phi))
        fail_msg("%s: the parameters of student and teacher are not objects", file);
    if (normed_layers(theta) > 0 && json_object_get(phi, "conv1.weight")) {
        read_gated_networks(theta, phi, config);
        return;
    }
    if (json_object_get(theta, "readout.weight") && json_object_get(phi, "phi")) {
        read_life_networks(theta, phi, config);
        return;
    }
    if (!dense_layers(theta) || !dense_layers(phi)) {
        print_message("%s: skipped, its networks are not supported yet\n", file);
        skip();
    }
    struct net logits_taught = read_net(theta, false);
    bool scalar = logits_taught.outputs == 1;
    config->student = scalar ? read_net(theta, true) : logits_taught;
    config->teacher = read_net(phi, false);
    config->label_loss = scalar ? LABEL_LOGISTIC : LABEL_CROSS_ENTROPY;
    config->teach_loss = scalar ? TEACH_MSE : TEACH_KL;
    if (config->teacher.outputs != config->student.n_supervised)
        fail_msg("%s: phi has %d outputs for %d supervised units of theta0", file,
                 config->teacher.outputs, config->student.n_supervised);
}

static struct optimiser read_optimiser(json_t *parent, const char *key)
{
    json_t *object = get_object(parent, key);
    const char *type = json_string_value(get(object, "type"));
    double lr = get_number(object, "lr"), decay = get_number(object, "weight_decay");
    if (type && strcmp(type, "sgd") == 0)
        return optimiser_sgd(lr, get_number(object, "momentum"), decay);
    if (!type || strcmp(type, "adam") != 0)
        fail_msg("%s: %s.type is neither sgd nor adam", file, key);
    struct optimiser adam = optimiser_adam(lr, get_number(object, "beta1"), decay);
    adam.beta2 = get_number(object, "beta2");
    adam.eps = get_number(object, "eps");
    return adam;
}

/* `lead` is the shape of the first `dims` axes: [steps, batch] or [examples]. The others together
 * are one example's numbers. */
static real *read_inputs(json_t *object, const char *key, int dims, const int *lead, int cols)
{
    struct array array = get_shaped(object, key);
    size_t rows = (size_t)lead[0] * (size_t)(dims == 2 ? lead[1] : 1);
    if (array.dims <= dims || array.shape[0] != lead[0] ||
        (dims == 2 && array.shape[1] != lead[1]) || array.count != rows * (size_t)cols)
        fail_msg("%s: %s does not have the shape of %zu examples of %d numbers", file, key, rows,
                 cols);
    return read_array(array);
}

static real *read_labels(json_t *object, const struct learner_config *config, size_t count)
{
    struct array array = get_shaped(object, "y");
    if (array.count != count)
        fail_msg("%s: y has %zu labels for %zu examples", file, array.count, count);
    for (size_t i = 0; i < count; i++) {
        double label = number_at(array, i);
        if (config->label_loss == LABEL_CROSS_ENTROPY
                ? !(label >= 0 && label < config->student.outputs && label == floor(label))
                : !(label >= 0 && label <= 1))
            fail_msg("%s: y: %g is no label", file, label);
    }
    return read_array(array);
}

/* ---- a recorded unroll ---------------------------------------------------------------------- */

struct unroll {
    struct learner_config config;
    struct teacher teacher;
    struct inner_loop inner;
    struct optimiser_state start;
    struct mat phi, targets;
    struct lesson *lessons, validation;
    struct step_losses *losses;
    real *x, *xstar, *labels, *valid_x, *valid_labels;
    int steps, batch;
    int *first; /* row of each batch */
};

static const char *moment_names(const struct optimiser *optimiser, int k)
{
    if (optimiser->kind == OPTIMISER_SGD)
        return "buf";
    return k == 0 ? "m" : "v";
}

static void read_start(struct unroll *u, json_t *root)
{
    const struct net *student = &u->config.student;
    json_t *state = get_object(root, "optimizer_state0");
    u->start.parameters = xaligned(student->n_parameters * sizeof(real));
    read_tensors(student, get_object(root, "theta0"), u->start.parameters);
    for (int k = 0; k < optimiser_moments(&u->inner.optimiser); k++) {
        u->start.moment[k] = xaligned(student->n_parameters * sizeof(real));
        read_tensors(student, get_object(state, moment_names(&u->inner.optimiser, k)),
                     u->start.moment[k]);
    }
    if (u->inner.optimiser.kind == OPTIMISER_ADAM)
        u->start.steps = get_integer(state, "t", 0, 1 << 30);
}

static void read_lessons(struct unroll *u, json_t *root)
{
    json_t *train = get_object(root, "train"), *valid = get_object(root, "valid");
    struct array shape = get_shaped(train, "x"), valid_shape = get_shaped(valid, "x");
    int lead[2] = { u->steps, shape.dims >= 3 ? shape.shape[1] : 0 };
    int rows = valid_shape.shape[0], inputs = u->config.student.inputs;
    u->batch = lead[1];
    u->first = xcalloc((size_t)u->steps + 1, sizeof *u->first);
    for (int i = 0; i <= u->steps; i++)
        u->first[i] = i * u->batch;
    u->x = read_inputs(train, "x", 2, lead, inputs);
    u->xstar = read_inputs(train, "xstar", 2, lead, u->config.teacher.inputs);
    u->labels = read_labels(train, &u->config, (size_t)u->steps * (size_t)u->batch);
    u->valid_x = read_inputs(valid, "x", 1, &rows, inputs);
    u->valid_labels = read_labels(valid, &u->config, (size_t)rows);
    u->validation =
        (struct lesson){ .x = mat_constant(u->valid_x, rows, inputs), .labels = u->valid_labels };
}

static void read_unroll(struct unroll *u, json_t *root)
{
    struct learner_config *config = &u->config;
    read_networks(get(root, "theta0"), get(root, "phi"), config);
    u->steps = get_integer(root, "n_inner", 1, MAX_STEPS);
    u->inner.objective = (struct objective){ .student = &config->student,
                                             .label_loss = config->label_loss,
                                             .teach_loss = config->teach_loss,
                                             .teaching_coef = get_number(root, "alpha") };
    u->inner.optimiser = read_optimiser(root, "inner_optimizer");
    u->inner.n_steps = u->steps;
    u->teacher.net = &config->teacher;
    read_start(u, root);
    read_lessons(u, root);
    real *phi = xaligned(config->teacher.n_parameters * sizeof(real));
    read_tensors(&config->teacher, get_object(root, "phi"), phi);
    u->phi = mat_constant(phi, 1, (int)config->teacher.n_parameters);
    u->losses = xcalloc((size_t)u->steps, sizeof *u->losses);
    u->lessons = xcalloc((size_t)u->steps, sizeof *u->lessons);
}

static void unroll_free(struct unroll *u)
{
    void *owned[] = { u->start.parameters,
                      u->start.moment[0],
                      u->start.moment[1],
                      u->phi.value,
                      u->lessons,
                      u->losses,
                      u->first,
                      u->x,
                      u->xstar,
                      u->labels,
                      u->valid_x,
                      u->valid_labels };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    inner_loop_free(&u->inner);
    workspace_free(&u->teacher.workspace);
}

/* What batch i uses of the teacher's output: mixtures serve them all. */
static struct mat targets_of(const struct unroll *u, struct mat targets, int i)
{
    return is_mixture(&u->config.teacher) ? targets : mat_rows(targets, i * u->batch, u->batch);
}

static void teach_all(struct unroll *u)
{
    int rows = u->steps * u->batch;
    struct mat x = mat_constant(u->x, rows, u->config.student.inputs);
    struct mat xstar = mat_constant(u->xstar, rows, u->config.teacher.inputs);
    u->targets =
        teacher_forward(&u->teacher, u->phi, xstar, (struct row_batches){ u->first, u->steps });
    for (int i = 0; i < u->steps; i++) {
        u->lessons[i] = (struct lesson){ .x = mat_rows(x, i * u->batch, u->batch),
                                         .labels = u->labels + i * u->batch,
                                         .targets = targets_of(u, u->targets, i) };
        if (is_mixture(&u->config.teacher))
            u->lessons[i].frames = mat_rows(xstar, i * u->batch, u->batch);
    }
}

/* Boards are recorded filter after filter, without padding, and so are mixed targets. */
static void check_boards(const struct unroll *u, const struct trace *trace, json_t *step0)
{
    const struct net *student = &u->config.student;
    int units = student->n_supervised, side = student->layers[0].board.side, cells = side * side;
    int filters = student->layers[0].board.outputs, frames = u->targets.rows;
    size_t count = (size_t)(u->batch * units * cells), i = 0;
    real *h = xmalloc(count * sizeof *h), *o = xmalloc(count * sizeof *o);
    for (int row = 0; row < u->batch; row++)
        for (int unit = 0; unit < units; unit++)
            for (int cell = 0; cell < cells; cell++, i++) {
                struct mat boards = trace->at[unit / filters + 1];
                double sum = 0;
                for (int t = 0; t < frames; t++)
                    sum += (double)u->targets.value[t * units + unit] *
                           (double)u->xstar[(row * frames + t) * cells + cell];
                o[i] = (real)sum;
                h[i] = mat_row(boards, boards.value,
                               row)[cell * conv3x3_stride(filters) + unit % filters];
            }
    compare_array(step0, "supervised", h, count);
    compare_array(step0, "teacher_output", o, count);
    free(h);
    free(o);
}

/* All supervised layers side by side. */
static void check_supervised(const struct net *student, const struct trace *trace, int rows,
                             json_t *step0)
{
    size_t width = (size_t)student->n_supervised, column = 0;
    real *all = xmalloc((size_t)rows * width * sizeof *all);
    for (int k = 0; k < student->n_layers; k++) {
        struct mat h = trace->at[k + 1];
        if (!student->layers[k].supervised)
            continue;
        for (int row = 0; row < rows; row++)
            memcpy(all + (size_t)row * width + column, mat_row(h, h.value, row),
                   (size_t)h.cols * sizeof *all);
        column += (size_t)h.cols;
    }
    compare_array(step0, "supervised", all, (size_t)rows * width);
    free(all);
}

/* Recorded is what a gate reads, not what it makes of it: m from w = sigmoid(m/2 - 1). */
static void check_targets(const struct unroll *u, json_t *step0)
{
    struct mat targets = u->lessons[0].targets;
    size_t count = mat_count(targets), columns = (size_t)targets.cols;
    real *out = xmalloc(count * sizeof *out);
    memcpy(out, targets.value, count * sizeof *out);
    for (size_t i = 0; u->config.teach_loss == TEACH_GATED && i < count; i++)
        if (i % columns >= columns / 2)
            out[i] = (real)(2 + 2 * log((double)out[i] / (1 - (double)out[i])));
    compare_array(step0, "teacher_output", out, count);
    free(out);
}

static void check_first_step(struct unroll *u, json_t *expected)
{
    json_t *step0 = get_object(expected, "step0");
    const struct net *student = &u->config.student;
    struct workspace workspace = { 0 };
    struct objective_result result;
    workspace_reserve(&workspace, objective_reals(&u->inner.objective, &u->lessons[0]));
    struct pass pass = pass_values(workspace);
    objective_gradient(&u->inner.objective, &pass,
                       mat_constant(u->start.parameters, 1, (int)student->n_parameters),
                       &u->lessons[0], &result);
    struct mat z = result.trace.at[student->n_layers];
    compare_array(step0, "student_output", z.value, mat_count(z));
    if (has_boards(student)) {
        check_boards(u, &result.trace, step0);
    } else {
        check_supervised(student, &result.trace, u->batch, step0);
        check_targets(u, step0);
    }
    compare_tensors(student, step0, "grad_theta", result.gradient.value);
    workspace_free(&workspace);
}

static void check_steps(struct unroll *u, json_t *expected)
{
    json_t *steps = get_array(expected, "steps", (size_t)u->steps);
    for (int i = 0; i < u->steps; i++) {
        json_t *step = json_array_get(steps, (size_t)i);
        compare_number("label_loss", get_number(step, "label_loss"), u->losses[i].label);
        compare_number("teaching_loss", get_number(step, "teaching_loss"), u->losses[i].teaching);
        compare_number("total", get_number(step, "total"), u->losses[i].total);
    }
}

static void check_end(struct unroll *u, json_t *expected)
{
    struct optimiser_state end = inner_loop_state(&u->inner, u->steps);
    json_t *state = get_object(expected, "optimizer_state_n");
    compare_tensors(&u->config.student, expected, "theta_n", end.parameters);
    for (int k = 0; k < optimiser_moments(&u->inner.optimiser); k++)
        compare_tensors(&u->config.student, state, moment_names(&u->inner.optimiser, k),
                        end.moment[k]);
    if (u->inner.optimiser.kind == OPTIMISER_ADAM)
        assert_int_equal(end.steps, get_integer(state, "t", 0, 1 << 30));
}

static void check_meta_gradient(struct unroll *u, json_t *expected)
{
    struct workspace workspace = { 0 }, adjoints = { 0 };
    struct objective_result result;
    struct optimiser_state end = inner_loop_state(&u->inner, u->steps);
    struct hypergradients settings;
    struct mat *target_adjoint = xcalloc((size_t)u->steps, sizeof *target_adjoint);
    struct mat gradient = { 1, u->phi.cols, xaligned(mat_count(u->phi) * sizeof(real)), NULL };
    struct net for_labels = net_for_labels(&u->config.student);
    struct objective objective = u->inner.objective;
    objective.student = &for_labels;
    workspace_reserve(&workspace, objective_reals(&objective, &u->validation));
    workspace_reserve(&adjoints, mat_count(u->targets));
    struct pass pass = pass_values(workspace);
    objective_gradient(&objective, &pass,
                       mat_constant(end.parameters, 1, (int)u->config.student.n_parameters),
                       &u->validation, &result);
    compare_number("validation_loss", get_number(expected, "validation_loss"), result.losses.label);
    struct mat all = { u->targets.rows, u->targets.cols, adjoints.memory, NULL };
    for (int i = 0; i < u->steps; i++)
        target_adjoint[i] = targets_of(u, all, i);
    hypergradient(&u->inner, u->lessons, u->steps, result.gradient.value, target_adjoint,
                  &settings);
    teacher_backward(&u->teacher, all, gradient);
    compare_tensors(&u->config.teacher, expected, "meta_grad", gradient.value);
    workspace_free(&workspace);
    workspace_free(&adjoints);
    free(gradient.value);
    free(target_adjoint);
}

static void replay_unroll(json_t *root)
{
    struct unroll u = { 0 };
    json_t *expected = get_object(root, "expected");
    read_unroll(&u, root);
    static const size_t memory_limits[] = { 0, SIZE_MAX }; /* all recomputed; all kept */
    for (int k = 0; k < 2; k++) {
        u.inner.memory_limit = memory_limits[k];
        teach_all(&u);
        check_first_step(&u, expected);
        assert_int_equal(inner_loop_run(&u.inner, &u.start, u.lessons, u.steps, u.losses), u.steps);
        check_steps(&u, expected);
        check_end(&u, expected);
        check_meta_gradient(&u, expected);
    }
    unroll_free(&u);
}

/* ---- a recorded run: meta-steps and real steps in turn -------------------------------------- */

static struct batch read_batch(json_t *indices, const char *key, int examples)
{
    size_t count = json_array_size(indices), i;
    json_t *index;
    if (!json_is_array(indices) || count < 1)
        fail_msg("%s: %s is no list of examples", file, key);
    int *out = xcalloc(count, sizeof *out);
    json_array_foreach(indices, i, index) {
        out[i] = (int)json_integer_value(index);
        if (!json_is_integer(index) || out[i] < 0 || out[i] >= examples)
            fail_msg("%s: %s: index %zu is not an example", file, key, i);
    }
    return (struct batch){ out, (int)count };
}

static struct batch *read_batches(json_t *iteration, const char *key, int count, int examples)
{
    json_t *lists = get_array(iteration, key, (size_t)count);
    struct batch *batches = xcalloc((size_t)count, sizeof *batches);
    for (int i = 0; i < count; i++)
        batches[i] = read_batch(json_array_get(lists, (size_t)i), key, examples);
    return batches;
}

static void free_batches(struct batch *batches, int count)
{
    for (int i = 0; i < count; i++)
        free((int *)batches[i].index);
    free(batches);
}

static void check_meta_step(struct learner *learner, const struct learner_config *config,
                            const struct examples *data, json_t *iteration)
{
    struct meta_report report;
    struct error why;
    struct batch *batches = read_batches(iteration, "meta_batches", config->n_inner, data->count);
    struct batch valid = read_batch(get(iteration, "valid_idx"), "valid_idx", data->count);
    if (!learner_meta_step(learner, data, batches, config->n_inner, &valid, &report, &why))
        fail_msg("%s: %s", file, why.text);
    compare_number("validation_loss", get_number(iteration, "validation_loss"),
                   report.validation_loss);
    assert_int_equal(report.clipped, get_integer(iteration, "n_clipped", 0, 1 << 30));
    compare_tensors(&config->teacher, iteration, "meta_grad", learner_meta_gradient(learner));
    compare_tensors(&config->teacher, iteration, "phi_after",
                    learner_state(learner)->teacher.parameters);
    free_batches(batches, config->n_inner);
    free((int *)valid.index);
}

static void check_student_steps(struct learner *learner, const struct learner_config *config,
                                const struct examples *data, json_t *iteration, int steps)
{
    struct error why;
    struct step_losses *losses = xcalloc((size_t)steps, sizeof *losses);
    struct batch *batches = read_batches(iteration, "student_batches", steps, data->count);
    json_t *expected = get_array(iteration, "student_losses", (size_t)steps);
    if (!learner_student_steps(learner, data, batches, steps, losses, &why))
        fail_msg("%s: %s", file, why.text);
    for (int i = 0; i < steps; i++)
        compare_number("student_losses", json_number_value(json_array_get(expected, (size_t)i)),
                       losses[i].total);
    compare_tensors(&config->student, iteration, "theta_after",
                    learner_state(learner)->student.parameters);
    free_batches(batches, steps);
    free(losses);
}

static bool same_optimiser(const struct optimiser *a, const struct optimiser *b)
{
    return a->kind == b->kind && a->lr == b->lr && a->beta1 == b->beta1 && a->beta2 == b->beta2 &&
           a->eps == b->eps && a->weight_decay == b->weight_decay;
}

static void read_run(json_t *root, struct learner_config *config)
{
    read_networks(get(root, "theta0"), get(root, "phi0"), config);
    config->teaching_coef = get_number(root, "alpha");
    config->student_optimiser = read_optimiser(root, "student_optimizer");
    config->inner_optimiser = read_optimiser(root, "inner_optimizer");
    config->meta_optimiser = read_optimiser(root, "meta_optimizer");
    config->n_inner = get_integer(root, "n_inner", 1, MAX_STEPS);
    config->meta_clip = get_number(root, "clip");
    config->memory_limit = SIZE_MAX;
    /* Adam inside continues the student's Adam; SGD inside starts afresh. */
    config->inner_is_shared = config->inner_optimiser.kind == OPTIMISER_ADAM;
    if (config->inner_is_shared &&
        !same_optimiser(&config->inner_optimiser, &config->student_optimiser)) {
        print_message("%s: skipped, its inner adam is not the student's own\n", file);
        skip();
    }
}

static void replay_run(json_t *root)
{
    struct learner_config config = { 0 };
    struct learner *learner;
    struct error error;
    json_t *data_object = get_object(root, "data"), *iterations = get(root, "iterations");
    read_run(root, &config);
    int steps = get_integer(root, "student_steps", 1, MAX_STEPS);
    int count = get_shaped(data_object, "x").shape[0];
    real *x = read_inputs(data_object, "x", 1, &count, config.student.inputs);
    real *xstar = read_inputs(data_object, "xstar", 1, &count, config.teacher.inputs);
    real *labels = read_labels(data_object, &config, (size_t)count);
    struct examples data = { x, xstar, labels, count };
    if (!json_is_array(iterations) || json_array_size(iterations) == 0)
        fail_msg("%s: iterations is no list", file);
    if (!learner_create(&learner, &config, &error))
        fail_msg("%s: %s", file, error.text);
    read_tensors(&config.student, get_object(root, "theta0"),
                 learner_state(learner)->student.parameters);
    read_tensors(&config.teacher, get_object(root, "phi0"),
                 learner_state(learner)->teacher.parameters);
    for (size_t i = 0; i < json_array_size(iterations); i++) {
        json_t *iteration = json_array_get(iterations, i);
        check_meta_step(learner, &config, &data, iteration);
        check_student_steps(learner, &config, &data, iteration, steps);
    }
    learner_destroy(&learner);
    free(x);
    free(xstar);
    free(labels);
}

/* ---- the directory -------------------------------------------------------------------------- */

static void a_recorded_case_replays(void **state)
{
    json_error_t error;
    file = *state;
    json_decref(case_root);
    case_root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!case_root)
        fail_msg("%s:%d:%d: %s", file, error.line, error.column, error.text);
    if (json_object_get(case_root, "iterations"))
        replay_run(case_root);
    else
        replay_unroll(case_root);
    replayed++;
}

static void at_least_one_case_was_replayed(void **state)
{
    if (replayed == 0)
        fail_msg("no case in %s could be replayed", (const char *)*state);
}

static int is_case(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

int main(int argc, char **argv)
{
    blas_reexec(argv);
    const char *root = getenv("LDT_FIXTURES");
    char *directory = xasprintf("%s/meta_gradient", root ? root : "tests/fixtures");
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_case, alphasort);
    size_t cases = count > 0 ? (size_t)count : 0;
    struct CMUnitTest *tests = xcalloc(cases + 1, sizeof *tests);
    for (size_t i = 0; i < cases; i++) {
        tests[i] = (struct CMUnitTest)cmocka_unit_test(a_recorded_case_replays);
        tests[i].name = entries[i]->d_name;
        tests[i].initial_state = xasprintf("%s/%s", directory, entries[i]->d_name);
    }
    tests[cases] = (struct CMUnitTest)cmocka_unit_test(at_least_one_case_was_replayed);
    tests[cases].initial_state = directory;
    int failed = _cmocka_run_group_tests("fixtures", tests, cases + 1, NULL, NULL);
    for (size_t i = 0; i < cases; i++) {
        free(tests[i].initial_state);
        free(entries[i]);
    }
    json_decref(case_root);
    free(entries);
    free(tests);
    free(directory);
    return failed;
}
