/* backoff.h - how long to wait before saying something again: 1 s to 30 s, doubling, jittered, so
 * that a fleet which lost its coordinator does not come back in step. */
#ifndef AGENT_BACKOFF_H
#define AGENT_BACKOFF_H
#include "common/rng.h"

struct backoff {
    int64_t base_ms; /* of the latest wait; 0 at the start */
};

void backoff_reset(struct backoff *backoff);
int64_t backoff_next(struct backoff *backoff, struct rng *jitter); /* ms, in [base, 2 base) */
#endif
