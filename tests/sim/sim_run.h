/* sim_run.h - one run from its seed: who takes part, what happens next, and what must hold when
 * all is done. */
#ifndef SIM_RUN_H
#define SIM_RUN_H
#include "tests/sim/sim_check.h"
#include "tests/sim/sim_coordinator.h"
#include "tests/sim/sim_hostile.h"
#include "tests/sim/sim_keeper.h"
#include "tests/sim/sim_worker.h"

/* ---- the cast -------------------------------------------------------------------------------- */

/* Each draw stands alone: the order of a call's arguments is the compiler's choice, and a seed
 * must be the same run with any compiler. */
static inline void write_definition(struct sim *sim, struct sim_client *client)
{
    static const char *const samplers[] = { "tpe", "random", "grid" };
    const char *sampler = samplers[rng_below(&sim->rng, 3)];
    bool command = sim_chance(sim, 0.6), last = sim_chance(sim, 0.5), matrix = sim_chance(sim, 0.5);
    bool limited = sim_chance(sim, 0.4), long_one = sim_chance(sim, 0.02);
    int seed = (int)sim_between(sim, 0, 1000), repeat = (int)sim_between(sim, 1, 2);
    int trials = (int)sim_between(sim, 1, 6);
    int at_once = (int)sim_between(sim, 1, 3), failures = (int)sim_between(sim, 0, 3);
    int attempts = (int)sim_between(sim, 1, 8);
    bool once = sim_chance(sim, 0.5);
    bool again = sim_chance(sim, 0.4), ladder = matrix && sim_chance(sim, 0.5);
    int best = (int)sim_between(sim, 1, 3), seeds = (int)sim_between(sim, 1, 3);
    double stop = -2 * rng_uniform(&sim->rng);
    char *protocol = xasprintf("\"rerun\":{\"best\":%d,\"seeds\":%d},", best, seeds);
    char *rungs =
        xasprintf("\"ladder\":{\"over\":\"batch_size\",\"stop\":{\"at_most\":%g}},", stop);
    char *limits =
        xasprintf("\"max_concurrent_trials\":%d,\"max_failed_trials\":%d,", at_once, failures);
    client->definition =
        xasprintf("{\"name\":\"%s\",%s,\"metric\":{\"name\":\"%s\",\"over_time\":\"%s\"},"
                  "\"sampler\":{\"name\":\"%s\"},\"max_attempts\":%d,\"seed\":%d,\"trials\":%d,"
                  "\"repeat\":%d,%s%s%s%s"
                  "\"parameters\":{%s\"student_lr\":{%s}}}",
                  client->name, command ? "\"command\":[\"train\"]" : "\"program\":\"ldt\"",
                  command ? "loss" : "test_kl", last ? "last" : "best", sampler,
                  once ? 1 : attempts, seed, long_one ? 40 : trials, repeat, limited ? limits : "",
                  matrix ? "\"matrix\":{\"batch_size\":[8,16]}," : "", again ? protocol : "",
                  ladder ? rungs : "", command ? "" : "\"task\":{\"value\":\"task-b\"},",
                  strcmp(sampler, "grid") == 0
                      ? "\"values\":[0.001,0.002,0.003,0.004]"
                      : "\"distribution\":\"log_uniform_values\",\"min\":1e-4,\"max\":1e-2");
    free(limits);
    free(protocol);
    free(rungs);
}

static inline void set_clients(struct sim *sim)
{
    sim->n_clients = (int)sim_between(sim, 1, SIM_MAX_SEARCHES);
    for (int i = 0; i < sim->n_clients; i++) {
        struct sim_client *client = &sim->clients[i];
        client->name = i == 0 ? "first" : "second";
        write_definition(sim, client);
        client->next_ms = sim_between(sim, 0, 60000) * i;
        client->stops = sim_chance(sim, 0.15);
        client->stop_now = sim_chance(sim, 0.5);
        client->stop_ms = sim_between(sim, 20000, 150000);
        sim_trace(sim, "client %d: %s", i, client->definition);
    }
}

static inline void set_workers(struct sim *sim)
{
    int64_t patience_ms = 8 * sim->network.delay_ms; /* or it leaves before work can arrive */
    sim->n_workers = (int)sim_between(sim, 1, SIM_MAX_WORKERS - 1);
    for (int i = 0; i < sim->n_workers; i++) {
        sim->workers[i].slots = (int32_t)sim_between(sim, 1, 3);
        sim->workers[i].allow_command = i == 0 || sim_chance(sim, 0.7);
        if (sim_chance(sim, 0.3))
            sim->workers[i].idle_exit_ms = sim_between(sim, 5000, 200000) + patience_ms;
        sim->workers[i].back_ms = sim_between(sim, 0, 5000);
    }
}

static inline void sim_create(struct sim *sim, uint64_t seed, enum planted_bug bug, bool trace)
{
    memset(sim, 0, sizeof *sim);
    sim->seed = seed;
    sim->bug = bug;
    sim->trace = trace;
    rng_init(&sim->rng, seed, RNG_TEST, 0);
    disk_open(&sim->disk);
    actions_init(&sim->actions);
    agent_actions_init(&sim->agent_actions);
    bool storm = sim_chance(sim, 0.8); /* one run in five has good weather all along */
    sim->calm_ms = storm ? sim_between(sim, 60000, 400000) : 0;
    sim->progress_ms = sim->calm_ms;
    sim->network.loss = storm ? 0.25 * rng_uniform(&sim->rng) : 0;
    sim->network.duplication = storm ? 0.15 * rng_uniform(&sim->rng) : 0;
    sim->network.delay_ms = sim_between(sim, 0, 1) ? sim_between(sim, 1, 50)
                                                   : sim_between(sim, 100, storm ? 8000 : 400);
    sim->crash = storm ? 0.004 * rng_uniform(&sim->rng) : 0;
    sim->worker_crash = storm ? 0.003 * rng_uniform(&sim->rng) : 0;
    sim->tick_ms = sim_between(sim, 200, 1000) + plant_in_delay(sim);
    sim->checkpointing = sim_chance(sim, 0.7);
    sim->bench_after = sim_chance(sim, 0.5) ? (int32_t)sim_between(sim, 2, 6) : 0;
    sim->crowd = sim_between(sim, 0, 3);
    sim->renew_messages = sim_chance(sim, 0.5) ? sim_between(sim, 1, 30) : 0;
    set_clients(sim);
    set_workers(sim);
    hostile_arrive(sim);
    keeper_arrive(sim);
}

static inline void sim_destroy(struct sim *sim)
{
    free(sim->gone);
    for (int i = 0; i < sim->n_workers; i++)
        agent_destroy(&sim->workers[i].agent);
    for (int i = 0; i < sim->n_clients; i++)
        free(sim->clients[i].definition);
    core_destroy(&sim->core);
    network_close(&sim->network);
    disk_close(&sim->disk);
    actions_free(&sim->actions);
    agent_actions_free(&sim->agent_actions);
}

/* ---- clients: submit until answered, perhaps stop -------------------------------------------- */

static inline void client_time(struct sim *sim, int index)
{
    struct sim_client *client = &sim->clients[index];
    if (sim->now_ms < client->next_ms)
        return;
    client->next_ms = sim->now_ms + 2000;
    struct message message = { .id = (uint64_t)index };
    if (!client->submitted) {
        message.type = MESSAGE_SUBMIT;
        message.submit.submit_key = client->name;
        message.submit.definition = client->definition;
        message.submit.spec = "";
    } else if (client->stops && !client->stopped && sim->now_ms >= client->stop_ms) {
        message.type = MESSAGE_STOP;
        message.stop.name = client->name;
        message.stop.now = client->stop_now;
    } else {
        return;
    }
    sim_send(sim, CLIENT_ADDRESS, COORDINATOR_ADDRESS, 0, &message);
}

static inline void client_hears(struct sim *sim, const struct message *message)
{
    if (message->id >= SIM_KEEPER_ID)
        keeper_hears(sim, message);
    else if (message->type == MESSAGE_SUBMITTED)
        sim->clients[message->id].submitted = true;
    else if (message->type == MESSAGE_STOPPED)
        sim->clients[message->id].stopped = true;
    else if (!client_must_wait(sim, message)) /* it asks again by itself */
        sim_fail(sim, "a client was told %s: %s", message_type_name(message->type),
                 message->type == MESSAGE_ERROR ? message->error.text : "");
}

/* ---- what happens next ----------------------------------------------------------------------- */

static inline void deliver_to_coordinator(struct sim *sim, struct packet *packet)
{
    static const char *const no_key = "";
    uint64_t peer = SIM_CLIENT_PEER;
    const char *key = no_key;
    if (packet->from == HOSTILE_ADDRESS) {
        peer = sim->hostile.peer;
        key = SIM_HOSTILE_NAME;
    } else if (packet->from != CLIENT_ADDRESS) {
        peer = sim->workers[packet->from].peer;
        key = sim->workers[packet->from].key;
    }
    plant_on_way_to_coordinator(sim, &packet->message, &peer);
    coordinator_message(sim,
                        (struct event){ .peer = peer, .key = key, .message = &packet->message });
}

static inline void deliver_to_worker(struct sim *sim, struct packet *packet)
{
    struct sim_worker *worker = &sim->workers[packet->to];
    if (worker->life != packet->life || sim->now_ms < worker->cut_until_ms)
        return;
    plant_on_way_to_worker(sim, packet->to, &packet->message);
    worker_event(sim, packet->to,
                 (struct agent_event){ .type = AGENT_MESSAGE, .message = &packet->message });
}

/* A stopped process reads later what has arrived meanwhile. */
static inline int64_t read_at_ms(const struct sim *sim, const struct packet *packet)
{
    if (packet->to == COORDINATOR_ADDRESS)
        return sim->stopped_until_ms;
    return packet->to >= 0 ? sim->workers[packet->to].stopped_until_ms : 0;
}

static inline void deliver(struct sim *sim, struct packet *next)
{
    if (read_at_ms(sim, next) > sim->now_ms) {
        next->at_ms = read_at_ms(sim, next);
        return;
    }
    struct packet packet = network_take(&sim->network, next);
    if (packet.to == COORDINATOR_ADDRESS)
        deliver_to_coordinator(sim, &packet);
    else if (packet.to == CLIENT_ADDRESS)
        client_hears(sim, &packet.message);
    else if (packet.to == HOSTILE_ADDRESS)
        hostile_hears(sim, &packet.message);
    else
        deliver_to_worker(sim, &packet);
    arena_destroy(&packet.arena);
}

/* One worker, one of its days: cut off, reconnected, stopped for a while, sick, asked to leave,
 * confused. */
static inline void weather_of_worker(struct sim *sim, int index)
{
    struct sim_worker *worker = &sim->workers[index];
    if (sim_chance(sim, 0.002))
        worker->cut_until_ms = sim->now_ms + sim_between(sim, 1000, 90000);
    if (sim_chance(sim, 0.002)) {
        if (sim->core != NULL && sim_chance(sim, 0.5))
            coordinator_note_gone(sim, worker->peer);
        worker->peer = ++sim->peers;
    }
    if (sim_chance(sim, 0.0005)) {
        worker->stopped_until_ms = sim->now_ms + sim_between(sim, 1000, 100000);
        sim->stops++;
    }
    if (sim_chance(sim, 0.0003))
        worker->sick_until_ms = sim->now_ms + sim_between(sim, 10000, 200000);
    if (sim_chance(sim, 0.001) && worker->agent != NULL && sim->now_ms >= worker->stopped_until_ms)
        worker_event(sim, index, (struct agent_event){ .type = AGENT_STOP });
    if (sim_chance(sim, 0.0005) && worker->agent != NULL && sim->now_ms >= worker->stopped_until_ms)
        worker_slips(sim, index);
}

static inline void weather_of_coordinator(struct sim *sim)
{
    if (sim_chance(sim, 0.0015) && sim->core != NULL && !sim->held)
        sim->full_until_ms = sim->now_ms + sim_between(sim, 1000, 60000);
    if (sim_chance(sim, 0.0002) && sim->core != NULL) {
        sim->stopped_until_ms = sim->now_ms + sim_between(sim, 1000, 100000);
        sim->stops++;
    }
    if (sim_chance(sim, 0.0003)) {
        sim->wall_step_ms += sim_between(sim, -86400000, 86400000);
        sim->steps++;
    }
}

static inline void weather(struct sim *sim)
{
    if (sim_calm(sim)) {
        sim->network.loss = sim->network.duplication = 0;
        return;
    }
    weather_of_worker(sim, (int)rng_below(&sim->rng, (uint64_t)sim->n_workers));
    weather_of_coordinator(sim);
}

static inline int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t sim_next_ms(const struct sim *sim)
{
    int64_t next = coordinator_next_ms(sim);
    const struct packet *packet = network_next(&sim->network);
    if (packet != NULL)
        next = earlier(next, packet->at_ms);
    for (int i = 0; i < sim->n_workers; i++)
        next = earlier(next, worker_next_ms(&sim->workers[i]));
    for (int i = 0; i < sim->n_clients; i++)
        next = earlier(next, sim->clients[i].next_ms);
    if (!sim->keeper.done)
        next = earlier(next, sim->keeper.next_ms);
    if (sim->hostile.here)
        next = earlier(next, sim->hostile.next_ms);
    return next > sim->now_ms ? next : sim->now_ms;
}

static inline void sim_advance(struct sim *sim)
{
    int64_t next = sim_next_ms(sim);
    if (next > sim->now_ms)
        coordinator_end_turn(sim); /* a turn is over before time goes on */
    sim->now_ms = next;
    weather(sim);
    coordinator_time(sim);
    struct packet *packet = network_next(&sim->network);
    if (packet != NULL && packet->at_ms <= sim->now_ms)
        deliver(sim, packet);
    coordinator_tries_again(sim);
    for (int i = 0; i < sim->n_workers; i++)
        worker_time(sim, i);
    for (int i = 0; i < sim->n_clients; i++)
        client_time(sim, i);
    hostile_time(sim);
    keeper_time(sim);
}

/* ---- the run --------------------------------------------------------------------------------- */

static inline bool all_finished(const struct sim *sim)
{
    if (sim->core == NULL || sim->turn_open || !sim->keeper.done ||
        sim->disk.n_searches < (size_t)sim->n_clients)
        return false;
    for (int i = 0; i < sim->n_clients; i++) {
        if (!sim->clients[i].submitted || (sim->clients[i].stops && !sim->clients[i].stopped))
            return false;
    }
    for (size_t i = 0; i < sim->disk.n_studies; i++) {
        if (sim->disk.studies[i].finished_ms == 0)
            return false;
    }
    return true;
}

static inline bool sim_run(struct sim *sim)
{
    while (sim->failure[0] == '\0' && !all_finished(sim)) {
        sim_advance(sim);
        check_progress(sim);
    }
    if (sim->failure[0] == '\0')
        check_restored_is_same(sim);
    for (size_t i = 0; i < sim->disk.n_studies && sim->failure[0] == '\0'; i++)
        check_study(sim, &sim->disk.studies[i]);
    return sim->failure[0] == '\0';
}
#endif
