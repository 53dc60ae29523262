#include "coordinator/shell/strikes.h"

static void forget_old(struct strikes *strikes, int64_t now_ms)
{
    if (strikes->count > 0 && now_ms - strikes->last_ms >= STRIKES_FORGOTTEN_MS)
        strikes->count = 0;
}

static void add(struct strikes *strikes, int64_t now_ms)
{
    forget_old(strikes, now_ms);
    strikes->last_ms = now_ms;
    if (strikes->count < STRIKES_OF_A_KEY) /* more than that is as much */
        strikes->count++;
}

bool strikes_on_notice(struct strikes *key, int64_t now_ms)
{
    forget_old(key, now_ms);
    return key->count >= STRIKES_OF_A_KEY;
}

bool strikes_add(struct strikes *connection, struct strikes *key, int64_t now_ms)
{
    int allowed = strikes_on_notice(key, now_ms) ? 1 : STRIKES_ALLOWED;
    add(connection, now_ms);
    add(key, now_ms);
    return connection->count >= allowed;
}
