/* hypergradient.h - the derivative of a value of the trained student for the teacher's targets:
 * backwards through the recorded steps of an inner loop. */
#ifndef META_HYPERGRADIENT_H
#define META_HYPERGRADIENT_H
#include "worker/meta/inner_loop.h"

/* final_gradient [n_parameters] is the derivative of the value for the parameters after the last
 * step. target_adjoint[b], shaped like the targets of lessons[b], is overwritten with the
 * derivative for these targets: the sum over all steps that used them. */
void hypergradient(struct inner_loop *loop, const struct lesson *lessons, int n_lessons,
                   const real *final_gradient, struct mat *target_adjoint);
#endif
