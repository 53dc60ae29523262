#include "worker/meta/teacher.h"

static struct mat forward(struct teacher *teacher, struct mat phi, struct mat xstar)
{
    teacher->phi = phi;
    teacher->gradient = mat_new(&teacher->pass, 1, phi.cols);
    return net_forward(teacher->net, &teacher->pass, phi, xstar, &teacher->trace);
}

struct mat teacher_forward(struct teacher *teacher, struct mat phi, struct mat xstar)
{
    teacher->pass = pass_dry();
    struct mat targets = forward(teacher, phi, xstar);
    net_backward(teacher->net, &teacher->pass, phi, &teacher->trace, targets, NULL,
                 teacher->gradient);
    frame_reserve(&teacher->frame, teacher->pass.values.used);
    teacher->pass = pass_values(teacher->frame);
    return forward(teacher, phi, xstar);
}

struct mat teacher_backward(struct teacher *teacher, struct mat target_adjoint)
{
    net_backward(teacher->net, &teacher->pass, teacher->phi, &teacher->trace, target_adjoint, NULL,
                 teacher->gradient);
    return teacher->gradient;
}
