/* lease.h - the promise of a running trial to a worker, until a deadline. Memory only: after a
 * restart every lease gets one full period, and a lease that lapsed takes nothing from its trial
 * until another worker asks.
 *
 *     lease_begin ----> holds --(lease_lapse: the deadline passed)--> lapsed
 *                        ^                                              |
 *                        +----(lease_extend: the worker spoke of it)----+     lease_end and
 *                                                                         lease_revoke from either
 *
 * Private to this folder. */
#ifndef CORE_LEASE_H
#define CORE_LEASE_H
#include "coordinator/core/state.h"

void lease_begin(struct core *core, struct live_trial *live, struct worker *worker, int64_t now_ms);
void lease_extend(struct core *core, struct live_trial *live, int64_t now_ms);
void lease_lapse(struct core *core, struct live_trial *live); /* before its time, too */
void lease_end(struct core *core, struct live_trial *live);
/* Unasked: the worker may not know. */
void lease_revoke(struct core *core, struct live_trial *live);
bool lease_lapsed(const struct core *core, const struct live_trial *live);

void leases_lapse(struct core *core, int64_t now_ms); /* all whose deadline has passed */
/* A stopped study goes on: whoever asks next may take its orphans. */
void leases_adopt(struct core *core, const struct study *study);
/* Nothing could be saved for so long: every deadline moves, and what lapsed meanwhile is whole
 * again. */
void leases_pause(struct core *core, int64_t now_ms, int64_t pause_ms);
#endif
