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
    bool was_on_notice = strikes_on_notice(key, now_ms);
    add(connection, now_ms);
    add(key, now_ms);
    if (was_on_notice)
        connection->count = STRIKES_ALLOWED;
    return strikes_ignored(connection, now_ms);
}

bool strikes_ignored(struct strikes *connection, int64_t now_ms)
{
    forget_old(connection, now_ms);
    return connection->count >= STRIKES_ALLOWED;
}
