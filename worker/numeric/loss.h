/* loss.h - label losses and teaching losses: each returns the loss and makes the gradients that the
 * backward pass starts from. Means are over the batch; a tangent of a loss itself is never needed.
 * Formulas of the gradients and of their tangents stand at each function in loss.c. */
#ifndef NUMERIC_LOSS_H
#define NUMERIC_LOSS_H
#include "worker/numeric/pass.h"

enum label_loss {
    LABEL_CROSS_ENTROPY, /* labels are class numbers 0 .. K-1, logits [batch, K] */
    LABEL_LOGISTIC,      /* labels are in [0, 1], logits [batch, 1] */
};

enum teach_loss {
    TEACH_MSE, /* mean over batch and units of (h - o)^2 */
    TEACH_KL,  /* mean over the batch of KL(softmax(o) || softmax(h)) */
};

/* d = dL/dz for L = label loss - entropy_coef * H(softmax(z)), the mean over the batch.
 * Returns the label loss; *entropy, unless NULL, becomes the mean entropy of the predictions.
 * Nothing is returned (0) by a pass that fills tangents only. */
double label_gradient(struct pass *pass, enum label_loss loss, struct mat d, struct mat z,
                      const real *labels, double entropy_coef, double *entropy);

/* dh = d(coef L)/dh and dout = d(coef L)/do for the teaching loss L of the units h against the
 * columns first_column .. of the teacher's output o; dout has the shape of o and these columns of
 * it are written. Returns L without the coefficient. KL takes all columns of o. */
double teach_gradient(struct pass *pass, enum teach_loss loss, struct mat dh, struct mat dout,
                      struct mat h, struct mat o, int first_column, double coef);
#endif
