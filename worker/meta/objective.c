#include "worker/meta/objective.h"

#include "worker/numeric/mixture.h"
#include "worker/numeric/vector.h"

#include <assert.h>

/* The teaching loss of every supervised layer; dh[k] becomes its gradient for layer k. */
static double teach(const struct objective *objective, struct pass *pass,
                    const struct lesson *lesson, struct objective_result *result, struct mat *dh)
{
    double loss = 0;
    int column = 0;
    for (int k = 0; k < objective->student->n_layers; k++) {
        struct mat h = result->trace.at[k + 1];
        if (!objective->student->layers[k].supervised)
            continue;
        dh[k] = mat_new(pass, h.rows, h.cols);
        loss += teach_gradient(pass, objective->teach_loss, dh[k], result->target_gradient, h,
                               lesson->targets, column, objective->teaching_coef);
        if (pass->fill_tangents && h.tangent)
            result->teaching_slope += vector_dot(dh[k].value, h.tangent, mat_count(h));
        column += h.cols;
    }
    return loss;
}

/* Mixed targets are compared where the gradient of a layer's outputs comes down, so that neither
 * they nor the gradient of the loss is ever a matrix of its own. */
struct mixing {
    const struct net *student;
    struct mixture_lesson lesson;
    struct objective_result *result;
};

static int first_column_of(const struct net *student, int layer)
{
    int column = 0;
    for (int k = 0; k < layer; k++)
        if (student->layers[k].supervised)
            column += student->layers[k].board.outputs;
    return column;
}

static void mix(void *context, struct pass *pass, int layer, struct mat d)
{
    struct mixing *mixing = context;
    if (!mixing->student->layers[layer].supervised)
        return;
    mixing->lesson.first_column = first_column_of(mixing->student, layer);
    mixing->lesson.filters = mixing->student->layers[layer].board.outputs;
    struct mixture_loss loss =
        mixture_teach(pass, &mixing->lesson, d, mixing->result->target_gradient,
                      mixing->result->trace.at[layer + 1]);
    mixing->result->losses.teaching += loss.loss;
    mixing->result->teaching_slope += loss.slope;
}

/* The auxiliary loss; joining becomes its gradient for the last hidden layer's outputs. */
static double predict_privileged(const struct objective *objective, struct pass *pass,
                                 struct mat theta, const struct lesson *lesson,
                                 struct objective_result *result, struct mat *joining)
{
    const struct net *head = objective->auxiliary;
    size_t at = objective->student->n_parameters;
    struct mat parameters = mat_view(theta, at, 1, (int)head->n_parameters);
    struct trace trace;
    struct mat guess = net_forward(head, pass, parameters,
                                   result->trace.at[objective->student->n_layers - 1], &trace);
    struct mat d = mat_new(pass, guess.rows, guess.cols);
    struct mat unused = mat_new(pass, guess.rows, guess.cols);
    double loss = teach_gradient(pass, TEACH_MSE, d, unused, guess, lesson->auxiliary, 0,
                                 objective->auxiliary_coef);
    *joining = net_backward_to_inputs(head, pass, parameters, &trace, d,
                                      mat_view(result->gradient, at, 1, parameters.cols));
    return loss;
}

/* The same where the first layer itself predicts: joining becomes the gradient for its outputs. */
static double compare_predictions(const struct objective *objective, struct pass *pass,
                                  const struct lesson *lesson,
                                  const struct objective_result *result, struct mat *joining)
{
    struct mat guess = result->trace.at[1], unused = mat_new(pass, guess.rows, guess.cols);
    *joining = mat_new(pass, guess.rows, guess.cols);
    return teach_gradient(pass, TEACH_MSE, *joining, unused, guess, lesson->auxiliary, 0,
                          objective->auxiliary_coef);
}

void objective_gradient(const struct objective *objective, struct pass *pass, struct mat theta,
                        const struct lesson *lesson, struct objective_result *result)
{
    const struct net *student = objective->student;
    struct step_losses *losses = &result->losses;
    struct mat joining[NET_MAX_LAYERS] = { 0 };
    struct mat of_student = mat_view(theta, 0, 1, (int)student->n_parameters);
    assert(mat_count(theta) == objective_n_parameters(objective));

    *losses = (struct step_losses){ 0 };
    result->teaching_slope = 0;
    result->gradient = mat_new(pass, 1, theta.cols);
    result->target_gradient = mat_new(pass, lesson->targets.rows, lesson->targets.cols);
    struct mat z = net_forward(student, pass, of_student, lesson->x, &result->trace);
    struct mat d = mat_new(pass, z.rows, z.cols);
    losses->label = label_gradient(pass, objective->label_loss, d, z, lesson->labels,
                                   objective->entropy_coef, &losses->entropy);
    bool taught = lesson->targets.rows > 0, mixed = taught && lesson->frames.rows > 0;
    if (taught && !mixed)
        losses->teaching = teach(objective, pass, lesson, result, joining);
    if (objective->auxiliary)
        losses->auxiliary = predict_privileged(objective, pass, theta, lesson, result,
                                               &joining[student->n_layers - 2]);
    if (objective->predicts)
        losses->auxiliary = compare_predictions(objective, pass, lesson, result, &joining[0]);
    struct mat gradient = mat_view(result->gradient, 0, 1, of_student.cols);
    if (mixed) {
        struct mixing mixing = {
            student,
            { .a = lesson->targets, .frames = lesson->frames, .coef = objective->teaching_coef },
            result
        };
        net_backward_joining(student, pass, of_student, &result->trace, d,
                             (struct net_joining){ mix, &mixing }, gradient);
    } else {
        net_backward(student, pass, of_student, &result->trace, d, joining, gradient);
    }
    losses->total = losses->label + objective->teaching_coef * losses->teaching +
                    objective->auxiliary_coef * losses->auxiliary -
                    objective->entropy_coef * losses->entropy;
}

size_t objective_n_parameters(const struct objective *objective)
{
    return objective->student->n_parameters +
           (objective->auxiliary ? objective->auxiliary->n_parameters : 0);
}

size_t objective_reals(const struct objective *objective, const struct lesson *lesson)
{
    struct pass dry = pass_dry();
    struct mat theta = { .rows = 1, .cols = (int)objective_n_parameters(objective) };
    struct objective_result unused;
    objective_gradient(objective, &dry, theta, lesson, &unused);
    return dry.values.used;
}
