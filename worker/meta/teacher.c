#include "worker/meta/teacher.h"

struct mat teacher_forward(struct teacher *teacher, struct mat phi, struct mat xstar,
                           struct row_batches batches)
{
    const struct net *net = teacher->net;
    struct mat unmade = { .rows = 1, .cols = phi.cols };
    teacher->phi = phi;
    teacher->pass = pass_dry();
    struct mat targets =
        net_forward_batches(net, &teacher->pass, phi, xstar, batches, &teacher->trace);
    net_backward(net, &teacher->pass, phi, &teacher->trace, targets, NULL, unmade);
    workspace_reserve(&teacher->workspace, teacher->pass.values.used);
    teacher->pass = pass_values(teacher->workspace);
    return net_forward_batches(net, &teacher->pass, phi, xstar, batches, &teacher->trace);
}

void teacher_backward(struct teacher *teacher, struct mat target_adjoint, struct mat gradient)
{
    net_backward(teacher->net, &teacher->pass, teacher->phi, &teacher->trace, target_adjoint, NULL,
                 gradient);
}
