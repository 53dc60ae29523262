/* allow_list.h - the public keys that may connect: one file each in a directory, which is looked at
 * again every second, so that a key is admitted by adding its file and revoked by removing it.
 *
 * A file that is no good admits nobody, and is logged. What cannot be read for want of descriptors
 * or memory, or because the directory is away, leaves the whole list as it was: to read a part of
 * it would revoke the rest. The directory is read by the loop, so it should be on a local disk. */
#ifndef SHELL_ALLOW_LIST_H
#define SHELL_ALLOW_LIST_H
#include "common/key.h"

#include <stddef.h>
#include <stdint.h>

struct allow_list;

/* Reads all *.pub of the directory. */
bool allow_list_open(struct allow_list **out, const char *directory, struct error *error);
void allow_list_close(struct allow_list **list); /* leaves NULL, accepts NULL */

/* Reads it again if something changed, at most once a second; true if it was read. */
bool allow_list_look(struct allow_list *list, int64_t now_ms);

/* KEY_NO_ROLE: not on the list. */
enum key_role allow_list_role(const struct allow_list *list, const char *key);
size_t allow_list_count(const struct allow_list *list);
#endif
