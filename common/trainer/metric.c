#include "common/trainer/metric.h"
#include "common/trainer/nearest.h"

#include <string.h>

#define TASK_BIT(task) (1u << (task))
#define EVERY_TASK     ((1u << TASKS) - 1)
#define CLASSIFYING    (TASK_BIT(TASK_A) | TASK_BIT(TASK_GAME_OF_LIFE) | TASK_BIT(TASK_ARRAYS))
#define REGRESSING     (TASK_BIT(TASK_MUJOCO) | TASK_BIT(TASK_ARRAYS))
#define EVERY_METHOD   ((1u << METHODS) - 1)
#define LDT            METHOD_BIT(METHOD_LDT)
#define TAUGHT         (LDT | METHOD_BIT(METHOD_FIXED_TEACHER) | METHOD_BIT(METHOD_ORACLE_TEACHER))

/* A row reads as name, tasks, methods, help. */
/* clang-format off */
const struct metric_row metric_table[METRICS] = {
    [METRIC_TRAIN_LOSS] = { "train_loss", EVERY_TASK, EVERY_METHOD,
        .help = "label loss (nats), mean over all examples the student trains on: the training "
                "set, less selection_split and a validation split that is never drawn again" },
    [METRIC_TEST_LOSS] = { "test_loss", EVERY_TASK, EVERY_METHOD,
        .help = "label loss (nats), mean over the test set" },
    [METRIC_TRAIN_ACCURACY] = { "train_accuracy", CLASSIFYING, EVERY_METHOD,
        .larger_is_better = true,
        .help = "share of the examples of train_loss whose label is the student's likeliest, 0 "
                "to 1" },
    [METRIC_TEST_ACCURACY] = { "test_accuracy", CLASSIFYING, EVERY_METHOD,
        .larger_is_better = true,
        .help = "share of the test set whose label is the student's likeliest, 0 to 1" },
    [METRIC_TRAIN_MSE] = { "train_mse", REGRESSING, EVERY_METHOD,
        .help = "normalised squared error, mean over the examples of train_loss: of the expected "
                "bin centre against the label's, where the training labels fill [0, 1] evenly" },
    [METRIC_TEST_MSE] = { "test_mse", REGRESSING, EVERY_METHOD,
        .help = "normalised squared error as in train_mse, mean over the test set" },
    [METRIC_TEST_KL] = { "test_kl", TASK_BIT(TASK_B), EVERY_METHOD,
        .help = "KL(truth || student) in nats, mean over the test set; the truth is the "
                "softmax of the logits that labels are drawn from" },
    [METRIC_PREDICTION_ENTROPY] = { "prediction_entropy", TASK_BIT(TASK_B), EVERY_METHOD,
        .help = "entropy of the student's prediction in nats, mean over the test set; 1.386 at "
                "most" },
    [METRIC_SELECTION_LOSS] = { "selection_loss", EVERY_TASK, EVERY_METHOD, .needs_selection = true,
        .help = "label loss (nats), mean over the examples carved off by selection_split" },
    [METRIC_META_LOSS] = { "meta_loss", EVERY_TASK, LDT,
        .help = "label loss (nats) on the validation set at the end of the last unroll, before "
                "the teacher's update" },
    [METRIC_META_GRADIENT_NORM] = { "meta_gradient_norm", EVERY_TASK, LDT,
        .help = "Euclidean norm of the last meta-gradient, before clipping" },
    [METRIC_TEACHING_LOSS] = { "teaching_loss", EVERY_TASK, TAUGHT,
        .help = "teaching loss without its coefficient, mean over the last iteration's student "
                "steps" },
    [METRIC_AUXILIARY_LOSS] = { "auxiliary_loss", REGRESSING,
        METHOD_BIT(METHOD_AUXILIARY) | METHOD_BIT(METHOD_MODEL_BASED),
        .help = "mean squared error of the predicted x* (standardised) without its coefficient, "
                "mean over the last iteration's student steps" },
    [METRIC_HYPERGRADIENT_INNER_LR] = { "hypergradient_inner_lr", EVERY_TASK, LDT,
        .may_be_undefined = true,
        .help = "derivative of meta_loss for the learning rate of the unrolled steps" },
    [METRIC_HYPERGRADIENT_INNER_MOMENTUM] = { "hypergradient_inner_momentum", EVERY_TASK, LDT,
        .may_be_undefined = true,
        .help = "derivative of meta_loss for the unrolled steps' momentum, or Adam's beta1" },
    [METRIC_HYPERGRADIENT_INNER_WEIGHT_DECAY] = { "hypergradient_inner_weight_decay", EVERY_TASK,
        LDT, .may_be_undefined = true,
        .help = "derivative of meta_loss for the weight decay of the unrolled steps" },
    [METRIC_HYPERGRADIENT_TEACHING_COEF] = { "hypergradient_teaching_coef", EVERY_TASK, LDT,
        .may_be_undefined = true,
        .help = "derivative of meta_loss for teaching_coef" },
};
/* clang-format on */

const struct metric_row *metric_find(const char *name)
{
    for (int id = 0; id < METRICS; id++)
        if (strcmp(metric_table[id].name, name) == 0)
            return &metric_table[id];
    return NULL;
}

const char *metric_nearest(const char *name)
{
    struct nearest nearest;
    nearest_init(&nearest, name);
    for (int id = 0; id < METRICS; id++)
        nearest_offer(&nearest, metric_table[id].name);
    return nearest_word(&nearest);
}

bool metric_applies(const struct metric_row *row, enum task task, enum method method,
                    bool has_selection)
{
    if (row->needs_selection && !has_selection)
        return false;
    return (row->tasks & TASK_BIT(task)) != 0 && (row->methods & METHOD_BIT(method)) != 0;
}
