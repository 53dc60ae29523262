#include "worker/trial/ablation.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* Room for one example's trajectory and the order of its frames. */
struct scratch {
    real *frames;
    int *order;
};

static void permute(struct rng *rng, real *xstar, const struct task_data *data,
                    struct scratch *scratch)
{
    size_t features = (size_t)data->features, bytes = features * sizeof(real);
    for (int t = 0; t < data->steps; t++)
        scratch->order[t] = t;
    rng_shuffle(rng, scratch->order, data->steps);
    memcpy(scratch->frames, xstar, (size_t)data->steps * bytes);
    for (int t = 0; t < data->steps; t++)
        memcpy(xstar + (size_t)t * features, scratch->frames + (size_t)scratch->order[t] * features,
               bytes);
}

static void drown(struct rng *rng, real *xstar, const struct task_data *data, int frames)
{
    int first = (data->steps - frames) * data->features;
    for (int i = first; i < data->privileged; i++)
        xstar[i] = (real)rng_normal(rng);
}

static bool check(const struct settings *settings, const struct task_data *data, int frames,
                  struct error *error)
{
    if (data->steps == 0) {
        error_set(error,
                  "ablation: %s/xstar.npy holds no trajectories, so there are no frames to spoil; "
                  "save it as (examples, steps, features)",
                  settings->data);
        return false;
    }
    if (frames > data->steps) {
        error_set(error, "ablation: random-%d, but a trajectory has %d frames", frames,
                  data->steps);
        return false;
    }
    return true;
}

bool ablation_apply(const struct settings *settings, uint64_t seed, struct task_data *data,
                    struct error *error)
{
    if (!setting_is_had(settings, SETTING_ABLATION) ||
        strcmp(setting_choice(settings, SETTING_ABLATION), "none") == 0)
        return true;
    int frames = setting_choice_count(settings, SETTING_ABLATION);
    if (!check(settings, data, frames, error))
        return false;
    struct scratch scratch = { xcalloc((size_t)data->privileged, sizeof(real)),
                               xcalloc((size_t)data->steps, sizeof(int)) };
    for (int i = 0; i < data->train.count; i++) {
        struct rng rng;
        rng_init(&rng, seed, RNG_ABLATION, (uint64_t)i);
        real *xstar = data->train.xstar + (size_t)i * (size_t)data->privileged;
        if (frames > 0)
            drown(&rng, xstar, data, frames);
        else
            permute(&rng, xstar, data, &scratch);
    }
    free(scratch.frames);
    free(scratch.order);
    return true;
}
