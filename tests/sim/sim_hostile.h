/* sim_hostile.h - a worker that was let in and says whatever it likes: well-formed messages about
 * its own attempts, about those of others, and about none that ever was, in its own session and in
 * theirs. Nobody else may be affected, and nothing may break. It leaves when the weather clears. */
#ifndef SIM_HOSTILE_H
#define SIM_HOSTILE_H
#include "coordinator/core/state.h"
#include "tests/sim/simulation.h"
#include "worker/agent/state.h"

enum { SIM_HOSTILE_POINTS = 8 };
#define SIM_HOSTILE_NAME "hostile" /* and its key */

static inline void hostile_arrive(struct sim *sim)
{
    sim->hostile = (struct sim_hostile){
        .here = sim_chance(sim, 0.2) && !sim_calm(sim),
        .peer = ++sim->peers,
        .instance = sim->seed * 1000000 + 999999,
    };
}

/* Any number, small ones and the ends of the range more often than others. */
static inline int64_t any_number(struct sim *sim)
{
    static const int64_t ends[] = { INT64_MIN, INT64_MAX, -1, INT32_MAX, INT32_MIN };
    switch (rng_below(&sim->rng, 4)) {
    case 0:
        return ends[rng_below(&sim->rng, sizeof ends / sizeof *ends)];
    case 1:
        return (int64_t)rng_below(&sim->rng, 1u << 20);
    default:
        return (int64_t)rng_below(&sim->rng, 12);
    }
}

static inline struct attempt_ref any_attempt(struct sim *sim)
{
    const struct sim_hostile *hostile = &sim->hostile;
    uint64_t dice = rng_below(&sim->rng, 10);
    if (dice < 5 && hostile->n_granted > 0)
        return hostile->granted[rng_below(&sim->rng, (uint64_t)hostile->n_granted)];
    if (dice < 8 && sim->n_started > 0)
        return sim->started[rng_below(&sim->rng, (uint64_t)sim->n_started)].ref;
    struct attempt_ref ref = { 0 };
    ref.study = any_number(sim);
    ref.trial = any_number(sim);
    ref.attempt = (int32_t)any_number(sim);
    return ref;
}

/* Its own, as a rule; that of another worker, which it has overheard. */
static inline uint64_t any_session(struct sim *sim)
{
    const struct sim_worker *worker = &sim->workers[rng_below(&sim->rng, (uint64_t)sim->n_workers)];
    if (sim_chance(sim, 0.8))
        return sim->hostile.session;
    return worker->agent != NULL ? worker->agent->session.number : 0;
}

/* Its own, as a rule; that of another worker, to take its place, but only if the coordinator has
 * met the other first: nobody can guess the number that a process will draw. */
static inline uint64_t any_instance(struct sim *sim)
{
    const struct sim_worker *worker = &sim->workers[rng_below(&sim->rng, (uint64_t)sim->n_workers)];
    uint64_t instance = worker->agent != NULL ? worker->agent->options.instance : 0;
    bool met = sim->core != NULL && index_find(&sim->core->instances, instance) != NULL;
    return sim_chance(sim, 0.7) || !met ? sim->hostile.instance : instance;
}

static inline void any_hello(struct sim *sim, struct message *message, struct held_attempt *held)
{
    message->session = 0;
    message->hello.name = SIM_HOSTILE_NAME;
    message->hello.host = message->hello.cpu = message->hello.version = "";
    message->hello.instance = any_instance(sim);
    message->hello.slots = (int32_t)any_number(sim);
    message->hello.allow_command = sim_chance(sim, 0.5);
    message->hello.held = held;
    message->hello.n_held = 2;
}

static inline void any_points(struct sim *sim, struct message *message, struct point *points)
{
    static const char *const metrics[] = { "loss", "test_kl", "speed", "" };
    static const double odd[] = { NAN, INFINITY, -INFINITY, -0.0, 1e308, 4e-324 };
    for (int i = 0; i < SIM_HOSTILE_POINTS; i++) {
        points[i].step = any_number(sim);
        points[i].epoch = odd[rng_below(&sim->rng, 6)];
        points[i].metric = metrics[rng_below(&sim->rng, 4)];
        points[i].value = odd[rng_below(&sim->rng, 6)];
    }
    message->points.ref = any_attempt(sim);
    message->points.first = any_number(sim);
    message->points.points = points;
    message->points.n_points = rng_below(&sim->rng, SIM_HOSTILE_POINTS + 1);
}

static inline void any_result(struct sim *sim, struct message *message)
{
    message->result.ref = any_attempt(sim);
    message->result.kind = (enum result_kind)(1 + rng_below(&sim->rng, RESULT_REFUSED));
    message->result.reason = sim_chance(sim, 0.5) ? "so it says" : "";
    message->result.log = message->result.info = "";
    message->result.exit_status = (int32_t)any_number(sim);
    message->result.points = sim_chance(sim, 0.5) ? 0 : any_number(sim);
    message->result.points_digest = sim_chance(sim, 0.5) ? 0 : (uint64_t)any_number(sim);
    message->result.duration_ms = any_number(sim);
    message->result.cpu_ms = any_number(sim);
}

static inline void hostile_speaks(struct sim *sim)
{
    static const enum message_type types[] = { MESSAGE_ASK,    MESSAGE_ASK,     MESSAGE_BEAT,
                                               MESSAGE_POINTS, MESSAGE_RESULT,  MESSAGE_RELEASE,
                                               MESSAGE_HELLO,  MESSAGE_WELCOME, MESSAGE_TRIAL };
    struct point points[SIM_HOSTILE_POINTS];
    struct held_attempt held[2] = { 0 };
    struct message message = { .id = ++sim->hostile.last_id, .session = any_session(sim) };
    held[0].ref = any_attempt(sim);
    held[1].ref = any_attempt(sim);
    message.type = types[rng_below(&sim->rng, sizeof types / sizeof *types)];
    if (sim->hostile.session == 0)
        message.type = MESSAGE_HELLO;
    if (message.type == MESSAGE_HELLO) {
        any_hello(sim, &message, held);
    } else if (message.type == MESSAGE_ASK) {
        message.ask.free = (int32_t)any_number(sim);
        message.ask.received = any_number(sim);
    } else if (message.type == MESSAGE_BEAT) {
        message.beat.leaving = sim_chance(sim, 0.2);
        message.beat.held = held;
        message.beat.n_held = sim_chance(sim, 0.8) ? 2 : 0;
        message.beat.note = "";
    } else if (message.type == MESSAGE_POINTS) {
        any_points(sim, &message, points);
    } else if (message.type == MESSAGE_RESULT) {
        any_result(sim, &message);
    } else if (message.type == MESSAGE_RELEASE) {
        message.release.ref = any_attempt(sim);
        message.release.reason = "";
    }
    sim->hostile_messages++;
    sim_send(sim, HOSTILE_ADDRESS, COORDINATOR_ADDRESS, 0, &message);
}

static inline void hostile_time(struct sim *sim)
{
    struct sim_hostile *hostile = &sim->hostile;
    if (!hostile->here || sim->now_ms < hostile->next_ms)
        return;
    hostile->here = !sim_calm(sim);
    hostile->next_ms = sim->now_ms + sim_between(sim, 10, 3000);
    if (hostile->here)
        hostile_speaks(sim);
}

static inline void hostile_hears(struct sim *sim, const struct message *message)
{
    struct sim_hostile *hostile = &sim->hostile;
    enum { ROOM = sizeof hostile->granted / sizeof *hostile->granted };
    if (message->type == MESSAGE_WELCOME)
        hostile->session = message->session;
    else if (message->type == MESSAGE_ERROR && message->error.code == ERROR_UNKNOWN_SESSION)
        hostile->session = 0;
    else if (message->type == MESSAGE_TRIAL && hostile->n_granted < ROOM)
        hostile->granted[hostile->n_granted++] = message->trial.ref;
    else if (message->type == MESSAGE_TRIAL)
        hostile->granted[rng_below(&sim->rng, ROOM)] = message->trial.ref;
}

static inline bool was_hostile(const struct sim *sim, const struct attempt_row *attempt)
{
    return strcmp(disk_worker(&sim->disk, attempt->worker)->name, SIM_HOSTILE_NAME) == 0;
}
#endif
