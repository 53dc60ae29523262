#include "worker/agent/state.h"

#include <stdio.h>

/* The session, which holds no state worth keeping: whatever happens, the way out is a new HELLO.
 *
 *                  session_on_welcome
 *     greeting ---------------------------> open
 *        ^  | HELLO again, 1 s to 30 s       | BEAT, every beat_ms; ASK when slots are free
 *        |  +--+                             |
 *        +-----------------------------------+
 *          session_lose: three beats unanswered, or the coordinator does not know the session
 *
 * A coordinator with a large fleet wants a connection anew once it has carried much, for its queues
 * have grown with that, and says so in BEAT_OK:
 *
 *     NONE --renew--> WITHDRAWING --BEAT answered--> DIALLING --WELCOME over the new one--> NONE
 *
 * WITHDRAWING, the worker takes back what it has asked for, and sends a BEAT behind that. Messages
 * keep their order, so the answer comes after every TRIAL that was sent: none is lost with the old
 * connection. Whatever else is lost is said again in the new session.
 *
 * A worker that ends while it is open, and holds nothing, says goodbye: session_say_goodbye. */

enum {
    BEATS_UNANSWERED = 3,
    SHORTEST_BEAT_MS = 10,
    LONGEST_BEAT_MS = 60000,
    MAX_UNDELIVERED = 256, /* results: beyond it no more work is asked for */
};

static struct held_attempt *reported(const struct agent *agent, struct arena *arena, size_t *count)
{
    struct held_attempt *list = arena_alloc(arena, (agent->n_held + 1) * sizeof *list);
    *count = 0;
    for (size_t i = 0; i < agent->n_held; i++) {
        const struct held *held = agent->held[i];
        if (held_is_reported(held))
            list[(*count)++] = (struct held_attempt){ .ref = held->ref,
                                                      .step = held->step,
                                                      .has_result = held->state == HELD_FINISHED };
    }
    return list;
}

static void send_hello(struct agent *agent, int64_t now_ms, struct agent_actions *out)
{
    const struct agent_options *options = &agent->options;
    struct session *session = &agent->session;
    struct message *message = agent_send(agent, out, MESSAGE_HELLO);
    message->hello.name = options->name;
    message->hello.host = options->host;
    message->hello.cpu = options->cpu;
    message->hello.version = options->version;
    message->hello.instance = options->instance;
    message->hello.pid = options->pid;
    message->hello.slots = options->slots;
    message->hello.allow_command = options->allow_command;
    message->hello.held = reported(agent, out->arena, &message->hello.n_held);
    session->hello_id = message->id;
    session->hello_due_ms = now_ms + backoff_next(&session->hello_backoff, &agent->jitter);
}

void session_lose(struct agent *agent, int64_t now_ms)
{
    if (agent->session.open)
        agent->session.renewal = RENEWAL_NONE;
    agent->session.open = false;
    agent->session.hello_due_ms = now_ms;
    agent->session.unsupported = false;
    backoff_reset(&agent->session.hello_backoff);
}

/* What is recorded of this attempt is the truth: go on from there. */
static void resume(struct agent *agent, struct held *held, int64_t recorded, int64_t now_ms,
                   struct agent_actions *out)
{
    if (recorded < held->curve.acknowledged || !curve_acknowledge(&held->curve, recorded)) {
        agent_log(out,
                  "the coordinator recorded %lld points of trial %lld, but acknowledged %lld: "
                  "was its database replaced? The attempt is given back",
                  (long long)recorded, (long long)held->ref.trial,
                  (long long)held->curve.acknowledged);
        agent_give_back(held, "its recorded points are not those it reported", now_ms, out);
        return;
    }
    curve_rewind(&held->curve);
    held->batch_due_ms = now_ms;
    held->resend_due_ms = INT64_MAX;
    backoff_reset(&held->points_backoff);
}

static void settle_held(struct agent *agent, const struct agent_event *event,
                        struct agent_actions *out)
{
    const struct message *welcome = event->message;
    for (size_t i = 0; i < welcome->welcome.n_kept; i++) {
        const struct kept_attempt *kept = &welcome->welcome.kept[i];
        struct held *held = agent_find(agent, kept->ref);
        if (held == NULL || !held_is_reported(held))
            continue;
        if (kept->stale)
            agent_drop(agent, held, HELD_SUPERSEDED, GIVEN_UP, out);
        else
            resume(agent, held, kept->points, event->now_ms, out);
    }
    for (size_t i = 0; i < agent->n_held; i++) {
        struct held *held = agent->held[i];
        held->shorts = 0;
        backoff_reset(&held->report_backoff);
        if (held->report.type != MESSAGE_NONE)
            held->report_due_ms = event->now_ms;
    }
}

static int64_t clamped_beat(int64_t beat_ms)
{
    return beat_ms < SHORTEST_BEAT_MS  ? SHORTEST_BEAT_MS
           : beat_ms > LONGEST_BEAT_MS ? LONGEST_BEAT_MS
                                       : beat_ms;
}

void session_on_welcome(struct agent *agent, const struct agent_event *event,
                        struct agent_actions *out)
{
    struct session *session = &agent->session;
    const struct message *message = event->message;
    if (session->open || message->id != session->hello_id || message->session == 0)
        return; /* of an earlier HELLO, or repeated */
    int64_t beat_ms = clamped_beat(message->welcome.beat_ms);
    bool renewed = session->renewal == RENEWAL_DIALLING &&
                   event->now_ms - session->dialled_ms <= BEATS_UNANSWERED * beat_ms;
    session->renewal = RENEWAL_NONE;
    session->open = true;
    session->number = message->session;
    session->beat_ms = beat_ms;
    session->heard_ms = event->now_ms;
    /* A whole fleet that comes back at once shall not beat in step. */
    session->beat_due_ms =
        event->now_ms + 1 + (int64_t)rng_below(&agent->jitter, (uint64_t)beat_ms);
    session->received = 0;
    session->asked = -1;
    if (!renewed) {
        agent->idle_since_ms = event->now_ms; /* before, nobody could give it work */
        agent_log(out, "connected to the coordinator, version %s", message->welcome.version);
    }
    settle_held(agent, event, out);
}

/* A newer attempt of a trial that we still hold: the coordinator has given up the old one. */
static void drop_older(struct agent *agent, struct attempt_ref ref, struct agent_actions *out)
{
    for (size_t i = agent->n_held; i-- > 0;) {
        struct held *held = agent->held[i];
        if (held->ref.study == ref.study && held->ref.trial == ref.trial &&
            held->state != HELD_DYING)
            agent_drop(agent, held, HELD_WANTED, "a newer attempt came", out);
    }
}

static void refuse_command(struct agent *agent, struct attempt_ref ref, int64_t now_ms)
{
    struct message result = { .type = MESSAGE_RESULT };
    result.result.kind = RESULT_REFUSED;
    result.result.reason = "this worker runs the built-in trainer only; start workers with "
                           "--allow-command to let search specs run commands on their machines";
    result.result.log = "";
    result.result.info = "{}";
    held_finish(agent_hold(agent, ref, HELD_FINISHED), &result, now_ms);
}

static struct message copy_trial(struct arena *arena, const struct message *message)
{
    struct message copy = *message;
    const char **command = arena_alloc(arena, (message->trial.n_command + 1) * sizeof *command);
    const char **environment =
        arena_alloc(arena, (message->trial.n_environment + 1) * sizeof *environment);
    for (size_t i = 0; i < message->trial.n_command; i++)
        command[i] = arena_text(arena, message->trial.command[i]);
    for (size_t i = 0; i < message->trial.n_environment; i++)
        environment[i] = arena_text(arena, message->trial.environment[i]);
    copy.trial.study_name = arena_text(arena, message->trial.study_name);
    copy.trial.parameters = arena_text(arena, message->trial.parameters);
    copy.trial.workdir = arena_text(arena, message->trial.workdir);
    copy.trial.checkpoint_key = arena_text(arena, message->trial.checkpoint_key);
    copy.trial.command = command;
    copy.trial.environment = environment;
    return copy;
}

/* Why a trial that was asked for is handed back all the same; NULL if it is not. */
static const char *why_not(const struct agent *agent, int64_t now_ms)
{
    int32_t free_slots = agent_free_slots(agent);
    if (agent->stopping || agent->draining)
        return "the worker is leaving";
    if (free_slots == 0)
        return "no free slot";
    if (breaker_room(&agent->breaker, free_slots, now_ms) == 0)
        return "the worker is benched: too many trials failed on it in a row";
    return NULL;
}

static void start(struct agent *agent, const struct message *trial, struct agent_actions *out)
{
    struct attempt_ref ref = trial->trial.ref;
    struct held *held = agent_hold(agent, ref, HELD_RUNNING);
    held->has_child = true;
    snprintf(held->checkpoint_key, sizeof held->checkpoint_key, "%s", trial->trial.checkpoint_key);
    breaker_started(&agent->breaker, ref);
    agent_act(out, AGENT_START, ref)->message = copy_trial(out->arena, trial);
}

void session_on_trial(struct agent *agent, const struct agent_event *event,
                      struct agent_actions *out)
{
    const struct message *message = event->message;
    struct attempt_ref ref = message->trial.ref;
    agent->session.received++;
    agent->session.asked--;
    /* Held: of another database, with the same numbers; its child has not yet gone. */
    if (agent->n_held >= MESSAGE_MAX_HELD || agent_find(agent, ref) != NULL ||
        !fence_pass(agent->fence, ref, message->trial.checkpoint_key))
        return; /* not newer than the last that was accepted: late, or repeated */
    drop_older(agent, ref, out);
    const char *unwilling = why_not(agent, event->now_ms);
    if (unwilling != NULL)
        held_release(agent_hold(agent, ref, HELD_RELEASING), unwilling, event->now_ms);
    else if (message->trial.program == PROGRAM_COMMAND && !agent->options.allow_command)
        refuse_command(agent, ref, event->now_ms);
    else
        start(agent, message, out);
}

static void drop_all(struct agent *agent, const struct attempt_ref *refs, size_t count,
                     enum held_use checkpoint, const char *why, struct agent_actions *out)
{
    for (size_t i = 0; i < count; i++) {
        struct held *held = agent_find(agent, refs[i]);
        if (held != NULL && held->state != HELD_DYING)
            agent_drop(agent, held, checkpoint, why, out);
    }
}

/* Told with every answer, and never taken back: a late one says nothing new. */
static void obey_drain(struct agent *agent, int32_t drain, int64_t now_ms,
                       struct agent_actions *out)
{
    if (drain == 1 && !agent->draining)
        agent_log(out, "drained by request: takes nothing new and leaves when all is done");
    else if (drain > 1 && !agent->stopping)
        agent_log(out, "drained by request: leaves now");
    agent->draining |= drain > 0;
    if (drain > 1)
        agent_stop(agent, now_ms, out);
}

static void withdraw(struct agent *agent, int64_t now_ms)
{
    agent->session.renewal = RENEWAL_WITHDRAWING;
    agent->session.withdrawn_id = agent->last_id;
    agent->session.beat_due_ms = now_ms;
}

static void dial(struct agent *agent, int64_t now_ms, struct agent_actions *out)
{
    agent_act(out, AGENT_RENEW, (struct attempt_ref){ 0 });
    session_lose(agent, now_ms);
    agent->session.renewal = RENEWAL_DIALLING;
    agent->session.dialled_ms = now_ms;
}

static void renew(struct agent *agent, const struct message *beat_ok, int64_t now_ms,
                  struct agent_actions *out)
{
    const struct session *session = &agent->session;
    if (session->renewal == RENEWAL_WITHDRAWING && beat_ok->id > session->withdrawn_id)
        dial(agent, now_ms, out);
    else if (session->renewal == RENEWAL_NONE && beat_ok->beat_ok.renew && !agent->stopping)
        withdraw(agent, now_ms);
}

void session_on_beat_ok(struct agent *agent, const struct agent_event *event,
                        struct agent_actions *out)
{
    const struct message *message = event->message;
    agent->session.heard_ms = event->now_ms;
    drop_all(agent, message->beat_ok.cancel, message->beat_ok.n_cancel, HELD_WANTED, "cancelled",
             out);
    drop_all(agent, message->beat_ok.stale, message->beat_ok.n_stale, HELD_SUPERSEDED, GIVEN_UP,
             out);
    for (size_t i = 0; i < message->beat_ok.n_prune; i++) {
        struct held *held = agent_find(agent, message->beat_ok.prune[i]);
        if (held == NULL || held->state != HELD_RUNNING || held->pruned)
            continue;
        held->pruned = true;
        agent_act(out, AGENT_PRUNE, held->ref);
    }
    obey_drain(agent, message->beat_ok.drain, event->now_ms, out);
    renew(agent, message, event->now_ms, out);
}

/* The number is another worker's. Ours to forget: a row is given to others only if its worker was
 * never given a trial. The next HELLO comes with a fresh one. */
static void change_instance(struct agent *agent)
{
    do
        agent->options.instance = rng_u64(&agent->jitter);
    while (agent->options.instance == 0);
}

void session_on_error(struct agent *agent, const struct agent_event *event,
                      struct agent_actions *out)
{
    const struct message *message = event->message;
    const struct session *session = &agent->session;
    switch (message->error.code) {
    case ERROR_UNKNOWN_SESSION:
        if (session->open && message->id > session->hello_id) /* else it is about an earlier one */
            session_lose(agent, event->now_ms);
        break;
    case ERROR_UNSUPPORTED:
        agent_log(out, "the coordinator does not speak this worker's protocol: %s",
                  message->error.text);
        session_lose(agent, INT64_MAX);
        agent->session.unsupported = true;
        agent_stop(agent, event->now_ms, out);
        break;
    case ERROR_FORBIDDEN:
        agent_log(out, "the coordinator answered: %s", message->error.text);
        if (!session->open && message->id == session->hello_id && agent->n_held == 0)
            change_instance(agent);
        break;
    case ERROR_BUSY: /* what was not acknowledged is sent again by itself */
        break;
    default:
        agent_log(out, "the coordinator answered: %s", message->error.text);
    }
}

static void send_beat(struct agent *agent, int64_t now_ms, struct agent_actions *out)
{
    struct message *message = agent_send(agent, out, MESSAGE_BEAT);
    message->beat.held = reported(agent, out->arena, &message->beat.n_held);
    message->beat.note = breaker_note(&agent->breaker, now_ms, out->arena);
    agent->session.beat_due_ms = now_ms + agent->session.beat_ms;
}

/* For those who wait for this worker to be gone. Nothing else depends on it, so it is said once and
 * no answer is awaited: one that is lost costs them some leases of silence. */
void session_say_goodbye(struct agent *agent, const char *why, struct agent_actions *out)
{
    if (!agent->session.open)
        return;
    struct message *message = agent_send(agent, out, MESSAGE_BEAT);
    message->beat.note = arena_printf(out->arena, "left: %s", why);
    message->beat.leaving = true;
}

static int32_t wanted(const struct agent *agent, int64_t now_ms)
{
    int32_t undelivered = 0, room = agent_free_slots(agent);
    for (size_t i = 0; i < agent->n_held; i++)
        undelivered += !agent->held[i]->has_child;
    if (agent->stopping || agent->draining || now_ms < agent->pause_until_ms ||
        undelivered >= MAX_UNDELIVERED || agent->session.renewal != RENEWAL_NONE)
        return 0;
    return breaker_room(&agent->breaker, room, now_ms);
}

/* Absolute numbers: said when they changed, and with every beat, because an ASK may get lost. */
static void ask(struct agent *agent, bool again, int64_t now_ms, struct agent_actions *out)
{
    int32_t free_slots = wanted(agent, now_ms);
    if (free_slots == agent->session.asked && !(again && free_slots > 0))
        return;
    struct message *message = agent_send(agent, out, MESSAGE_ASK);
    message->ask.free = free_slots;
    message->ask.received = agent->session.received;
    agent->session.asked = free_slots;
}

void session_due(struct agent *agent, int64_t now_ms, struct agent_actions *out)
{
    struct session *session = &agent->session;
    if (session->open && now_ms - session->heard_ms > BEATS_UNANSWERED * session->beat_ms) {
        agent_log(out, "no answer from the coordinator for %lld ms; running trials go on",
                  (long long)(now_ms - session->heard_ms));
        session_lose(agent, now_ms);
    }
    if (!session->open) {
        if (now_ms >= session->hello_due_ms)
            send_hello(agent, now_ms, out);
        return;
    }
    bool beat = now_ms >= session->beat_due_ms;
    ask(agent, beat, now_ms, out); /* first: the answer to the beat tells that it has arrived */
    if (beat)
        send_beat(agent, now_ms, out);
}

int64_t session_next_deadline(const struct agent *agent)
{
    const struct session *session = &agent->session;
    if (!session->open)
        return session->hello_due_ms;
    int64_t silent_ms = session->heard_ms + BEATS_UNANSWERED * session->beat_ms + 1;
    int64_t next = session->beat_due_ms < silent_ms ? session->beat_due_ms : silent_ms;
    /* A pause that is over, also the breaker's, is noticed at the latest with the next beat. */
    return next;
}
