/* The invariants, by their numbers in the protocol's notes: I2 at most one result per trial, I3
 * the recorded attempt is the granted one, I5 the state counts add up, I6 charged attempts stay
 * within their cap; and what the core's own structures promise each other. Looks at everything:
 * for tests, and once after a restore. */
#include "coordinator/core/follow.h"
#include "coordinator/core/lease.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"

#include <math.h>
#include <string.h>

#define REQUIRE(condition, sentence)                                                               \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return sentence;                                                                       \
    } while (0)

static const char *attempt_fault(const struct trial *trial)
{
    const struct latest_attempt attempt = trial_latest(trial);
    int32_t cap = trial->study->search->definition->max_attempts;
    REQUIRE(trial->charged >= 0 && trial->charged <= trial->attempts && trial->charged <= cap,
            "I6: more charged attempts than allowed or than there were");
    REQUIRE(trial->deaths >= 0 && trial->deaths <= trial->charged,
            "I6: more deaths than charged attempts");
    REQUIRE((trial->deaths > 0) == (trial->death_worker != 0) &&
                (!trial->deaths_spread || trial->deaths > 1),
            "it died nowhere, or on two workers at once");
    REQUIRE(trial->state == TRIAL_FAILED ||
                trial->deaths < (trial->deaths_spread ? DEATHS_SPREAD : DEATHS_ANYWHERE),
            "I6: a trial that kills its workers is not quarantined");
    if (trial->attempts == 0) {
        REQUIRE(trial->state == TRIAL_WAITING || trial->state == TRIAL_CANCELLED,
                "I3: it has a state beyond waiting and was never granted");
        return NULL;
    }
    REQUIRE((attempt.state == ATTEMPT_RUNNING) == (trial->state == TRIAL_RUNNING),
            "I3: the attempt runs and the trial does not, or the other way round");
    static const enum attempt_state wanted[] = {
        [TRIAL_DONE] = ATTEMPT_DONE,
        [TRIAL_PRUNED] = ATTEMPT_PRUNED,
        [TRIAL_DIVERGED] = ATTEMPT_DIVERGED,
        [TRIAL_FAILED] = ATTEMPT_FAILED, /* or it was given up */
        [TRIAL_CANCELLED] = 0,           /* any but a running one */
    };
    struct outcome_row latest;
    bool retried = ledger_latest(trial->study->ledger, trial->number, &latest);
    if (trial->state == TRIAL_WAITING)
        REQUIRE(retried || attempt.state == ATTEMPT_FAILED || attempt.state == ATTEMPT_RELEASED,
                "it waits although its attempt did not fail and was not handed back");
    else if (trial->state != TRIAL_RUNNING)
        REQUIRE(wanted[trial->state] == 0 || attempt.state == wanted[trial->state] ||
                    (trial->state == TRIAL_FAILED && attempt.state == ATTEMPT_LOST),
                "I2: its state is not that of its attempt's result");
    return NULL;
}

/* Where a trial is that somebody may take: a queue of its study, or, of an open audit, behind the
 * worker that it avoids. */
static const struct list *place_of(const struct trial *trial, const struct list *of_study)
{
    const struct study *study = trial->study;
    if (!study->row.audit || study->row.state != SEARCH_OPEN)
        return of_study;
    int command = study->search->definition->program == PROGRAM_COMMAND;
    return &trial->live->avoids->avoided[command].trials;
}

static const char *source_fault(const struct trial *trial)
{
    const struct study *study = trial->study;
    REQUIRE(study->row.audit == (trial->source >= 0),
            "it repeats a trial and its study is no audit, or the other way round");
    if (!study->row.audit)
        return NULL;
    REQUIRE((size_t)trial->source < study->parent->n_trials, "its source does not exist");
    const struct trial *source = trial_at(study->parent, (size_t)trial->source);
    REQUIRE(source->seed == trial->seed, "its seed is not that of its source");
    REQUIRE(space_points_equal(study->definition->space,
                               ledger_values(study->ledger, trial_configuration(trial)),
                               ledger_values(study->parent->ledger, trial_configuration(source))),
            "its point is not that of its source");
    struct outcome_row latest;
    bool retried = !ledger_latest(study->parent->ledger, source->number, &latest) ||
                   latest.seq > trial->history_seq || !trial_state_final(source->state);
    REQUIRE(retried || trial->attempts == 0 ||
                trial_latest(trial).worker != trial_latest(source).worker,
            "it runs, or ran, where its source did");
    return NULL;
}

static const char *queue_fault(const struct core *core, const struct trial *trial)
{
    const struct live_trial *live = trial->live;
    REQUIRE((live == NULL) == trial_state_final(trial->state),
            "it is over and kept like one that is not, or the other way round");
    if (live == NULL)
        return NULL;
    const struct list *queue = live->queue.list;
    if (trial->state == TRIAL_RUNNING) {
        REQUIRE(live->worker != NULL && live->worker->row.id == live->attempt.worker,
                "it runs and is not leased to the worker of its attempt");
        REQUIRE(live->held.list == &live->worker->leases, "its worker does not know the lease");
        struct attempt_ref granted = { trial->study->row.id, trial->number, trial->attempts };
        REQUIRE(attempt_ref_equal(live->attempt.ref, granted) && live->attempt.finished_ms == 0,
                "I3: its attempt is not the granted one, or has an end");
        bool active = study_active(trial->study);
        REQUIRE(queue == &core->leases ||
                    queue == (active ? place_of(trial, &trial->study->lapsed) : &core->orphans),
                "I4: it runs and is in no queue");
        return NULL;
    }
    REQUIRE(live->worker == NULL && live->held.list == NULL, "it waits and is leased");
    REQUIRE(queue == place_of(trial, &trial->study->waiting), "I4: it waits and is not queued");
    return NULL;
}

/* What the sampler believes of a trial: of one that was retried and has not ended yet, what it did
 * before. */
static const char *outcome_fault(const struct trial *trial)
{
    struct outcome_row latest;
    bool known = ledger_latest(trial->study->ledger, trial->number, &latest);
    if (!trial_state_final(trial->state)) {
        REQUIRE(!known || latest.state == TRIAL_FAILED || latest.state == TRIAL_DIVERGED ||
                    latest.state == TRIAL_CANCELLED,
                "I2: it has ended well and is not final");
        return NULL;
    }
    REQUIRE(known, "I2: it is final without an outcome");
    REQUIRE(latest.state == trial->state && latest.has_value == trial->has_value &&
                (!trial->has_value || latest.value == trial->value),
            "I2: its outcome is not how it ended");
    return NULL;
}

static const char *trial_fault(const struct core *core, const struct study *study, size_t number,
                               int64_t least_seq)
{
    const struct trial *trial = trial_at(study, number);
    REQUIRE(trial->number == (int64_t)number && trial->study == study,
            "it does not stand at its number");
    REQUIRE(trial->history_seq >= least_seq &&
                trial->history_seq <= ledger_outcomes(study_teacher(trial->study)->ledger),
            "its history is older than that of a trial before it, or in the future");
    bool final = trial_state_final(trial->state);
    const char *outcome = outcome_fault(trial);
    if (outcome != NULL)
        return outcome;
    REQUIRE(final == (trial->finished_ms != 0),
            "it is final without an end, or ended and not final");
    REQUIRE(!trial->has_value || (final && isfinite(trial->value)), "its value is none");
    const char *fault = source_fault(trial);
    if (fault == NULL)
        fault = attempt_fault(trial);
    return fault != NULL ? fault : queue_fault(core, trial);
}

static int64_t final_of(const struct trial_counts *counts)
{
    return counts->done + counts->pruned + counts->diverged + counts->failed + counts->cancelled;
}

static const char *study_fault(const struct study *study, const struct trial_counts *counted)
{
    REQUIRE(memcmp(&study->counts, counted, sizeof *counted) == 0,
            "I5: its counts are not those of its trials");
    REQUIRE(ledger_ended(study->ledger) >= final_of(counted) &&
                ledger_outcomes(study->ledger) >= ledger_ended(study->ledger),
            "I2: fewer outcomes than final trials");
    REQUIRE((int64_t)study->n_trials == ledger_configurations(study->ledger) * study->row.repeat,
            "trials and configurations do not match");
    REQUIRE(ledger_configurations(study->ledger) <= study->row.budget, "its budget is overspent");
    bool elsewhere = study->row.audit && study->row.state == SEARCH_OPEN;
    REQUIRE(study->waiting.count == (elsewhere ? 0 : counted->waiting),
            "not all that wait are queued");
    bool idle = counted->waiting + counted->running == 0;
    if (study_active(study))
        REQUIRE(!idle || ledger_configurations(study->ledger) < study->row.budget,
                "I4: it is open with nothing left to do");
    else
        REQUIRE(counted->waiting == 0, "I4: it is not open and trials wait");
    REQUIRE((study->row.finished_ms != 0) == (!study_active(study) && idle),
            "it is finished with trials open, or the other way round");
    const struct study *before = study->before;
    bool was_finished = before == NULL || before->row.finished_ms != 0 ||
                        ledger_outcomes(before->ledger) > final_of(&before->counts); /* retried */
    REQUIRE(study->n_trials == 0 || was_finished,
            "it has begun before the study that it waits for was finished");
    int64_t limit = study->search->definition->max_concurrent_trials;
    REQUIRE(study->row.audit || limit == 0 || counted->running <= limit,
            "more trials run than may");
    REQUIRE((study->share.position != 0) == study_has_work(study),
            "I4: it has work and is not in line for workers, or the other way round");
    return NULL;
}

static bool check_study(const struct core *core, const struct study *study, struct error *error)
{
    struct trial_counts counted = { 0 };
    int64_t seq = 0;
    for (size_t i = 0; i < study->n_trials; i++) {
        const char *fault = trial_fault(core, study, i, seq);
        if (fault != NULL) {
            error_set(error, "study %s, trial %zu: %s", study->row.name, i, fault);
            return false;
        }
        seq = trial_at(study, i)->history_seq;
        ++*trial_tally(&counted, trial_at(study, i)->state);
    }
    const char *fault = study_fault(study, &counted);
    if (fault != NULL)
        error_set(error, "study %s: %s", study->row.name, fault);
    return fault == NULL;
}

static bool check_search(const struct core *core, const struct search *search, struct error *error)
{
    int64_t running = 0;
    for (size_t i = 0; i < search->n_studies; i++) {
        if (!check_study(core, search->studies[i], error))
            return false;
        running += search->studies[i]->counts.running;
    }
    bool in_line = search->share.position != 0;
    if (running == search->running && in_line == (search->runnable.count > 0) &&
        (!in_line || search->share.load == running))
        return true;
    error_set(error,
              "search %s: I5: its running trials are not those of its studies, or its place "
              "in line is wrong",
              search->row.name);
    return false;
}

static const char *worker_fault(const struct core *core, const struct worker *worker)
{
    REQUIRE(index_find(&core->instances, worker->row.instance) == worker, "it cannot be found");
    REQUIRE(worker->row.drain >= DRAIN_NO && worker->row.drain <= DRAIN_NOW,
            "what was asked of it is unknown");
    REQUIRE((worker->vacant.list != NULL) ==
                (worker->session == 0 && !worker->used && worker->row.drain == DRAIN_NO),
            "its row may be taken over and is in use, or the other way round");
    REQUIRE(worker->used || worker->leases.count == 0, "it has trials and counts as unused");
    if (worker->session == 0) {
        REQUIRE(worker->heard.list == NULL && worker->hungry.list == NULL,
                "it has no session and is in line for work");
        return NULL;
    }
    REQUIRE(!worker->left, "it left and has a session");
    REQUIRE(index_find(&core->by_session, worker->session) == worker &&
                index_find(&core->by_peer, worker->peer) == worker,
            "its session cannot be found");
    REQUIRE(worker->received <= worker->sent && worker->lost <= worker->sent - worker->received &&
                worker->lost >= 0,
            "more TRIALs arrived or were lost than were sent");
    REQUIRE(worker->credit == 0 || worker->row.drain == DRAIN_NO, "it leaves and is in line");
    REQUIRE((worker->hungry_here.list != NULL) == (worker->credit > 0 && worker->class != NULL),
            "it has credit and no audit can find it, or the other way round");
    REQUIRE(worker->credit >= 0 && (worker->credit > 0) == (worker->hungry.list != NULL),
            "it has credit and is not in line, or the other way round");
    return NULL;
}

static bool check_leases(const struct core *core, struct error *error)
{
    int64_t deadline = INT64_MIN;
    LIST_EACH(&core->leases, link) {
        const struct live_trial *live = LIVE_QUEUED(link);
        if (live->deadline_ms < deadline) {
            error_set(error, "the leases are not in the order of their deadlines");
            return false;
        }
        deadline = live->deadline_ms;
    }
    return true;
}

bool core_check(const struct core *core, struct error *error)
{
    for (size_t i = 0; i < core->n_searches; i++) {
        if (!check_search(core, core->searches[i], error))
            return false;
    }
    for (size_t i = 0; i < core->n_workers; i++) {
        const char *fault = worker_fault(core, core->workers[i]);
        if (fault != NULL) {
            error_set(error, "worker %s: %s", core->workers[i]->row.name, fault);
            return false;
        }
    }
    if (core->by_session.count != (size_t)core->connected.count ||
        core->by_peer.count != (size_t)core->connected.count) {
        error_set(error, "the sessions are not those of the connected workers");
        return false;
    }
    return check_leases(core, error);
}
