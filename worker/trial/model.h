/* model.h - what a run has learned, as a file that NumPy opens, and its use on new inputs.
 *
 * An archive (.npz) of
 *     format            "ldt-model-1"; a reader refuses any other
 *     parameters, seed  the trial: settings as JSON text, given ones only, and its seed
 *     inputs, outputs, steps, features, privileged   sizes; steps, features 0: x* is no trajectory
 *     student.NAME      tensors by the names of net_tensors: y = x W + b, W [inputs, outputs]
 *     x_mean, x_scale   [inputs] where the task standardises: the student sees (x - mean) / scale
 *     bin_centre, label, label_rank   regression only: the 32 classes are bins of the label's rank
 *                       in [0, 1], which label and label_rank [knots] tell (regression.h)
 * and, where the teacher was asked for, teacher.NAME, xstar_mean and xstar_scale. */
#ifndef TRIAL_MODEL_H
#define TRIAL_MODEL_H
#include "common/error.h"
#include "common/trainer/settings.h"
#include "worker/meta/learner.h"
#include "worker/task/task.h"

#define MODEL_FORMAT "ldt-model-1"

/* A trained run, lent to model_save. */
struct trained {
    const char *parameters; /* JSON text, from which `settings` were parsed */
    const struct settings *settings;
    int64_t seed;
    const struct task_data *data;
    struct learner *learner;
    bool with_teacher; /* write it too, where there is one */
};

bool model_save(const struct trained *trained, const char *path, struct error *error);

struct model;

bool model_load(struct model **out, const char *path, struct error *error);
void model_destroy(struct model **model); /* leaves NULL, accepts NULL */

int model_inputs(const struct model *model);
int model_classes(const struct model *model); /* 2 for a single logit; of regression, the bins */
bool model_is_regression(const struct model *model);

/* For x [rows, inputs] as the data have it, not standardised: probabilities [rows, classes]. */
void model_probabilities(struct model *model, const double *x, int rows, double *probabilities);

/* The prediction [rows] that probabilities mean: the likeliest class, or, of regression, the label
 * at the expected rank. */
void model_predictions(const struct model *model, const double *probabilities, int rows,
                       double *predictions);
#endif
