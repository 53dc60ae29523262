/* optimiser.h - one step of SGD or Adam over flat vectors, and the adjoint of such a step.
 *
 * The rules of the steps (t counts from 1 and includes the step itself):
 *     SGD    g = G + wd th;  b' = mu b + g;  th' = th - lr b'
 *     Adam   g = G + wd th;  m' = b1 m + (1-b1) g;  v' = b2 v + (1-b2) g^2;
 *            th' = th - lr/(1-b1^t) m' / (sqrt(v')/sqrt(1-b2^t) + eps)
 * G is read, never written: the pass that differentiates through a step reads it again. */
#ifndef NET_OPTIMISER_H
#define NET_OPTIMISER_H
#include "worker/numeric/mat.h"

enum optimiser_kind { OPTIMISER_SGD, OPTIMISER_ADAM };

struct optimiser {
    enum optimiser_kind kind;
    double lr;
    double beta1; /* Adam's beta1, or the momentum of SGD: [0, 1) */
    double beta2, eps; /* Adam only */
    double weight_decay;
};

struct optimiser optimiser_sgd(double lr, double momentum, double weight_decay);
/* beta2 0.999, eps 1e-8 */
struct optimiser optimiser_adam(double lr, double beta1, double weight_decay);

enum { OPTIMISER_MOMENTS = 2 };

/* How many vectors of state there are: 1 for SGD (b), 2 for Adam (m, v). */
int optimiser_moments(const struct optimiser *optimiser);

/* Everything that a step reads and changes; the vectors belong to whoever made it. */
struct optimiser_state {
    real *parameters;
    real *moment[OPTIMISER_MOMENTS]; /* all zero at the start; unused ones NULL */
    int steps;                       /* taken so far */
};
#endif
