/* strikes.h - when to stop listening to somebody who sends nonsense: after ten messages that are
 * none, until ten minutes after the last of them. Whose strikes they are, peers.h says. */
#ifndef SHELL_STRIKES_H
#define SHELL_STRIKES_H
#include <stdbool.h>
#include <stdint.h>

enum { STRIKES_ALLOWED = 10, STRIKES_FORGOTTEN_MS = 600000 };

struct strikes {
    int count;
    int64_t last_ms;
};

int strikes_add(struct strikes *strikes, int64_t now_ms); /* returns how many it is */
bool strikes_ignored(struct strikes *strikes, int64_t now_ms);
#endif
