/* damage.h - a message as a broken or hostile sender leaves it: perhaps cut, some bits flipped. */
#ifndef TESTS_SYSTEM_DAMAGE_H
#define TESTS_SYSTEM_DAMAGE_H
#include "common/buf.h"
#include "common/rng.h"

static inline void damage(struct rng *rng, struct buf *frame)
{
    if (rng_below(rng, 3) == 0)
        frame->length = (size_t)rng_below(rng, frame->length + 1);
    for (uint64_t flips = rng_below(rng, 8); flips > 0 && frame->length > 0; flips--)
        frame->bytes[rng_below(rng, frame->length)] ^= (char)(1 << rng_below(rng, 8));
}
#endif
