#include "coordinator/shell/door.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/shell/loop.h"

#include <inttypes.h>

static bool admits(void *context, const char *key)
{
    struct loop *loop = context;
    uint64_t unlogged;
    if (allow_list_role(loop->allowed, key) != KEY_NO_ROLE)
        return true;
    loop->counters.refused++;
    if (hush_may_log(&loop->hush, clock_monotonic_ms(), &unlogged))
        log_event(LOG_WARN, "key-refused", "key=%s unlogged=%" PRIu64, log_quote(key), unlogged);
    return false;
}

static void review(struct loop *loop, int64_t now_ms)
{
    if (!allow_list_look(loop->allowed, now_ms))
        return;
    size_t revoked = peers_review(&loop->peers, loop->allowed);
    if (revoked > 0)
        log_event(LOG_WARN, "connections-revoked", "count=%zu", revoked);
}

static void note_connections(struct loop *loop, int64_t now_ms)
{
    struct frame_event event;
    size_t before = loop->peers.hung_up;
    uint64_t unlogged;
    while (frame_next_event(loop->socket, &event)) {
        if (event.type == FRAME_JOINED)
            peers_joined(&loop->peers, event.descriptor, now_ms);
        else if (event.type == FRAME_LEFT)
            peers_left(&loop->peers, event.descriptor);
    }
    if (loop->peers.hung_up == before)
        return;
    loop->backlog.trim = true;
    if (hush_may_log(&loop->hush, now_ms, &unlogged))
        log_event(LOG_WARN, "too-many-connections",
                  "open=%zu silent=%" PRId64 " maximum=%zu hung_up=%zu unlogged=%" PRIu64
                  " fix=\"if these are your workers, raise `ulimit -n`\"",
                  loop->peers.count, loop->peers.young.count, loop->peers.maximum,
                  loop->peers.hung_up, unlogged);
}

static void limit_backlog(struct loop *loop, int64_t now_ms)
{
    uint64_t unlogged;
    size_t cut = backlog_limit(&loop->backlog, &loop->peers, now_ms);
    if (cut > 0 && hush_may_log(&loop->hush, now_ms, &unlogged))
        log_event(LOG_WARN, "too-much-at-once", "hung_up=%zu unlogged=%" PRIu64, cut, unlogged);
}

void door_tend(struct loop *loop)
{
    int64_t now_ms = clock_monotonic_ms();
    if (loop->allowed != NULL) {
        review(loop, now_ms);
        frame_admit(loop->socket, admits, loop);
    }
    note_connections(loop, now_ms);
    limit_backlog(loop, now_ms);
}
