/* strikes.h - when to stop listening to somebody who sends nonsense: at the tenth message of a
 * connection that is none, until ten minutes after the last. Once the connections of a key have had
 * three times as many, the key is on notice: its connections are ignored from their first on, so
 * that connecting again is no fresh start. A fleet may share one key, so nobody is silenced for
 * what others with it send. All is forgotten after ten minutes without any.
 *
 * Ignored, not hung up on: what a connection sent may be read when it has ended and its descriptor
 * is somebody else's; and a worker that is heard again and again by connecting anew would keep the
 * lease of a trial whose result it cannot deliver. */
#ifndef SHELL_STRIKES_H
#define SHELL_STRIKES_H
#include <stdbool.h>
#include <stdint.h>

enum { STRIKES_ALLOWED = 10, STRIKES_OF_A_KEY = 30, STRIKES_FORGOTTEN_MS = 600000 };

struct strikes {
    int count;
    int64_t last_ms;
};

/* One more of this connection and of its key. True: from now on the connection is ignored. */
bool strikes_add(struct strikes *connection, struct strikes *key, int64_t now_ms);
bool strikes_ignored(struct strikes *connection, int64_t now_ms);
bool strikes_on_notice(struct strikes *key, int64_t now_ms);
#endif
