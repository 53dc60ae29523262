#include "worker/meta/inner_loop.h"

#include <math.h>
#include <string.h>

size_t inner_loop_stride(const struct inner_loop *loop)
{
    return (loop->objective.student->n_parameters + 15) / 16 * 16;
}

/* The adjoint of Adam reads both moments of every step; that of SGD reads none. */
static bool keeps_moments(const struct inner_loop *loop)
{
    return loop->optimiser.kind == OPTIMISER_ADAM;
}

struct optimiser_state inner_loop_state(const struct inner_loop *loop, int step)
{
    struct optimiser_state state = { .steps = loop->first_count + step };
    size_t states = (size_t)loop->n_steps + 1, each = inner_loop_stride(loop);
    state.parameters = loop->states.memory + (size_t)step * each;
    real *moments = loop->states.memory + states * each;
    for (int k = 0; k < optimiser_moments(&loop->optimiser); k++)
        if (keeps_moments(loop))
            state.moment[k] = moments + ((size_t)k * states + (size_t)step) * each;
        else
            state.moment[k] = moments + (size_t)(2 * k + (step > 0)) * each;
    return state;
}

struct workspace inner_loop_values(const struct inner_loop *loop, int step)
{
    size_t piece = (size_t)(step < loop->n_kept ? step : loop->n_kept);
    return workspace_piece(loop->values, piece, loop->step_reals);
}

static void reserve(struct inner_loop *loop, const struct lesson *lessons, int n_lessons)
{
    loop->step_reals = 0;
    for (int i = 0; i < n_lessons && i < loop->n_steps; i++) {
        size_t reals = objective_reals(&loop->objective, &lessons[i]);
        loop->step_reals = reals > loop->step_reals ? reals : loop->step_reals;
    }
    size_t fit = loop->memory_limit / (loop->step_reals * sizeof(real));
    size_t steps = (size_t)loop->n_steps, moments = (size_t)optimiser_moments(&loop->optimiser);
    loop->n_kept = fit < steps ? (int)fit : loop->n_steps;
    workspace_reserve(&loop->values,
                      ((size_t)loop->n_kept + (fit < steps ? 1 : 0)) * loop->step_reals);
    size_t vectors = steps + 1 + moments * (keeps_moments(loop) ? steps + 1 : 2);
    workspace_reserve(&loop->states, vectors * inner_loop_stride(loop));
}

static void begin(struct inner_loop *loop, const struct optimiser_state *start)
{
    size_t bytes = loop->objective.student->n_parameters * sizeof(real);
    bool continues = start->moment[0] != NULL;
    loop->first_count = continues ? start->steps : 0;
    struct optimiser_state first = inner_loop_state(loop, 0);
    memcpy(first.parameters, start->parameters, bytes);
    for (int k = 0; k < optimiser_moments(&loop->optimiser); k++)
        if (continues)
            memcpy(first.moment[k], start->moment[k], bytes);
        else
            memset(first.moment[k], 0, bytes);
}

int inner_loop_run(struct inner_loop *loop, const struct optimiser_state *start,
                   const struct lesson *lessons, int n_lessons, struct step_losses *losses)
{
    size_t count = loop->objective.student->n_parameters;
    reserve(loop, lessons, n_lessons);
    begin(loop, start);
    for (int i = 0; i < loop->n_steps; i++) {
        if (interruption_came(loop->interruption))
            return i;
        struct optimiser_state before = inner_loop_state(loop, i);
        struct optimiser_state after = inner_loop_state(loop, i + 1);
        struct pass pass = pass_values(inner_loop_values(loop, i));
        struct mat theta = mat_constant(before.parameters, 1, (int)count);
        struct objective_result result;
        objective_gradient(&loop->objective, &pass, theta, &lessons[i % n_lessons], &result);
        losses[i] = result.losses;
        if (!isfinite(result.losses.total))
            return i;
        optimiser_step(&loop->optimiser, &before, &after, result.gradient.value, count);
    }
    return loop->n_steps;
}

void inner_loop_free(struct inner_loop *loop)
{
    workspace_free(&loop->values);
    workspace_free(&loop->states);
    workspace_free(&loop->tangents);
    workspace_free(&loop->adjoint);
}
