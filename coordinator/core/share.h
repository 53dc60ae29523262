/* share.h - whose turn it is: among the searches that have something to hand out, the one with the
 * fewest running trials, and among its studies likewise; ties go to the one that was served
 * longest ago. So searches share a fleet evenly whatever the length of their trials. Private to
 * this folder. */
#ifndef CORE_SHARE_H
#define CORE_SHARE_H
#include "coordinator/core/state.h"

/* Must follow every change of a study's state, counts or queues. */
void share_update(struct core *core, struct study *study);

/* The study to serve next, for a worker that does or does not run commands; NULL: nothing to hand
 * out. */
struct study *share_pick(struct core *core, bool allow_command);

/* Call after the study was served. */
void share_served(struct core *core, struct study *study);

/* Whether one more trial may be started, as far as an open study's queue, budget and limit go. */
bool study_may_start(const struct study *study);

/* Whether the study may start one more trial, or a lapsed one again. */
bool study_has_work(const struct study *study);
#endif
