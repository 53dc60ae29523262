/* ledger.h - what the sampler of one study knows: the points that were suggested and what came of
 * them.
 *
 * The one place that turns outcomes of trials into observations of configurations, and that asks
 * the sampler. The running coordinator and the replay of a recorded study (replay.h) both go
 * through it, so a suggestion depends on nothing but (definition, study seed, configurations
 * before it, outcomes so far). */
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H
#include "coordinator/core/rows.h"
#include "coordinator/search/sampler.h"

struct ledger;

/* The ledger of one study of a definition, which must outlive it, or of a re-run of that study:
 * then with the repeat of the re-run. */
struct ledger *ledger_create(const struct definition *definition, size_t study, int32_t repeat);
void ledger_destroy(struct ledger **ledger);

/* The point of the next configuration, in values (one for each parameter of the space); false when
 * the space holds no point that was not suggested already. Changes nothing. */
bool ledger_suggest(struct ledger *ledger, struct value *values);

/* Appends the next configuration: `repeat` trials, all without an outcome. */
void ledger_add(struct ledger *ledger, const struct value *values);
int64_t ledger_configurations(const struct ledger *ledger);
bool ledger_has_point(const struct ledger *ledger, const struct value *values);

/* The outcome of a trial; of one that was retried the latest counts. Once all trials of its
 * configuration have one the configuration is observed: with the mean of their values, or as one of
 * the worst if any of them did not end with a value that counts. */
void ledger_outcome(struct ledger *ledger, int64_t trial, enum trial_state state, bool has_value,
                    double value);
int64_t ledger_outcomes(const struct ledger *ledger); /* how many so far = the last outcome's seq */
int64_t ledger_ended(const struct ledger *ledger); /* trials that have an outcome */
/* The latest outcome of a trial, with seq, state and value; false: none. */
bool ledger_latest(const struct ledger *ledger, int64_t trial, struct outcome_row *latest);

/* The best configuration so far and its mean value in the metric's own sign; false while there is
 * none. */
bool ledger_best(const struct ledger *ledger, int64_t *configuration, double *value);

/* The configurations that have a value that counts, from the best on, equal ones by age: the first
 * `count` of them. Returns how many there are of those. */
int64_t ledger_ranking(const struct ledger *ledger, int64_t *configurations, int64_t count);

/* Of the configurations that have a value that counts, the best whose point `taken` does not have;
 * NULL: none is left. */
const struct value *ledger_best_not_in(const struct ledger *ledger, const struct ledger *taken);

const struct value *ledger_values(const struct ledger *ledger, int64_t configuration);
/* The values as a JSON object. The caller frees it. */
char *ledger_parameters(const struct ledger *ledger, int64_t configuration);
#endif
