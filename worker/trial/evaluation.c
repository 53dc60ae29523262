#include "worker/trial/evaluation.h"
#include "common/xalloc.h"
#include "worker/trial/score.h"

#include <stdlib.h>
#include <string.h>

static real *gather(const real *rows, struct batch chosen, int cols)
{
    size_t width = (size_t)cols, bytes = width * sizeof(real);
    real *out = xaligned((size_t)chosen.count * bytes);
    for (int i = 0; i < chosen.count; i++)
        memcpy(out + (size_t)i * width, rows + (size_t)chosen.index[i] * width, bytes);
    return out;
}

static void reserve_logits(struct evaluation_set *set, const struct task_data *data)
{
    set->logits = xaligned((size_t)set->count * (size_t)data->outputs * sizeof(real));
}

/* Predictions are made of contiguous rows: a part of the data is copied once, the whole is not. */
static void init_part(struct evaluation_set *set, const struct task_data *data, struct batch part)
{
    const struct task_set *whole = &data->train;
    *set = (struct evaluation_set){ .count = part.count };
    reserve_logits(set, data);
    if (part.count == whole->count) {
        set->x = whole->x;
        set->labels = whole->labels;
        set->true_logits = whole->true_logits;
        return;
    }
    set->x = set->owned[0] = gather(whole->x, part, data->inputs);
    set->labels = set->owned[1] = gather(whole->labels, part, 1);
    if (whole->true_logits != NULL)
        set->true_logits = set->owned[2] = gather(whole->true_logits, part, data->outputs);
}

void evaluation_init(struct evaluation *evaluation, const struct task_data *data,
                     struct batch trained_on, struct batch selection)
{
    evaluation->outputs = data->outputs;
    evaluation->label_loss = data->label_loss;
    evaluation->is_regression = data->is_regression;
    init_part(&evaluation->train, data, trained_on);
    init_part(&evaluation->selection, data, selection);
    evaluation->test = (struct evaluation_set){
        .count = data->test.count,
        .x = data->test.x,
        .labels = data->test.labels,
        .true_logits = data->test.true_logits,
    };
    reserve_logits(&evaluation->test, data);
}

static void free_set(struct evaluation_set *set)
{
    for (size_t i = 0; i < sizeof set->owned / sizeof *set->owned; i++)
        free(set->owned[i]);
    free(set->logits);
    *set = (struct evaluation_set){ 0 };
}

void evaluation_free(struct evaluation *evaluation)
{
    free_set(&evaluation->train);
    free_set(&evaluation->test);
    free_set(&evaluation->selection);
}

static bool measure(const struct evaluation *evaluation, const struct evaluation_set *set,
                    struct learner *learner, struct score *score)
{
    if (!learner_logits(learner, set->x, set->count, set->logits))
        return false;
    *score = score_predictions(set->logits, set->labels, set->true_logits, set->count,
                               evaluation->outputs, evaluation->label_loss);
    return true;
}

/* Of the predictions that were made last. */
static double measure_mse(const struct evaluation_set *set)
{
    return regression_mse(set->logits, set->labels, set->count);
}

bool evaluation_measure(struct evaluation *evaluation, struct learner *learner,
                        double values[METRICS])
{
    struct score train, test, selection;
    if (!measure(evaluation, &evaluation->train, learner, &train) ||
        !measure(evaluation, &evaluation->test, learner, &test) ||
        !measure(evaluation, &evaluation->selection, learner, &selection))
        return false;
    values[METRIC_TRAIN_LOSS] = train.loss;
    values[METRIC_TEST_LOSS] = test.loss;
    values[METRIC_TRAIN_ACCURACY] = train.accuracy;
    values[METRIC_TEST_ACCURACY] = test.accuracy;
    values[METRIC_TEST_KL] = test.kl;
    values[METRIC_PREDICTION_ENTROPY] = test.entropy;
    if (evaluation->is_regression) {
        values[METRIC_TRAIN_MSE] = measure_mse(&evaluation->train);
        values[METRIC_TEST_MSE] = measure_mse(&evaluation->test);
    }
    if (evaluation->selection.count > 0)
        values[METRIC_SELECTION_LOSS] = selection.loss;
    return true;
}
