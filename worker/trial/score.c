#include "worker/trial/score.h"
#include "common/dmath.h"

#include <math.h>

/* log of the sum of exponentials, without overflow */
static double log_sum_exp(const real *logits, int outputs)
{
    double largest = logits[0], sum = 0;
    for (int j = 1; j < outputs; j++)
        largest = fmax(largest, logits[j]);
    for (int j = 0; j < outputs; j++)
        sum += dm_exp(logits[j] - largest);
    return largest + dm_log(sum);
}

static int likeliest(const real *logits, int outputs)
{
    int best = 0;
    for (int j = 1; j < outputs; j++)
        if (logits[j] > logits[best])
            best = j;
    return best;
}

/* log(1 + e^z) - z y */
static void add_logistic(struct score *sum, double z, double label)
{
    double positive = z > 0 ? z : 0;
    sum->loss += positive + dm_log(1 + dm_exp(-fabs(z))) - z * label;
    sum->accuracy += (z > 0) == (label > 0.5);
}

static void add_cross_entropy(struct score *sum, const real *logits, int label, int outputs)
{
    double normaliser = log_sum_exp(logits, outputs);
    sum->loss += normaliser - logits[label];
    sum->accuracy += likeliest(logits, outputs) == label;
    for (int j = 0; j < outputs; j++)
        sum->entropy += dm_exp(logits[j] - normaliser) * (normaliser - logits[j]);
}

static void add_divergence(struct score *sum, const real *logits, const real *truth, int outputs)
{
    double normaliser = log_sum_exp(logits, outputs);
    double true_normaliser = log_sum_exp(truth, outputs);
    for (int j = 0; j < outputs; j++) {
        double log_p = truth[j] - true_normaliser;
        sum->kl += dm_exp(log_p) * (log_p - (logits[j] - normaliser));
    }
}

struct score score_predictions(const real *logits, const real *labels, const real *true_logits,
                               int count, int outputs, enum label_loss label_loss)
{
    struct score sum = { .kl = true_logits != NULL ? 0 : NAN };
    for (int i = 0; i < count; i++) {
        const real *row = logits + (size_t)i * (size_t)outputs;
        if (label_loss == LABEL_LOGISTIC)
            add_logistic(&sum, row[0], labels[i]);
        else
            add_cross_entropy(&sum, row, (int)labels[i], outputs);
        if (true_logits != NULL)
            add_divergence(&sum, row, true_logits + (size_t)i * (size_t)outputs, outputs);
    }
    return (struct score){ sum.loss / count, sum.accuracy / count, sum.kl / count,
                           sum.entropy / count };
}
