/* trial.h - the life of a trial: the only place where a trial changes its state, with the rows
 * that say so. The diagram stands in trial.c. Private to this folder. */
#ifndef CORE_TRIAL_H
#define CORE_TRIAL_H
#include "coordinator/core/action.h"
#include "coordinator/core/record.h"
#include "coordinator/core/state.h"

/* What a report about an attempt is worth. */
enum standing {
    STANDING_STALE,     /* unknown, older, another worker's, handed back or lost: to be dropped */
    STANDING_CANCELLED, /* the latest, and its trial was cancelled */
    STANDING_RECORDED,  /* the latest, and its result is durable */
    STANDING_CURRENT,   /* the latest, and running, lapsed or not */
};
/* *trial is set unless the standing is STALE. */
enum standing trial_standing(const struct core *core, const struct worker *worker,
                             struct attempt_ref ref, struct trial **trial);

/* The latest attempt; all 0 if the trial was never handed out. */
struct latest_attempt trial_latest(const struct trial *trial);
struct latest_attempt attempt_latest(const struct attempt_row *attempt);

/* Appends a WAITING trial to the study, unsaved, of the configuration that the ledger had added
 * last. */
struct trial *trial_create(struct core *core, struct study *study, int64_t history_seq,
                           int64_t wall_ms);

/* Makes a trial that was created just now the repetition of another one, seed and all. */
void trial_repeat(struct core *core, struct trial *trial, const struct trial *source);

/* Of a lapsed trial: whether one worker after another fell silent while it ran there, without its
 * getting any further, so that it may be what takes them down. A suspect is handed out when nothing
 * else can be; one that is lost has taken so many that it is given up. Known until a restart. */
bool trial_is_suspect(const struct live_trial *live);
bool trial_is_lost(const struct live_trial *live);

/* How often in a row it was handed back without having got any further, once that is worth telling:
 * it may go on like that for ever. Else 0. Known until a restart. */
int32_t trial_returns_in_vain(const struct trial *trial);

/* Lapsed -> FAILED, the attempt LOST. */
void trial_give_up(struct turn *turn, struct trial *trial);

/* WAITING or lapsed -> RUNNING on this worker, as the next attempt; saved. A lapsed attempt is
 * LOST. Returns the parameters as JSON, in the arena of the actions. */
const char *trial_grant(struct turn *turn, struct trial *trial, struct worker *worker);

/* RUNNING -> final or WAITING, by a result: the attempt ended as told (DONE, PRUNED, DIVERGED or
 * FAILED). */
void trial_finish(struct turn *turn, struct trial *trial, enum attempt_state ended,
                  const struct message *result, const char *reason);

/* RUNNING -> WAITING (CANCELLED in a stopped study), nothing charged: handed back. */
void trial_release(struct turn *turn, struct trial *trial, const char *reason);

/* WAITING or RUNNING -> CANCELLED. */
void trial_cancel(struct turn *turn, struct trial *trial, const char *reason);

/* FAILED, DIVERGED or CANCELLED -> WAITING, by a user: nothing is charged any more, and its study
 * is open again. */
bool trial_may_be_retried(const struct trial *trial);
void trial_retry(struct turn *turn, struct trial *trial);

/* The count of one state. */
int64_t *trial_tally(struct trial_counts *counts, enum trial_state state);

/* Puts a restored trial into the counts of its study. */
void trial_count(struct trial *trial, int64_t change);
#endif
