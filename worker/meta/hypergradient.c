/* The reverse pass through the inner loop.
 *
 * Forwards, with the teacher's targets o_b of batch b constant during the loop, a step i is
 *     G_i = d/dth [ L_y(z, y) + alpha L_t(h, o_b) ]  at th_i
 *     (th, state)_{i+1} = optimiser((th, state)_i, G_i)
 * and V(th_n) is the value to differentiate. Write lambda_i for dV/dth_i, and g-bar_i for the
 * derivative of V for what the optimiser was given in step i (g = G + wd th; optimiser.h).
 *
 * th_i acts on V in three ways: by itself (the step subtracts from it), through the decay, and
 * through G_i, whose Jacobian for th_i is the Hessian H of the loss; o_b acts through G_i alone:
 *     lambda_i = lambda_{i+1} + wd g-bar_i + H^T g-bar_i
 *     o-bar_b += (dG_i/do)^T g-bar_i
 * H is symmetric, and by the symmetry of second derivatives
 *     (dG_i/do)^T g-bar = d/do (G_i . g-bar) = d/de [ dL/do at th_i + e g-bar ]  at e = 0.
 * So both products are tangents, along g-bar, of results of one ordinary gradient pass: of the
 * gradient for the parameters and of the gradient for the targets. Nothing here is second-order
 * code. The direction is g-bar, not lambda: they differ by momentum, decay and Adam's scaling.
 *
 * The settings of a step act on V through that step alone, so their derivatives are sums over the
 * steps of numbers at hand: for the optimiser's see optimiser.c; the teaching coefficient's is
 *     dV/dalpha = sum over i of g-bar_i . dG_i/dalpha = sum of the tangents of L_t along g-bar_i.
 *
 * With repeated batches the contributions to o-bar_b add up, and the teacher, which is applied
 * after this, runs backwards once. Maclaurin et al. 2015; Pearlmutter 1994 for the products. */
#include "worker/meta/hypergradient.h"

#include <string.h>

/* lambda, the adjoints of the moments, and the direction g-bar, in one workspace. */
static struct optimiser_state begin(struct inner_loop *loop, const real *final_gradient,
                                    real **direction)
{
    size_t count = loop->objective.student->n_parameters, each = inner_loop_stride(loop);
    int moments = optimiser_moments(&loop->optimiser);
    workspace_reserve(&loop->adjoint, (2 + (size_t)moments) * each);
    struct optimiser_state adjoint = { .parameters = loop->adjoint.memory };
    memcpy(adjoint.parameters, final_gradient, count * sizeof(real));
    for (int k = 0; k < moments; k++) {
        adjoint.moment[k] = loop->adjoint.memory + (1 + (size_t)k) * each;
        memset(adjoint.moment[k], 0, count * sizeof(real));
    }
    *direction = loop->adjoint.memory + (1 + (size_t)moments) * each;
    return adjoint;
}

/* G_i, the first matrix of its step's workspace: found there, or recomputed together with all
 * values that the tangent pass is about to read. */
static const real *gradient_of_step(const struct inner_loop *loop, int step,
                                    const struct lesson *lesson)
{
    struct optimiser_state before = inner_loop_state(loop, step);
    int count = (int)loop->objective.student->n_parameters;
    struct pass pass = pass_values(inner_loop_values(loop, step));
    struct objective_result result;
    if (step < loop->n_kept)
        return mat_new(&pass, 1, count).value;
    objective_gradient(&loop->objective, &pass, mat_constant(before.parameters, 1, count), lesson,
                       &result);
    return result.gradient.value;
}

/* lambda_{i+1} -> lambda_i, and what the step adds to the adjoints of its targets and settings. */
static void step_back(struct inner_loop *loop, int step, const struct lesson *lesson,
                      struct optimiser_state *adjoint, real *direction, struct mat target_adjoint,
                      struct optimiser_slopes *slopes, double *teaching_slope)
{
    struct optimiser_state before = inner_loop_state(loop, step);
    struct optimiser_state after = inner_loop_state(loop, step + 1);
    size_t count = loop->objective.student->n_parameters;
    const real *gradient = gradient_of_step(loop, step, lesson);
    const real *earlier = step > 0 ? inner_loop_state(loop, step - 1).parameters : NULL;
    optimiser_adjoint(&loop->optimiser, &before, &after, gradient, adjoint, direction, count);
    optimiser_adjoint_slopes(&loop->optimiser, &before, &after, earlier, gradient, adjoint,
                             direction, count, slopes);

    struct pass pass = pass_tangents(inner_loop_values(loop, step), loop->tangents);
    struct mat theta = { 1, (int)count, before.parameters, direction };
    struct objective_result result;
    objective_gradient(&loop->objective, &pass, theta, lesson, &result);
    optimiser_adjoint_finish(&loop->optimiser, adjoint, direction, result.gradient.tangent, count);
    for (size_t i = 0; i < mat_count(target_adjoint); i++)
        target_adjoint.value[i] += result.target_gradient.tangent[i];
    *teaching_slope += result.teaching_slope;
}

bool hypergradient(struct inner_loop *loop, const struct lesson *lessons, int n_lessons,
                   const real *final_gradient, struct mat *target_adjoint,
                   struct hypergradients *settings)
{
    real *direction;
    struct optimiser_slopes slopes = { 0 };
    double teaching_slope = 0;
    struct optimiser_state adjoint = begin(loop, final_gradient, &direction);
    workspace_reserve(&loop->tangents, loop->step_reals);
    for (int b = 0; b < n_lessons; b++)
        memset(target_adjoint[b].value, 0, mat_count(target_adjoint[b]) * sizeof(real));
    for (int i = loop->n_steps - 1; i >= 0; i--) {
        if (interruption_came(loop->interruption))
            return false;
        int b = i % n_lessons;
        step_back(loop, i, &lessons[b], &adjoint, direction, target_adjoint[b], &slopes,
                  &teaching_slope);
    }
    *settings =
        (struct hypergradients){ .lr = slopes.lr,
                                 .momentum = slopes.beta1,
                                 .weight_decay = slopes.weight_decay,
                                 .teaching_coef = teaching_slope / loop->objective.teaching_coef };
    return true;
}
