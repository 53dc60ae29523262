#include "coordinator/core/study.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/follow.h"
#include "coordinator/core/lease.h"
#include "coordinator/core/rerun.h"
#include "coordinator/core/share.h"
#include "coordinator/core/trial.h"
#include "common/arena.h"
#include "common/xalloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct study *study_create(struct core *core, struct search *search, const struct study_row *row)
{
    struct study *study = xcalloc(1, sizeof *study);
    study->row = *row;
    study->row.name = xstrdup(row->name);
    study->row.note = xstrdup(row->note);
    study->search = search;
    study->parent = index_find(&core->studies, (uint64_t)row->parent);
    study->definition = study->parent != NULL ? study->parent->definition
                                              : &search->definition->studies[row->position];
    study->ledger = ledger_create(
        search->definition, (size_t)(study->definition - search->definition->studies), row->repeat);
    list_init(&study->waiting);
    list_init(&study->lapsed);
    search->studies = xgrow(search->studies, search->n_studies, &search->studies_capacity,
                            sizeof(struct study *));
    search->studies[search->n_studies++] = study;
    study_follow(study);
    index_put(&core->studies, (uint64_t)row->id, study);
    name_index_put(&core->study_names, study->row.name, study);
    if (row->id > core->last_study)
        core->last_study = row->id;
    share_update(core, study);
    return study;
}

void study_destroy(struct study **out)
{
    struct study *study = *out;
    trial_free_all(study);
    for (int i = 0; i < study->n_metrics; i++)
        free(study->metrics[i]);
    ledger_destroy(&study->ledger);
    free((char *)study->row.name);
    free((char *)study->row.note);
    free(study);
    *out = NULL;
}

static void set_note(struct study *study, const char *note)
{
    free((char *)study->row.note);
    study->row.note = xstrdup(note);
}

static void cut_budget(struct turn *turn, struct study *study)
{
    int64_t found = ledger_configurations(study->ledger);
    set_note(study, arena_printf(turn->out->arena,
                                 "its space ran out of points after %" PRId64 " of %" PRId64
                                 " configurations",
                                 found, study->row.budget));
    study->row.budget = found;
    share_update(turn->core, study);
    save_study(turn, study);
    study_settle(turn, study);
}

const struct study *study_teacher(const struct study *study)
{
    return study->parent != NULL ? study->parent : study;
}

struct trial *study_suggest(struct turn *turn, struct study *study)
{
    int n_values = study->definition->space->n_parameters;
    struct value *values = arena_alloc(turn->out->arena, (size_t)n_values * sizeof *values);
    if (study->parent != NULL) {
        rerun_point(study, values);
    } else if (!ledger_suggest(study->ledger, values)) {
        cut_budget(turn, study);
        return NULL;
    }
    ledger_add(study->ledger, values);
    int64_t history_seq = ledger_outcomes(study_teacher(study)->ledger);
    struct trial *first = trial_create(turn->core, study, history_seq, turn->wall_ms);
    for (int32_t i = 1; i < study->row.repeat; i++)
        save_trial(turn, trial_create(turn->core, study, history_seq, turn->wall_ms), "");
    return first;
}

bool study_active(const struct study *study)
{
    return study->row.state == SEARCH_OPEN || study->row.state == SEARCH_PAUSED;
}

static void enter(struct turn *turn, struct study *study, enum search_state state)
{
    study->row.state = state;
    elsewhere_queue_all(turn->core, study);
    share_update(turn->core, study);
    save_study(turn, study);
}

bool study_pause(struct turn *turn, struct study *study)
{
    if (study->row.state == SEARCH_PAUSED)
        return false;
    enter(turn, study, SEARCH_PAUSED);
    return true;
}

bool study_resume(struct turn *turn, struct study *study)
{
    if (study->row.state == SEARCH_OPEN)
        return false;
    enter(turn, study, SEARCH_OPEN);
    return true;
}

static bool too_many_failures(const struct study *study)
{
    int64_t limit = study->search->definition->max_failed_trials;
    return !study->row.audit && limit >= 0 && study->counts.failed > limit;
}

/* A retry forgives the failures that stopped a study; a person's decision that there be no more
 * trials it leaves as it is: the budget is cut to what was suggested so far. */
static void lift_stop(struct study *study)
{
    bool forgiven = too_many_failures(study);
    set_note(study, forgiven ? "" : "stopped by request; since then only what is tried again runs");
    if (!forgiven)
        study->row.budget = ledger_configurations(study->ledger);
}

void study_reopen(struct turn *turn, struct study *study)
{
    if (study_active(study))
        return;
    if (study->row.state == SEARCH_STOPPED)
        lift_stop(study);
    study->row.finished_ms = 0;
    enter(turn, study, SEARCH_OPEN);
    leases_adopt(turn->core, study);
    for (struct study *next = study->followers; next != NULL; next = next->next_follower)
        share_update(turn->core, next); /* one that has not begun waits again */
}

void study_settle(struct turn *turn, struct study *study)
{
    if (study->row.finished_ms != 0 || study->counts.waiting > 0 || study->counts.running > 0)
        return;
    if (study_active(study)) {
        if (ledger_configurations(study->ledger) < study->row.budget)
            return;
        study->row.state = SEARCH_DONE;
    }
    study->row.finished_ms = turn->wall_ms;
    share_update(turn->core, study);
    save_study(turn, study);
    followers_go(turn, study);
}

void study_skip(struct turn *turn, struct study *study, const char *note)
{
    if (!study_active(study))
        return;
    study->row.budget = ledger_configurations(study->ledger);
    set_note(study, note);
    study_settle(turn, study);
}

static int64_t cancel_queue(struct turn *turn, struct list *queue)
{
    int64_t cancelled = 0;
    for (struct link *first; (first = list_first(queue)) != NULL; cancelled++)
        trial_cancel(turn, LIVE_QUEUED(first)->trial, "cancelled: its study was stopped");
    return cancelled;
}

/* Running trials are the newest ones of a study as a rule, but any may be: look at all. */
static int64_t cancel_running(struct turn *turn, struct study *study)
{
    int64_t cancelled = 0;
    for (size_t i = study->n_trials; i > 0 && study->counts.running > 0; i--) {
        struct trial *trial = trial_at(study, i - 1);
        if (trial->state == TRIAL_RUNNING) {
            trial_cancel(turn, trial, "cancelled: its study was stopped");
            cancelled++;
        }
    }
    return cancelled;
}

int64_t study_stop(struct turn *turn, struct study *study, bool now, const char *note)
{
    if (study_active(study)) {
        set_note(study, note);
        enter(turn, study, SEARCH_STOPPED);
    }
    int64_t cancelled = cancel_queue(turn, &study->waiting) + cancel_queue(turn, &study->lapsed);
    if (now)
        cancelled += cancel_running(turn, study);
    study_settle(turn, study);
    return cancelled;
}

void study_count_failure(struct turn *turn, struct study *study, const struct trial *trial,
                         const char *reason)
{
    if (!too_many_failures(study) || !study_active(study))
        return;
    const char *note =
        arena_printf(turn->out->arena,
                     "stopped after %" PRId64 " failed trials (max_failed_trials is %" PRId64
                     "); the last was trial %" PRId64 ": %s",
                     study->counts.failed, study->search->definition->max_failed_trials,
                     trial->number, reason);
    study_stop(turn, study, false, note);
}

void study_learn_metric(struct study *study, const char *name)
{
    for (int i = 0; i < study->n_metrics; i++) {
        if (strcmp(study->metrics[i], name) == 0)
            return;
    }
    if (study->n_metrics < METRIC_NAMES_KEPT)
        study->metrics[study->n_metrics++] = xstrdup(name);
}
