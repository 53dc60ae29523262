/* study.h - one study: OPEN while it hands out trials, then
 *
 *     OPEN --study_settle: budget spent, all final-------------> DONE
 *     OPEN --study_skip: left out, for the study before it says so-> DONE
 *     OPEN --study_stop: by a person, or too many failures-----> STOPPED (what runs may finish)
 *     OPEN <-study_pause, study_resume-> PAUSED: what runs goes on, what waits or lapses waits
 *     DONE, STOPPED --study_reopen: a trial is tried again-----> OPEN
 *
 * PAUSED is left as OPEN is. A study is active while it is one of the two; it is finished once it
 * is not active and has no trial that waits or runs.
 * Private to this folder. */
#ifndef CORE_STUDY_H
#define CORE_STUDY_H
#include "coordinator/core/action.h"
#include "coordinator/core/state.h"

struct study *study_create(struct core *core, struct search *search, const struct study_row *row);
void study_destroy(struct study **study);

/* Whose outcomes its suggestions follow from: its own; of a re-run or an audit, its parent's. */
const struct study *study_teacher(const struct study *study);

/* Suggests the next configuration and appends its trials. Returns the first, which the caller must
 * save; the others are saved here. NULL when the space holds no further point: the budget is then
 * cut to what there is. */
struct trial *study_suggest(struct turn *turn, struct study *study);

/* Whether it hands out trials, or will once it is resumed. */
bool study_active(const struct study *study);

/* Both are for active studies, and return whether that changed anything. */
bool study_pause(struct turn *turn, struct study *study);
bool study_resume(struct turn *turn, struct study *study);

/* A final trial is about to wait again: a study that is not active any more opens. One that its
 * failures stopped goes on to the end of its budget; one that was stopped by request suggests
 * nothing new. To be called before that trial is counted as waiting. */
void study_reopen(struct turn *turn, struct study *study);

/* Is it finished? To be asked after every trial that became final. */
void study_settle(struct turn *turn, struct study *study);

/* Nothing runs here, or nothing more: the budget is cut to what was suggested so far, and the note
 * says why. Active studies only; others are left as they are. */
void study_skip(struct turn *turn, struct study *study, const char *note);

/* No further trial starts; waiting and lapsed ones are cancelled, with `now` running ones too.
 * Returns how many were cancelled. The note says why. */
int64_t study_stop(struct turn *turn, struct study *study, bool now, const char *note);

/* A trial has failed for good: stops the study when there are more than max_failed_trials. */
void study_count_failure(struct turn *turn, struct study *study, const struct trial *trial,
                         const char *reason);

/* Remembers a metric's name, for the sentence about a metric that never came. */
void study_learn_metric(struct study *study, const char *name);
#endif
