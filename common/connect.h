/* connect.h - where the coordinator is: --coordinator, else -c FILE, else LDT_COORDINATOR, else the
 * connect file in the user's state directory, else loopback, which is a guess.
 *
 * The coordinator writes the connect file when it is ready, and removes it when it leaves:
 * {"work": "tcp://...", "client": "tcp://...", "db": "/abs/path", "server_key": null}
 *
 * server_key is the coordinator's public key; null where it has none. No secret is ever in it. */
#ifndef COMMON_CONNECT_H
#define COMMON_CONNECT_H
#include "common/address.h"
#include "common/error.h"
#include "common/key.h"

#include <stdbool.h>

#define CONNECT_DEFAULT_ENDPOINT "tcp://127.0.0.1:5700"

struct connect_info {
    char work[ADDRESS_BYTES], client[ADDRESS_BYTES]; /* endpoints; one serves both */
    char db[4096];                                   /* "" unknown */
    char server_key[KEY_TEXT + 1];                   /* "" none, or unknown */
    char origin[4200]; /* "the connect file /x/y", "--coordinator": for error messages */
    bool guessed;      /* nobody named it: whoever listens on loopback, of whatever user */
};

/* The connect file in the user's state directory (state_path.h). */
bool connect_default_path(char *path, size_t bytes, struct error *error);

/* What --coordinator or, without -c, LDT_COORDINATOR names, *origin which of them: it may be no
 * endpoint. NULL: a connect file tells. Arguments may be NULL. */
const char *connect_named_endpoint(const char *coordinator, const char *connect_file,
                                   const char **origin);

/* False with a sentence when a named file is missing or no connect file; with neither option, a
 * missing default file falls through to loopback. Arguments may be NULL. */
bool connect_find(struct connect_info *out, const char *coordinator, const char *connect_file,
                  struct error *error);

/* Atomic; makes the directories of the path as well, for the user alone. Refuses to replace what is
 * no connect file. */
bool connect_write(const char *path, const struct connect_info *info, struct error *error);
/* Only if it is still ours. */
void connect_remove(const char *path, const struct connect_info *info);
#endif
