#include "coordinator/core/worker.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/lease.h"
#include "coordinator/core/trial.h"
#include "common/arena.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

static void replace(const char **text, const char *with)
{
    char *copy = xstrdup(with);
    free((char *)*text);
    *text = copy;
}

static void take_row(struct worker *worker, const struct worker_row *row)
{
    const struct worker_row old = worker->row;
    worker->row = *row;
    worker->row.name = old.name;
    worker->row.host = old.host;
    worker->row.cpu = old.cpu;
    worker->row.version = old.version;
    worker->row.key = old.key;
    replace(&worker->row.name, row->name);
    replace(&worker->row.host, row->host);
    replace(&worker->row.cpu, row->cpu);
    replace(&worker->row.version, row->version);
    replace(&worker->row.key, row->key != NULL ? row->key : "");
}

struct worker *worker_create(struct core *core, const struct worker_row *row)
{
    struct worker *worker = xcalloc(1, sizeof *worker);
    take_row(worker, row);
    list_init(&worker->leases);
    list_init(&worker->avoided[0].trials);
    list_init(&worker->avoided[1].trials);
    worker->note = xstrdup("");
    worker->heard_ms = -1;
    core->workers =
        xgrow(core->workers, core->n_workers, &core->workers_capacity, sizeof(struct worker *));
    core->workers[core->n_workers++] = worker;
    elsewhere_classify(core, worker);
    index_put(&core->instances, row->instance, worker);
    index_put(&core->worker_ids, (uint64_t)row->id, worker);
    if (row->id > core->last_worker)
        core->last_worker = row->id;
    return worker;
}

void worker_destroy(struct worker **worker)
{
    free((char *)(*worker)->row.name);
    free((char *)(*worker)->row.host);
    free((char *)(*worker)->row.cpu);
    free((char *)(*worker)->row.version);
    free((char *)(*worker)->row.key);
    free((*worker)->note);
    free(*worker);
    *worker = NULL;
}

void worker_forget_credit(struct worker *worker)
{
    worker->credit = 0;
    list_remove(&worker->hungry);
    elsewhere_leave_line(worker);
}

/* ---- sessions -------------------------------------------------------------------------------- */

static void end_session(struct core *core, struct worker *worker)
{
    if (worker->session == 0)
        return;
    index_remove(&core->by_session, worker->session);
    index_remove(&core->by_peer, worker->peer);
    list_remove(&worker->heard);
    worker->session = 0;
    worker_forget_credit(worker);
    if (!worker->used && worker->row.drain == DRAIN_NO)
        list_push(&core->vacant, &worker->vacant);
}

/* The wall clock makes the number new after a restart, when messages of old sessions may still
 * arrive. */
static uint64_t new_session(struct core *core, int64_t wall_ms)
{
    uint64_t session;
    do
        session = (uint64_t)wall_ms << 20 | (++core->sessions & 0xfffff);
    while (session == 0 || index_find(&core->by_session, session) != NULL);
    return session;
}

static void begin_session(struct turn *turn, struct worker *worker)
{
    struct core *core = turn->core;
    struct worker *former = index_find(&core->by_peer, turn->peer);
    if (former != NULL)
        end_session(core, former);
    end_session(core, worker);
    list_remove(&worker->vacant);
    worker->session = new_session(core, turn->wall_ms);
    worker->peer = turn->peer;
    worker->carried = worker->sent = worker->received = worker->lost = 0;
    worker->left = false;
    index_put(&core->by_session, worker->session, worker);
    index_put(&core->by_peer, worker->peer, worker);
    worker_heard(core, worker, turn->now_ms);
}

struct worker *worker_of_session(const struct core *core, uint64_t session, uint64_t peer)
{
    struct worker *worker = index_find(&core->by_session, session);
    return worker != NULL && worker->peer == peer ? worker : NULL;
}

void worker_heard(struct core *core, struct worker *worker, int64_t now_ms)
{
    worker->heard_ms = now_ms;
    worker->carried++;
    list_remove(&worker->heard);
    list_push(&core->connected, &worker->heard);
}

void workers_peer_gone(struct core *core, uint64_t peer)
{
    struct worker *worker = index_find(&core->by_peer, peer);
    if (worker != NULL)
        end_session(core, worker);
}

void workers_forget_silent(struct core *core, int64_t now_ms)
{
    for (struct link *first; (first = list_first(&core->connected)) != NULL;) {
        struct worker *worker = LIST_ITEM(first, struct worker, heard);
        if (now_ms - worker->heard_ms < core->options.peer_silent_ms)
            return;
        end_session(core, worker);
    }
}

/* ---- HELLO ----------------------------------------------------------------------------------- */

static const char *hello_fault(const struct message *message)
{
    if (message->hello.instance == 0)
        return "a worker needs an instance number other than 0";
    if (message->hello.slots < 1 || message->hello.slots > MESSAGE_MAX_HELD)
        return "a worker has 1 to 1024 slots";
    return NULL;
}

/* The same note comes with every beat: as a rule nothing changes. */
static void take_note(struct worker *worker, const char *note)
{
    if (note == NULL)
        note = "";
    if (strcmp(worker->note, note) == 0)
        return;
    free(worker->note);
    worker->note = xstrdup(note);
}

/* A worker that nobody refers to any more becomes another one, and keeps its id only. It
 * is vacant until its session begins. */
static struct worker *take_over(struct core *core, struct worker *worker,
                                const struct worker_row *row)
{
    struct worker_row with_id = *row;
    with_id.id = worker->row.id;
    index_remove(&core->instances, worker->row.instance);
    take_row(worker, &with_id);
    take_note(worker, "");
    index_put(&core->instances, row->instance, worker);
    elsewhere_classify(core, worker);
    return worker;
}

static struct worker *newcomer(struct core *core, const struct worker_row *row)
{
    struct link *vacant = list_first(&core->vacant);
    return vacant != NULL ? take_over(core, LIST_ITEM(vacant, struct worker, vacant), row)
                          : worker_create(core, row);
}

static struct worker *register_worker(struct turn *turn, const struct message *message,
                                      struct worker *worker)
{
    struct worker_row row = {
        .id = worker != NULL ? worker->row.id : turn->core->last_worker + 1,
        .name = message->hello.name,
        .host = message->hello.host,
        .cpu = worker != NULL ? worker->row.cpu : message->hello.cpu, /* a process has one */
        .version = message->hello.version,
        .instance = message->hello.instance,
        .pid = message->hello.pid,
        .slots = message->hello.slots,
        .key = turn->key,
        .drain = worker != NULL ? worker->row.drain : DRAIN_NO,
        .allow_command = message->hello.allow_command,
        .first_seen_ms = worker != NULL ? worker->row.first_seen_ms : turn->wall_ms,
        .last_seen_ms = turn->wall_ms,
    };
    if (worker == NULL)
        worker = newcomer(turn->core, &row);
    else
        take_row(worker, &row);
    save_worker(turn, worker);
    return worker;
}

static struct kept_attempt keep_or_drop(struct turn *turn, struct worker *worker,
                                        const struct held_attempt *held)
{
    const struct kept_attempt dropped = { .ref = held->ref, .stale = true };
    struct trial *trial;
    switch (trial_standing(turn->core, worker, held->ref, &trial)) {
    case STANDING_STALE:
    case STANDING_CANCELLED:
        return dropped;
    case STANDING_RECORDED: /* and nobody told its worker, who will send the result again */
        if (!held->has_result)
            return dropped;
        break;
    case STANDING_CURRENT:
        lease_extend(turn->core, trial->live, turn->now_ms);
        break;
    }
    return (struct kept_attempt){ .ref = held->ref, .points = trial_latest(trial).points };
}

/* The worker has said all that it holds: what it never got may go to the next who asks. Harmless
 * if a TRIAL is still under way: the attempt stays the current one until then. */
static void lapse_unconfirmed(struct core *core, struct worker *worker)
{
    LIST_EACH(&worker->leases, held) {
        struct live_trial *live = LIVE_HELD(held);
        if (!live->confirmed)
            lease_lapse(core, live);
    }
}

void worker_hello(struct turn *turn, const struct message *message)
{
    const char *fault = hello_fault(message);
    if (fault != NULL) {
        reply_error(turn, message, ERROR_REFUSED, fault);
        return;
    }
    struct worker *worker = index_find(&turn->core->instances, message->hello.instance);
    if (worker != NULL && strcmp(worker->row.key, turn->key) != 0) {
        reply_error(turn, message, ERROR_FORBIDDEN,
                    "this instance number belongs to a worker with another key");
        return;
    }
    if (worker == NULL && list_first(&turn->core->vacant) == NULL &&
        (int64_t)turn->core->n_workers >= turn->core->options.max_workers) {
        reply_error(turn, message, ERROR_REFUSED,
                    "more workers have come and gone than one database remembers: start a "
                    "coordinator with another one");
        return;
    }
    worker = register_worker(turn, message, worker);
    begin_session(turn, worker);
    LIST_EACH(&worker->leases, held)
        LIVE_HELD(held)->confirmed = false;
    size_t n_held = message->hello.n_held;
    struct kept_attempt *kept = arena_alloc(turn->out->arena, n_held * sizeof *kept);
    for (size_t i = 0; i < n_held; i++)
        kept[i] = keep_or_drop(turn, worker, &message->hello.held[i]);
    lapse_unconfirmed(turn->core, worker);

    struct message *welcome = reply(turn, message, MESSAGE_WELCOME);
    welcome->session = worker->session;
    welcome->welcome.lease_ms = turn->core->options.lease_ms;
    welcome->welcome.beat_ms = turn->core->options.beat_ms;
    welcome->welcome.version = turn->core->version;
    welcome->welcome.kept = kept;
    welcome->welcome.n_kept = n_held;
}

/* ---- ASK ------------------------------------------------------------------------------------- */

/* To the end of the line: trials spread over workers before they fill one. */
static void line_up(struct core *core, struct worker *worker)
{
    list_remove(&worker->hungry);
    elsewhere_leave_line(worker);
    if (worker->credit == 0)
        return;
    list_push(&core->hungry[worker->row.allow_command], &worker->hungry);
    elsewhere_line_up(worker);
}

void worker_ask(struct turn *turn, struct worker *worker, const struct message *message)
{
    if (message->ask.received < worker->received)
        return; /* overtaken by a later one */
    int64_t received = message->ask.received;
    worker->received = received < worker->sent ? received : worker->sent;
    if (worker->lost > worker->sent - worker->received)
        worker->lost = worker->sent - worker->received; /* some arrived after all */
    int64_t in_flight = worker->sent - worker->received - worker->lost;
    int64_t free_slots = message->ask.free;
    if (free_slots > worker->row.slots)
        free_slots = worker->row.slots;
    if (worker->row.drain != DRAIN_NO)
        free_slots = 0; /* it asked before it was told */
    worker->credit = free_slots > in_flight ? (int32_t)(free_slots - in_flight) : 0;
    line_up(turn->core, worker);
}

void worker_spend_credit(struct core *core, struct worker *worker)
{
    worker->sent++;
    worker->credit--;
    line_up(core, worker);
}

/* ---- BEAT ------------------------------------------------------------------------------------ */

/* It holds nothing, so a TRIAL that it has not spoken of will never be run there. Other leases it
 * has given up without saying so: then it is not believed. */
static bool says_goodbye(struct core *core, struct worker *worker, const struct message *message)
{
    if (!message->beat.leaving || message->beat.n_held > 0)
        return false;
    LIST_EACH(&worker->leases, held) {
        if (LIVE_HELD(held)->confirmed)
            return false;
    }
    lapse_unconfirmed(core, worker);
    end_session(core, worker);
    return worker->left = true;
}

enum { RENEWALS_AT_ONCE = 16 }; /* a turn may take longer than the time between two of them */

/* The whole fleet may have come at once, and grown busy at once: one after another. */
static bool shall_renew(struct turn *turn, const struct worker *worker)
{
    struct core *core = turn->core;
    const struct core_options *options = &core->options;
    if (options->renew_messages == 0 || worker->carried < options->renew_messages ||
        core->connected.count <= options->crowd || turn->now_ms < core->renew_at_ms)
        return false;
    int64_t earliest_ms = turn->now_ms - RENEWALS_AT_ONCE * options->renew_every_ms;
    if (core->renew_at_ms < earliest_ms)
        core->renew_at_ms = earliest_ms;
    core->renew_at_ms += options->renew_every_ms;
    return true;
}

void worker_beat(struct turn *turn, struct worker *worker, const struct message *message)
{
    take_note(worker, message->beat.note);
    if (says_goodbye(turn->core, worker, message))
        return; /* nobody listens any more */
    size_t n_held = message->beat.n_held;
    struct attempt_ref *cancel = arena_alloc(turn->out->arena, n_held * sizeof *cancel);
    struct attempt_ref *stale = arena_alloc(turn->out->arena, n_held * sizeof *stale);
    size_t n_cancel = 0, n_stale = 0;
    for (size_t i = 0; i < n_held; i++) {
        struct attempt_ref ref = message->beat.held[i].ref;
        struct trial *trial;
        switch (trial_standing(turn->core, worker, ref, &trial)) {
        case STANDING_CURRENT:
            lease_extend(turn->core, trial->live, turn->now_ms);
            break;
        case STANDING_CANCELLED:
            cancel[n_cancel++] = ref;
            break;
        case STANDING_STALE:
            stale[n_stale++] = ref;
            break;
        case STANDING_RECORDED:
            break; /* its RESULT will be acknowledged */
        }
    }
    struct message *answer = reply(turn, message, MESSAGE_BEAT_OK);
    answer->beat_ok.cancel = cancel;
    answer->beat_ok.n_cancel = n_cancel;
    answer->beat_ok.stale = stale;
    answer->beat_ok.n_stale = n_stale;
    answer->beat_ok.drain = worker->row.drain;
    answer->beat_ok.renew = shall_renew(turn, worker);
}
