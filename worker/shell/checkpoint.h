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

struct checkpoint_sweep;

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

/* The attempt is over. Where it has kept nothing its directory goes: a thousand failures shall not
 * leave a thousand empty directories. */
void checkpoint_leave(const char *directory, const char *key, int32_t attempt);

/* Removes what nobody has written to for CHECKPOINT_KEPT_DAYS. NULL if the directory is not for
 * checkpoints alone, or if somebody has begun within CHECKPOINT_SWEEP_HOURS: a fleet may share it.
 * Of this machine's clock and that of the file system the one behind counts. */
struct checkpoint_sweep *checkpoint_sweep_begin(const char *directory, int64_t now_wall_ms);

/* As far as it comes until then, by the monotonic clock; false: it has seen everything. */
bool checkpoint_sweep_go_on(struct checkpoint_sweep *sweep, int64_t until_ms);

/* Returns how many trials' leftovers are gone. Leaves NULL, accepts NULL. */
int64_t checkpoint_sweep_end(struct checkpoint_sweep **sweep);
#endif
