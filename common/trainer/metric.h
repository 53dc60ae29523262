/* metric.h - what the built-in trainer reports at every evaluation: one table. */
#ifndef TRAINER_METRIC_H
#define TRAINER_METRIC_H
#include "common/trainer/setting.h"

/* clang-format off */
enum metric_id {
    METRIC_TRAIN_LOSS, METRIC_TEST_LOSS, METRIC_TRAIN_ACCURACY, METRIC_TEST_ACCURACY,
    METRIC_TRAIN_MSE, METRIC_TEST_MSE, METRIC_TEST_KL, METRIC_PREDICTION_ENTROPY,
    METRIC_SELECTION_LOSS, METRIC_META_LOSS, METRIC_META_GRADIENT_NORM, METRIC_TEACHING_LOSS,
    METRIC_AUXILIARY_LOSS,
    METRIC_HYPERGRADIENT_INNER_LR, METRIC_HYPERGRADIENT_INNER_MOMENTUM,
    METRIC_HYPERGRADIENT_INNER_WEIGHT_DECAY, METRIC_HYPERGRADIENT_TEACHING_COEF,
    METRICS
};
/* clang-format on */

struct metric_row {
    const char *name;
    unsigned tasks;        /* 1 << task */
    unsigned methods;      /* METHOD_BIT */
    bool needs_selection;  /* only where selection_split > 0 */
    bool larger_is_better; /* for the hint when a goal looks wrong */
    bool may_be_undefined; /* NaN says nothing about the run */
    const char *help;      /* definition and unit */
};
extern const struct metric_row metric_table[METRICS];

const struct metric_row *metric_find(const char *name);
const char *metric_nearest(const char *name);
bool metric_applies(const struct metric_row *row, enum task task, enum method method,
                    bool has_selection);
#endif
