#include "coordinator/search/history.h"

#include <assert.h>

static const struct sampler samplers[] = {
    [SAMPLER_TPE] = { "tpe", tpe_suggest },
    [SAMPLER_RANDOM] = { "random", random_suggest },
    [SAMPLER_GRID] = { "grid", grid_suggest },
};

const struct sampler *sampler_of(enum sampler_kind kind)
{
    assert((size_t)kind < sizeof samplers / sizeof *samplers);
    return &samplers[kind];
}
