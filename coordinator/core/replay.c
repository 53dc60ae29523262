#include "coordinator/core/replay.h"
#include "coordinator/core/ledger.h"
#include "common/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>

struct replay {
    const struct recorded_study *study;
    struct ledger *ledger;
    struct value *suggested, *recorded;
    size_t n_applied; /* outcomes that the ledger knows */
};

/* Outcomes up to seq, which must be those of trials that exist by then. */
static bool apply_outcomes(struct replay *replay, int64_t seq, int64_t n_trials,
                           struct error *error)
{
    for (; replay->n_applied < replay->study->n_outcomes; replay->n_applied++) {
        const struct outcome_row *row = &replay->study->outcomes[replay->n_applied];
        if (row->seq > seq)
            break;
        if (row->seq != (int64_t)replay->n_applied + 1 || row->trial < 0 ||
            row->trial >= n_trials) {
            error_set(error, "outcome %" PRId64 " is out of order, or of a trial that is not there",
                      row->seq);
            return false;
        }
        ledger_outcome(replay->ledger, row->trial, row->state, row->has_value, row->value);
    }
    if ((int64_t)replay->n_applied >= seq)
        return true;
    error_set(error, "it saw %" PRId64 " outcomes, and %zu are recorded", seq, replay->n_applied);
    return false;
}

static bool suggestion_matches(struct replay *replay, const struct trial_row *row,
                               struct error *error)
{
    const struct space *space = replay->study->definition->studies[replay->study->position].space;
    json_t *object = json_loads(row->parameters, JSON_REJECT_DUPLICATES, NULL);
    bool is_point = object != NULL && space_from_json(space, object, replay->recorded);
    json_decref(object);
    if (!is_point) {
        error_set(error, "its parameters are no point of the study's space: %s", row->parameters);
        return false;
    }
    if (!ledger_suggest(replay->ledger, replay->suggested)) {
        error_set(error, "no point was left to suggest");
        return false;
    }
    bool same = space_points_equal(space, replay->suggested, replay->recorded);
    ledger_add(replay->ledger, replay->suggested);
    if (same)
        return true;
    char *text = ledger_parameters(replay->ledger, row->configuration);
    error_set(error, "recorded %s, suggested %s", row->parameters, text);
    free(text);
    return false;
}

/* The k-th repetition shares the point and the history of the first. */
static bool repeats_match(const struct recorded_study *study, size_t first, struct error *error)
{
    const struct trial_row *row = &study->trials[first];
    for (int32_t i = 0; i < study->definition->repeat; i++) {
        int64_t seed = definition_trial_seed(study->definition, study->position, row[i].number);
        if (row[i].number != (int64_t)first + i || row[i].history_seq != row->history_seq ||
            row[i].seed != seed) {
            error_set(error, "repetition %" PRId32 " has another number, history or seed", i);
            return false;
        }
    }
    return true;
}

static bool replay_all(struct replay *replay, int64_t *mismatch, struct error *error)
{
    const struct recorded_study *study = replay->study;
    size_t repeat = (size_t)study->definition->repeat;
    for (size_t first = 0; first < study->n_trials; first += repeat) {
        const struct trial_row *row = &study->trials[first];
        *mismatch = (int64_t)first;
        if (study->n_trials - first < repeat) {
            error_set(error, "its configuration has fewer trials than `repeat`");
            return false;
        }
        if (!repeats_match(study, first, error) ||
            !apply_outcomes(replay, row->history_seq, (int64_t)first, error) ||
            !suggestion_matches(replay, row, error))
            return false;
    }
    *mismatch = -1;
    return apply_outcomes(replay, (int64_t)study->n_outcomes, (int64_t)study->n_trials, error);
}

bool replay_study(const struct recorded_study *study, int64_t *mismatch, struct error *error)
{
    size_t n_values = (size_t)study->definition->studies[study->position].space->n_parameters;
    struct replay replay = {
        .study = study,
        .ledger = ledger_create(study->definition, study->position),
        .suggested = xcalloc(n_values, sizeof(struct value)),
        .recorded = xcalloc(n_values, sizeof(struct value)),
    };
    bool ok = replay_all(&replay, mismatch, error);
    ledger_destroy(&replay.ledger);
    free(replay.suggested);
    free(replay.recorded);
    return ok;
}
