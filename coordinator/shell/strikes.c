#include "coordinator/shell/strikes.h"

static void forget_old(struct strikes *strikes, int64_t now_ms)
{
    if (strikes->count > 0 && now_ms - strikes->last_ms >= STRIKES_FORGOTTEN_MS)
        strikes->count = 0;
}

int strikes_add(struct strikes *strikes, int64_t now_ms)
{
    forget_old(strikes, now_ms);
    strikes->last_ms = now_ms;
    if (strikes->count < STRIKES_ALLOWED)
        strikes->count++;
    return strikes->count;
}

bool strikes_ignored(struct strikes *strikes, int64_t now_ms)
{
    forget_old(strikes, now_ms);
    return strikes->count >= STRIKES_ALLOWED;
}
