/* remove_tree.h - removes a directory with all that is in it, and nothing else: no symbolic link is
 * followed, no other file system entered. What lies in it was made by somebody's program: it may be
 * more than can be removed before the next heartbeat, and directories may forbid to change them. */
#ifndef WORKER_SHELL_REMOVE_TREE_H
#define WORKER_SHELL_REMOVE_TREE_H
#include "common/error.h"

#include <stdint.h>

enum removal {
    REMOVAL_DONE,
    REMOVAL_FAILED,     /* with a sentence; what can be removed is gone all the same */
    REMOVAL_UNFINISHED, /* the time was up; the next call goes on */
};

/* The entry `name` of the open directory, of whichever kind; not being there is success. Stops when
 * the monotonic clock passes until_ms, but not before it has removed something. */
enum removal remove_tree(int directory, const char *name, int64_t until_ms, struct error *error);
#endif
