/* key.h - CURVE key pairs and the files they live in, in the format of zcert(3).
 *
 * A secret file holds both halves of a pair, a public file the public half; both say whose it is
 * and what its owner may ask for. A secret file of a worker or client also holds the coordinator's
 * public key, so that one file is all that must be copied. Keys are texts: 40 characters of Z85. */
#ifndef COMMON_KEY_H
#define COMMON_KEY_H
#include "common/error.h"

#include <stdbool.h>

enum { KEY_TEXT = 40, KEY_MAX_NAME = 64 };

enum key_role {
    KEY_NO_ROLE = 0,
    KEY_WORKER = 1, /* runs trials */
    KEY_SUBMIT = 2, /* everything that `ldt` can ask */
    KEY_READ = 4,   /* only looks */
    KEY_SERVER = 8, /* is the coordinator */
};
const char *key_role_name(enum key_role role);       /* "worker", "submit", "read", "server" */
enum key_role key_role_named(const char *name);      /* KEY_NO_ROLE: there is no such role */

struct key {
    char name[KEY_MAX_NAME + 1];
    enum key_role role;
    char public_text[KEY_TEXT + 1];
    char secret_text[KEY_TEXT + 1]; /* "" of a public file */
    char server_text[KEY_TEXT + 1]; /* the coordinator's public key; "" unknown */
};

/* Draws a new pair. server_text may be "". */
bool key_make(struct key *out, const char *name, enum key_role role, const char *server_text,
              struct error *error);
void key_wipe(struct key *key); /* leaves zeros */

/* A secret that others may read is no secret: it is refused, with the command that mends it. The
 * one exception is a file of root's that a group may read: so service managers hand secrets to
 * programs that do not run as root. */
bool key_read_secret(struct key *out, const char *path, struct error *error);
/* errno says why when the file could not be opened; a public file with a secret in it is none. */
bool key_read_public(struct key *out, const char *path, struct error *error);

/* Neither overwrites: a key that is in use somewhere cannot be made again. */
bool key_write_secret(const struct key *key, const char *path, struct error *error); /* 0600 */
bool key_write_public(const struct key *key, const char *path, struct error *error); /* 0644 */

/* Forty characters that decode to a key. */
bool key_is_text(const char *text);
#endif
