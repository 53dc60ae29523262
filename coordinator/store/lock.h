/* lock.h - one coordinator per database: a lock on FILE-lock that the kernel drops when its holder
 * dies. */
#ifndef STORE_LOCK_H
#define STORE_LOCK_H
#include "common/error.h"

#include <stdbool.h>

/* Takes the lock of the database at path, at once or not at all: the sentence names the process
 * that holds it. *descriptor keeps it. The lock file stays behind when the lock is dropped:
 * removing it would let two processes lock two files of the same name. */
bool lock_take(int *descriptor, const char *path, struct error *error);
void lock_drop(int *descriptor); /* leaves -1, accepts -1 */
#endif
