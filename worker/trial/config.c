#include "worker/trial/config.h"
#include "worker/trial/networks.h"

#include <string.h>

/* One rule for every optimiser: `beta1` is Adam's, or the momentum of sgd. */
static struct optimiser optimiser_of(const char *kind, double lr, double beta1, double weight_decay)
{
    if (strcmp(kind, "adam") == 0)
        return optimiser_adam(lr, beta1, weight_decay);
    return optimiser_sgd(lr, beta1, weight_decay);
}

static struct optimiser student_optimiser(const struct settings *settings, const char *kind)
{
    return optimiser_of(kind, setting_real(settings, SETTING_STUDENT_LR),
                        setting_real(settings, SETTING_STUDENT_BETA1),
                        setting_real(settings, SETTING_WEIGHT_DECAY));
}

/* The task may have inner_lr and its kin, or leave the inner optimiser the student's numbers. */
static struct optimiser inner_optimiser(const struct settings *settings, const char *kind)
{
    if (!setting_is_had(settings, SETTING_INNER_LR))
        return student_optimiser(settings, kind);
    return optimiser_of(kind, setting_real(settings, SETTING_INNER_LR),
                        setting_real(settings, SETTING_INNER_MOMENTUM),
                        setting_real(settings, SETTING_INNER_WEIGHT_DECAY));
}

static void add_teacher(struct learner_config *config, const struct settings *settings,
                        const struct task_data *data)
{
    config->teacher = teacher_of_settings(settings, data, &config->student);
    config->teach_loss = teach_loss_of_task(settings->task);
    config->teaching_coef = setting_real(settings, SETTING_TEACHING_COEF);
}

static void add_meta_step(struct learner_config *config, const struct settings *settings)
{
    const char *inner = setting_choice(settings, SETTING_INNER_OPTIMIZER);
    config->inner_is_shared = strcmp(inner, "shared") == 0;
    if (!config->inner_is_shared)
        config->inner_optimiser = inner_optimiser(settings, inner);
    config->meta_optimiser = optimiser_of(setting_choice(settings, SETTING_META_OPTIMIZER),
                                          setting_real(settings, SETTING_META_LR),
                                          setting_real(settings, SETTING_META_MOMENTUM), 0);
    config->n_inner = (int)setting_integer(settings, SETTING_N_INNER);
    config->meta_clip = setting_real(settings, SETTING_META_CLIP);
}

static enum model_training model_training_of(const struct settings *settings)
{
    const char *word = setting_choice(settings, SETTING_MODEL_TRAINING);
    return strcmp(word, "stacked") == 0 ? MODEL_STACKED : MODEL_TRANSITIONS;
}

struct learner_config config_of_settings(const struct settings *settings,
                                         const struct task_data *data)
{
    struct learner_config config = {
        .student = student_of_settings(settings, data),
        .label_loss = data->label_loss,
        .student_optimiser =
            student_optimiser(settings, setting_choice(settings, SETTING_STUDENT_OPTIMIZER)),
        .memory_limit = (size_t)setting_integer(settings, SETTING_MEMORY_LIMIT) << 20,
    };
    if (setting_is_had(settings, SETTING_ENTROPY_COEF))
        config.entropy_coef = setting_real(settings, SETTING_ENTROPY_COEF);
    if (settings->method == METHOD_AUXILIARY)
        config.auxiliary_outputs = data->privileged;
    if (settings->method == METHOD_MODEL_BASED)
        config.model = model_training_of(settings);
    if (setting_is_had(settings, SETTING_AUXILIARY_COEF))
        config.auxiliary_coef = setting_real(settings, SETTING_AUXILIARY_COEF);
    if (setting_is_had(settings, SETTING_TEACHING_COEF))
        add_teacher(&config, settings, data);
    if (settings->method == METHOD_LDT)
        add_meta_step(&config, settings);
    return config;
}
