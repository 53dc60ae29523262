/* evaluation.h - the sets that a run is measured on, and the line of metrics that comes of it. */
#ifndef TRIAL_EVALUATION_H
#define TRIAL_EVALUATION_H
#include "common/trainer/metric.h"
#include "worker/meta/learner.h"
#include "worker/task/task.h"

struct evaluation_set {
    int count;
    const real *x, *labels, *true_logits; /* point into memory of the set, or of the task's data */
    real *owned[3];
    real *logits; /* room for predictions */
};

struct evaluation {
    int outputs;
    enum label_loss label_loss;
    bool is_regression;
    struct evaluation_set train, test, selection;
};

/* The data must outlive the evaluation. An empty selection is a set that is not measured. */
void evaluation_init(struct evaluation *evaluation, const struct task_data *data,
                     struct batch trained_on, struct batch selection);
void evaluation_free(struct evaluation *evaluation);

/* Fills values[METRICS] with what the student's predictions say; every other metric stays. False:
 * interrupted (learner.h). */
bool evaluation_measure(struct evaluation *evaluation, struct learner *learner,
                        double values[METRICS]);
#endif
