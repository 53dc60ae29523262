/* hypergradient.h - the derivative of a value of the trained student for the teacher's targets and
 * for the settings of the inner loop: backwards through its recorded steps. */
#ifndef META_HYPERGRADIENT_H
#define META_HYPERGRADIENT_H
#include "worker/meta/inner_loop.h"

/* The derivatives for settings of the inner loop: a step against them would lower the value. NaN
 * where they cannot be told from the record: a learning rate or a teaching coefficient of 0. */
struct hypergradients {
    double lr, momentum, weight_decay; /* momentum: Adam's beta1, or that of SGD */
    double teaching_coef;
};

/* final_gradient [n_parameters] is the derivative of the value for the parameters after the last
 * step. target_adjoint[b], shaped like the targets of lessons[b], is overwritten with the
 * derivative for these targets: the sum over all steps that used them. False: interrupted, and
 * nothing of it is complete. */
bool hypergradient(struct inner_loop *loop, const struct lesson *lessons, int n_lessons,
                   const real *final_gradient, struct mat *target_adjoint,
                   struct hypergradients *settings);
#endif
