/* hush.h - keeps what others do to us from filling the log: so many lines a minute, then a number
 * of those that were not written. */
#ifndef SHELL_HUSH_H
#define SHELL_HUSH_H
#include <stdbool.h>
#include <stdint.h>

enum { HUSH_LINES = 20, HUSH_WINDOW_MS = 60000 };

struct hush {
    int64_t window_started_ms;
    int lines;         /* logged in this window */
    uint64_t unlogged; /* since the last line */
};

/* May another line be logged now? When true, *unlogged is how many were not since the last. */
bool hush_may_log(struct hush *hush, int64_t now_ms, uint64_t *unlogged);
#endif
