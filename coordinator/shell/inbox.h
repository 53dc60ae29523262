/* inbox.h - from frames to events: reads what has arrived, drops what is no message, steps the
 * rest. */
#ifndef SHELL_INBOX_H
#define SHELL_INBOX_H
struct loop;

/* Steps a batch of what has arrived into loop->actions. */
void inbox_step(struct loop *loop);

/* While a turn is held: answers what needs no saving at once, tells clients that the rest must
 * wait, and drops what workers will send again. */
void inbox_answer_aside(struct loop *loop);
#endif
