/* drain.h - DRAIN: workers that a user wants to leave. Durable: the row says it, every BEAT_OK
 * tells it, and a draining worker is given nothing any more. It is the process that leaves; the
 * next one of the same name is another worker. Private to this folder. */
#ifndef CORE_DRAIN_H
#define CORE_DRAIN_H
#include "coordinator/core/state.h"

void drain_request(struct turn *turn, const struct message *message);
#endif
