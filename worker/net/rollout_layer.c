/* A model of a system's dynamics, applied step after step (B.2.3 of the paper). One network, the
 * same at every step, reads an observation and an action and predicts the next observation and
 * whatever else a step of the trajectory has, such as a reward:
 *     p_t = model(o_t, a_t)      o_t = the observation in p_{t-1}; o_1 is given
 * A row of x is o_1 and then the actions; a row of the outputs is p_1 .. p_steps, laid out as a
 * trajectory x* is. A forced rollout reads x* too, behind the actions, and takes o_t from there:
 * the steps are then independent of each other, and one pass of the model serves all of them.
 * Gradients go back through the predictions that the model was applied to, and add up over the
 * steps. */
#include "worker/net/layer.h"
#include "worker/numeric/columns.h"
#include "worker/numeric/elementwise.h"

#include <assert.h>
#include <stdio.h>

enum { KEPT_INPUTS };

static struct net model_of(const struct rollout *r)
{
    struct net net = net_mlp(r->observation + r->action, r->hidden, r->hidden_layers, r->features);
    return r->weight_norm ? net_with_weight_norm(&net) : net;
}

static struct mat parameters_of(const struct layer *layer, const struct net *model, struct mat flat)
{
    return mat_view(flat, layer->at, 1, (int)model->n_parameters);
}

static size_t n_parameters(const struct layer *layer)
{
    return model_of(&layer->rollout).n_parameters;
}

static void initialise(const struct layer *layer, real *parameters, struct rng *rng,
                       double weight_multiplier)
{
    struct net model = model_of(&layer->rollout);
    net_initialise(&model, parameters + layer->at, rng, weight_multiplier);
}

static int tensors(const struct layer *layer, int number, struct net_tensor *out)
{
    struct net model = model_of(&layer->rollout);
    int count = net_tensors(&model, out, LAYER_MAX_TENSORS);
    assert(count <= LAYER_MAX_TENSORS);
    for (int k = 0; k < count; k++) {
        struct net_tensor of_model = out[k];
        out[k].at += layer->at;
        snprintf(out[k].name, sizeof out[k].name, "model.%.24s", of_model.name);
    }
    return count;
}

/* What the model reads at step t: rows of `inputs`, for all examples. */
static struct mat inputs_of_step(struct mat inputs, int t, int rows)
{
    return mat_rows(inputs, t * rows, rows);
}

/* The columns of step t in a trajectory that begins at column first of m. */
static struct columns step_of(const struct rollout *r, struct mat m, int first, int t, int count)
{
    return (struct columns){ m, first + t * r->features, count };
}

/* o_t and a_t beside each other. */
static void place_inputs(const struct rollout *r, const struct pass *pass, struct mat inputs,
                         struct mat x, int t, struct columns observation)
{
    columns_copy(pass, (struct columns){ inputs, 0, r->observation }, observation);
    columns_copy(pass, (struct columns){ inputs, r->observation, r->action },
                 (struct columns){ x, r->observation + t * r->action, r->action });
}

/* o_t: the first one, or that of step t - 1 in x* or among the predictions y. */
static struct columns observation_at(const struct rollout *r, struct mat x, struct mat y, int t)
{
    if (t == 0)
        return (struct columns){ x, 0, r->observation };
    int actions_end = r->observation + r->steps * r->action;
    return r->forced ? step_of(r, x, actions_end, t - 1, r->observation)
                     : step_of(r, y, 0, t - 1, r->observation);
}

static void place_outputs(const struct rollout *r, const struct pass *pass, struct mat y,
                          struct mat predictions, int t)
{
    columns_copy(pass, step_of(r, y, 0, t, r->features),
                 (struct columns){ predictions, 0, r->features });
}

static struct mat forward(const struct layer *layer, struct pass *pass, struct mat parameters,
                          struct mat x, struct layer_notes *notes)
{
    const struct rollout *r = &layer->rollout;
    struct net model = model_of(r);
    struct mat y = mat_new(pass, x.rows, layer->outputs);
    struct mat inputs = mat_new(pass, r->steps * x.rows, model.inputs);
    struct mat of_model = parameters_of(layer, &model, parameters);
    struct trace trace;
    notes->kept[KEPT_INPUTS] = inputs;
    for (int t = 0; t < r->steps; t++) {
        struct mat one = inputs_of_step(inputs, t, x.rows);
        place_inputs(r, pass, one, x, t, observation_at(r, x, y, t));
        if (!r->forced)
            place_outputs(r, pass, y, net_forward(&model, pass, of_model, one, &trace), t);
    }
    if (r->forced) {
        struct mat all = net_forward(&model, pass, of_model, inputs, &trace);
        for (int t = 0; t < r->steps; t++)
            place_outputs(r, pass, y, mat_rows(all, t * x.rows, x.rows), t);
    }
    return y;
}

/* Independent steps: one pass backwards. */
static void forced_backward(const struct layer *layer, struct pass *pass, const struct net *model,
                            struct mat parameters, struct mat d, struct mat gradient,
                            struct mat inputs)
{
    const struct rollout *r = &layer->rollout;
    struct trace trace;
    struct mat stacked = mat_new(pass, inputs.rows, r->features);
    for (int t = 0; t < r->steps; t++)
        columns_copy(pass,
                     (struct columns){ mat_rows(stacked, t * d.rows, d.rows), 0, r->features },
                     step_of(r, d, 0, t, r->features));
    net_forward(model, pass, parameters, inputs, &trace);
    net_backward(model, pass, parameters, &trace, stacked, NULL, gradient);
}

/* Through time, from the last step to the first. A step's activations are made again: to keep all
 * steps' would take as much memory as it takes time. */
static void backward_through_time(const struct layer *layer, struct pass *pass,
                                  const struct net *model, struct mat parameters, struct mat d,
                                  struct mat gradient, struct mat inputs)
{
    const struct rollout *r = &layer->rollout;
    struct columns whole = { gradient, 0, gradient.cols };
    struct mat later = { 0 }; /* the gradient for what step t + 1 read */
    struct trace trace;
    for (int t = r->steps - 1; t >= 0; t--) {
        struct mat one = mat_new(pass, d.rows, r->features);
        struct mat part = mat_new(pass, 1, gradient.cols); /* read again by its own tangent */
        columns_copy(pass, (struct columns){ one, 0, r->features },
                     step_of(r, d, 0, t, r->features));
        if (later.rows > 0)
            columns_add(pass, (struct columns){ one, 0, r->observation },
                        (struct columns){ later, 0, r->observation });
        net_forward(model, pass, parameters, inputs_of_step(inputs, t, d.rows), &trace);
        later = net_backward_to_inputs(model, pass, parameters, &trace, one, part);
        if (t == r->steps - 1)
            columns_copy(pass, whole, (struct columns){ part, 0, part.cols });
        else
            add_into(pass, gradient, part);
    }
}

/* Nobody needs the gradient for x: the model stands first. */
static struct mat backward(const struct layer *layer, struct pass *pass, struct mat parameters,
                           struct mat x, struct mat d, struct mat gradient, bool needs_inputs,
                           const struct layer_notes *notes)
{
    struct net model = model_of(&layer->rollout);
    struct mat of_model = parameters_of(layer, &model, parameters);
    struct mat to = parameters_of(layer, &model, gradient), inputs = notes->kept[KEPT_INPUTS];
    assert(!needs_inputs);
    if (layer->rollout.forced)
        forced_backward(layer, pass, &model, of_model, d, to, inputs);
    else
        backward_through_time(layer, pass, &model, of_model, d, to, inputs);
    return (struct mat){ 0 };
}

const struct layer_row layer_rollout = { n_parameters, initialise, tensors, forward, backward };
