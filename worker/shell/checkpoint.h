/* checkpoint.h - the directories in which trials keep what they need to go on after they were
 * interrupted, on this machine or, if the directory is shared, on another.
 *
 *     DIRECTORY/KEY/attempt-N/      KEY: the trial's, the same for all of its attempts
 *
 * Attempt N takes over the directory of the newest older attempt by renaming it. So of two attempts
 * that run at the same time, because one of them was taken for dead, the older one can save nothing
 * any more: its directory is gone. A program must therefore name its files by the path that it was
 * given, each time, and rename a finished file into place.
 *
 * Nothing outside DIRECTORY is ever touched: no symbolic link below it is followed, and all that is
 * removed is named attempt-N or discarded-N inside a directory named like a key. */
#ifndef WORKER_SHELL_CHECKPOINT_H
#define WORKER_SHELL_CHECKPOINT_H
#include "common/arena.h"
#include "common/error.h"
#include "worker/shell/remove_tree.h"

#include <stdbool.h>
#include <stdint.h>

enum { CHECKPOINT_KEPT_DAYS = 30, CHECKPOINT_SWEEP_HOURS = 24 };

/* A file of this name in DIRECTORY says that it is for checkpoints alone. It is made with the
 * directory, or when that is found empty; only where it is, leftovers are swept. Its time is that
 * of the latest sweep. */
#define CHECKPOINT_MARK ".ldt-checkpoints"

/* The absolute path for this attempt, in the arena, the directory made or taken over; NULL with a
 * sentence if there cannot be one. */
const char *checkpoint_claim(const char *directory, const char *key, int32_t attempt,
                             struct arena *arena, struct error *error);

/* Removes what this attempt and older ones have kept, as remove_tree.h does; newer ones keep
 * theirs. */
enum removal checkpoint_discard(const char *directory, const char *key, int32_t attempt,
                                int64_t until_ms, struct error *error);

/* Removes what nobody has written to for CHECKPOINT_KEPT_DAYS, unless somebody swept within
 * CHECKPOINT_SWEEP_HOURS: a fleet may share the directory. Of this machine's clock and that of the
 * file system the one behind counts. Returns how many trials' leftovers. */
int64_t checkpoint_sweep(const char *directory, int64_t now_wall_ms);
#endif
