#include "coordinator/shell/strikes.h"

static size_t find(const struct strikes *strikes, uint64_t peer)
{
    size_t i = 0;
    while (i < STRIKES_PEERS && strikes->peers[i].peer != peer)
        i++;
    return i;
}

int strikes_add(struct strikes *strikes, uint64_t peer)
{
    size_t i = find(strikes, peer);
    if (i == STRIKES_PEERS) {
        i = strikes->next;
        strikes->next = (strikes->next + 1) % STRIKES_PEERS;
        strikes->peers[i] = (struct strikes_peer){ .peer = peer };
    }
    if (strikes->peers[i].count < STRIKES_ALLOWED)
        strikes->peers[i].count++;
    return strikes->peers[i].count;
}

bool strikes_ignored(const struct strikes *strikes, uint64_t peer)
{
    if (strikes->peers[0].peer == 0) /* the usual case: nobody has offended */
        return false;
    size_t i = find(strikes, peer);
    return i < STRIKES_PEERS && strikes->peers[i].count >= STRIKES_ALLOWED;
}

bool strikes_may_log(struct strikes *strikes, int64_t now_ms, uint64_t *unlogged)
{
    if (now_ms - strikes->window_started_ms >= STRIKES_WINDOW_MS) {
        strikes->window_started_ms = now_ms;
        strikes->lines = 0;
    }
    if (strikes->lines >= STRIKES_LINES) {
        strikes->unlogged++;
        return false;
    }
    strikes->lines++;
    *unlogged = strikes->unlogged;
    strikes->unlogged = 0;
    return true;
}
