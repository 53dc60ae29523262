#include "coordinator/core/ledger.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "coordinator/search/history.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

struct outcome {
    int64_t seq;
    double value;
    enum trial_state state; /* 0: none yet */
    bool has_value, counts; /* counts: it has a value that the sampler may believe */
};

struct ledger {
    const struct definition *definition;
    const struct study_definition *study;
    int32_t repeat;
    struct history *history;
    struct outcome *outcomes; /* one for each trial */
    size_t capacity;
    int64_t n_outcomes, n_ended;
    bool has_best;
    int64_t best_configuration;
    double best_value;
};

struct ledger *ledger_create(const struct definition *definition, size_t study, int32_t repeat)
{
    struct ledger *ledger = xcalloc(1, sizeof *ledger);
    ledger->definition = definition;
    ledger->study = &definition->studies[study];
    ledger->repeat = repeat;
    ledger->history = history_create(ledger->study->space);
    return ledger;
}

void ledger_destroy(struct ledger **ledger)
{
    if (*ledger == NULL)
        return;
    history_destroy(&(*ledger)->history);
    free((*ledger)->outcomes);
    free(*ledger);
    *ledger = NULL;
}

bool ledger_suggest(struct ledger *ledger, struct value *values)
{
    struct rng rng;
    rng_init(&rng, (uint64_t)ledger->study->seed, RNG_SUGGEST,
             (uint64_t)ledger_configurations(ledger));
    return sampler_of(ledger->definition->sampler)
        ->suggest(ledger->study->space, ledger->history, &rng, values);
}

void ledger_add(struct ledger *ledger, const struct value *values)
{
    size_t trials = (size_t)(ledger_configurations(ledger) * ledger->repeat);
    for (int32_t i = 0; i < ledger->repeat; i++) {
        ledger->outcomes =
            xgrow(ledger->outcomes, trials, &ledger->capacity, sizeof *ledger->outcomes);
        ledger->outcomes[trials++] = (struct outcome){ 0 };
    }
    history_add(ledger->history, values);
}

int64_t ledger_configurations(const struct ledger *ledger)
{
    return history_count(ledger->history);
}

bool ledger_has_point(const struct ledger *ledger, const struct value *values)
{
    return history_has(ledger->history, values);
}

/* In the order of the repetitions, so that the bits do not depend on who finished first. Values
 * near the end of the range are divided before they are summed. */
static double mean(const struct outcome *outcomes, int32_t count)
{
    double sum = 0, sum_of_parts = 0;
    for (int32_t i = 0; i < count; i++) {
        sum += outcomes[i].value;
        sum_of_parts += outcomes[i].value / count;
    }
    return isfinite(sum) ? sum / count : sum_of_parts;
}

static void note_best(struct ledger *ledger, int64_t configuration, double value)
{
    bool better =
        ledger->definition->maximize ? value > ledger->best_value : value < ledger->best_value;
    if (ledger->has_best && !better)
        return;
    ledger->has_best = true;
    ledger->best_configuration = configuration;
    ledger->best_value = value;
}

static void observe(struct ledger *ledger, int64_t configuration)
{
    int32_t repeat = ledger->repeat;
    const struct outcome *outcomes = &ledger->outcomes[configuration * repeat];
    bool all_count = true;
    for (int32_t i = 0; i < repeat; i++) {
        if (outcomes[i].state == 0)
            return;
        all_count &= outcomes[i].counts;
    }
    if (!all_count) {
        history_observe(ledger->history, configuration, OBSERVED_WORST, 0);
        return;
    }
    double value = mean(outcomes, repeat);
    history_observe(ledger->history, configuration, OBSERVED_FINISHED,
                    ledger->definition->maximize ? -value : value);
    note_best(ledger, configuration, value);
}

void ledger_outcome(struct ledger *ledger, int64_t trial, enum trial_state state, bool has_value,
                    double value)
{
    assert(trial >= 0 && trial < ledger_configurations(ledger) * ledger->repeat);
    /* A diverged trial has a value to show, the best before it diverged, and still ranks worst. */
    bool counts = has_value && (state == TRIAL_DONE || state == TRIAL_PRUNED);
    ledger->n_ended += ledger->outcomes[trial].state == 0;
    ledger->outcomes[trial] =
        (struct outcome){ ++ledger->n_outcomes, value, state, has_value, counts };
    observe(ledger, trial / ledger->repeat);
}

int64_t ledger_outcomes(const struct ledger *ledger)
{
    return ledger->n_outcomes;
}

int64_t ledger_ended(const struct ledger *ledger)
{
    return ledger->n_ended;
}

bool ledger_latest(const struct ledger *ledger, int64_t trial, struct outcome_row *latest)
{
    const struct outcome *outcome = &ledger->outcomes[trial];
    *latest = (struct outcome_row){ .seq = outcome->seq,
                                    .state = outcome->state,
                                    .has_value = outcome->has_value,
                                    .value = outcome->value };
    return outcome->state != 0;
}

bool ledger_best(const struct ledger *ledger, int64_t *configuration, double *value)
{
    *configuration = ledger->best_configuration;
    *value = ledger->best_value;
    return ledger->has_best;
}

/* ---- ranking ------------------------------------------------------------------------------- */

struct ranked {
    double key; /* smaller is better */
    int64_t configuration;
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return (a->configuration > b->configuration) - (a->configuration < b->configuration);
}

static bool all_count(const struct ledger *ledger, int64_t configuration)
{
    const struct outcome *outcomes = &ledger->outcomes[configuration * ledger->repeat];
    for (int32_t i = 0; i < ledger->repeat; i++)
        if (!outcomes[i].counts)
            return false;
    return true;
}

int64_t ledger_ranking(const struct ledger *ledger, int64_t *configurations, int64_t count)
{
    int64_t all = ledger_configurations(ledger), n_ranked = 0;
    struct ranked *ranked = xcalloc((size_t)all + 1, sizeof *ranked);
    for (int64_t c = 0; c < all; c++) {
        if (!all_count(ledger, c))
            continue;
        double value = mean(&ledger->outcomes[c * ledger->repeat], ledger->repeat);
        ranked[n_ranked++] = (struct ranked){ ledger->definition->maximize ? -value : value, c };
    }
    qsort(ranked, (size_t)n_ranked, sizeof *ranked, compare_ranked);
    if (count > n_ranked)
        count = n_ranked;
    for (int64_t i = 0; i < count; i++)
        configurations[i] = ranked[i].configuration;
    free(ranked);
    return count;
}

const struct value *ledger_best_not_in(const struct ledger *ledger, const struct ledger *taken)
{
    int64_t wanted = ledger_configurations(taken) + 1; /* one of so many is not taken */
    int64_t *best = xcalloc((size_t)wanted, sizeof *best);
    int64_t count = ledger_ranking(ledger, best, wanted), i = 0;
    while (i < count && ledger_has_point(taken, ledger_values(ledger, best[i])))
        i++;
    const struct value *point = i < count ? ledger_values(ledger, best[i]) : NULL;
    free(best);
    return point;
}

const struct value *ledger_values(const struct ledger *ledger, int64_t configuration)
{
    return history_values(ledger->history, configuration);
}

char *ledger_parameters(const struct ledger *ledger, int64_t configuration)
{
    json_t *object = space_to_json(ledger->study->space, ledger_values(ledger, configuration));
    char *text = json_text(object);
    json_decref(object);
    return text;
}
