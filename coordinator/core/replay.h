/* replay.h - proves a recorded study: recomputes the suggestion of every configuration from the
 * history that it saw.
 *
 * A configuration suggested at history_seq s saw all configurations before it, and the outcomes 1
 * .. s; of a trial that had several by then, because it was retried, the latest. So rows alone
 * decide what must have been suggested; the same bits must come out. A configuration of a re-run is
 * the best one of the parent that the re-run does not have yet, as its parent's first s outcomes
 * say. The trials of an audit are drawn of those that had ended with a curve then. Pure; used by
 * tests and `ldt doctor`. */
#ifndef CORE_REPLAY_H
#define CORE_REPLAY_H
#include "common/error.h"
#include "coordinator/core/rows.h"
#include "coordinator/space/definition.h"

struct recorded_study {
    const struct definition *definition;
    size_t position;                    /* in the definition: of the study, or of its parent */
    const struct trial_row *trials;     /* all, in order of number */
    size_t n_trials;
    const struct outcome_row *outcomes; /* all, in order of seq */
    size_t n_outcomes;
    const struct recorded_study *parent; /* of a re-run; NULL: a study of the definition itself */
    int32_t repeat;                      /* of each configuration; 0: as the definition says */
    bool audit;                          /* with a parent: `seed` drew its trials, see `source` */
    int64_t seed;
};

/* True when every suggestion and every trial's seed comes out as it was recorded. Else *mismatch
 * is the first trial that differs (-1: the rows are no history at all), and the error says how. */
bool replay_study(const struct recorded_study *study, int64_t *mismatch, struct error *error);
#endif
