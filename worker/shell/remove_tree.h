/* remove_tree.h - removes a directory with all that is in it, and nothing else: no symbolic link is
 * followed, no other file system entered. What lies in it was made by somebody's program. */
#ifndef WORKER_SHELL_REMOVE_TREE_H
#define WORKER_SHELL_REMOVE_TREE_H
#include "common/error.h"

#include <stdbool.h>

/* The entry `name` of the open directory, of whichever kind; not being there is success. On failure
 * what can be removed is gone all the same. */
bool remove_tree(int directory, const char *name, struct error *error);
#endif
