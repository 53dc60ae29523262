/* What a configuration must satisfy before a learner is made of it. */
#include "worker/meta/learner.h"

#include <math.h>
#include <string.h>

static bool optimiser_check(const struct optimiser *o, const char *which, struct error *error)
{
    const char *beta1 = o->kind == OPTIMISER_ADAM ? "beta1" : "momentum";
    if (!isfinite(o->lr) || o->lr < 0) {
        error_set(error, "%s optimiser: learning rate %g; give one from 0 up", which, o->lr);
        return false;
    }
    if (!(o->beta1 >= 0 && o->beta1 < 1)) {
        error_set(error, "%s optimiser: %s %g; give one in [0, 1)", which, beta1, o->beta1);
        return false;
    }
    if (!isfinite(o->weight_decay) || o->weight_decay < 0) {
        error_set(error, "%s optimiser: weight decay %g; give one from 0 up", which,
                  o->weight_decay);
        return false;
    }
    if (o->kind == OPTIMISER_ADAM && !(o->beta2 >= 0 && o->beta2 < 1 && o->eps > 0)) {
        error_set(error, "%s optimiser: beta2 %g and eps %g; give [0, 1) and more than 0", which,
                  o->beta2, o->eps);
        return false;
    }
    return true;
}

static int supervised_layers(const struct net *net)
{
    int count = 0;
    for (int k = 0; k < net->n_layers; k++)
        count += net->layers[k].supervised;
    return count;
}

/* Boards are taught by mixtures of frames, and nothing else is. */
static bool mixture_check(const struct learner_config *config, struct error *error)
{
    const struct net *student = &config->student;
    bool mixed = config->teach_loss == TEACH_MIXTURE;
    if (mixed != (config->teacher.layers[0].kind == LAYER_MIXTURE)) {
        error_set(error, "the mixture teaching loss and a teacher that mixes frames take each "
                         "other, and no other");
        return false;
    }
    for (int k = 0; k < student->n_layers; k++)
        if (student->layers[k].supervised && mixed != (student->layers[k].kind == LAYER_BOARD)) {
            error_set(error,
                      "layer %d of the student: the mixture teaching loss is for boards, "
                      "and boards take no other",
                      k + 1);
            return false;
        }
    return true;
}

static bool outputs_check(const struct learner_config *config, struct error *error)
{
    const struct net *teacher = &config->teacher;
    bool gated = config->teach_loss == TEACH_GATED;
    int wanted = (gated ? 2 : 1) * config->student.n_supervised;
    if (teacher->outputs != wanted) {
        error_set(error, "the teacher has %d outputs, but the student has %d supervised units%s",
                  teacher->outputs, config->student.n_supervised,
                  gated ? ", and the gated loss takes two outputs for each" : "");
        return false;
    }
    if (!mixture_check(config, error))
        return false;
    if (gated != (teacher->layers[teacher->n_layers - 1].kind == LAYER_GATE)) {
        error_set(error, gated ? "the gated loss takes a teacher whose last layer is a gate"
                               : "a teacher with a gate takes the gated loss");
        return false;
    }
    return true;
}

static bool teacher_check(const struct learner_config *config, struct error *error)
{
    if (config->student.n_supervised == 0) {
        error_set(error, "the student has no supervised layer, so a teacher has nothing to teach");
        return false;
    }
    if (!outputs_check(config, error))
        return false;
    if (config->teach_loss == TEACH_KL && supervised_layers(&config->student) != 1) {
        error_set(error, "the KL teaching loss takes one supervised layer, the student has %d",
                  supervised_layers(&config->student));
        return false;
    }
    if (!isfinite(config->teaching_coef)) {
        error_set(error, "teaching coefficient %g; give a finite one", config->teaching_coef);
        return false;
    }
    return true;
}

static bool unroll_check(const struct learner_config *config, struct error *error)
{
    if (config->teacher.n_layers == 0) {
        error_set(error, "%d inner steps, but no teacher that they could train", config->n_inner);
        return false;
    }
    if (!(config->meta_clip > 0)) {
        error_set(error, "meta-gradient clip %g; give one above 0", config->meta_clip);
        return false;
    }
    return (config->inner_is_shared || optimiser_check(&config->inner_optimiser, "inner", error)) &&
           optimiser_check(&config->meta_optimiser, "meta", error);
}

static bool label_check(const struct learner_config *config, struct error *error)
{
    if (config->label_loss == LABEL_LOGISTIC && config->student.outputs != 1) {
        error_set(error, "the logistic loss takes one logit, the student has %d outputs",
                  config->student.outputs);
        return false;
    }
    if (config->label_loss == LABEL_LOGISTIC && config->entropy_coef != 0) {
        error_set(error,
                  "entropy coefficient %g with the logistic loss; only cross-entropy has one",
                  config->entropy_coef);
        return false;
    }
    if (!isfinite(config->entropy_coef)) {
        error_set(error, "entropy coefficient %g; give a finite one", config->entropy_coef);
        return false;
    }
    return true;
}

static bool auxiliary_coef_check(const struct learner_config *config, struct error *error)
{
    if (isfinite(config->auxiliary_coef) && config->auxiliary_coef >= 0)
        return true;
    error_set(error, "auxiliary coefficient %g; give one from 0 up", config->auxiliary_coef);
    return false;
}

static bool model_check(const struct learner_config *config, struct error *error)
{
    if (config->model == MODEL_NONE)
        return true;
    if (config->student.layers[0].kind != LAYER_ROLLOUT) {
        error_set(error, "the student is no model of dynamics; make it by net_model_based");
        return false;
    }
    if (config->teacher.n_layers > 0 || config->auxiliary_outputs > 0) {
        error_set(error, "a model of dynamics beside a teacher or an auxiliary head; it has x* "
                         "for itself");
        return false;
    }
    return auxiliary_coef_check(config, error);
}

static bool auxiliary_check(const struct learner_config *config, struct error *error)
{
    const struct net *student = &config->student;
    if (config->auxiliary_outputs == 0)
        return true;
    if (config->auxiliary_outputs < 0 || config->teacher.n_layers > 0) {
        error_set(error, "an auxiliary head with %d outputs%s; give 1 or more and no teacher",
                  config->auxiliary_outputs,
                  config->teacher.n_layers > 0 ? " beside a teacher" : "");
        return false;
    }
    if (student->n_layers < 2) {
        error_set(error, "an auxiliary head reads the last hidden layer, the student has none");
        return false;
    }
    return auxiliary_coef_check(config, error);
}

bool learner_config_check(const struct learner_config *config, struct error *error)
{
    if (config->student.n_layers == 0 || config->n_inner < 0) {
        error_set(error, "a student without layers or %d inner steps", config->n_inner);
        return false;
    }
    return label_check(config, error) && auxiliary_check(config, error) &&
           model_check(config, error) &&
           optimiser_check(&config->student_optimiser, "student", error) &&
           (config->teacher.n_layers == 0 || teacher_check(config, error)) &&
           (config->n_inner == 0 || unroll_check(config, error));
}
