/* From rows back to the core. A row that contradicts those before it ends the restore with a
 * sentence: going on with a database that is not what it should be would only spread the damage. */
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/lease.h"
#include "coordinator/core/search.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"
#include "coordinator/core/worker.h"
#include "common/arena.h"
#include "common/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool core_restore_search(struct core *core, const struct search_row *row, struct error *error)
{
    if (row->id <= core->last_search || name_index_find(&core->search_names, row->name) != NULL ||
        name_index_find(&core->submit_keys, row->submit_key) != NULL) {
        error_set(error, "search %" PRId64 " (%s): its id, name or submit key occurs twice",
                  row->id, row->name);
        return false;
    }
    struct arena *arena = arena_create(4096);
    const char *problems = NULL;
    struct definition *definition = search_parse(row->definition, arena, &problems);
    if (definition == NULL)
        error_set(error, "search %" PRId64 " (%s): its definition is not valid here: %s", row->id,
                  row->name, problems);
    else if (!definition->from.pending)
        search_create(core, row, definition);
    arena_destroy(&arena);
    if (definition == NULL || !definition->from.pending)
        return definition != NULL;
    definition_destroy(&definition);
    error_set(error, "search %" PRId64 " (%s): its `from` was never looked up", row->id, row->name);
    return false;
}

static int by_id(const void *key, const void *item)
{
    int64_t id = *(const int64_t *)key, other = (*(struct search *const *)item)->row.id;
    return (id > other) - (id < other);
}

static struct search *find_search(const struct core *core, int64_t id)
{
    if (core->n_searches == 0)
        return NULL;
    struct search **found =
        bsearch(&id, core->searches, core->n_searches, sizeof(struct search *), by_id);
    return found != NULL ? *found : NULL;
}

static const char *definition_fault(const struct definition *definition,
                                    const struct study_row *row)
{
    if (row->position >= (int64_t)definition->n_studies)
        return "it is no study of the definition";
    const struct study_definition *own = &definition->studies[row->position];
    if (strcmp(own->name, row->name) != 0 || own->seed != row->seed)
        return "its name or seed is not that of the definition";
    return row->repeat != definition->repeat ? "its repeat is not that of the definition" : NULL;
}

static const char *rerun_fault(const struct core *core, const struct search *search,
                               const struct study_row *row)
{
    const struct study *parent = index_find(&core->studies, (uint64_t)row->parent);
    if (parent == NULL || parent->search != search || parent->parent != NULL)
        return "it runs again what is no study of its search";
    if (row->position < (int64_t)search->definition->n_studies)
        return "it stands where a study of the definition should";
    if (row->repeat < 1)
        return "it runs no configuration at all";
    return NULL;
}

static const char *audit_fault(const struct core *core, const struct search *search,
                               const struct study_row *row)
{
    const struct study *parent = index_find(&core->studies, (uint64_t)row->parent);
    if (parent == NULL || parent->search != search || parent->row.audit)
        return "it audits what is no study of its search, or an audit";
    if (row->position < (int64_t)search->definition->n_studies)
        return "it stands where a study of the definition should";
    return row->repeat != 1 ? "it is an audit, and its trials do not run once each" : NULL;
}

static const char *study_fault(const struct core *core, const struct study_row *row)
{
    const struct search *search = find_search(core, row->search);
    if (search == NULL)
        return "its search does not exist";
    if (row->position != (int64_t)search->n_studies)
        return "the studies of its search are not complete and in order";
    const char *fault = row->audit         ? audit_fault(core, search, row)
                        : row->parent != 0 ? rerun_fault(core, search, row)
                                           : definition_fault(search->definition, row);
    if (fault != NULL)
        return fault;
    if (row->id <= core->last_study || name_index_find(&core->study_names, row->name) != NULL)
        return "its id or name occurs twice";
    if (row->state < SEARCH_OPEN || row->state > SEARCH_DONE)
        return "its state is unknown";
    return NULL;
}

bool core_restore_study(struct core *core, const struct study_row *row, struct error *error)
{
    const char *fault = study_fault(core, row);
    if (fault != NULL) {
        error_set(error, "study %" PRId64 " (%s): %s", row->id, row->name, fault);
        return false;
    }
    study_create(core, find_search(core, row->search), row);
    return true;
}

bool core_restore_worker(struct core *core, const struct worker_row *row, struct error *error)
{
    if (row->id <= core->last_worker || index_find(&core->instances, row->instance) != NULL) {
        error_set(error, "worker %" PRId64 " (%s): its id or instance occurs twice", row->id,
                  row->name);
        return false;
    }
    worker_create(core, row)->used = true; /* by older attempts, for all we know */
    return true;
}

static const char *trial_fault(const struct study *study, const struct trial_row *row)
{
    if (row->number != (int64_t)study->n_trials)
        return "a trial before it is missing, or it occurs twice";
    int32_t repeat = study->row.repeat;
    if (row->configuration != row->number / repeat || row->repetition != row->number % repeat)
        return "its configuration does not follow from its number";
    if (row->state < TRIAL_WAITING || row->state > TRIAL_CANCELLED)
        return "its state is unknown";
    if (!study->row.audit)
        return row->source >= 0 ? "it repeats a trial, and its study is no audit" : NULL;
    if (row->source < 0 || (size_t)row->source >= study->parent->n_trials)
        return "the trial that it repeats does not exist";
    if (trial_at(study->parent, (size_t)row->source)->seed != row->seed)
        return "its seed is not that of the trial that it repeats";
    return NULL;
}

/* The point of the trial that a trial of an audit repeats. */
static const struct value *source_values(const struct study *audit, const struct trial_row *row)
{
    const struct study *parent = audit->parent;
    const struct trial *source = trial_at(parent, (size_t)row->source);
    return ledger_values(parent->ledger, trial_configuration(source));
}

/* The first trial of a configuration brings its point. */
static bool restore_point(struct study *study, const struct trial_row *row)
{
    const struct space *space = study->definition->space;
    json_t *object = json_loads(row->parameters, JSON_REJECT_DUPLICATES, NULL);
    struct value *values = xcalloc((size_t)space->n_parameters, sizeof *values);
    bool ok = object != NULL && space_from_json(space, object, values);
    if (ok && study->row.audit)
        ok = space_points_equal(space, values, source_values(study, row));
    if (ok && row->repetition == 0)
        ledger_add(study->ledger, values);
    else if (ok)
        ok = space_points_equal(space, values, ledger_values(study->ledger, row->configuration));
    free(values);
    json_decref(object);
    return ok;
}

bool core_restore_trial(struct core *core, const struct trial_row *row, struct error *error)
{
    struct study *study = index_find(&core->studies, (uint64_t)row->study);
    const char *fault = study != NULL ? trial_fault(study, row) : "its study does not exist";
    if (fault == NULL && !restore_point(study, row))
        fault = "its parameters are no point of the study's space, or not those of its repeats";
    if (fault != NULL) {
        error_set(error, "study %" PRId64 ", trial %" PRId64 ": %s", row->study, row->number,
                  fault);
        return false;
    }
    struct trial *trial = trial_append(study);
    trial_from_row(trial, row);
    if (!trial_state_final(row->state))
        trial_enliven(trial);
    trial_count(trial, +1);
    if (row->state == TRIAL_WAITING)
        list_push(&study->waiting, &trial->live->queue);
    share_update(core, study);
    return true;
}

static struct trial *find_trial(const struct core *core, int64_t study_id, int64_t number)
{
    struct study *study = index_find(&core->studies, (uint64_t)study_id);
    if (study == NULL || number < 0 || (size_t)number >= study->n_trials)
        return NULL;
    return trial_at(study, (size_t)number);
}

static const char *attempt_fault(const struct trial *trial, const struct worker *worker,
                                 const struct attempt_row *row)
{
    if (trial == NULL)
        return "its trial does not exist";
    if (worker == NULL)
        return "its worker does not exist";
    if (row->ref.attempt != trial->attempts)
        return "it is not the latest";
    bool runs = row->state == ATTEMPT_RUNNING; /* if its trial does not, core_check says it */
    if (runs == (trial->state == TRIAL_RUNNING) && runs == (row->finished_ms != 0))
        return "it runs and has an end, or has ended without one";
    return trial_latest(trial).state != 0 ? "it occurs twice" : NULL;
}

static void take_attempt(struct trial *trial, const struct attempt_row *row)
{
    if (trial->state != TRIAL_RUNNING) {
        trial->ended = attempt_latest(row);
        return;
    }
    trial->live->attempt = *row;
    trial->live->attempt.reason = trial->live->attempt.log = trial->live->attempt.info = NULL;
}

bool core_restore_attempt(struct core *core, const struct attempt_row *row, struct error *error)
{
    struct trial *trial = find_trial(core, row->ref.study, row->ref.trial);
    struct worker *worker = index_find(&core->worker_ids, (uint64_t)row->worker);
    const char *fault = attempt_fault(trial, worker, row);
    if (fault != NULL) {
        error_set(error, "study %" PRId64 ", trial %" PRId64 ", attempt %" PRId32 ": %s",
                  row->ref.study, row->ref.trial, row->ref.attempt, fault);
        return false;
    }
    take_attempt(trial, row);
    worker->failed += row->state == ATTEMPT_FAILED;
    worker->done += row->state == ATTEMPT_DONE || row->state == ATTEMPT_PRUNED ||
                    row->state == ATTEMPT_DIVERGED;
    return true;
}

static const char *outcome_fault(const struct trial *trial, const struct outcome_row *row)
{
    if (trial == NULL)
        return "its trial does not exist";
    if (row->seq != ledger_outcomes(trial->study->ledger) + 1)
        return "one before it is missing";
    return trial_state_final(row->state) ? NULL : "it is not final";
}

bool core_restore_outcome(struct core *core, const struct outcome_row *row, struct error *error)
{
    struct trial *trial = find_trial(core, row->study, row->trial);
    const char *fault = outcome_fault(trial, row);
    if (fault != NULL) {
        error_set(error, "study %" PRId64 ", outcome %" PRId64 ": %s", row->study, row->seq, fault);
        return false;
    }
    ledger_outcome(trial->study->ledger, row->trial, row->state, row->has_value, row->value);
    return true;
}

static bool finish_trial(struct core *core, struct trial *trial, int64_t now_ms,
                         struct error *error)
{
    struct latest_attempt latest = trial_latest(trial);
    if (trial->attempts > 0 && latest.state == 0) {
        error_set(error, "study %" PRId64 ", trial %" PRId64 ": its attempt %" PRId32 " is missing",
                  trial->study->row.id, trial->number, trial->attempts);
        return false;
    }
    if (trial->state == TRIAL_RUNNING && latest.state == ATTEMPT_RUNNING) {
        struct worker *worker = index_find(&core->worker_ids, (uint64_t)latest.worker);
        lease_begin(core, trial->live, worker, now_ms);
    }
    return true;
}

static bool finish_study(struct core *core, struct study *study, int64_t now_ms,
                         struct error *error)
{
    for (size_t i = 0; i < study->n_trials; i++) {
        if (!finish_trial(core, trial_at(study, i), now_ms, error))
            return false;
    }
    for (size_t i = 0; study->row.audit && i < study->n_trials; i++) {
        const struct trial *trial = trial_at(study, i);
        const struct trial *source = trial_at(study->parent, (size_t)trial->source);
        if (trial_latest(source).state == 0) {
            error_set(error, "study %s, trial %zu: the trial that it repeats never ran",
                      study->row.name, i);
            return false;
        }
        if (trial->live != NULL)
            elsewhere_settle(core, trial->live);
    }
    elsewhere_queue_all(core, study); /* now that all attempts are known */
    return true;
}

static bool finish_search(struct core *core, struct search *search, int64_t now_ms,
                          struct error *error)
{
    size_t expected = search->definition->n_studies;
    if (search->n_studies < expected) {
        error_set(error, "search %s: %zu of its %zu studies are missing", search->row.name,
                  expected - search->n_studies, expected);
        return false;
    }
    for (size_t i = 0; i < search->n_studies; i++) {
        if (!finish_study(core, search->studies[i], now_ms, error))
            return false;
    }
    return true;
}

bool core_restore_finish(struct core *core, int64_t now_ms, struct error *error)
{
    for (size_t i = 0; i < core->n_searches; i++) {
        if (!finish_search(core, core->searches[i], now_ms, error))
            return false;
    }
    return core_check(core, error);
}
