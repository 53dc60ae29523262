/* elsewhere.h - trials of audits, which must run elsewhere: on another worker than the one that ran
 * their source, of the same CPU type, because only there the same bits can be expected.
 *
 * Whoever asks for work gets these first. So that this costs no search, they are not in the queues
 * of their study but in those of the worker that each of them avoids; workers that are avoided and
 * workers that are hungry meet in the class of their CPU. A class is made when the first such trial
 * of its CPU type waits. max_concurrent_trials does not hold for audits.
 *
 * A worker's CPU is what it said in its first HELLO. Private to this folder. */
#ifndef CORE_ELSEWHERE_H
#define CORE_ELSEWHERE_H
#include "coordinator/core/state.h"

/* Finds the worker that ran the source of a trial of an audit: when it is made, restored or tried
 * again. A source that is retried later changes nothing here. */
void elsewhere_settle(const struct core *core, struct live_trial *live);

/* Puts a trial of an audit that waits, or whose lease lapsed, where it belongs: behind the worker
 * that it avoids while its study is open, else into the queues of the study. */
void elsewhere_queue(struct core *core, struct live_trial *live);
/* All of them, after the study's state has changed. Nothing happens if it is no audit. */
void elsewhere_queue_all(struct core *core, struct study *study);

/* A hungry worker and a trial for it; false when there is no such pair. */
bool elsewhere_pair(struct core *core, struct worker **worker, struct trial **trial);

/* A worker is new or has become another one; has got credit, and stands in no line; has lost
 * it. */
void elsewhere_classify(struct core *core, struct worker *worker);
void elsewhere_line_up(struct worker *worker);
void elsewhere_leave_line(struct worker *worker);

/* Whether a connected worker may run what waits of this audit; looks at all of them. */
bool elsewhere_possible(const struct core *core, const struct live_trial *live);
void elsewhere_destroy(struct core *core);
#endif
