/* outbox.h - from SEND actions to frames. Nothing is queued here: what a peer's bounded queue does
 * not take is dropped, its connection ended, and the peer counts as gone. The protocol sends again
 * whatever matters. */
#ifndef SHELL_OUTBOX_H
#define SHELL_OUTBOX_H
#include "coordinator/core/core.h"

struct loop;

/* Sends every SEND of the actions, in order. Call it after the rows are durable. */
void outbox_send(struct loop *loop, const struct actions *actions);
void outbox_send_one(struct loop *loop, uint64_t peer, const struct message *message);
#endif
