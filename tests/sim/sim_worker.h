/* sim_worker.h - the shell around the agent, simulated: children that report, end, are killed, and
 * die with their worker. */
#ifndef SIM_WORKER_H
#define SIM_WORKER_H
#include "tests/sim/sim_bugs.h"

/* A packet that arrives counts as sent over the connection that its sender has then: what was said
 * just before another process began comes from nobody. */
static inline void forget_late_goodbye(const struct sim *sim, struct sim_worker *worker)
{
    if (sim->now_ms <= worker->goodbye_ms + SIM_SWIFT_MS + 1)
        worker->goodbye_ms = 0;
}

static inline void worker_start(struct sim *sim, int index)
{
    struct sim_worker *worker = &sim->workers[index];
    forget_late_goodbye(sim, worker);
    worker->life++;
    worker->peer = ++sim->peers;
    worker->n_children = 0;
    worker->stopping = false;
    worker->stopped_until_ms = worker->sick_until_ms = 0;
    worker->idle_since_ms = -1;
    worker->drained_since_ms = -1;
    snprintf(worker->name, sizeof worker->name, "worker%d", index);
    snprintf(worker->key, sizeof worker->key, "key%d", index);
    worker->agent = agent_create(&(struct agent_options){
        .name = worker->name,
        .host = "host",
        .cpu = "cpu",
        .version = "1.0",
        .instance = sim->seed * 1000000 + (uint64_t)index * 10000 + worker->life,
        .pid = index,
        .slots = worker->slots,
        .allow_command = worker->allow_command,
        .idle_exit_ms = worker->idle_exit_ms,
        .bench_after = sim->bench_after,
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
static inline void note_start(struct sim *sim, int index, struct attempt_ref ref)
{
    const struct sim_worker *worker = &sim->workers[index];
    if (find_start(sim, ref) != NULL)
        sim_fail(sim, "I3: attempt %d of trial %d was started twice", ref.attempt, (int)ref.trial);
    if (sim->n_started == SIM_MAX_STARTED) {
        sim_fail(sim, "more than %d attempts", SIM_MAX_STARTED);
        return;
    }
    sim->started[sim->n_started++] = (struct sim_start){
        .ref = ref,
        .worker = index,
        .life = worker->life,
        .at_ms = sim->now_ms,
        .sick = sim->now_ms < worker->sick_until_ms,
    };
}

static inline const char *objective_of(const struct message *trial)
{
    return trial->trial.program == PROGRAM_COMMAND ? "loss" : "test_kl";
}

/* How many points the checkpoint of a trial holds; all workers share the directory. */
static inline int32_t *checkpoint_of(struct sim *sim, struct attempt_ref ref)
{
    return &sim->checkpoints[ref.study % SIM_MAX_STUDIES][ref.trial % SIM_MAX_TRIALS];
}

/* The directory of a trial's checkpoints has one name, whoever runs it, after whatever restart. */
static inline void check_checkpoint_key(struct sim *sim, const struct agent_action *action)
{
    const char *key = action->message.trial.checkpoint_key;
    if (action->ref.study >= SIM_MAX_STUDIES || action->ref.trial >= SIM_MAX_TRIALS)
        sim_fail(sim, "more studies or trials than there is room for");
    if (sim->failure[0] != '\0')
        return;
    char *known = sim->checkpoint_keys[action->ref.study][action->ref.trial];
    if (known[0] == '\0')
        snprintf(known, MESSAGE_MAX_NAME + 1, "%s", key);
    if (known[0] == '\0' || strcmp(known, key) != 0)
        sim_fail(sim, "the checkpoint key of trial %d is `%s`, and was `%s`",
                 (int)action->ref.trial, key, known);
}

static inline void child_start(struct sim *sim, int index, const struct agent_action *action)
{
    struct sim_worker *worker = &sim->workers[index];
    note_start(sim, index, action->ref);
    check_checkpoint_key(sim, action);
    if (worker->n_children == SIM_MAX_CHILDREN) {
        sim_fail(sim, "more children than slots");
        return;
    }
    struct child_plan plan = child_plan(action->ref);
    if (sim->now_ms < worker->sick_until_ms) {
        plan.fate = FATE_FAILS;
        plan.points = 0;
    }
    int64_t kept = *checkpoint_of(sim, action->ref);
    worker->children[worker->n_children++] = (struct child){
        .ref = action->ref,
        .plan = plan,
        .metric = objective_of(&action->message),
        .next_ms = sim->now_ms + plan.step_ms,
        .resumes_with = kept < plan.points ? kept : plan.points,
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

static inline void note_goodbye(struct sim *sim, int index, const struct message *message)
{
    struct sim_worker *worker = &sim->workers[index];
    if (message->type != MESSAGE_BEAT || !message->beat.leaving || !worker->agent->finished)
        return;
    worker->goodbye = worker->agent->options.instance;
    worker->goodbye_ms = sim->now_ms;
    sim->goodbyes++;
}

static inline void worker_send(struct sim *sim, int index, struct message *message)
{
    if (!plant_in_worker_message(sim, index, message))
        return;
    note_goodbye(sim, index, message);
    sim_trace(sim, "worker %d -> coordinator: %s", index, message_type_name(message->type));
    if (sim->now_ms >= sim->workers[index].cut_until_ms)
        sim_send(sim, index, COORDINATOR_ADDRESS, sim->workers[index].life, message);
}

/* Says goodbye, by mistake, and goes on. */
static inline void worker_slips(struct sim *sim, int index)
{
    const struct agent *agent = sim->workers[index].agent;
    struct message message = { .id = agent->last_id, .type = MESSAGE_BEAT };
    message.session = agent->session.open ? agent->session.number : 0;
    message.beat.note = "left: so it says";
    message.beat.leaving = true;
    worker_send(sim, index, &message);
}

static inline void settle_checkpoint(struct sim *sim, const struct agent_action *action)
{
    struct sim_start *start = find_start(sim, action->ref);
    if (start == NULL)
        return; /* refused before it started */
    if (start->settled)
        sim_fail(sim, "the checkpoint of trial %d was given up twice", (int)action->ref.trial);
    start->settled = true;
    if (!action->superseded)
        *checkpoint_of(sim, action->ref) = 0;
}

/* False once the worker is gone. */
static inline bool worker_acts(struct sim *sim, int index, struct agent_action *action)
{
    struct sim_worker *worker = &sim->workers[index];
    switch (action->type) {
    case AGENT_SEND:
        worker_send(sim, index, &action->message);
        break;
    case AGENT_START:
        child_start(sim, index, action);
        break;
    case AGENT_KILL:
    case AGENT_PRUNE:
    case AGENT_PREEMPT:
        child_signal(sim, worker, action);
        break;
    case AGENT_SETTLED:
        settle_checkpoint(sim, action);
        break;
    case AGENT_RENEW:
        worker->peer = ++sim->peers;
        sim->renewals++;
        break;
    case AGENT_LOG:
        sim_trace(sim, "worker %d says: %s", index, action->text);
        break;
    case AGENT_FINISHED:
        worker_die(sim, index);
        return false;
    }
    return true;
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
    plant_in_agent(sim, worker->agent);
    if (!agent_check(worker->agent, &error))
        sim_fail(sim, "agent_check: %s", error.text);
    for (size_t i = 0; i < sim->agent_actions.count; i++) {
        struct agent_action *action = &sim->agent_actions.list[i];
        if (!sim_calm(sim) && sim_chance(sim, sim->worker_crash)) {
            worker_die(sim, index);
            return;
        }
        if (!worker_acts(sim, index, action))
            return;
    }
}

/* One point, or all that its checkpoint holds. */
static inline void child_reports(struct sim *sim, int index, struct child *child)
{
    struct point points[16];
    size_t count = 0;
    int64_t until =
        child->reported < child->resumes_with ? child->resumes_with : child->reported + 1;
    sim->resumed += child->reported == 0 && child->resumes_with > 0;
    while (child->reported < until && count < sizeof points / sizeof *points)
        points[count++] =
            child_point(child->ref, child->plan.fate, child->metric, child->reported++);
    if (sim->checkpointing && child->reported % 3 == 0)
        *checkpoint_of(sim, child->ref) = (int32_t)child->reported;
    child->next_ms = sim->now_ms + child->plan.step_ms;
    worker_event(
        sim, index,
        (struct agent_event){
            .type = AGENT_POINTS, .ref = child->ref, .points = points, .n_points = count });
}

/* Its next points, or its end. One that hangs is killed by the shell after a while. */
static inline void child_moves(struct sim *sim, int index, int which)
{
    struct sim_worker *worker = &sim->workers[index];
    struct child *child = &worker->children[which];
    bool signalled = child->killed || child->preempted || child->pruned;
    if (!signalled && child->reported < child->plan.points) {
        child_reports(sim, index, child);
        return;
    }
    if (!signalled && child->plan.fate == FATE_HANGS && !child->hangs) {
        child->hangs = true;
        child->next_ms = sim->now_ms + SIM_SILENCE_MS;
        return;
    }
    struct child ended = *child;
    *child = worker->children[--worker->n_children];
    struct message result = child_result(&ended);
    bool handed_back = ended.preempted && !ended.killed;
    find_start(sim, ended.ref)->ended |= !handed_back;
    if (handed_back && sim->checkpointing)
        *checkpoint_of(sim, ended.ref) = (int32_t)ended.reported;
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
    if (sim->now_ms < worker->stopped_until_ms)
        return;
    for (int i = 0; i < worker->n_children; i++) {
        if (worker->children[i].next_ms <= sim->now_ms) {
            child_moves(sim, index, i);
            return; /* the list may have changed: the rest is due at this very time, too */
        }
    }
    if (worker->agent != NULL && agent_next_deadline(worker->agent) <= sim->now_ms)
        worker_event(sim, index, (struct agent_event){ .type = AGENT_TICK });
}

static inline int64_t worker_next_ms(const struct sim_worker *worker)
{
    if (worker->agent == NULL)
        return worker->back_ms;
    int64_t next = agent_next_deadline(worker->agent);
    for (int i = 0; i < worker->n_children; i++)
        next = worker->children[i].next_ms < next ? worker->children[i].next_ms : next;
    return next > worker->stopped_until_ms ? next : worker->stopped_until_ms;
}
#endif
