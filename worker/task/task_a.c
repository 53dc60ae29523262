/* Task A of the paper (appendix B.1): the privileged information explains the label and cannot be
 * predicted from x, because two random signs hide it.
 *     x ~ N(0, I_D)     h = A x, A [2, D]     s ~ {-1, 1}^2
 *     y = [h_1 > 0] xor [h_2 > 0]             x* = (s_1 h_1, s_2 h_2, s_1, s_2)
 * The entries of A are uniform in +-1/sqrt(D); the paper prints the interval without its sign, and
 * the parts of x* in the other order than the results it reports were made with. */
#include "worker/task/task.h"

#include <stdlib.h>

enum { HIDDEN = 2 };

static void draw_example(struct rng *rng, struct task_set *set, int i, double *x, int inputs,
                         const void *map)
{
    double h[HIDDEN];
    task_draw_inputs(rng, x, inputs);
    task_apply_map(h, map, HIDDEN, inputs, x);
    real *xstar = set->xstar + (size_t)i * 2 * HIDDEN;
    for (int j = 0; j < HIDDEN; j++) {
        double sign = rng_below(rng, 2) == 0 ? -1 : 1;
        xstar[j] = (real)(sign * h[j]);
        xstar[HIDDEN + j] = (real)sign;
    }
    set->labels[i] = (h[0] > 0) != (h[1] > 0);
}

bool task_a_make(struct task_data *out, const struct task_request *request, struct error *error)
{
    out->inputs = request->input_dim;
    out->privileged = 2 * HIDDEN;
    out->outputs = 1;
    out->label_loss = LABEL_LOGISTIC;
    double *map = task_random_map(request->data_seed, 0, HIDDEN, out->inputs);
    task_draw_sets(out, request, false, draw_example, map);
    free(map);
    return true;
}
