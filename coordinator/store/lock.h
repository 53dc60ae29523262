/* lock.h - one coordinator per database: locks that the kernel drops when their holder dies. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H
#include "common/error.h"

#include <stdbool.h>

/* Takes FILE-lock of the database at path, at once or not at all: the sentence names the process
 * that holds it. *descriptor keeps it. The lock file stays behind when the lock is dropped:
 * removing it would let two processes lock two files of the same name. */
bool lock_take(int *descriptor, const char *path, struct error *error);

/* Whether somebody holds that lock, who may be this process. */
bool lock_is_held(const char *path);

/* The file itself, which must exist: it may have been moved under a running coordinator, or have a
 * second name. No transaction of SQLite may run in this process when *descriptor is dropped: the
 * kernel then forgets the locks that SQLite has on the file. */
bool lock_take_file(int *descriptor, const char *path, struct error *error);
void lock_drop(int *descriptor); /* leaves -1, accepts -1 */
#endif
