/* strikes.h - when to hang up on somebody who sends nonsense: at the tenth message of a connection
 * that is none. Once the connections of a key have had three times as many, the key is on notice:
 * each of them ends at its first, so that connecting again is no fresh start. A fleet may share one
 * key, so nobody is silenced for what others with it send. All is forgotten ten minutes after the
 * last of them. */
#ifndef SHELL_STRIKES_H
#define SHELL_STRIKES_H
#include <stdbool.h>
#include <stdint.h>

enum { STRIKES_ALLOWED = 10, STRIKES_OF_A_KEY = 30, STRIKES_FORGOTTEN_MS = 600000 };

struct strikes {
    int count;
    int64_t last_ms;
};

/* One more of this connection and of its key. True: it was one too many, hang up. */
bool strikes_add(struct strikes *connection, struct strikes *key, int64_t now_ms);
bool strikes_on_notice(struct strikes *key, int64_t now_ms);
#endif
