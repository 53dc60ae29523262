#include "worker/net/life.h"

#include <assert.h>

struct net net_life_student(const struct life *life)
{
    struct net net;
    int per_step = life->layers / life->frames;
    assert(life->side % 2 == 1 && life->filters > 0 && life->layers > 0);
    assert(!life->last_of_step_only || (per_step > 0 && life->layers == per_step * life->frames));
    net_start(&net, life->side * life->side);
    for (int k = 0; k < life->layers; k++) {
        net_board(&net, life->side, life->filters);
        if (!life->last_of_step_only || (k + 1) % per_step == 0)
            net_supervise(&net);
    }
    net_centre(&net);
    net_linear(&net, 1);
    return net;
}

static int supervised_layers(const struct life *life)
{
    return life->last_of_step_only ? life->frames : life->layers;
}

struct net net_life_teacher(const struct life *life, double initial_deviation, double scale)
{
    struct net net;
    struct mixture mixture = { life->frames, initial_deviation, scale };
    net_start(&net, life->frames * life->side * life->side);
    net_mixture(&net, mixture, supervised_layers(life) * life->filters);
    return net;
}

void life_oracle(const struct life *life, const int *frame_time, real *phi)
{
    const real never = (real)-1e4; /* exp of it is 0, also in double */
    assert(life->last_of_step_only);
    for (int frame = 0; frame < life->frames; frame++)
        for (int step = 0; step < life->frames; step++)
            for (int filter = 0; filter < life->filters; filter++)
                *phi++ = frame_time[frame] == step ? 0 : never;
}
