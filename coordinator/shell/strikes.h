/* strikes.h - who sends nonsense, and when to stop listening to it.
 *
 * Ten malformed messages and a peer is ignored. Only offenders are remembered, and only the last
 * STRIKES_PEERS of them: a peer can have a new number by connecting again, so this saves work
 * and log lines, it is no defence against a determined one (the limits of each message are). */
#ifndef SHELL_STRIKES_H
#define SHELL_STRIKES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STRIKES_ALLOWED = 10, STRIKES_PEERS = 256, STRIKES_LINES = 20, STRIKES_WINDOW_MS = 60000 };

struct strikes {
    struct strikes_peer {
        uint64_t peer; /* 0: free */
        int count;
    } peers[STRIKES_PEERS];
    size_t next;              /* the oldest, to be forgotten first */
    int64_t window_started_ms;
    int lines;                /* logged in this window */
    uint64_t unlogged;        /* since the last line */
};

/* Counts one more; returns how many it is for this peer. */
int strikes_add(struct strikes *strikes, uint64_t peer);
bool strikes_ignored(const struct strikes *strikes, uint64_t peer);

/* May another line be logged now? At most STRIKES_LINES in a window. When true, *unlogged is how
 * many were not since the last. */
bool strikes_may_log(struct strikes *strikes, int64_t now_ms, uint64_t *unlogged);
#endif
