/* sim_worker.h - the shell around the agent, simulated: children that report, end, are killed, and
 * die with their worker. */
#ifndef SIM_WORKER_H
#define SIM_WORKER_H
#include "tests/sim/simulation.h"

static inline void worker_start(struct sim *sim, int index)
{
    struct sim_worker *worker = &sim->workers[index];
    worker->life++;
    worker->peer = ++sim->peers;
    worker->n_children = 0;
    worker->stopping = false;
    worker->agent = agent_create(&(struct agent_options){
        .name = "worker",
        .host = "host",
        .cpu = "cpu",
        .version = "1.0",
        .instance = sim->seed * 1000000 + (uint64_t)index * 10000 + worker->life,
        .pid = index,
        .slots = worker->slots,
        .allow_command = worker->allow_command,
    });
    sim_trace(sim, "worker %d: starts (life %d)", index, (int)worker->life);
}

static inline void worker_die(struct sim *sim, int index)
{
    struct sim_worker *worker = &sim->workers[index];
    sim_trace(sim, "worker %d: gone", index);
    sim->deaths++;
    agent_destroy(&worker->agent);
    worker->n_children = 0;
    worker->back_ms = sim->now_ms + sim_between(sim, 100, 20000);
}

/* I3: an attempt is started once in the whole fleet, whatever the network does. */
static inline void note_start(struct sim *sim, struct attempt_ref ref)
{
    for (int i = 0; i < sim->n_started; i++) {
        if (attempt_ref_equal(sim->started[i], ref))
            sim_fail(sim, "I3: attempt %d of trial %d was started twice", ref.attempt,
                     (int)ref.trial);
    }
    if (sim->n_started < SIM_MAX_STARTED)
        sim->started[sim->n_started++] = ref;
}

static inline const char *objective_of(const struct message *trial)
{
    return trial->trial.program == PROGRAM_COMMAND ? "loss" : "test_kl";
}

static inline void child_start(struct sim *sim, struct sim_worker *worker,
                               const struct agent_action *action)
{
    note_start(sim, action->ref);
    if (worker->n_children == SIM_MAX_CHILDREN) {
        sim_fail(sim, "more children than slots");
        return;
    }
    struct child_plan plan = child_plan(action->ref);
    worker->children[worker->n_children++] = (struct child){
        .ref = action->ref,
        .plan = plan,
        .metric = objective_of(&action->message),
        .next_ms = sim->now_ms + plan.step_ms,
    };
}

static inline struct child *child_of(struct sim_worker *worker, struct attempt_ref ref)
{
    for (int i = 0; i < worker->n_children; i++) {
        if (attempt_ref_equal(worker->children[i].ref, ref))
            return &worker->children[i];
    }
    return NULL;
}

static inline void child_signal(struct sim *sim, struct sim_worker *worker,
                                const struct agent_action *action)
{
    struct child *child = child_of(worker, action->ref);
    if (child == NULL)
        return; /* it has just ended */
    child->killed |= action->type == AGENT_KILL;
    child->preempted |= action->type == AGENT_PREEMPT;
    child->pruned |= action->type == AGENT_PRUNE;
    child->next_ms = sim->now_ms + sim_between(sim, 1, 3000);
}

static inline void worker_send(struct sim *sim, int index, struct message *message)
{
    if (sim->bug == BUG_THINNED_POINTS && message->type == MESSAGE_POINTS &&
        message->points.n_points > 1)
        message->points.points[message->points.n_points / 2].value += 1;
    sim_trace(sim, "worker %d -> coordinator: %s", index, message_type_name(message->type));
    if (sim->now_ms >= sim->workers[index].cut_until_ms)
        sim_send(sim, index, COORDINATOR_ADDRESS, sim->workers[index].life, message);
}

/* One event for the agent, and what it wants done; the process may die at any action. */
static inline void worker_event(struct sim *sim, int index, struct agent_event event)
{
    struct sim_worker *worker = &sim->workers[index];
    struct error error = { "" };
    if (worker->agent == NULL)
        return;
    event.now_ms = sim->now_ms;
    agent_actions_clear(&sim->agent_actions);
    agent_step(worker->agent, &event, &sim->agent_actions);
    if (!agent_check(worker->agent, &error))
        sim_fail(sim, "agent_check: %s", error.text);
    for (size_t i = 0; i < sim->agent_actions.count; i++) {
        struct agent_action *action = &sim->agent_actions.list[i];
        if (!sim_calm(sim) && sim_chance(sim, sim->worker_crash)) {
            worker_die(sim, index);
            return;
        }
        switch (action->type) {
        case AGENT_SEND:
            worker_send(sim, index, &action->message);
            break;
        case AGENT_START:
            child_start(sim, worker, action);
            break;
        case AGENT_KILL:
        case AGENT_PRUNE:
        case AGENT_PREEMPT:
            child_signal(sim, worker, action);
            break;
        case AGENT_SETTLED:
            break;
        case AGENT_LOG:
            sim_trace(sim, "worker %d says: %s", index, action->text);
            break;
        case AGENT_FINISHED:
            worker_die(sim, index);
            return;
        }
    }
}

/* Its next points, or its end. */
static inline void child_moves(struct sim *sim, int index, int which)
{
    struct sim_worker *worker = &sim->workers[index];
    struct child *child = &worker->children[which];
    bool signalled = child->killed || child->preempted || child->pruned;
    if (!signalled && child->reported < child->plan.points) {
        struct point point =
            child_point(child->ref, child->plan.fate, child->metric, child->reported++);
        child->next_ms = sim->now_ms + child->plan.step_ms;
        worker_event(
            sim, index,
            (struct agent_event){
                .type = AGENT_POINTS, .ref = child->ref, .points = &point, .n_points = 1 });
        return;
    }
    struct child ended = *child;
    *child = worker->children[--worker->n_children];
    struct message result = child_result(&ended);
    bool handed_back = ended.preempted && !ended.killed;
    worker_event(sim, index,
                 (struct agent_event){ .type = handed_back ? AGENT_HANDED_BACK : AGENT_EXITED,
                                       .ref = ended.ref,
                                       .message = &result,
                                       .reason = "the worker leaves" });
}

static inline void worker_time(struct sim *sim, int index)
{
    struct sim_worker *worker = &sim->workers[index];
    if (worker->agent == NULL) {
        if (sim->now_ms >= worker->back_ms)
            worker_start(sim, index);
        return;
    }
    for (int i = 0; i < worker->n_children; i++) {
        if (worker->children[i].next_ms <= sim->now_ms) {
            child_moves(sim, index, i);
            return; /* the list may have changed: the rest is due at this very time, too */
        }
    }
    if (agent_next_deadline(worker->agent) <= sim->now_ms)
        worker_event(sim, index, (struct agent_event){ .type = AGENT_TICK });
}

static inline int64_t worker_next_ms(const struct sim_worker *worker)
{
    if (worker->agent == NULL)
        return worker->back_ms;
    int64_t next = agent_next_deadline(worker->agent);
    for (int i = 0; i < worker->n_children; i++)
        next = worker->children[i].next_ms < next ? worker->children[i].next_ms : next;
    return next;
}
#endif
