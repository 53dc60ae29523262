#include "worker/agent/agent.h"
#include "common/xalloc.h"
#include "worker/agent/state.h"

#include <stdlib.h>

enum { DEFAULT_BEAT_MS = 5000 }; /* until WELCOME says otherwise */

/* ---- what it holds --------------------------------------------------------------------------- */

struct held *agent_find(const struct agent *agent, struct attempt_ref ref)
{
    for (size_t i = 0; i < agent->n_held; i++)
        if (attempt_ref_equal(agent->held[i]->ref, ref))
            return agent->held[i];
    return NULL;
}

struct held *agent_hold(struct agent *agent, struct attempt_ref ref, enum held_state state)
{
    agent->held = xgrow(agent->held, agent->n_held, &agent->held_capacity, sizeof *agent->held);
    return agent->held[agent->n_held++] = held_create(ref, state);
}

static void remove_held(struct agent *agent, struct held *held)
{
    size_t i = 0;
    while (agent->held[i] != held)
        i++;
    for (agent->n_held--; i < agent->n_held; i++)
        agent->held[i] = agent->held[i + 1];
    held_destroy(&held);
}

static void settle(const struct held *held, struct agent_actions *out)
{
    if (held->checkpoint == HELD_WANTED || held->checkpoint_key[0] == '\0')
        return;
    struct agent_action *action = agent_act(out, AGENT_SETTLED, held->ref);
    action->text = arena_text(out->arena, held->checkpoint_key);
    action->superseded = held->checkpoint == HELD_SUPERSEDED;
}

void agent_forget(struct agent *agent, struct held *held, enum held_use checkpoint,
                  struct agent_actions *out)
{
    held->checkpoint = checkpoint;
    if (held->has_child) {
        held_abandon(held);
        return;
    }
    settle(held, out);
    remove_held(agent, held);
}

void agent_drop(struct agent *agent, struct held *held, enum held_use checkpoint, const char *why,
                struct agent_actions *out)
{
    agent_log(out, "dropped attempt %d of trial %lld of study %lld: %s", held->ref.attempt,
              (long long)held->ref.trial, (long long)held->ref.study, why);
    if (held->has_child)
        agent_act(out, AGENT_KILL, held->ref);
    agent_forget(agent, held, checkpoint, out);
}

void agent_give_back(struct held *held, const char *reason, int64_t now_ms,
                     struct agent_actions *out)
{
    if (held->has_child)
        agent_act(out, AGENT_KILL, held->ref);
    held_release(held, reason, now_ms);
}

int32_t agent_free_slots(const struct agent *agent)
{
    int32_t free_slots = agent->options.slots;
    for (size_t i = 0; i < agent->n_held; i++)
        free_slots -= agent->held[i]->has_child;
    return free_slots;
}

/* ---- what the shell tells -------------------------------------------------------------------- */

static void on_message(struct agent *agent, const struct agent_event *event,
                       struct agent_actions *out)
{
    static const struct {
        agent_handler *run;
        bool any_session; /* else only what belongs to the open session is heard */
    } handlers[MESSAGE_TYPES] = {
        [MESSAGE_WELCOME] = { session_on_welcome, true },
        [MESSAGE_ERROR] = { session_on_error, true },
        [MESSAGE_TRIAL] = { session_on_trial, false },
        [MESSAGE_BEAT_OK] = { session_on_beat_ok, false },
        [MESSAGE_POINTS_ACK] = { deliver_on_points_ack, false },
        [MESSAGE_RESULT_ACK] = { deliver_on_result_ack, false },
        [MESSAGE_RELEASE_ACK] = { deliver_on_release_ack, false },
    };
    const struct message *message = event->message;
    const struct session *session = &agent->session;
    if ((unsigned)message->type >= MESSAGE_TYPES || handlers[message->type].run == NULL)
        return;
    if (handlers[message->type].any_session ||
        (session->open && message->session == session->number))
        handlers[message->type].run(agent, event, out);
}

static void on_tick(struct agent *agent, const struct agent_event *event, struct agent_actions *out)
{
    /* what is due is done after every event */
}

static void on_points(struct agent *agent, const struct agent_event *event,
                      struct agent_actions *out)
{
    struct held *held = agent_find(agent, event->ref);
    if (held == NULL || held->state != HELD_RUNNING || event->n_points == 0)
        return;
    curve_add(&held->curve, event->points, event->n_points);
    held->step = event->points[event->n_points - 1].step;
    if (held->batch_due_ms == INT64_MAX)
        held->batch_due_ms = event->now_ms + DELIVER_BATCH_DELAY_MS;
}

/* The attempt if its end is news: it was running. */
static struct held *child_is_gone(struct agent *agent, struct attempt_ref ref,
                                  struct agent_actions *out)
{
    struct held *held = agent_find(agent, ref);
    if (held == NULL || !held->has_child)
        return NULL;
    held->has_child = false;
    if (held->state == HELD_DYING)
        agent_forget(agent, held, held->checkpoint, out);
    else if (held->state == HELD_RUNNING)
        return held;
    return NULL;
}

/* What the result says about this machine. */
static void judge_machine(struct agent *agent, const struct agent_event *event,
                          struct agent_actions *out)
{
    enum result_kind kind = event->message->result.kind;
    bool bad = kind == RESULT_FAILED || kind == RESULT_DIED || kind == RESULT_REFUSED;
    if (kind == RESULT_DONE && breaker_succeeded(&agent->breaker, event->ref))
        agent_log(out, "a trial succeeded: not benched any more");
    else if (bad && breaker_failed(&agent->breaker, event->ref, event->message->result.reason,
                                   event->now_ms, &agent->jitter))
        agent_log(out, "%s", breaker_note(&agent->breaker, event->now_ms, out->arena));
}

static void on_exited(struct agent *agent, const struct agent_event *event,
                      struct agent_actions *out)
{
    struct held *held = child_is_gone(agent, event->ref, out);
    if (held != NULL) {
        backoff_reset(&agent->pause_backoff);
        judge_machine(agent, event, out);
        held_finish(held, event->message, event->now_ms);
    }
    breaker_ended(&agent->breaker, event->ref);
}

/* A command that always exits 75 would be handed to and fro as fast as it starts: whoever hands
 * back unasked makes the worker pause, longer each time. */
static void on_handed_back(struct agent *agent, const struct agent_event *event,
                           struct agent_actions *out)
{
    struct held *held = child_is_gone(agent, event->ref, out);
    breaker_ended(&agent->breaker, event->ref);
    if (held == NULL)
        return;
    if (!held->preempted)
        agent->pause_until_ms = event->now_ms + backoff_next(&agent->pause_backoff, &agent->jitter);
    held_release(held, event->reason, event->now_ms);
}

static void on_moved(struct agent *agent, const struct agent_event *event,
                     struct agent_actions *out)
{
    session_lose(agent, event->now_ms);
}

static void on_stop(struct agent *agent, const struct agent_event *event, struct agent_actions *out)
{
    agent_stop(agent, event->now_ms, out);
}

void agent_stop(struct agent *agent, int64_t now_ms, struct agent_actions *out)
{
    if (agent->stopping)
        return;
    agent->stopping = true;
    agent->stop_deadline_ms = now_ms + AGENT_STOP_MS;
    for (size_t i = 0; i < agent->n_held; i++) {
        struct held *held = agent->held[i];
        if (held->state != HELD_RUNNING)
            continue;
        held->preempted = true;
        agent_act(out, AGENT_PREEMPT, held->ref);
    }
}

/* ---- leaving --------------------------------------------------------------------------------- */

/* Is there anything that leaving now would lose? A hand-back saves the others some waiting and no
 * more, so it is not worth waiting for a coordinator that is away. */
static bool owes(const struct agent *agent)
{
    for (size_t i = 0; i < agent->n_held; i++) {
        const struct held *held = agent->held[i];
        bool deliverable =
            held->state == HELD_FINISHED ? !agent->session.unsupported : agent->session.open;
        if (held->has_child || deliverable)
            return true;
    }
    return false;
}

/* Why it ends now; NULL while it stays. */
static const char *why_leave(const struct agent *agent, int64_t now_ms, struct arena *arena)
{
    int64_t idle_ms = agent->options.idle_exit_ms;
    if (agent->stopping && owes(agent) && now_ms < agent->stop_deadline_ms)
        return NULL;
    if (agent->draining && agent->n_held == 0)
        return "drained";
    if (agent->stopping)
        return "stopped";
    if (idle_ms > 0 && now_ms - agent->idle_since_ms >= idle_ms)
        return arena_printf(arena, "no work for %lld s", (long long)idle_ms / 1000);
    return NULL;
}

static void finish_if_done(struct agent *agent, int64_t now_ms, struct agent_actions *out)
{
    if (agent->n_held > 0 || agent->idle_since_ms < 0)
        agent->idle_since_ms = now_ms;
    const char *why = why_leave(agent, now_ms, out->arena);
    if (why == NULL)
        return;
    agent_log(out, "leaving: %s", why);
    if (agent->n_held == 0)
        session_say_goodbye(agent, why, out);
    agent->finished = true;
    agent_act(out, AGENT_FINISHED, (struct attempt_ref){ 0 });
}

int64_t agent_next_deadline(const struct agent *agent)
{
    int64_t next = session_next_deadline(agent);
    for (size_t i = 0; agent->session.open && i < agent->n_held; i++) {
        int64_t due = held_next_deadline(agent->held[i]);
        next = due < next ? due : next;
    }
    if (agent->stopping && agent->stop_deadline_ms < next)
        next = agent->stop_deadline_ms;
    if (agent->options.idle_exit_ms > 0 && agent->n_held == 0 &&
        agent->idle_since_ms + agent->options.idle_exit_ms < next)
        next = agent->idle_since_ms + agent->options.idle_exit_ms;
    return next;
}

/* ---- the machine ----------------------------------------------------------------------------- */

void agent_step(struct agent *agent, const struct agent_event *event, struct agent_actions *out)
{
    static agent_handler *const handlers[AGENT_EVENT_TYPES] = {
        [AGENT_MESSAGE] = on_message,
        [AGENT_TICK] = on_tick,
        [AGENT_POINTS] = on_points,
        [AGENT_EXITED] = on_exited,
        [AGENT_HANDED_BACK] = on_handed_back,
        [AGENT_MOVED] = on_moved,
        [AGENT_STOP] = on_stop,
    };
    if (agent->finished)
        return;
    handlers[event->type](agent, event, out);
    deliver_due(agent, event->now_ms, out);
    session_due(agent, event->now_ms, out);
    finish_if_done(agent, event->now_ms, out);
}

struct agent *agent_create(const struct agent_options *options)
{
    struct agent *agent = xcalloc(1, sizeof *agent);
    agent->options = *options;
    agent->options.name = xstrdup(options->name);
    agent->options.host = xstrdup(options->host);
    agent->options.cpu = xstrdup(options->cpu);
    agent->options.version = xstrdup(options->version);
    agent->session.hello_due_ms = INT64_MIN;
    agent->session.beat_ms = DEFAULT_BEAT_MS;
    agent->idle_since_ms = -1;
    agent->pause_until_ms = INT64_MIN;
    breaker_init(&agent->breaker, options->bench_after);
    agent->fence = fence_create();
    rng_init(&agent->jitter, options->instance, RNG_BACKOFF, 0);
    return agent;
}

void agent_destroy(struct agent **agent)
{
    if (*agent == NULL)
        return;
    for (size_t i = 0; i < (*agent)->n_held; i++)
        held_destroy(&(*agent)->held[i]);
    free((*agent)->held);
    fence_destroy(&(*agent)->fence);
    free((char *)(uintptr_t)(*agent)->options.name); /* ours, const only to readers */
    free((char *)(uintptr_t)(*agent)->options.host);
    free((char *)(uintptr_t)(*agent)->options.cpu);
    free((char *)(uintptr_t)(*agent)->options.version);
    free(*agent);
    *agent = NULL;
}

bool agent_connected(const struct agent *agent)
{
    return agent->session.open;
}

bool agent_accepts_points(const struct agent *agent, struct attempt_ref ref)
{
    const struct held *held = agent_find(agent, ref);
    return held == NULL || held->state != HELD_RUNNING ||
           held->curve.total - held->curve.acknowledged < AGENT_MAX_UNSENT_POINTS;
}

static bool check_held(const struct held *held, struct error *error)
{
    const struct curve *curve = &held->curve;
    const char *broken = NULL;
    if (curve->acknowledged > curve->sent || curve->sent > curve->total ||
        curve->total - curve->acknowledged != (int64_t)curve->count)
        broken = "its curve's counters do not fit";
    else if (held->state == HELD_RUNNING && !held->has_child)
        broken = "it runs without a child";
    else if (held->state == HELD_FINISHED &&
             (held->has_child || held->report.type != MESSAGE_RESULT))
        broken = "it is finished without a result, or with a child";
    else if (held->state == HELD_RELEASING && held->report.type != MESSAGE_RELEASE)
        broken = "it is handed back without a report";
    else if (held->state == HELD_DYING && !held->has_child)
        broken = "nothing is awaited of it";
    else if (curve->sent > curve->acknowledged && held_is_reported(held) &&
             held->resend_due_ms == INT64_MAX)
        broken = "points in flight are never sent again";
    if (broken != NULL)
        error_set(error, "attempt %lld/%lld/%d: %s", (long long)held->ref.study,
                  (long long)held->ref.trial, held->ref.attempt, broken);
    return broken == NULL;
}

bool agent_check(const struct agent *agent, struct error *error)
{
    for (size_t i = 0; i < agent->n_held; i++) {
        const struct held *held = agent->held[i];
        if (!check_held(held, error))
            return false;
        for (size_t j = 0; j < i; j++) {
            const struct held *other = agent->held[j];
            if (held->ref.study == other->ref.study && held->ref.trial == other->ref.trial &&
                held->state != HELD_DYING && other->state != HELD_DYING) {
                error_set(error, "trial %lld/%lld is held twice", (long long)held->ref.study,
                          (long long)held->ref.trial);
                return false;
            }
        }
    }
    if (agent_free_slots(agent) < 0)
        error_set(error, "more children than slots");
    else if ((agent->stopping || agent->draining) && agent->session.open &&
             agent->session.asked > 0)
        error_set(error, "it leaves, and asks for work");
    else if (agent->session.open && agent->session.renewal == RENEWAL_DIALLING)
        error_set(error, "it makes another connection, and has a session over the old one");
    else if (agent->session.open && agent->session.renewal == RENEWAL_WITHDRAWING &&
             agent->session.asked > 0)
        error_set(error, "its connection is about to end, and it asks for work over it");
    else
        return breaker_check(&agent->breaker, error);
    return false;
}
