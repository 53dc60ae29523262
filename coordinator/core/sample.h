/* sample.h - which trials of a study an audit repeats: drawn at random, by the audit's seed, of
 * those that have ended with a curve. Pure, so that the replay of a recorded audit draws the same.
 * Private to this folder. */
#ifndef CORE_SAMPLE_H
#define CORE_SAMPLE_H
#include "coordinator/core/ledger.h"

/* Whether a trial that ended like this has a curve to compare. */
bool sample_counts(enum trial_state state);

/* The numbers of all trials whose latest outcome counts, in order; of n_trials. The caller frees
 * them. */
int64_t *sample_population(const struct ledger *ledger, int64_t n_trials, int64_t *count);

/* Leaves in `trials` the first `wanted` of a random order, sorted by number. */
void sample_draw(int64_t *trials, int64_t count, int64_t wanted, int64_t seed);
#endif
