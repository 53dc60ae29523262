/* sim_keeper.h - whoever keeps the fleet, and cannot leave it alone: pauses and resumes searches,
 * tries trials again, sends workers home. After a while all is resumed and must come to its end. */
#ifndef SIM_KEEPER_H
#define SIM_KEEPER_H
#include "tests/sim/simulation.h"

enum {
    SIM_KEEPER_ID = 1000,    /* and above: the messages are the keeper's */
    SIM_PATIENCE_MS = 300000 /* with audits */
};

static inline void keeper_arrive(struct sim *sim)
{
    struct sim_keeper *keeper = &sim->keeper;
    bool busy = sim_chance(sim, 0.4);
    *keeper = (struct sim_keeper){ .last_id = SIM_KEEPER_ID, .done = !busy };
    keeper->next_ms = sim_between(sim, 5000, 60000);
    keeper->until_ms = sim->calm_ms + sim_between(sim, 10000, 120000);
}

static inline const char *any_study(struct sim *sim, const char *otherwise)
{
    const struct disk *disk = &sim->disk;
    uint64_t which = rng_below(&sim->rng, disk->n_studies + 1);
    return which < disk->n_studies ? disk->studies[which].name : otherwise;
}

static inline void keeper_says(struct sim *sim, const char *search)
{
    int64_t numbers[2];
    char worker[24];
    const char *workers[1] = { worker };
    struct message message = { .id = ++sim->keeper.last_id };
    numbers[0] = sim_between(sim, 0, 3);
    numbers[1] = sim_between(sim, 0, 8);
    snprintf(worker, sizeof worker, "worker%d", (int)sim_between(sim, 0, sim->n_workers));
    switch (rng_below(&sim->rng, 8)) {
    case 0:
        message.type = MESSAGE_PAUSE;
        message.pause.name = search;
        break;
    case 1:
        message.type = MESSAGE_RESUME;
        message.resume.name = search;
        break;
    case 2:
    case 5:
        message.type = MESSAGE_RETRY;
        message.retry.name = search;
        message.retry.trials = numbers;
        message.retry.n_trials = rng_below(&sim->rng, 3);
        message.retry.failed = sim_chance(sim, 0.8);
        message.retry.cancelled = sim_chance(sim, 0.5);
        message.retry.diverged = sim_chance(sim, 0.3);
        break;
    case 3:
    case 4:
        message.type = MESSAGE_AUDIT;
        message.audit.name = any_study(sim, search);
        message.audit.count = numbers[0];
        message.audit.percent = 50;
        message.audit.seed = numbers[1];
        break;
    default:
        message.type = MESSAGE_DRAIN;
        message.drain.workers = workers;
        message.drain.n_workers = 1;
        message.drain.all = sim_chance(sim, 0.1);
        message.drain.now = sim_chance(sim, 0.5);
    }
    sim_trace(sim, "keeper: %s %s", message_type_name(message.type), search);
    sim_send(sim, CLIENT_ADDRESS, COORDINATOR_ADDRESS, 0, &message);
}

static inline bool keeper_is_unheard(const struct sim *sim)
{
    for (size_t i = 0; i < sim->network.count; i++) {
        const struct packet *packet = &sim->network.packets[i];
        if (packet->from == CLIENT_ADDRESS && packet->message.id >= SIM_KEEPER_ID)
            return true;
    }
    return false;
}

/* Until it is answered. */
static inline void keeper_resumes(struct sim *sim)
{
    struct sim_keeper *keeper = &sim->keeper;
    if (!keeper->resuming) {
        keeper->resume_id = keeper->last_id + 1;
        keeper->last_id += SIM_MAX_SEARCHES;
    }
    keeper->resuming = true;
    keeper->done = true;
    for (int i = 0; i < sim->n_clients; i++) {
        if (keeper->answered[i])
            continue;
        keeper->done = false;
        struct message message = { .id = keeper->resume_id + (uint64_t)i, .type = MESSAGE_RESUME };
        message.resume.name = sim->clients[i].name;
        sim_send(sim, CLIENT_ADDRESS, COORDINATOR_ADDRESS, 0, &message);
    }
}

/* An audit may wait for a second worker for ever. */
static inline bool keeper_stops_audits(struct sim *sim)
{
    struct message message = { .id = ++sim->keeper.last_id, .type = MESSAGE_STOP };
    for (size_t i = 0; i < sim->disk.n_studies; i++) {
        const struct study_row *study = &sim->disk.studies[i];
        if (!study->audit || study->finished_ms != 0)
            continue;
        message.stop.name = study->name;
        message.stop.now = true;
        if (sim->now_ms > sim->keeper.until_ms + SIM_PATIENCE_MS)
            sim_send(sim, CLIENT_ADDRESS, COORDINATOR_ADDRESS, 0, &message);
        return false;
    }
    return true;
}

static inline void keeper_time(struct sim *sim)
{
    struct sim_keeper *keeper = &sim->keeper;
    if (keeper->done || sim->now_ms < keeper->next_ms)
        return;
    if (sim->now_ms >= keeper->until_ms) {
        keeper->next_ms = sim->now_ms + 2000;
        if (keeper->resuming ||
            !keeper_is_unheard(sim)) /* or a late "pause" would be the last word */
            keeper_resumes(sim);
        keeper->done = keeper->done && keeper_stops_audits(sim);
    } else {
        keeper->next_ms = sim->now_ms + sim_between(sim, 1000, 40000);
        keeper_says(sim, sim->clients[rng_below(&sim->rng, (uint64_t)sim->n_clients)].name);
    }
}

/* A full disk: nothing was done. */
static inline bool client_must_wait(const struct sim *sim, const struct message *message)
{
    return message->type == MESSAGE_ERROR && message->error.code == ERROR_BUSY &&
           sim->full_disks > 0;
}

static inline void keeper_hears(struct sim *sim, const struct message *message)
{
    struct sim_keeper *keeper = &sim->keeper;
    enum error_code code = message->type == MESSAGE_ERROR ? message->error.code : 0;
    bool refused = code == ERROR_REFUSED || code == ERROR_NOT_FOUND;
    if (client_must_wait(sim, message))
        return;
    sim->kept += !refused;
    if (code != 0 && !refused)
        sim_fail(sim, "the keeper was told: %s", message->error.text);
    for (int i = 0; keeper->resuming && i < sim->n_clients; i++)
        keeper->answered[i] |= message->id == keeper->resume_id + (uint64_t)i &&
                               code != ERROR_NOT_FOUND; /* not submitted yet */
}
#endif
