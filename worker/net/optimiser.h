/* optimiser.h - a step of SGD or Adam over flat vectors, and the adjoint of such a step.
 *
 * The rules (t counts from 1 and includes the step itself; th are the parameters, G the gradient):
 *     SGD    g = G + wd th;  b' = mu b + g;  th' = th - lr b'
 *     Adam   g = G + wd th;  m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g^2;
 *            th' = th - lr/(1 - b1^t) m' / (sqrt(v')/sqrt(1 - b2^t) + eps)
 * G is read and never written: the pass that differentiates through a step reads it again. */
#ifndef NET_OPTIMISER_H
#define NET_OPTIMISER_H
#include "worker/net/visitor.h"
#include "worker/numeric/mat.h"

enum optimiser_kind { OPTIMISER_SGD, OPTIMISER_ADAM };

struct optimiser {
    enum optimiser_kind kind;
    double lr;
    double beta1;      /* Adam's beta1, or the momentum of SGD: [0, 1) */
    double beta2, eps; /* Adam only */
    double weight_decay;
};

struct optimiser optimiser_sgd(double lr, double momentum, double weight_decay);
struct optimiser optimiser_adam(double lr, double beta1, double weight_decay); /* .999, 1e-8 */

enum { OPTIMISER_MAX_MOMENTS = 2 };
int optimiser_moments(const struct optimiser *optimiser); /* SGD 1: b;  Adam 2: m, v */

/* All that a step changes. The vectors belong to whoever made it; those that the optimiser does
 * not have are NULL. A run starts with moments of zero. */
struct optimiser_state {
    real *parameters;
    real *moment[OPTIMISER_MAX_MOMENTS];
    int steps; /* taken so far */
};

/* All of a state of `count` parameters. The name, of `of`, tells several states apart. */
void optimiser_visit(const struct optimiser *optimiser, struct optimiser_state *state, size_t count,
                     const char *of, struct visitor *visitor);

/* One step: from -> to, which may be the same. */
void optimiser_step(const struct optimiser *optimiser, const struct optimiser_state *from,
                    struct optimiser_state *to, const real *gradient, size_t count);

/* The same step backwards. `adjoint` holds the derivatives of some final value with respect to the
 * parameters and moments after the step, in the places of a state. It computes `direction`, the
 * derivative with respect to g, and replaces the moments' derivatives by those before the step.
 * The parameters' derivative still lacks what comes back through g: optimiser_adjoint_finish adds
 *     wd direction + (tangent of G when the parameters move along `direction`). */
void optimiser_adjoint(const struct optimiser *optimiser, const struct optimiser_state *before,
                       const struct optimiser_state *after, const real *gradient,
                       struct optimiser_state *adjoint, real *direction, size_t count);
void optimiser_adjoint_finish(const struct optimiser *optimiser, struct optimiser_state *adjoint,
                              const real *direction, const real *gradient_tangent, size_t count);

/* What a step adds to the derivatives of that value for the optimiser's own settings. */
struct optimiser_slopes {
    double lr, beta1, weight_decay;
};
/* Between the two calls above, with their arguments. SGD keeps no moments of past steps: `earlier`
 * are the parameters one step before `before`, from which its moment follows; NULL if `before` has
 * the moment of that very step. A learning rate of 0 leaves no trace of the step: NaN. */
void optimiser_adjoint_slopes(const struct optimiser *optimiser,
                              const struct optimiser_state *before,
                              const struct optimiser_state *after, const real *earlier,
                              const real *gradient, const struct optimiser_state *adjoint,
                              const real *direction, size_t count,
                              struct optimiser_slopes *slopes);
#endif
