#include "worker/agent/backoff.h"

enum { FIRST_MS = 1000, LONGEST_BASE_MS = 15000 };

void backoff_reset(struct backoff *backoff)
{
    backoff->base_ms = 0;
}

int64_t backoff_next(struct backoff *backoff, struct rng *jitter)
{
    backoff->base_ms = backoff->base_ms == 0 ? FIRST_MS : backoff->base_ms * 2;
    if (backoff->base_ms > LONGEST_BASE_MS)
        backoff->base_ms = LONGEST_BASE_MS;
    return backoff->base_ms + (int64_t)rng_below(jitter, (uint64_t)backoff->base_ms);
}
