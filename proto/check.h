/* check.h - the limits of common/message.h and what its comments promise, for a message in plain C.
 * Run on everything that is sent and on everything that arrives. */
#ifndef PROTO_CHECK_H
#define PROTO_CHECK_H
#include "common/error.h"
#include "common/message.h"

/* False with a sentence that names message and field. A text that is NULL counts as "". */
bool message_check(const struct message *message, struct error *error);
#endif
