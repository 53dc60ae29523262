#include "coordinator/core/replay.h"
#include "coordinator/core/sample.h"
#include "common/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What was known of a study at some point of its history. */
struct learner {
    const struct recorded_study *study;
    struct ledger *ledger;
    size_t n_outcomes; /* that the ledger knows */
};

struct replay {
    const struct recorded_study *study;
    int32_t repeat;
    struct learner own, parent; /* parent: of a re-run, else without a ledger */
    struct value *suggested, *recorded;
};

static int32_t repeat_of(const struct recorded_study *study)
{
    return study->repeat > 0 ? study->repeat : study->definition->repeat;
}

static const struct space *space_of(const struct recorded_study *study)
{
    return study->definition->studies[study->position].space;
}

static void learner_init(struct learner *learner, const struct recorded_study *study)
{
    *learner = (struct learner){
        .study = study,
        .ledger = ledger_create(study->definition, study->position, repeat_of(study)),
    };
}

/* ---- outcomes -------------------------------------------------------------------------------- */

static const char *outcome_fault(const struct learner *learner, const struct outcome_row *row,
                                 int64_t n_trials)
{
    struct outcome_row former;
    if (row->seq != (int64_t)learner->n_outcomes + 1 || row->trial < 0 || row->trial >= n_trials)
        return "is out of order, or of a trial that is not there";
    if (ledger_latest(learner->ledger, row->trial, &former) &&
        (former.state == TRIAL_DONE || former.state == TRIAL_PRUNED))
        return "is a second one of a trial that had ended well";
    return NULL;
}

/* Outcomes up to seq, which must be those of trials that exist by then. */
static bool learn(struct learner *learner, int64_t seq, int64_t n_trials, struct error *error)
{
    const struct recorded_study *study = learner->study;
    for (; learner->n_outcomes < study->n_outcomes; learner->n_outcomes++) {
        const struct outcome_row *row = &study->outcomes[learner->n_outcomes];
        if (row->seq > seq)
            break;
        const char *fault = outcome_fault(learner, row, n_trials);
        if (fault != NULL) {
            error_set(error, "outcome %" PRId64 " %s", row->seq, fault);
            return false;
        }
        ledger_outcome(learner->ledger, row->trial, row->state, row->has_value, row->value);
    }
    if ((int64_t)learner->n_outcomes >= seq)
        return true;
    error_set(error, "it saw %" PRId64 " outcomes, and %zu are recorded", seq, learner->n_outcomes);
    return false;
}

/* What the suggestion of this trial had seen. */
static bool learn_history(struct replay *replay, const struct trial_row *row, struct error *error)
{
    if (replay->parent.ledger == NULL)
        return learn(&replay->own, row->history_seq, row->number, error);
    int64_t n_trials =
        ledger_configurations(replay->parent.ledger) * repeat_of(replay->parent.study);
    return learn(&replay->parent, row->history_seq, n_trials, error);
}

/* ---- suggestions ----------------------------------------------------------------------------- */

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
    if (replay->parent.ledger == NULL)
        return ledger_suggest(replay->own.ledger, replay->suggested);
    const struct value *point = ledger_best_not_in(replay->parent.ledger, replay->own.ledger);
    if (point != NULL)
        memcpy(replay->suggested, point,
               (size_t)space_of(replay->study)->n_parameters * sizeof *replay->suggested);
    return point != NULL;
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
    ledger_add(replay->own.ledger, replay->suggested);
    if (same)
        return true;
    char *text = ledger_parameters(replay->own.ledger, row->configuration);
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
            replay->parent.ledger != NULL
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
        if (!repeats_match(replay, first, error) || !learn_history(replay, row, error) ||
            !suggestion_matches(replay, row, error))
            return false;
    }
    *mismatch = -1;
    return learn(&replay->own, (int64_t)study->n_outcomes, (int64_t)study->n_trials, error);
}

/* The configurations of the parent, which were all there before a re-run began. Its own suggestions
 * are its own affair. */
static bool read_parent(struct replay *replay, struct error *error)
{
    const struct recorded_study *parent = replay->study->parent;
    learner_init(&replay->parent, parent);
    for (size_t i = 0; i < parent->n_trials; i += (size_t)repeat_of(parent)) {
        if (!read_point(parent, &parent->trials[i], replay->recorded, error))
            return false;
        ledger_add(replay->parent.ledger, replay->recorded);
    }
    return true;
}

/* ---- audits ---------------------------------------------------------------------------------- */

static bool repeats_source(struct replay *replay, const struct trial_row *row, int64_t source,
                           struct error *error)
{
    const struct recorded_study *parent = replay->study->parent;
    if (row->source != source) {
        error_set(error, "it repeats trial %" PRId64 ", and the sample has %" PRId64 " here",
                  row->source, source);
        return false;
    }
    if (!read_point(replay->study, row, replay->recorded, error))
        return false;
    ledger_add(replay->own.ledger, replay->recorded);
    int64_t configuration = source / repeat_of(parent);
    if (row->seed == parent->trials[source].seed &&
        row->history_seq == replay->study->trials[0].history_seq &&
        space_points_equal(space_of(replay->study), replay->recorded,
                           ledger_values(replay->parent.ledger, configuration)))
        return true;
    error_set(error, "it has another seed, history or other parameters than trial %" PRId64,
              source);
    return false;
}

static bool sample_matches(struct replay *replay, const int64_t *sample, int64_t *mismatch,
                           struct error *error)
{
    const struct recorded_study *study = replay->study;
    for (size_t i = 0; i < study->n_trials; i++) {
        *mismatch = (int64_t)i;
        if (!repeats_source(replay, &study->trials[i], sample[i], error))
            return false;
    }
    *mismatch = -1;
    return learn(&replay->own, (int64_t)study->n_outcomes, (int64_t)study->n_trials, error);
}

static bool replay_audit(struct replay *replay, int64_t *mismatch, struct error *error)
{
    const struct recorded_study *study = replay->study;
    int64_t n_trials = (int64_t)study->n_trials, population;
    if (n_trials == 0 || !learn_history(replay, &study->trials[0], error)) {
        if (n_trials == 0)
            error_set(error, "an audit without trials");
        return false;
    }
    int64_t *sample = sample_population(
        replay->parent.ledger,
        ledger_configurations(replay->parent.ledger) * repeat_of(study->parent), &population);
    bool ok = n_trials <= population;
    if (!ok)
        error_set(error, "it has %" PRId64 " trials, drawn of %" PRId64, n_trials, population);
    else
        sample_draw(sample, population, n_trials, study->seed);
    ok = ok && sample_matches(replay, sample, mismatch, error);
    free(sample);
    return ok;
}

bool replay_study(const struct recorded_study *study, int64_t *mismatch, struct error *error)
{
    size_t n_values = (size_t)space_of(study)->n_parameters;
    struct replay replay = {
        .study = study,
        .repeat = repeat_of(study),
        .suggested = xcalloc(n_values, sizeof(struct value)),
        .recorded = xcalloc(n_values, sizeof(struct value)),
    };
    *mismatch = -1;
    learner_init(&replay.own, study);
    bool ok = (study->parent == NULL || read_parent(&replay, error)) &&
              (study->audit ? replay_audit : replay_all)(&replay, mismatch, error);
    ledger_destroy(&replay.own.ledger);
    ledger_destroy(&replay.parent.ledger);
    free(replay.suggested);
    free(replay.recorded);
    return ok;
}
