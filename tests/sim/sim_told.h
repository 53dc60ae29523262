/* sim_told.h - what must be so before it is said: on the disk before anybody is told (I1), and a
 * run at its end before its result is on the disk (I3). */
#ifndef SIM_TOLD_H
#define SIM_TOLD_H
#include "tests/sim/sim_hostile.h"

/* ---- what must be durable before it is told -------------------------------------------------- */

/* As far as the disk knows, this peer's worker runs it. */
static inline bool runs_on_disk(const struct sim *sim, uint64_t peer, struct attempt_ref ref)
{
    const struct worker *worker = index_find(&sim->core->by_peer, peer);
    const struct attempt_row *attempt = disk_attempt(&sim->disk, ref);
    return worker != NULL && attempt != NULL && attempt->state == ATTEMPT_RUNNING &&
           attempt->worker == worker->row.id;
}

static inline bool any_runs_on_disk(const struct sim *sim, uint64_t peer,
                                    const struct attempt_ref *refs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (runs_on_disk(sim, peer, refs[i]))
            return true;
    }
    return false;
}

/* A worker gives up what it is told to give up: if that were lost with the coordinator, nobody
 * would run the attempt that the next one believes in. */
static inline bool given_up_too_early(const struct sim *sim, uint64_t peer,
                                      const struct message *message)
{
    bool early = false;
    switch (message->type) {
    case MESSAGE_WELCOME:
        for (size_t i = 0; i < message->welcome.n_kept; i++)
            early |= message->welcome.kept[i].stale &&
                     runs_on_disk(sim, peer, message->welcome.kept[i].ref);
        break;
    case MESSAGE_BEAT_OK:
        early = any_runs_on_disk(sim, peer, message->beat_ok.cancel, message->beat_ok.n_cancel) ||
                any_runs_on_disk(sim, peer, message->beat_ok.stale, message->beat_ok.n_stale);
        break;
    case MESSAGE_POINTS_ACK:
        early = message->points_ack.stale && runs_on_disk(sim, peer, message->points_ack.ref);
        break;
    case MESSAGE_RESULT_ACK:
        early = message->result_ack.verdict == VERDICT_STALE &&
                runs_on_disk(sim, peer, message->result_ack.ref);
        break;
    case MESSAGE_RELEASE_ACK:
        early = runs_on_disk(sim, peer, message->release_ack.ref);
        break;
    default:
        break;
    }
    return early;
}

static inline bool drained_too_early(const struct sim *sim, uint64_t peer,
                                     const struct message *message)
{
    const struct worker *worker = index_find(&sim->core->by_peer, peer);
    return message->type == MESSAGE_BEAT_OK && message->beat_ok.drain != DRAIN_NO &&
           worker != NULL && disk_worker(&sim->disk, worker->row.id)->drain == DRAIN_NO;
}

static inline bool has_search(const struct disk *disk, const char *name)
{
    for (size_t i = 0; i < disk->n_searches; i++) {
        if (strcmp(disk->searches[i].name, name) == 0)
            return true;
    }
    return false;
}

static inline const char *told_too_early(const struct sim *sim, uint64_t peer,
                                         const struct message *message)
{
    const struct disk *disk = &sim->disk;
    const struct attempt_row *attempt;
    if (given_up_too_early(sim, peer, message))
        return "that an attempt is over";
    if (drained_too_early(sim, peer, message))
        return "a worker's leave";
    switch (message->type) {
    case MESSAGE_TRIAL:
        attempt = disk_attempt(disk, message->trial.ref);
        return attempt != NULL && attempt->state == ATTEMPT_RUNNING ? NULL : "a TRIAL";
    case MESSAGE_POINTS_ACK:
        if (message->points_ack.stale)
            return NULL;
        return disk_count_points(disk, message->points_ack.ref) >= message->points_ack.points
                   ? NULL
                   : "points";
    case MESSAGE_RESULT_ACK:
        if (message->result_ack.verdict != VERDICT_RECORDED)
            return NULL;
        attempt = disk_attempt(disk, message->result_ack.ref);
        return attempt != NULL && attempt->state != ATTEMPT_RUNNING ? NULL : "a result";
    case MESSAGE_SUBMITTED:
        return has_search(disk, message->submitted.search) ? NULL : "a search";
    default:
        return NULL;
    }
}

/* ---- what must have happened before it is saved ---------------------------------------------- */

/* The result of an attempt is what its own run ended with, and not that of another one. */
static inline void check_reported(struct sim *sim, const struct attempt_row *attempt)
{
    const struct sim_start *start = find_start(sim, attempt->ref);
    bool of_a_run = attempt->state == ATTEMPT_DONE || attempt->state == ATTEMPT_DIVERGED ||
                    attempt->state == ATTEMPT_FAILED;
    if (of_a_run && !was_hostile(sim, attempt) && (start == NULL || !start->ended))
        sim_fail(sim, "I3: attempt %d of trial %d has a result, and its run has none",
                 attempt->ref.attempt, (int)attempt->ref.trial);
}

static inline void check_all_reported(struct sim *sim)
{
    for (size_t i = 0; i < sim->actions.count; i++) {
        if (sim->actions.list[i].type == SAVE_ATTEMPT)
            check_reported(sim, &sim->actions.list[i].attempt);
    }
}
#endif
