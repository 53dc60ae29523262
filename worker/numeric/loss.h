/* loss.h - label losses and teaching losses. Each returns the loss, a mean over the batch, and
 * makes the gradients with which the backward pass starts; a pass that fills no values returns 0.
 * The formulas of the gradients and of their tangents stand in label_loss.c and teach_loss.c. */
#ifndef NUMERIC_LOSS_H
#define NUMERIC_LOSS_H
#include "worker/numeric/pass.h"

enum label_loss {
    LABEL_CROSS_ENTROPY, /* labels are class numbers 0 .. K-1, logits [batch, K] */
    LABEL_LOGISTIC,      /* labels are in [0, 1], logits [batch, 1] */
};

enum teach_loss {
    TEACH_MSE, /* mean over batch and supervised units of (h - o)^2 */
    TEACH_KL,  /* mean over the batch of KL(softmax(o) || softmax(h)) */
    /* mean over batch and supervised units of w (h - o)^2. The teacher's output has two columns
     * for each unit: first all targets o, then all weights w in [0, 1], as `gate` makes them */
    TEACH_GATED,
    /* mean over batch, units and cells of (h - o)^2, where o is mixed from the frames of x*: not a
     * loss of teach_gradient but of mixture.h */
    TEACH_MIXTURE,
};

/* y = x - log sum exp x in each row */
void log_softmax(const struct pass *pass, struct mat y, struct mat x);

/* d = d/dz of (label loss - entropy_coef H), H the mean entropy of softmax(z), for cross-entropy
 * only. Returns the label loss without the entropy; *entropy becomes H where entropy_coef is not
 * 0, else 0. */
double label_gradient(struct pass *pass, enum label_loss loss, struct mat d, struct mat z,
                      const real *labels, double entropy_coef, double *entropy);

/* The last step of a teacher for the gated loss, values only: the first half of the columns are
 * targets and stay, the second half are m and become w = sigmoid(m/2 - 1).   dm = dw w (1 - w)/2 */
void gate(const struct pass *pass, struct mat y, struct mat x);
void gate_back(const struct pass *pass, struct mat dx, struct mat y, struct mat dy);

/* The teaching loss of supervised units h against the columns first_column .. of the teacher's
 * output o, which is a constant of the pass. dh = d/dh of coef times the loss; dout, shaped like o,
 * gets d/do of it in the same columns. Returns the loss without coef. The mean is over all columns
 * of o (of the targets in it), so the losses of several supervised layers add up. KL takes all
 * columns at once; a gated loss fills the columns of its weights too. */
double teach_gradient(struct pass *pass, enum teach_loss loss, struct mat dh, struct mat dout,
                      struct mat h, struct mat o, int first_column, double coef);
#endif
