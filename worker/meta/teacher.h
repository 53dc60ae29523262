/* teacher.h - the teacher on all rows of a call at once. It is constant while the student takes its
 * inner steps, so it runs forwards once before them and backwards once after them. */
#ifndef META_TEACHER_H
#define META_TEACHER_H
#include "worker/net/run.h"

struct teacher {
    const struct net *net;
    struct pass pass; /* between forward and backward */
    struct trace trace;
    struct mat phi, gradient;
    struct frame frame;
};

/* Targets [rows, net.outputs] for privileged inputs [rows, net.inputs], until the next call. */
struct mat teacher_forward(struct teacher *teacher, struct mat phi, struct mat xstar);

/* From the derivatives of some value for those targets to its gradient for phi [1, n_parameters],
 * which is valid until the next call. target_adjoint may be added to. */
struct mat teacher_backward(struct teacher *teacher, struct mat target_adjoint);
#endif
