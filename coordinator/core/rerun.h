/* rerun.h - the best configurations of a study again, on seeds that the search has not seen.
 *
 * A re-run is a study of its own, beside its parent in the same search: "task-b/ldt/rerun". Its
 * configurations are those of the parent that have a value, from the best on; its trials, outcomes
 * and curves are like any other's. `rerun:` in a search makes one for each study, which waits until
 * that is done; RERUN makes one of a study that has finished. Private to this folder. */
#ifndef CORE_RERUN_H
#define CORE_RERUN_H
#include "coordinator/core/state.h"

/* The re-runs that a new search plans. */
void rerun_plan(struct turn *turn, struct search *search);

/* The parent has finished: there is something to run again, or nothing. */
void rerun_begin(struct turn *turn, struct study *rerun);

/* The point of the re-run's next configuration, which its budget promises to exist. */
void rerun_point(const struct study *rerun, struct value *values);

/* RERUN. */
void rerun_request(struct turn *turn, const struct message *message);
#endif
