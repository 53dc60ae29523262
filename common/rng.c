#include "common/rng.h"
#include "common/dmath.h"

#include <Random123/philox.h>

/* splitmix64's finaliser: the seed and the purpose reach every bit of the key. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

void rng_init(struct rng *rng, uint64_t seed, enum rng_purpose purpose, uint64_t index)
{
    *rng = (struct rng){ .key = mix(mix(seed + 0x9e3779b97f4a7c15u) + (uint64_t)purpose),
                         .index = index };
}

static uint32_t next_u32(struct rng *rng)
{
    if (rng->unused == 0) {
        philox4x32_ctr_t counter = { { (uint32_t)rng->counter, (uint32_t)(rng->counter >> 32),
                                       (uint32_t)rng->index, (uint32_t)(rng->index >> 32) } };
        philox4x32_key_t key = { { (uint32_t)rng->key, (uint32_t)(rng->key >> 32) } };
        philox4x32_ctr_t out = philox4x32(counter, key);
        for (int i = 0; i < 4; i++)
            rng->block[i] = out.v[i];
        rng->counter++;
        rng->unused = 4;
    }
    return rng->block[--rng->unused];
}

uint64_t rng_u64(struct rng *rng)
{
    uint64_t high = next_u32(rng);
    return high << 32 | next_u32(rng);
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    /* 2^64 mod bound: the draws that would favour small numbers. */
    uint64_t biased = -bound % bound, draw;
    do
        draw = rng_u64(rng);
    while (draw < biased);
    return draw % bound;
}

double rng_uniform(struct rng *rng)
{
    return ((double)(rng_u64(rng) >> 12) + 0.5) * 0x1p-52;
}

double rng_normal(struct rng *rng)
{
    return dm_normal_quantile(rng_uniform(rng));
}

void rng_shuffle(struct rng *rng, int *items, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int other = (int)rng_below(rng, (uint64_t)i + 1);
        int kept = items[i];
        items[i] = items[other];
        items[other] = kept;
    }
}
