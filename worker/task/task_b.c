/* Task B of the paper (appendix B.1): labels are noisy, and the privileged information is a
 * transformed view of the logits they were drawn from.
 *     x ~ N(0, I_D)     h = c A x, A [4, D]     y ~ Categorical(softmax h)     x* = B h, B [32, 4]
 * Entries of A and B are uniform in +-1/sqrt(columns). The factor c = 3 (logit_scale) is not in the
 * paper, but in the results it reports: it sharpens the labels and enlarges x*. */
#include "common/dmath.h"
#include "worker/task/task.h"

#include <stdlib.h>

enum { CLASSES = 4, PRIVILEGED = 32 };

struct maps {
    double *a; /* [CLASSES, inputs] */
    double *b; /* [PRIVILEGED, CLASSES] */
    double logit_scale;
};

static int draw_class(struct rng *rng, const double logits[CLASSES])
{
    double largest = logits[0], weight[CLASSES], total = 0;
    for (int j = 1; j < CLASSES; j++)
        largest = logits[j] > largest ? logits[j] : largest;
    for (int j = 0; j < CLASSES; j++)
        total += weight[j] = dm_exp(logits[j] - largest);
    double left = rng_uniform(rng) * total;
    for (int j = 0; j < CLASSES - 1; j++) {
        if (left < weight[j])
            return j;
        left -= weight[j];
    }
    return CLASSES - 1;
}

static void draw_example(struct rng *rng, struct task_set *set, int i, double *x, int inputs,
                         const void *context)
{
    const struct maps *maps = context;
    double h[CLASSES], xstar[PRIVILEGED];
    task_draw_inputs(rng, x, inputs);
    task_apply_map(h, maps->a, CLASSES, inputs, x);
    for (int j = 0; j < CLASSES; j++)
        h[j] *= maps->logit_scale;
    task_apply_map(xstar, maps->b, PRIVILEGED, CLASSES, h);
    for (int j = 0; j < PRIVILEGED; j++)
        set->xstar[(size_t)i * PRIVILEGED + (size_t)j] = (real)xstar[j];
    for (int j = 0; j < CLASSES; j++)
        set->true_logits[(size_t)i * CLASSES + (size_t)j] = (real)h[j];
    set->labels[i] = (real)draw_class(rng, h);
}

bool task_b_make(struct task_data *out, const struct task_request *request, struct error *error)
{
    out->inputs = request->input_dim;
    out->privileged = PRIVILEGED;
    out->outputs = CLASSES;
    out->label_loss = LABEL_CROSS_ENTROPY;
    struct maps maps = {
        .a = task_random_map(request->data_seed, 0, CLASSES, out->inputs),
        .b = task_random_map(request->data_seed, 1, PRIVILEGED, CLASSES),
        .logit_scale = request->logit_scale,
    };
    task_draw_sets(out, request, true, draw_example, &maps);
    free(maps.a);
    free(maps.b);
    return true;
}
