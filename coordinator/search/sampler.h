/* sampler.h - what to try next: pure functions of (space, history, random stream).
 *
 * No storage, no network, no clock. The suggestion for configuration k of a study is a function of
 * the study's seed, k, and the history that it saw; replaying a recorded history gives the same
 * bits. A sampler may keep a cache inside the history, but must suggest what it would without. */
#ifndef SEARCH_SAMPLER_H
#define SEARCH_SAMPLER_H
#include "common/rng.h"
#include "coordinator/space/definition.h"
#include "coordinator/space/space.h"

enum observation_state {
    OBSERVED_RUNNING = 1, /* suggested, no outcome yet */
    OBSERVED_FINISHED,    /* has a finite value */
    /* diverged, failed, pruned without a value, cancelled: known to be no good */
    OBSERVED_WORST,
};

/* The history of one study: one observation for each configuration, in order of number. Opaque
 * because the samplers keep derived data in it (coordinates, sorted columns). */
struct history;
struct history *history_create(const struct space *space); /* the space must outlive it */
void history_destroy(struct history **history);

/* Appends configuration number history_count(): it is running from now on. Values are copied
 * (texts are not: they belong to the space). */
void history_add(struct history *history, const struct value *values);

/* The outcome of a configuration; may come again (a retry) and replaces the former one.
 * value: smaller is better (the caller negates for maximize); ignored unless FINISHED, and
 * FINISHED with a value that is not finite is WORST. */
void history_observe(struct history *history, int64_t configuration, enum observation_state state,
                     double value);
int64_t history_count(const struct history *history);
const struct value *history_values(const struct history *history, int64_t configuration);

struct sampler {
    const char *name;
    /* Fills values (n_parameters) with a point that no configuration of the history has; false
     * when the space holds no such point. The random stream is keyed by (study seed, RNG_SUGGEST,
     * configuration). */
    bool (*suggest)(const struct space *space, struct history *history, struct rng *rng,
                    struct value *values);
};
const struct sampler *sampler_of(enum sampler_kind kind);
#endif
