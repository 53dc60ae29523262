/* The life of a trial:
 *
 *      trial_create                  trial_grant
 *  - -----------------> WAITING ----------------------> RUNNING ---+
 *                        |  ^                           |  |  ^    | trial_grant, once its lease
 *                        |  |  trial_release            |  |  +----+ has lapsed: attempt + 1
 *                        |  +---------------------------+  |
 *                        |  |  trial_finish: failed,       |
 *                        |  |  charged < max_attempts,     |
 *                        |  |  not poison                  |  trial_finish
 *           trial_cancel |  +---------------------------+  +---------------> DONE, PRUNED,
 *                        |                              |  |                 DIVERGED, FAILED
 *                        +----> CANCELLED <-------------+--+
 *                                           trial_cancel
 *                                                       |  trial_give_up, once its lease has lapsed
 *                                                       +-----------------> FAILED
 *      DIVERGED, FAILED,  trial_retry
 *      CANCELLED --------------------> WAITING
 *
 * Every arrow saves the rows of the trial and of its attempt. Each arrival in a final state appends
 * an outcome: a second one of the same trial only after trial_retry. */
#include "coordinator/core/trial.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/lease.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "common/arena.h"

#include <assert.h>
#include <inttypes.h>

int64_t *trial_tally(struct trial_counts *counts, enum trial_state state)
{
    int64_t *const tallies[] = {
        [TRIAL_WAITING] = &counts->waiting,     [TRIAL_RUNNING] = &counts->running,
        [TRIAL_DONE] = &counts->done,           [TRIAL_PRUNED] = &counts->pruned,
        [TRIAL_DIVERGED] = &counts->diverged,   [TRIAL_FAILED] = &counts->failed,
        [TRIAL_CANCELLED] = &counts->cancelled,
    };
    assert(state >= TRIAL_WAITING && state <= TRIAL_CANCELLED);
    return tallies[state];
}

void trial_count(struct trial *trial, int64_t change)
{
    *trial_tally(&trial->study->counts, trial->state) += change;
    if (trial->state == TRIAL_RUNNING)
        trial->study->search->running += change;
}

static void set_state(struct core *core, struct trial *trial, enum trial_state state)
{
    trial_count(trial, -1);
    trial->state = state;
    trial_count(trial, +1);
    share_update(core, trial->study);
}

/* ---- attempts */

struct latest_attempt attempt_latest(const struct attempt_row *attempt)
{
    return (struct latest_attempt){ attempt->worker, attempt->points, attempt->state };
}

struct latest_attempt trial_latest(const struct trial *trial)
{
    return trial->state == TRIAL_RUNNING ? attempt_latest(&trial->live->attempt) : trial->ended;
}

static struct trial *find(const struct core *core, struct attempt_ref ref)
{
    struct study *study = index_find(&core->studies, (uint64_t)ref.study);
    if (study == NULL || ref.trial < 0 || (size_t)ref.trial >= study->n_trials)
        return NULL;
    return trial_at(study, (size_t)ref.trial);
}

enum standing trial_standing(const struct core *core, const struct worker *worker,
                             struct attempt_ref ref, struct trial **out)
{
    struct trial *trial = find(core, ref);
    if (trial == NULL || ref.attempt < 1 || ref.attempt != trial->attempts)
        return STANDING_STALE;
    struct latest_attempt latest = trial_latest(trial);
    if (latest.worker != worker->row.id)
        return STANDING_STALE;
    *out = trial;
    switch (latest.state) {
    case ATTEMPT_RUNNING:
        return STANDING_CURRENT;
    case ATTEMPT_CANCELLED:
        return STANDING_CANCELLED;
    case ATTEMPT_DONE:
    case ATTEMPT_PRUNED:
    case ATTEMPT_DIVERGED:
    case ATTEMPT_FAILED:
        return STANDING_RECORDED;
    case ATTEMPT_RELEASED:
    case ATTEMPT_LOST:
        break;
    }
    return STANDING_STALE;
}

/* ---- the arrows */

struct trial *trial_create(struct core *core, struct study *study, int64_t history_seq,
                           int64_t wall_ms)
{
    const struct definition *definition = study->search->definition;
    struct trial *trial = trial_append(study);
    trial->state = TRIAL_WAITING;
    trial->seed =
        study->parent != NULL
            ? definition_rerun_seed(definition, trial_repetition(trial))
            : definition_trial_seed(definition, (size_t)study->row.position, trial->number);
    trial->history_seq = history_seq;
    trial->source = -1;
    trial->created_ms = wall_ms;
    trial_enliven(trial);
    trial_count(trial, +1);
    list_push(&study->waiting, &trial->live->queue);
    share_update(core, study);
    return trial;
}

void trial_repeat(struct core *core, struct trial *trial, const struct trial *source)
{
    trial->seed = source->seed;
    trial->source = source->number;
    elsewhere_settle(core, trial->live);
    elsewhere_queue(core, trial->live);
}

/* The end of the latest attempt, whatever becomes of its trial. */
static void end_attempt(struct turn *turn, struct trial *trial, enum attempt_state ended,
                        struct attempt_texts texts)
{
    struct attempt_row *attempt = &trial->live->attempt;
    attempt->state = ended;
    attempt->finished_ms = turn->wall_ms;
    trial->ended = attempt_latest(attempt);
    save_attempt(turn, trial, texts);
    if (ended == ATTEMPT_CANCELLED)
        lease_revoke(turn->core, trial->live);
    else
        lease_end(turn->core, trial->live);
}

static void become_waiting(struct turn *turn, struct trial *trial, const char *reason)
{
    trial->live->losses = 0; /* its worker lives */
    set_state(turn->core, trial, TRIAL_WAITING);
    if (trial->study->row.audit)
        elsewhere_queue(turn->core, trial->live);
    else /* it is older than what waits there */
        list_push_front(&trial->study->waiting, &trial->live->queue);
    share_update(turn->core, trial->study);
    save_trial(turn, trial, reason);
}

static void become_final(struct turn *turn, struct trial *trial, enum trial_state state,
                         const char *reason)
{
    list_remove(&trial->live->queue);
    trial->finished_ms = turn->wall_ms;
    set_state(turn->core, trial, state);
    save_trial(turn, trial, reason);
    ledger_outcome(trial->study->ledger, trial->number, state, trial->has_value, trial->value);
    add_outcome(turn, trial);
    trial_lay_to_rest(trial);
    if (state == TRIAL_FAILED) /* first: one failure too many says more than "done" */
        study_count_failure(turn, trial->study, trial, reason);
    study_settle(turn, trial->study);
}

/* ---- workers that fall silent. Once is an accident, and so may ten times be where machines come
 * and go; but a trial that takes its machine down would do so to a whole fleet, one after another,
 * and to all that runs beside it. */

enum { LOSSES_SUSPECT = 3, LOSSES_MOST = 30 };

/* Than all attempts before it. */
static bool got_further(const struct live_trial *live)
{
    return live->attempt.last_step > live->furthest_step;
}

/* Where this attempt, which ends now, has got to. */
static void note_furthest(struct live_trial *live)
{
    if (got_further(live))
        live->furthest_step = live->attempt.last_step;
}

/* In a row, this attempt included. */
static int32_t losses_with_this(const struct live_trial *live)
{
    return got_further(live) ? 1 : live->losses + 1;
}

static void count_loss(struct live_trial *live)
{
    live->losses = losses_with_this(live);
    note_furthest(live);
}

bool trial_is_suspect(const struct live_trial *live)
{
    return losses_with_this(live) >= LOSSES_SUSPECT;
}

bool trial_is_lost(const struct live_trial *live)
{
    return losses_with_this(live) >= LOSSES_MOST;
}

void trial_give_up(struct turn *turn, struct trial *trial)
{
    assert(lease_lapsed(turn->core, trial->live));
    end_attempt(turn, trial, ATTEMPT_LOST,
                (struct attempt_texts){ .reason = "its worker fell silent" });
    become_final(turn, trial, TRIAL_FAILED,
                 arena_printf(turn->out->arena,
                              "quarantined: %d workers in a row fell silent while they ran it, and "
                              "it never got further; if they were lost for other reasons, `ldt "
                              "retry` tries it again",
                              LOSSES_MOST));
}

const char *trial_grant(struct turn *turn, struct trial *trial, struct worker *worker)
{
    if (trial->state == TRIAL_RUNNING) {
        assert(lease_lapsed(turn->core, trial->live));
        count_loss(trial->live);
        end_attempt(turn, trial, ATTEMPT_LOST,
                    (struct attempt_texts){ .reason = "its worker fell silent and the trial was "
                                                      "given to another one" });
    }
    list_remove(&trial->live->queue);
    worker->used = true;
    trial->attempts++;
    trial->live->attempt = (struct attempt_row){
        .ref = { trial->study->row.id, trial->number, trial->attempts },
        .state = ATTEMPT_RUNNING,
        .worker = worker->row.id,
        .started_ms = turn->wall_ms,
        .last_step = -1,
    };
    set_state(turn->core, trial, TRIAL_RUNNING);
    const char *parameters = save_trial(turn, trial, "");
    save_attempt(turn, trial, (struct attempt_texts){ 0 });
    trial->live->shorts = 0;
    lease_begin(turn->core, trial->live, worker, turn->now_ms);
    return parameters;
}

/* Only a study that still hands out trials has somebody to try it again. */
static bool has_attempts_left(const struct trial *trial)
{
    return study_active(trial->study) &&
           trial->charged < trial->study->search->definition->max_attempts;
}

/* Whether this trial takes its processes down wherever it runs. Once is an accident, and one worker
 * may be sick; so it must have killed on several, or again and again. */
static bool is_poison(const struct trial *trial)
{
    return trial->deaths >= DEATHS_ANYWHERE ||
           (trial->deaths_spread && trial->deaths >= DEATHS_SPREAD);
}

static void count_death(struct trial *trial)
{
    if (trial->deaths++ == 0)
        trial->death_worker = trial->live->attempt.worker;
    else if (trial->death_worker != trial->live->attempt.worker)
        trial->deaths_spread = true;
}

static const char *quarantine_reason(struct turn *turn, const struct trial *trial,
                                     const char *reason)
{
    return arena_printf(
        turn->out->arena, "quarantined: its process died %" PRId32 " times%s; the last time: %s",
        trial->deaths, trial->deaths_spread ? ", on more than one worker" : "", reason);
}

static void take_value(struct trial *trial)
{
    const struct attempt_row *attempt = &trial->live->attempt;
    bool last_counts = trial->study->search->definition->over_time_last;
    if (last_counts && attempt->state == ATTEMPT_DIVERGED)
        return; /* the last point is the one that was not finite */
    trial->has_value = last_counts ? attempt->has_last : attempt->has_best;
    trial->value = last_counts ? attempt->last : attempt->best;
    if (!trial->has_value)
        trial->value = 0;
}

static enum trial_state final_state(enum attempt_state ended)
{
    switch (ended) {
    case ATTEMPT_DONE:
        return TRIAL_DONE;
    case ATTEMPT_PRUNED:
        return TRIAL_PRUNED;
    case ATTEMPT_DIVERGED:
        return TRIAL_DIVERGED;
    default:
        return TRIAL_FAILED;
    }
}

void trial_finish(struct turn *turn, struct trial *trial, enum attempt_state ended,
                  const struct message *result, const char *reason)
{
    struct attempt_row *attempt = &trial->live->attempt;
    attempt->exit_status = result->result.exit_status;
    attempt->duration_ms = result->result.duration_ms;
    attempt->cpu_ms = result->result.cpu_ms;
    attempt->peak_memory_bytes = result->result.peak_memory_bytes;
    struct worker *worker = trial->live->worker;
    end_attempt(turn, trial, ended,
                (struct attempt_texts){ reason, result->result.log, result->result.info });
    if (ended != ATTEMPT_FAILED) {
        worker->done++;
        take_value(trial);
        become_final(turn, trial, final_state(ended), reason);
        return;
    }
    worker->failed++;
    trial->charged++;
    if (result->result.kind == RESULT_DIED)
        count_death(trial);
    if (is_poison(trial)) {
        become_final(turn, trial, TRIAL_FAILED, quarantine_reason(turn, trial, reason));
        return;
    }
    if (has_attempts_left(trial)) {
        trial->live->returns = 0;
        become_waiting(turn, trial, reason);
        return;
    }
    become_final(turn, trial, TRIAL_FAILED, reason);
}

/* A fleet that is preempted hands a trial back now and then; one whose program says so each time,
 * or that is longer than its workers ever have, comes to nothing. */
enum { RETURNS_TOLD = 3 };

static void count_return(struct trial *trial)
{
    struct live_trial *live = trial->live;
    live->returns = got_further(live) ? 1 : live->returns + 1;
    note_furthest(live);
    if (live->returns >= RETURNS_TOLD)
        trial->study->restless = trial->number;
}

int32_t trial_returns_in_vain(const struct trial *trial)
{
    int32_t returns = trial->live != NULL ? trial->live->returns : 0;
    return returns >= RETURNS_TOLD ? returns : 0;
}

void trial_release(struct turn *turn, struct trial *trial, const char *reason)
{
    if (!study_active(trial->study)) {
        trial_cancel(turn, trial, "handed back after its study was stopped");
        return;
    }
    count_return(trial);
    end_attempt(turn, trial, ATTEMPT_RELEASED, (struct attempt_texts){ .reason = reason });
    become_waiting(turn, trial, reason);
}

void trial_cancel(struct turn *turn, struct trial *trial, const char *reason)
{
    assert(!trial_state_final(trial->state));
    if (trial->state == TRIAL_RUNNING)
        end_attempt(turn, trial, ATTEMPT_CANCELLED, (struct attempt_texts){ .reason = reason });
    become_final(turn, trial, TRIAL_CANCELLED, reason);
}

bool trial_may_be_retried(const struct trial *trial)
{
    enum trial_state state = trial->state;
    return state == TRIAL_FAILED || state == TRIAL_DIVERGED || state == TRIAL_CANCELLED;
}

void trial_retry(struct turn *turn, struct trial *trial)
{
    assert(trial_may_be_retried(trial));
    study_reopen(turn, trial->study);
    trial->charged = trial->deaths = 0;
    trial->death_worker = 0;
    trial->deaths_spread = false;
    trial->has_value = false;
    trial->value = 0;
    trial->finished_ms = 0;
    trial_enliven(trial);
    if (trial->study->row.audit)
        elsewhere_settle(turn->core, trial->live);
    become_waiting(turn, trial, "");
    trial->live->saved_in = SIZE_MAX; /* what comes next in this turn must not hide the retry */
}
