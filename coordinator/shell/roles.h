/* roles.h - which role may send which message: one row a message. */
#ifndef SHELL_ROLES_H
#define SHELL_ROLES_H
#include "common/key.h"
#include "common/message.h"

/* What a connection without keys may do: it comes from this machine. */
enum { ROLES_ALL = KEY_WORKER | KEY_SUBMIT | KEY_READ };

/* NULL if a key with these roles (bits) may send it, else a sentence that says who may. */
const char *roles_forbid(int roles, enum message_type type);

/* Asked by people, who wait for the answer; workers send the rest. */
bool roles_is_client(enum message_type type);
#endif
