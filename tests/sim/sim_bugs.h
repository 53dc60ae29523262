/* sim_bugs.h - how each planted bug is made: what it changes in the rows of a turn, in a message
 * under way, in the memory of the core or of an agent. The code under test itself stays as it is;
 * wrong code is what tests/mutants is for. */
#ifndef SIM_BUGS_H
#define SIM_BUGS_H
#include "coordinator/core/record.h"
#include "tests/sim/simulation.h"
#include "worker/agent/state.h"

/* NULL: the core does not know it, or is down. */
static inline struct trial *sim_trial(const struct sim *sim, struct attempt_ref ref)
{
    struct study *study =
        sim->core != NULL ? index_find(&sim->core->studies, (uint64_t)ref.study) : NULL;
    if (study == NULL || ref.trial < 0 || (size_t)ref.trial >= study->n_trials)
        return NULL;
    return trial_at(study, (size_t)ref.trial);
}

/* ---- in the rows of a turn ------------------------------------------------------------------- */

/* The parameters of the study's first trial, under another number. */
static inline void forge_parameters(struct sim *sim, struct action *action)
{
    const struct trial_row *first = disk_trial(&sim->disk, action->trial.study, 0);
    bool is_new = disk_trial(&sim->disk, action->trial.study, action->trial.number) == NULL;
    if (first != NULL && is_new && action->trial.repetition == 0)
        action->trial.parameters = first->parameters;
}

static inline void forget_charge(struct sim *sim, struct action *action)
{
    struct attempt_ref ref = { action->trial.study, action->trial.number, 0 };
    if (trial_state_final(action->trial.state))
        return;
    action->trial.charged = action->trial.deaths = 0;
    action->trial.death_worker = 0;
    action->trial.deaths_spread = false;
    trial_from_row(sim_trial(sim, ref), &action->trial);
}

static inline void plant_in_row(struct sim *sim, struct action *action)
{
    struct action nothing = { .type = SEND };
    switch (sim->bug) {
    case BUG_LOST_OUTCOME:
        if (action->type == ADD_OUTCOME && sim_chance(sim, 0.3))
            *action = nothing;
        break;
    case BUG_LOST_POINTS:
        if (action->type == ADD_POINTS && sim_chance(sim, 0.2))
            *action = nothing;
        break;
    case BUG_LOST_TRIAL:
        if (action->type == SAVE_TRIAL && sim_chance(sim, 0.1))
            *action = nothing;
        break;
    case BUG_WRONG_ATTEMPT:
        if (action->type == SAVE_TRIAL && action->trial.state == TRIAL_RUNNING &&
            action->trial.attempts > 1)
            action->trial.attempts--;
        break;
    case BUG_FORGED_SUGGESTION:
        if (action->type == SAVE_TRIAL)
            forge_parameters(sim, action);
        break;
    case BUG_FREE_FAILURES:
        if (action->type == SAVE_TRIAL)
            forget_charge(sim, action);
        break;
    case BUG_OUTCOME_TWICE:
        if (action->type == ADD_OUTCOME && sim_chance(sim, 0.1) && sim->disk.n_outcomes > 0)
            action->outcome.trial = sim->disk.outcomes[sim->disk.n_outcomes - 1].trial;
        break;
    default:
        break;
    }
}

static inline void plant_in_rows(struct sim *sim)
{
    for (size_t i = 0; i < sim->actions.count; i++)
        plant_in_row(sim, &sim->actions.list[i]);
}

/* ---- in messages ----------------------------------------------------------------------------- */

/* Makes an older attempt's word the word of the newer one, and of its worker. */
static inline void renew_attempt(const struct sim *sim, struct message *message, uint64_t *peer)
{
    struct attempt_ref *ref =
        message->type == MESSAGE_RESULT ? &message->result.ref : &message->points.ref;
    const struct trial *trial = sim_trial(sim, *ref);
    if (trial == NULL || trial->state != TRIAL_RUNNING || ref->attempt >= trial->attempts)
        return;
    ref->attempt = trial->attempts;
    message->session = trial->live->worker->session;
    *peer = trial->live->worker->peer;
}

static inline void plant_on_way_to_coordinator(const struct sim *sim, struct message *message,
                                               uint64_t *peer)
{
    if (sim->bug == BUG_EMPTY_BEATS && message->type == MESSAGE_BEAT)
        message->beat.n_held = 0;
    if (sim->bug == BUG_DEAF_TO_GOODBYE && message->type == MESSAGE_BEAT)
        message->beat.leaving = false;
    if (sim->bug == BUG_LATE_RESULT_COUNTS &&
        (message->type == MESSAGE_RESULT || message->type == MESSAGE_POINTS))
        renew_attempt(sim, message, peer);
}

/* Everything is new to this worker, and a TRIAL comes again long after its end. */
static inline void open_fence(struct sim *sim, int index, const struct message *message)
{
    struct sim_worker *worker = &sim->workers[index];
    struct packet again = {
        .from = COORDINATOR_ADDRESS, .to = index, .life = worker->life, .message = *message
    };
    fence_destroy(&worker->agent->fence);
    worker->agent->fence = fence_create();
    if (sim_chance(sim, 0.5))
        network_send(&sim->network, &sim->rng, sim->now_ms + sim_between(sim, 1000, 60000), again);
}

static inline void plant_on_way_to_worker(struct sim *sim, int index, struct message *message)
{
    const struct sim_worker *worker = &sim->workers[index];
    if (sim->bug == BUG_UNTOLD_DRAIN && message->type == MESSAGE_BEAT_OK)
        message->beat_ok.drain = DRAIN_NO;
    if (message->type != MESSAGE_TRIAL || worker->agent == NULL)
        return;
    if (sim->bug == BUG_OLD_ATTEMPT && message->trial.ref.attempt > 1)
        message->trial.ref.attempt--;
    if (sim->bug == BUG_OPEN_FENCE)
        open_fence(sim, index, message);
}

/* What a worker sends; false: it does not. A forgotten result is taken for acknowledged. */
static inline bool plant_in_worker_message(struct sim *sim, int index, struct message *message)
{
    if (sim->bug == BUG_THINNED_POINTS && message->type == MESSAGE_POINTS &&
        message->points.n_points > 1)
        message->points.points[message->points.n_points / 2].value += 1;
    if (sim->bug != BUG_FORGOTTEN_RESULT || message->type != MESSAGE_RESULT ||
        !sim_chance(sim, 0.3))
        return true;
    struct message answer = { .type = MESSAGE_RESULT_ACK, .session = message->session };
    answer.result_ack.ref = message->result.ref;
    answer.result_ack.verdict = VERDICT_RECORDED;
    sim_send(sim, COORDINATOR_ADDRESS, index, sim->workers[index].life, &answer);
    return false;
}

/* ---- in memory ------------------------------------------------------------------------------- */

static inline void plant_in_agent(const struct sim *sim, struct agent *agent)
{
    for (size_t i = 0; sim->bug == BUG_NO_RESEND && i < agent->n_held; i++) {
        struct held *held = agent->held[i];
        if (held->report_id != 0)
            held->report_due_ms = INT64_MAX;
    }
}

static inline void plant_in_credit(const struct sim *sim, uint64_t peer,
                                   const struct message *message)
{
    struct worker *worker = index_find(&sim->core->by_peer, peer);
    if (sim->bug == BUG_CREDIT_LEAK && message->type == MESSAGE_TRIAL && worker != NULL)
        worker->sent++;
}

/* ---- for the tests of repetition and of the runner ------------------------------------------- */

/* A number that a second run of the seed need not find again. */
static inline int64_t plant_in_delay(const struct sim *sim)
{
    enum { BYTES = 5000 };
    volatile unsigned char *fresh;
    int64_t odd = 0;
    if (sim->bug != BUG_ADDRESS && sim->bug != BUG_STALE_MEMORY)
        return odd;
    fresh = malloc(BYTES);
    if (fresh != NULL && sim->bug == BUG_ADDRESS)
        odd = (int64_t)((uintptr_t)fresh / 16 % 61); /* a prime: blocks lie in steps */
    else if (fresh != NULL)
        odd = fresh[BYTES / 2];
    free((void *)(uintptr_t)fresh);
    return odd;
}

static inline void plant_crash(const struct sim *sim)
{
    if (sim->bug == BUG_CRASH && sim->seed == SIM_CRASHING_SEED)
        abort();
}
#endif
