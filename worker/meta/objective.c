#include "worker/meta/objective.h"

/* The teaching loss of every supervised layer; dh[k] becomes its gradient for layer k. */
static double teach(const struct objective *objective, struct pass *pass,
                    const struct lesson *lesson, const struct trace *trace, struct mat *dh,
                    struct mat target_gradient)
{
    double loss = 0;
    int column = 0;
    for (int k = 0; k < objective->student->n_layers; k++) {
        struct mat h = trace->at[k + 1];
        if (!objective->student->layers[k].supervised)
            continue;
        dh[k] = mat_new(pass, h.rows, h.cols);
        loss += teach_gradient(pass, objective->teach_loss, dh[k], target_gradient, h,
                               lesson->targets, column, objective->teaching_coef);
        column += h.cols;
    }
    return loss;
}

void objective_gradient(const struct objective *objective, struct pass *pass, struct mat theta,
                        const struct lesson *lesson, struct objective_result *result)
{
    const struct net *student = objective->student;
    struct step_losses *losses = &result->losses;
    struct mat dh[NET_MAX_LAYERS] = { 0 };
    bool taught = lesson->targets.rows > 0;

    *losses = (struct step_losses){ 0 };
    result->gradient = mat_new(pass, 1, theta.cols);
    result->target_gradient = mat_new(pass, lesson->targets.rows, lesson->targets.cols);
    struct mat z = net_forward(student, pass, theta, lesson->x, &result->trace);
    struct mat d = mat_new(pass, z.rows, z.cols);
    losses->label = label_gradient(pass, objective->label_loss, d, z, lesson->labels,
                                   objective->entropy_coef, &losses->entropy);
    if (taught)
        losses->teaching =
            teach(objective, pass, lesson, &result->trace, dh, result->target_gradient);
    losses->total = losses->label + objective->teaching_coef * losses->teaching -
                    objective->entropy_coef * losses->entropy;
    net_backward(student, pass, theta, &result->trace, d, taught ? dh : NULL, result->gradient);
}

size_t objective_reals(const struct objective *objective, const struct lesson *lesson)
{
    struct pass dry = pass_dry();
    struct mat theta = { .rows = 1, .cols = (int)objective->student->n_parameters };
    struct objective_result unused;
    objective_gradient(objective, &dry, theta, lesson, &unused);
    return dry.values.used;
}
