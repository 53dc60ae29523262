/* fleet.h - a real core with workers that do as they please, for turns of rows that look like those
 * of a search: trials granted, points and results reported, trials handed back, workers that come
 * and go. The caller steps, saves, and then delivers, as the coordinator's loop does. */
#ifndef STORE_TEST_FLEET_H
#define STORE_TEST_FLEET_H
#include "common/arena.h"
#include "common/rng.h"
#include "coordinator/core/core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLEET_WORKERS = 3, FLEET_SLOTS = 4, FLEET_LEASE_MS = 30000 };

struct fleet_trial { /* what a worker holds; attempt 0: an empty slot */
    struct attempt_ref ref;
    int64_t points;
    uint64_t digest;
};

struct fleet_worker {
    uint64_t peer, session; /* session 0: has not been welcomed */
    int64_t received;
    struct fleet_trial trials[FLEET_SLOTS];
};

struct fleet {
    struct core *core;
    struct actions actions;
    struct rng *rng; /* lent */
    int64_t now_ms;
    uint64_t next_peer, searches;
    struct fleet_worker workers[FLEET_WORKERS];
    struct arena *arena; /* of the messages of one turn */
    size_t acknowledged; /* results and points that workers were told are recorded */
};

static inline struct core *fleet_core(void)
{
    return core_create(&(struct core_options){ .lease_ms = FLEET_LEASE_MS,
                                               .beat_ms = 5000,
                                               .peer_silent_ms = 4 * FLEET_LEASE_MS,
                                               .suggestions_per_turn = 8,
                                               .version = "1.0" });
}

static inline void fleet_init(struct fleet *fleet, struct rng *rng)
{
    *fleet = (struct fleet){ .rng = rng, .now_ms = 1000, .next_peer = 1 };
    fleet->core = fleet_core();
    fleet->arena = arena_create(1 << 16);
    actions_init(&fleet->actions);
}

static inline void fleet_free(struct fleet *fleet)
{
    core_destroy(&fleet->core);
    arena_destroy(&fleet->arena);
    actions_free(&fleet->actions);
}

static inline void fleet_say(struct fleet *fleet, uint64_t peer, struct message message)
{
    struct message *lasting = arena_copy(fleet->arena, &message, sizeof message);
    core_step(fleet->core,
              &(struct event){ .type = EVENT_MESSAGE,
                               .now_ms = fleet->now_ms,
                               .wall_ms = 1900000000000 + fleet->now_ms,
                               .peer = peer,
                               .message = lasting,
                               .key = "" },
              &fleet->actions);
}

/* ---- what a worker may do -------------------------------------------------------------------- */

static inline void fleet_hello(struct fleet *fleet, struct fleet_worker *worker)
{
    struct message message = { .type = MESSAGE_HELLO };
    *worker = (struct fleet_worker){ .peer = fleet->next_peer++ };
    message.hello.name = arena_printf(fleet->arena, "w%d", (int)(worker - fleet->workers));
    message.hello.host = message.hello.cpu = message.hello.version = "1";
    message.hello.instance = rng_u64(fleet->rng);
    message.hello.pid = 1;
    message.hello.slots = FLEET_SLOTS;
    message.hello.allow_command = true;
    fleet_say(fleet, worker->peer, message);
}

static inline void fleet_ask(struct fleet *fleet, struct fleet_worker *worker)
{
    struct message message = { .type = MESSAGE_ASK, .session = worker->session };
    for (int i = 0; i < FLEET_SLOTS; i++)
        message.ask.free += worker->trials[i].ref.attempt == 0;
    message.ask.received = worker->received;
    fleet_say(fleet, worker->peer, message);
}

static inline void fleet_points(struct fleet *fleet, struct fleet_worker *worker,
                                struct fleet_trial *trial)
{
    static const char *const metrics[] = { "loss", "test/accuracy", "seconds" };
    struct message message = { .type = MESSAGE_POINTS, .session = worker->session };
    message.points.ref = trial->ref;
    message.points.first = trial->points;
    message.points.n_points = 1 + rng_below(fleet->rng, 40);
    message.points.points =
        arena_alloc(fleet->arena, message.points.n_points * sizeof(struct point));
    for (size_t i = 0; i < message.points.n_points; i++) {
        uint64_t dice = rng_below(fleet->rng, 9);
        struct point point = { .step = trial->points, .epoch = dice == 0 ? NAN : 0.5 };
        point.metric = metrics[dice % 3];
        point.value = dice == 1 ? NAN : dice == 2 ? INFINITY : rng_normal(fleet->rng);
        message.points.points[i] = point;
        trial->digest = point_digest(trial->digest, &point);
        trial->points++;
    }
    fleet_say(fleet, worker->peer, message);
}

static inline void fleet_result(struct fleet *fleet, struct fleet_worker *worker,
                                struct fleet_trial *trial)
{
    struct message message = { .type = MESSAGE_RESULT, .session = worker->session };
    size_t length = rng_below(fleet->rng, rng_below(fleet->rng, 8) == 0 ? 20000 : 300);
    char *log = arena_alloc(fleet->arena, length + 1);
    memset(log, 'x', length);
    message.result.ref = trial->ref;
    message.result.kind = rng_below(fleet->rng, 5) == 0 ? RESULT_FAILED : RESULT_DONE;
    message.result.reason = message.result.kind == RESULT_DONE ? "" : "exit status 1";
    message.result.exit_status = message.result.kind != RESULT_DONE;
    message.result.log = log;
    message.result.info = "{\"blas\":\"x\"}";
    message.result.points = trial->points;
    message.result.points_digest = trial->digest;
    fleet_say(fleet, worker->peer, message);
}

static inline void fleet_release(struct fleet *fleet, struct fleet_worker *worker,
                                 struct fleet_trial *trial)
{
    struct message message = { .type = MESSAGE_RELEASE, .session = worker->session };
    message.release.ref = trial->ref;
    message.release.reason = "the machine is needed";
    fleet_say(fleet, worker->peer, message);
    *trial = (struct fleet_trial){ 0 };
}

static inline void fleet_submit(struct fleet *fleet)
{
    struct message message = { .type = MESSAGE_SUBMIT };
    message.submit.submit_key =
        arena_printf(fleet->arena, "%016llx", (unsigned long long)rng_u64(fleet->rng));
    message.submit.definition = arena_printf(
        fleet->arena,
        "{\"name\":\"s%s\",\"command\":[\"train\"],\"metric\":{\"name\":\"loss\"},"
        "\"sampler\":{\"name\":\"random\"},\"trials\":10,\"parameters\":{"
        "\"x\":{\"distribution\":\"uniform\",\"min\":0,\"max\":1},\"kind\":{\"values\":[1,2]}}}",
        message.submit.submit_key);
    message.submit.spec = "as a person wrote it\n";
    fleet->searches++;
    fleet_say(fleet, 1000000, message);
}

static inline void fleet_tick(struct fleet *fleet)
{
    fleet->now_ms += 100 + (int64_t)rng_below(fleet->rng, FLEET_LEASE_MS / 8);
    core_step(fleet->core,
              &(struct event){ .type = EVENT_TICK,
                               .now_ms = fleet->now_ms,
                               .wall_ms = 1900000000000 + fleet->now_ms },
              &fleet->actions);
}

/* One deed of one worker. */
static inline void fleet_act(struct fleet *fleet)
{
    struct fleet_worker *worker = &fleet->workers[rng_below(fleet->rng, FLEET_WORKERS)];
    struct fleet_trial *trial = &worker->trials[rng_below(fleet->rng, FLEET_SLOTS)];
    uint64_t dice = rng_below(fleet->rng, 100);
    if (worker->session == 0 || dice == 0) /* a new process; the old one's trials will lapse */
        fleet_hello(fleet, worker);
    else if (trial->ref.attempt == 0)
        fleet_ask(fleet, worker);
    else if (dice < 50)
        fleet_points(fleet, worker, trial);
    else if (dice < 95)
        fleet_result(fleet, worker, trial);
    else
        fleet_release(fleet, worker, trial);
}

/* ---- a turn: step, (the caller saves,) deliver ----------------------------------------------- */

static inline void fleet_step(struct fleet *fleet)
{
    actions_clear(&fleet->actions);
    arena_reset(fleet->arena);
    fleet_tick(fleet);
    if (fleet->searches == 0 || rng_below(fleet->rng, 12) == 0)
        fleet_submit(fleet);
    for (uint64_t deeds = 1 + rng_below(fleet->rng, 5); deeds > 0; deeds--)
        fleet_act(fleet);
    core_assign(fleet->core, fleet->now_ms, 1900000000000 + fleet->now_ms, &fleet->actions);
}

static inline struct fleet_trial *fleet_find(struct fleet_worker *worker, struct attempt_ref ref)
{
    for (int i = 0; i < FLEET_SLOTS; i++) {
        if (attempt_ref_equal(worker->trials[i].ref, ref))
            return &worker->trials[i];
    }
    return NULL;
}

/* What a worker hears. Whatever it did not expect makes it start again as a new process. */
static inline void fleet_hear(struct fleet *fleet, struct fleet_worker *worker,
                              const struct message *message)
{
    struct fleet_trial *trial;
    switch (message->type) {
    case MESSAGE_WELCOME:
        worker->session = message->session;
        break;
    case MESSAGE_TRIAL:
        worker->received++;
        trial = fleet_find(worker, (struct attempt_ref){ 0 });
        if (trial != NULL)
            *trial = (struct fleet_trial){ .ref = message->trial.ref };
        break;
    case MESSAGE_POINTS_ACK:
        fleet->acknowledged++;
        break;
    case MESSAGE_RESULT_ACK:
        fleet->acknowledged += message->result_ack.verdict == VERDICT_RECORDED;
        trial = fleet_find(worker, message->result_ack.ref);
        if (trial != NULL)
            *trial = (struct fleet_trial){ 0 };
        break;
    case MESSAGE_ERROR:
        worker->session = 0;
        break;
    default:
        break;
    }
}

static inline void fleet_deliver(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->actions.count; i++) {
        const struct action *action = &fleet->actions.list[i];
        for (int k = 0; action->type == SEND && k < FLEET_WORKERS; k++) {
            if (fleet->workers[k].peer == action->send.peer)
                fleet_hear(fleet, &fleet->workers[k], &action->send.message);
        }
    }
}
#endif
