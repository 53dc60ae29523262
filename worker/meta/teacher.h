/* teacher.h - the teacher on all rows of a call at once. It is constant while the student takes its
 * inner steps, so it runs forwards once before them and backwards once after them. */
#ifndef META_TEACHER_H
#define META_TEACHER_H
#include "worker/net/run.h"

struct teacher {
    const struct net *net;
    struct pass pass; /* between forward and backward */
    struct trace trace;
    struct mat phi;
    struct workspace workspace;
};

/* Targets [rows, net.outputs] for privileged inputs [rows, net.inputs], until the next call. The
 * rows are those of `batches`, one below the other, which are lent until teacher_backward. */
struct mat teacher_forward(struct teacher *teacher, struct mat phi, struct mat xstar,
                           struct row_batches batches);

/* From the derivatives of some value for those targets to its gradient for phi [1, n_parameters].
 * target_adjoint may be added to. */
void teacher_backward(struct teacher *teacher, struct mat target_adjoint, struct mat gradient);
#endif
