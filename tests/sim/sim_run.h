/* sim_run.h - one run from its seed: who takes part, what happens next, and what must hold when
 * all is done. */
#ifndef SIM_RUN_H
#define SIM_RUN_H
#include "coordinator/core/replay.h"
#include "tests/sim/sim_coordinator.h"
#include "tests/sim/sim_worker.h"

/* ---- the cast ----------------------------------------------------------------------------------
 */

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
    bool again = sim_chance(sim, 0.4), ladder = matrix && sim_chance(sim, 0.5);
    int best = (int)sim_between(sim, 1, 3), seeds = (int)sim_between(sim, 1, 3);
    double stop = -2 * rng_uniform(&sim->rng);
    char *protocol = xasprintf("\"rerun\":{\"best\":%d,\"seeds\":%d},", best, seeds);
    char *rungs =
        xasprintf("\"ladder\":{\"over\":\"batch_size\",\"stop\":{\"at_most\":%g}},", stop);
    char *limits =
        xasprintf("\"max_concurrent_trials\":%d,\"max_failed_trials\":%d,", at_once, failures);
    client->definition = xasprintf(
        "{\"name\":\"%s\",%s,\"metric\":{\"name\":\"%s\",\"over_time\":\"%s\"},"
        "\"sampler\":{\"name\":\"%s\"},\"seed\":%d,\"trials\":%d,\"repeat\":%d,%s%s%s%s"
        "\"parameters\":{%s\"student_lr\":{%s}}}",
        client->name, command ? "\"command\":[\"train\"]" : "\"program\":\"ldt\"",
        command ? "loss" : "test_kl", last ? "last" : "best", sampler, seed, long_one ? 40 : trials,
        repeat, limited ? limits : "", matrix ? "\"matrix\":{\"batch_size\":[8,16]}," : "",
        again ? protocol : "", ladder ? rungs : "",
        command ? "" : "\"task\":{\"value\":\"task-b\"},",
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
    sim->n_workers = (int)sim_between(sim, 1, SIM_MAX_WORKERS - 1);
    for (int i = 0; i < sim->n_workers; i++) {
        sim->workers[i].slots = (int32_t)sim_between(sim, 1, 3);
        sim->workers[i].allow_command = i == 0 || sim_chance(sim, 0.7);
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
    sim->tick_ms = sim_between(sim, 200, 1000);
    set_clients(sim);
    set_workers(sim);
}

static inline void sim_destroy(struct sim *sim)
{
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

/* ---- clients: submit until answered, perhaps stop
 * ----------------------------------------------- */

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
    if (message->type == MESSAGE_SUBMITTED)
        sim->clients[message->id].submitted = true;
    else if (message->type == MESSAGE_STOPPED)
        sim->clients[message->id].stopped = true;
    else
        sim_fail(sim, "a client was told %s: %s", message_type_name(message->type),
                 message->type == MESSAGE_ERROR ? message->error.text : "");
}

/* ---- what happens next
 * -------------------------------------------------------------------------- */

static inline void deliver(struct sim *sim, struct packet *next)
{
    struct packet packet = network_take(&sim->network, next);
    if (packet.to == COORDINATOR_ADDRESS) {
        uint64_t peer =
            packet.from == CLIENT_ADDRESS ? SIM_CLIENT_PEER : sim->workers[packet.from].peer;
        coordinator_event(
            sim, (struct event){ .type = EVENT_MESSAGE, .peer = peer, .message = &packet.message });
    } else if (packet.to == CLIENT_ADDRESS) {
        client_hears(sim, &packet.message);
    } else if (sim->workers[packet.to].life == packet.life &&
               sim->now_ms >= sim->workers[packet.to].cut_until_ms) {
        if (sim->bug == BUG_OLD_ATTEMPT && packet.message.type == MESSAGE_TRIAL &&
            packet.message.trial.ref.attempt > 1)
            packet.message.trial.ref.attempt--;
        worker_event(sim, packet.to,
                     (struct agent_event){ .type = AGENT_MESSAGE, .message = &packet.message });
    }
    arena_destroy(&packet.arena);
}

/* Partitions, lost connections, full disks, and workers that are asked to leave. */
static inline void weather(struct sim *sim)
{
    if (sim_calm(sim)) {
        sim->network.loss = sim->network.duplication = 0;
        return;
    }
    struct sim_worker *worker = &sim->workers[rng_below(&sim->rng, (uint64_t)sim->n_workers)];
    if (sim_chance(sim, 0.002))
        worker->cut_until_ms = sim->now_ms + sim_between(sim, 1000, 90000);
    if (sim_chance(sim, 0.002)) {
        if (sim->core != NULL && sim_chance(sim, 0.5))
            coordinator_event(sim, (struct event){ .type = EVENT_PEER_GONE, .peer = worker->peer });
        worker->peer = ++sim->peers;
    }
    if (sim_chance(sim, 0.0005) && sim->core != NULL && !sim->held)
        sim->full_until_ms = sim->now_ms + sim_between(sim, 1000, 60000);
    if (sim_chance(sim, 0.001) && worker->agent != NULL)
        worker_event(sim, (int)(worker - sim->workers), (struct agent_event){ .type = AGENT_STOP });
}

static inline int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t sim_next_ms(const struct sim *sim)
{
    int64_t next = sim->core == NULL ? sim->up_ms : sim->tick_due_ms;
    const struct packet *packet = network_next(&sim->network);
    if (packet != NULL)
        next = earlier(next, packet->at_ms);
    for (int i = 0; i < sim->n_workers; i++)
        next = earlier(next, worker_next_ms(&sim->workers[i]));
    for (int i = 0; i < sim->n_clients; i++)
        next = earlier(next, sim->clients[i].next_ms);
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
    for (int i = 0; i < sim->n_workers; i++)
        worker_time(sim, i);
    for (int i = 0; i < sim->n_clients; i++)
        client_time(sim, i);
}

/* ---- what must hold at the end
 * ------------------------------------------------------------------ */

static inline bool all_finished(const struct sim *sim)
{
    if (sim->core == NULL || sim->turn_open || sim->disk.n_searches < (size_t)sim->n_clients)
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

/* The recorded curve of a finished attempt is the one that its trial must have. */
static inline void check_curve(struct sim *sim, const struct attempt_row *attempt,
                               const char *metric)
{
    struct child_plan plan = child_plan(attempt->ref);
    int64_t k = 0;
    uint64_t digest = 0;
    for (size_t i = 0; i < sim->disk.n_points; i++) {
        const struct points_row *row = &sim->disk.points[i];
        if (!attempt_ref_equal(row->ref, attempt->ref))
            continue;
        for (size_t p = 0; p < row->count; p++) {
            struct point expected = child_point(attempt->ref, plan.fate, metric, k++);
            if (point_digest(0, &expected) != point_digest(0, &row->points[p]))
                sim_fail(sim, "point %d of trial %d is not what its run reported", (int)k - 1,
                         (int)attempt->ref.trial);
            digest = point_digest(digest, &row->points[p]);
        }
    }
    bool complete = attempt->state == ATTEMPT_DONE || attempt->state == ATTEMPT_DIVERGED;
    if (complete && k != plan.points)
        sim_fail(sim, "a curve of %d points was recorded with %d", (int)plan.points, (int)k);
    if (attempt->points != k || attempt->points_digest != digest)
        sim_fail(sim, "the attempt's count or digest is not that of its points");
}

static inline void check_end(struct sim *sim, const struct trial_row *trial, const char *metric)
{
    struct attempt_ref ref = { trial->study, trial->number, trial->attempts };
    if (!trial_state_final(trial->state))
        sim_fail(sim, "I4: trial %d is not final", (int)trial->number);
    if (trial->attempts == 0)
        return;
    const struct attempt_row *attempt = disk_attempt(&sim->disk, ref);
    if (strstr(attempt->reason, "is not the recorded one") != NULL)
        sim_fail(sim, "a curve changed on its way");
    check_curve(sim, attempt, metric);
    static const enum trial_state expected[] = { [FATE_DONE] = TRIAL_DONE,
                                                 [FATE_FAILS] = TRIAL_FAILED,
                                                 [FATE_DIES] = TRIAL_FAILED,
                                                 [FATE_NAN] = TRIAL_DIVERGED,
                                                 [FATE_NO_METRIC] = TRIAL_FAILED };
    struct child_plan plan = child_plan(ref);
    if (trial->state == TRIAL_CANCELLED || plan.fate == FATE_FAILS || plan.fate == FATE_DIES)
        return; /* its first point may have been NaN already, or it was cancelled */
    if (trial->state != expected[plan.fate])
        sim_fail(sim, "trial %d ended as %s", (int)trial->number, trial_state_name(trial->state));
}

static inline struct definition *parse_definition(const char *text)
{
    json_t *document = json_loads(text, 0, NULL);
    struct definition *definition = NULL;
    struct problems problems;
    problems_init(&problems);
    definition_parse(&definition, document, &problems);
    problems_free(&problems);
    json_decref(document);
    return definition;
}

/* What the disk has of a study. The caller frees the outcomes. */
static inline struct recorded_study record_study(const struct sim *sim,
                                                 const struct study_row *study,
                                                 const struct definition *definition)
{
    const struct disk *disk = &sim->disk;
    const struct trial_row *first = disk_trial(disk, study->id, 0);
    struct outcome_row *outcomes = xcalloc(disk->n_outcomes + 1, sizeof *outcomes);
    struct recorded_study recorded = { .definition = definition,
                                       .position = (size_t)study->position,
                                       .trials = first,
                                       .outcomes = outcomes };
    while (first != NULL && first + recorded.n_trials < disk->trials + disk->n_trials &&
           first[recorded.n_trials].study == study->id)
        recorded.n_trials++;
    for (size_t i = 0; i < disk->n_outcomes; i++) {
        if (disk->outcomes[i].study == study->id)
            outcomes[recorded.n_outcomes++] = disk->outcomes[i];
    }
    return recorded;
}

static inline void check_replay(struct sim *sim, const struct study_row *study,
                                struct recorded_study *recorded)
{
    struct error error = { "" };
    struct recorded_study parent = { 0 };
    int64_t mismatch;
    if (study->parent != 0) {
        parent =
            record_study(sim, disk_study(&sim->disk, study->parent), recorded->definition);
        recorded->position = parent.position;
        recorded->parent = &parent;
        recorded->repeat = study->repeat;
    }
    if (!replay_study(recorded, &mismatch, &error))
        sim_fail(sim, "study %s, trial %d: does not replay: %s", study->name, (int)mismatch,
                 error.text);
    free((void *)(uintptr_t)parent.outcomes);
}

static inline void check_study(struct sim *sim, const struct study_row *study)
{
    struct definition *definition =
        parse_definition(disk_search(&sim->disk, study->search)->definition);
    struct recorded_study recorded = record_study(sim, study, definition);
    for (size_t i = 0; i < recorded.n_trials; i++)
        check_end(sim, &recorded.trials[i], definition->metric);
    if (recorded.n_outcomes != recorded.n_trials)
        sim_fail(sim, "I2: %zu outcomes of %zu trials", recorded.n_outcomes, recorded.n_trials);
    if (study->state == SEARCH_DONE &&
        (int64_t)recorded.n_trials != study->budget * study->repeat)
        sim_fail(sim, "study %s is done with %zu trials", study->name, recorded.n_trials);
    check_replay(sim, study, &recorded);
    free((void *)(uintptr_t)recorded.outcomes);
    definition_destroy(&definition);
}

/* In good weather no trial takes five minutes: a quarter of an hour without an end is for ever. */
static inline void check_progress(struct sim *sim)
{
    if (sim->disk.n_outcomes != sim->outcomes) {
        sim->outcomes = sim->disk.n_outcomes;
        sim->progress_ms = sim->now_ms > sim->calm_ms ? sim->now_ms : sim->calm_ms;
    }
    if (sim->now_ms - sim->progress_ms > SIM_STUCK_MS)
        sim_fail(sim, "I4: nothing has come to its end for %d minutes", SIM_STUCK_MS / 60000);
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
