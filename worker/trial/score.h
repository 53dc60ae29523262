/* score.h - how good predictions are: the numbers behind the metrics, in double, summed in the
 * order of the examples. */
#ifndef TRIAL_SCORE_H
#define TRIAL_SCORE_H
#include "worker/task/task.h"

struct score {
    double loss;     /* label loss, nats: cross-entropy, or the logistic loss of one logit */
    double accuracy; /* share of likeliest labels that are right */
    double kl;       /* KL(softmax of the true logits || softmax of the logits); NaN without them */
    double entropy;  /* of the predictions, nats; cross-entropy only */
};

/* Means over the rows of logits [count, outputs]; true_logits may be NULL. NaN for no rows. */
struct score score_predictions(const real *logits, const real *labels, const real *true_logits,
                               int count, int outputs, enum label_loss label_loss);
#endif
