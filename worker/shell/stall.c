#include "worker/shell/stall.h"

int64_t stall_ms(int64_t turned_ms, int64_t due_ms, int64_t now_ms)
{
    int64_t expected_ms = due_ms > turned_ms ? due_ms : turned_ms;
    return now_ms - expected_ms >= STALL_MIN_MS ? now_ms - turned_ms : 0;
}
