/* result.h - how an attempt ended, in words that a person understands. */
#ifndef WORKER_SHELL_RESULT_H
#define WORKER_SHELL_RESULT_H
#include "common/message.h"
#include "worker/shell/child.h"

/* Fills a MESSAGE_RESULT (texts in the arena) for a child that is over. False if the attempt is to
 * be handed back instead: then *reason says why. */
bool result_of_child(struct message *result, const struct child *child, const char **reason,
                     struct arena *arena);

/* For an attempt whose process could not be started. */
void result_of_refusal(struct message *result, const char *why, struct arena *arena);
#endif
