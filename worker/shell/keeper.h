/* keeper.h - looks after the checkpoints of this worker's trials, over the directories of
 * checkpoint.h: gives each attempt its directory, removes it when nobody needs it any more. What
 * goes wrong is logged, once for each reason, and never the trial's fault. */
#ifndef WORKER_SHELL_KEEPER_H
#define WORKER_SHELL_KEEPER_H
#include "common/arena.h"
#include "common/message.h"

#include <stdbool.h>
#include <stdint.h>

struct keeper;

enum { KEEPER_GRACE_MS = 60 * 1000 }; /* for a newer attempt that is on its way to take over */

/* The text must outlive the keeper; "" to keep nothing. */
struct keeper *keeper_create(const char *directory, int64_t now_ms);
void keeper_destroy(struct keeper **keeper); /* leaves NULL, accepts NULL */

/* Absolute, in the arena; "" if this attempt has to do without. */
const char *keeper_claim(struct keeper *keeper, const char *key, int32_t attempt,
                         struct arena *arena);

/* The attempt is over: a directory in which it has kept nothing goes at once. */
void keeper_leave(const struct keeper *keeper, const char *key, int32_t attempt);

/* Nobody needs what this attempt kept: it goes now, or, if a newer attempt has superseded this one,
 * KEEPER_GRACE_MS from now. */
void keeper_settle(struct keeper *keeper, const char *key, int32_t attempt, bool superseded,
                   int64_t now_ms);
/* Removes what is due, a bounded piece of it: a program may have kept a million files. So it does
 * with what others have left behind, at the start and then once a day. */
void keeper_tick(struct keeper *keeper, int64_t now_ms);
void keeper_finish(struct keeper *keeper, int64_t now_ms); /* all that is due, at the end */
int64_t keeper_next_deadline(const struct keeper *keeper);
#endif
