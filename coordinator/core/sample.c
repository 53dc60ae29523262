#include "coordinator/core/sample.h"
#include "common/rng.h"
#include "common/xalloc.h"

#include <assert.h>
#include <stdlib.h>

bool sample_counts(enum trial_state state)
{
    return state == TRIAL_DONE || state == TRIAL_DIVERGED;
}

int64_t *sample_population(const struct ledger *ledger, int64_t n_trials, int64_t *count)
{
    int64_t *trials = xcalloc((size_t)n_trials + 1, sizeof *trials);
    struct outcome_row latest;
    *count = 0;
    for (int64_t i = 0; i < n_trials; i++)
        if (ledger_latest(ledger, i, &latest) && sample_counts(latest.state))
            trials[(*count)++] = i;
    return trials;
}

static int by_number(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

void sample_draw(int64_t *trials, int64_t count, int64_t wanted, int64_t seed)
{
    struct rng rng;
    assert(wanted <= count);
    rng_init(&rng, (uint64_t)seed, RNG_AUDIT, 0);
    for (int64_t i = 0; i < wanted; i++) {
        int64_t other = i + (int64_t)rng_below(&rng, (uint64_t)(count - i)), number = trials[i];
        trials[i] = trials[other];
        trials[other] = number;
    }
    qsort(trials, (size_t)wanted, sizeof *trials, by_number);
}
