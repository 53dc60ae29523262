#include "coordinator/shell/hush.h"

bool hush_may_log(struct hush *hush, int64_t now_ms, uint64_t *unlogged)
{
    if (now_ms - hush->window_started_ms >= HUSH_WINDOW_MS) {
        hush->window_started_ms = now_ms;
        hush->lines = 0;
    }
    if (hush->lines >= HUSH_LINES) {
        hush->unlogged++;
        return false;
    }
    hush->lines++;
    *unlogged = hush->unlogged;
    hush->unlogged = 0;
    return true;
}
