#include "coordinator/core/replay.h"
#include "coordinator/core/ledger.h"
#include "common/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct replay {
    const struct recorded_study *study;
    int32_t repeat;
    struct ledger *ledger;
    struct ledger *parent; /* of a re-run: all that its parent knew; else NULL */
    int64_t *best, n_best; /* its configurations from the best on */
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

static const struct space *space_of(const struct recorded_study *study)
{
    return study->definition->studies[study->position].space;
}

static bool read_point(const struct recorded_study *study, const struct trial_row *row,
                       struct value *values, struct error *error)
{
    json_t *object = json_loads(row->parameters, JSON_REJECT_DUPLICATES, NULL);
    bool is_point = object != NULL && space_from_json(space_of(study), object, values);
    json_decref(object);
    if (!is_point)
        error_set(error, "its parameters are no point of the study's space: %s", row->parameters);
    return is_point;
}

static bool suggest(struct replay *replay)
{
    int64_t rank = ledger_configurations(replay->ledger);
    if (replay->parent == NULL)
        return ledger_suggest(replay->ledger, replay->suggested);
    if (rank >= replay->n_best)
        return false;
    memcpy(replay->suggested, ledger_values(replay->parent, replay->best[rank]),
           (size_t)space_of(replay->study)->n_parameters * sizeof *replay->suggested);
    return true;
}

static bool suggestion_matches(struct replay *replay, const struct trial_row *row,
                               struct error *error)
{
    const struct space *space = space_of(replay->study);
    if (!read_point(replay->study, row, replay->recorded, error))
        return false;
    if (!suggest(replay)) {
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
static bool repeats_match(const struct replay *replay, size_t first, struct error *error)
{
    const struct recorded_study *study = replay->study;
    const struct trial_row *row = &study->trials[first];
    for (int32_t i = 0; i < replay->repeat; i++) {
        int64_t seed =
            replay->parent != NULL
                ? definition_rerun_seed(study->definition, i)
                : definition_trial_seed(study->definition, study->position, row[i].number);
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
    size_t repeat = (size_t)replay->repeat;
    for (size_t first = 0; first < study->n_trials; first += repeat) {
        const struct trial_row *row = &study->trials[first];
        *mismatch = (int64_t)first;
        if (study->n_trials - first < repeat) {
            error_set(error, "its configuration has fewer trials than `repeat`");
            return false;
        }
        if (!repeats_match(replay, first, error) ||
            !apply_outcomes(replay, row->history_seq, (int64_t)first, error) ||
            !suggestion_matches(replay, row, error))
            return false;
    }
    *mismatch = -1;
    return apply_outcomes(replay, (int64_t)study->n_outcomes, (int64_t)study->n_trials, error);
}

/* What the parent of a re-run knew at its end. Its suggestions are its own affair. */
static bool learn_parent(struct replay *replay, struct error *error)
{
    const struct recorded_study *parent = replay->study->parent;
    int32_t repeat = parent->definition->repeat;
    replay->parent = ledger_create(parent->definition, parent->position, repeat);
    for (size_t i = 0; i < parent->n_trials; i += (size_t)repeat) {
        if (!read_point(parent, &parent->trials[i], replay->recorded, error))
            return false;
        ledger_add(replay->parent, replay->recorded);
    }
    int64_t n_trials = ledger_configurations(replay->parent) * repeat;
    for (size_t i = 0; i < parent->n_outcomes; i++) {
        const struct outcome_row *row = &parent->outcomes[i];
        if (row->trial < 0 || row->trial >= n_trials) {
            error_set(error, "its parent's outcome %" PRId64 " is of a trial that is not there",
                      row->seq);
            return false;
        }
        ledger_outcome(replay->parent, row->trial, row->state, row->has_value, row->value);
    }
    int64_t all = ledger_configurations(replay->parent);
    replay->best = xcalloc((size_t)all + 1, sizeof *replay->best);
    replay->n_best = ledger_ranking(replay->parent, replay->best, all);
    return true;
}

bool replay_study(const struct recorded_study *study, int64_t *mismatch, struct error *error)
{
    size_t n_values = (size_t)study->definition->studies[study->position].space->n_parameters;
    int32_t repeat = study->parent != NULL ? study->repeat : study->definition->repeat;
    struct replay replay = {
        .study = study,
        .repeat = repeat,
        .ledger = ledger_create(study->definition, study->position, repeat),
        .suggested = xcalloc(n_values, sizeof(struct value)),
        .recorded = xcalloc(n_values, sizeof(struct value)),
    };
    *mismatch = -1;
    bool ok = (study->parent == NULL || learn_parent(&replay, error)) &&
              replay_all(&replay, mismatch, error);
    ledger_destroy(&replay.ledger);
    ledger_destroy(&replay.parent);
    free(replay.best);
    free(replay.suggested);
    free(replay.recorded);
    return ok;
}
