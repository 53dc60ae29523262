/* inbox.h - from frames to events: reads what has arrived, drops what is no message, steps the
 * rest. */
#ifndef SHELL_INBOX_H
#define SHELL_INBOX_H
#include <stdint.h>

struct loop;

/* Steps a batch of what has arrived into loop->actions, for at most so long. */
void inbox_step(struct loop *loop, int64_t patience_ms);

/* While a turn is held: answers what needs no saving at once, tells clients that the rest must
 * wait, and drops what workers will send again. */
void inbox_answer_aside(struct loop *loop);
#endif
