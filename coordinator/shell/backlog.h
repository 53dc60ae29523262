/* backlog.h - bounds what peers have sent and we have not taken yet, which ZeroMQ keeps in memory.
 *
 * ZeroMQ itself counts messages, not bytes, and neither the parts of a message nor the one that is
 * just arriving; a stranger may begin a handshake with a frame as long as the longest message. So
 * we ask TCP what has arrived: those that have not said anything yet may have sent so much all
 * together, everybody else so much for each account, and a fleet with one key a few times as much.
 * The largest are hung up on: they come again, and what matters is said again. */
#ifndef SHELL_BACKLOG_H
#define SHELL_BACKLOG_H
#include "coordinator/shell/peers.h"

enum {
    BACKLOG_LOOK_MS = 10,         /* at the young */
    BACKLOG_LOOK_ALL_MS = 100,    /* at all the others; both less often when they are many */
    BACKLOG_YOUNG_BYTES = 8 << 20,
    BACKLOG_ACCOUNT_BYTES = 64 << 20, /* with few connections: peers_allowance */
};

struct backlog {
    int64_t looked_ms, looked_at_all_ms, trimmed_ms;
    bool trim; /* somebody was hung up on: what ZeroMQ kept for him lies free, or soon will */
};

/* A message of so many bytes was taken from this peer. */
void backlog_taken(struct peer *peer, size_t bytes);

/* Hangs up on whoever has sent too much; returns how many those were. Call it every turn. */
size_t backlog_limit(struct backlog *backlog, struct peers *peers, int64_t now_ms);
#endif
