/* sim_coordinator.h - the shell around the core, simulated: turns of several events, one commit a
 * turn, sends only after it; crashes before the commit, after it and between two sends; a disk
 * that is full for a while. */
#ifndef SIM_COORDINATOR_H
#define SIM_COORDINATOR_H
#include "tests/sim/match.h"
#include "tests/sim/sim_bugs.h"

static inline struct core *sim_new_core(void)
{
    return core_create(&(struct core_options){ .lease_ms = 30000,
                                               .beat_ms = 5000,
                                               .peer_silent_ms = 120000,
                                               .suggestions_per_turn = 2,
                                               .version = "1.0" });
}

static inline void coordinator_start(struct sim *sim)
{
    struct error error = { "" };
    sim_trace(sim, "coordinator: starts");
    sim->core = sim_new_core();
    sim->tick_due_ms = sim->now_ms;
    sim->turn_open = sim->held = sim->unsaved = false;
    actions_clear(&sim->actions);
    if (!disk_restore(&sim->disk, sim->core, sim->now_ms, &error))
        sim_fail(sim, "restore: %s", error.text);
}

static inline void check_restored_is_same(struct sim *sim)
{
    struct error error = { "" };
    struct core *copy = sim_new_core();
    if (!disk_restore(&sim->disk, copy, sim->now_ms, &error))
        sim_fail(sim, "restore: %s", error.text);
    char *here = core_dump(sim->core), *there = core_dump(copy);
    if (strcmp(here, there) != 0)
        sim_fail(sim, "the restored core is not the same:\n%s---- restored:\n%s", here, there);
    free(here);
    free(there);
    core_destroy(&copy);
}

static inline void check_saved(struct sim *sim)
{
    char what[160] = "";
    if (!disk_matches(&sim->disk, sim->core, what, sizeof what))
        sim_fail(sim, "the disk is not what the core remembers: %s", what);
    if (sim->commits % SIM_COMMITS_BETWEEN_RESTORES == 0)
        check_restored_is_same(sim);
}

static inline void coordinator_crash(struct sim *sim)
{
    sim_trace(sim, "coordinator: dies");
    if (!sim->unsaved && sim->failure[0] == '\0')
        check_restored_is_same(sim);
    sim->crashes++;
    core_destroy(&sim->core);
    sim->up_ms = sim->now_ms + sim_between(sim, 100, 40000);
    sim->stopped_until_ms = 0;
    for (int i = 0; i < sim->n_workers; i++)
        sim->workers[i].peer = ++sim->peers;
    sim->hostile.peer = ++sim->peers;
}

/* ---- what must be durable before it is told -------------------------------------------------- */

static inline const char *told_too_early(const struct sim *sim, const struct message *message)
{
    const struct disk *disk = &sim->disk;
    const struct attempt_row *attempt;
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
        return disk->n_searches > 0 ? NULL : "a search";
    default:
        return NULL;
    }
}

/* ---- turns ----------------------------------------------------------------------------------- */

static inline void coordinator_check(struct sim *sim)
{
    struct error error = { "" };
    if (!core_check(sim->core, &error))
        sim_fail(sim, "core_check: %s", error.text);
}

static inline int address_of_peer(const struct sim *sim, uint64_t peer)
{
    if (peer == (uint64_t)SIM_CLIENT_PEER)
        return CLIENT_ADDRESS;
    if (sim->hostile.here && peer == sim->hostile.peer)
        return HOSTILE_ADDRESS;
    for (int i = 0; i < sim->n_workers; i++) {
        if (sim->workers[i].peer == peer)
            return i;
    }
    return COORDINATOR_ADDRESS; /* nobody has this connection any more */
}

static inline void check_not_leaving(struct sim *sim, uint64_t peer, const struct message *message)
{
    const struct worker *worker = index_find(&sim->core->by_peer, peer);
    if (message->type == MESSAGE_TRIAL && worker != NULL && worker->row.drain != DRAIN_NO)
        sim_fail(sim, "a worker that shall leave was given a trial");
}

static inline void coordinator_tell(struct sim *sim, uint64_t peer, const struct message *message)
{
    const char *early = told_too_early(sim, message);
    if (early != NULL)
        sim_fail(sim, "I1: %s was told before it was durable", early);
    int to = address_of_peer(sim, peer);
    sim_trace(sim, "coordinator -> %d: %s", to, message_type_name(message->type));
    if (to != COORDINATOR_ADDRESS) {
        check_not_leaving(sim, peer, message);
        plant_in_credit(sim, peer, message);
        sim_send(sim, COORDINATOR_ADDRESS, to, to >= 0 ? sim->workers[to].life : 0, message);
        return;
    }
    struct event gone = { .type = EVENT_PEER_GONE, .peer = peer };
    gone.now_ms = sim->now_ms;
    gone.wall_ms = sim_wall(sim);
    core_step(sim->core, &gone, &sim->actions);
}

/* A turn's sends; the coordinator may die between two of them. */
static inline void coordinator_send_all(struct sim *sim)
{
    size_t count = sim->actions.count;
    for (size_t i = 0; i < count; i++) {
        struct action action = sim->actions.list[i];
        if (action.type != SEND || action.send.message.type == MESSAGE_NONE)
            continue;
        coordinator_tell(sim, action.send.peer, &action.send.message);
        if (!sim_calm(sim) && sim_chance(sim, sim->crash)) {
            coordinator_crash(sim);
            return;
        }
    }
}

static inline void coordinator_commit(struct sim *sim)
{
    if (sim->actions.saves == 0)
        return; /* nothing durable has changed: what held after the last commit still does */
    plant_in_rows(sim);
    const char *fault = disk_save(&sim->disk, &sim->actions);
    if (fault != NULL)
        sim_fail(sim, "the disk refuses: %s", fault);
    sim->commits++;
    sim->unsaved = false;
    if (sim->failure[0] == '\0')
        check_saved(sim);
}

/* ---- a full disk: leases stand still --------------------------------------------------------- */

static inline void note_leases(struct sim *sim)
{
    sim->n_leased = 0;
    LIST_EACH(&sim->core->leases, link)
    {
        const struct trial *trial = LIST_ITEM(link, struct trial, queue);
        if (sim->n_leased < SIM_MAX_TRIALS && trial->deadline_ms > sim->now_ms)
            sim->leased[sim->n_leased++] = trial->attempt.ref;
    }
}

static inline void check_leases_stood_still(struct sim *sim)
{
    for (int i = 0; i < sim->n_leased; i++) {
        const struct trial *trial = sim_trial(sim, sim->leased[i]);
        if (trial->worker != NULL && attempt_ref_equal(trial->attempt.ref, sim->leased[i]) &&
            trial->queue.list != &sim->core->leases)
            sim_fail(sim, "I4: the lease of trial %d lapsed while the disk was full",
                     (int)trial->row.number);
    }
}

static inline void coordinator_end_turn(struct sim *sim)
{
    if (sim->core == NULL || !sim->turn_open || sim->held)
        return;
    sim->turns++;
    core_assign(sim->core, sim->now_ms, sim_wall(sim), &sim->actions);
    sim->unsaved |= sim->actions.saves > 0;
    coordinator_check(sim);
    if (sim->now_ms < sim->full_until_ms && sim->actions.saves > 0) {
        sim_trace(sim, "coordinator: disk full, the turn is held");
        sim->held = true;
        sim->full_disks++;
        sim->held_since_ms = sim->now_ms;
        note_leases(sim);
        return;
    }
    bool storm = !sim_calm(sim);
    if (storm && sim_chance(sim, sim->crash)) {
        coordinator_crash(sim);
        return;
    }
    if (sim->bug == BUG_TELL_BEFORE_SAVE)
        coordinator_send_all(sim);
    if (sim->core == NULL)
        return;
    coordinator_commit(sim);
    if (storm && sim_chance(sim, sim->crash)) {
        coordinator_crash(sim);
        return;
    }
    if (sim->bug != BUG_TELL_BEFORE_SAVE)
        coordinator_send_all(sim);
    sim->turn_open = false;
    actions_clear(&sim->actions);
}

/* While a turn is held only what saves nothing is stepped, and answered at once. */
static inline void coordinator_step_held(struct sim *sim, const struct event *event)
{
    if (core_event_saves(event))
        return;
    struct actions answers;
    actions_init(&answers);
    core_step(sim->core, event, &answers);
    if (answers.saves > 0)
        sim_fail(sim, "an event that saves nothing wants to save");
    for (size_t i = 0; i < answers.count; i++)
        coordinator_tell(sim, answers.list[i].send.peer, &answers.list[i].send.message);
    actions_free(&answers);
}

static inline void coordinator_event(struct sim *sim, struct event event)
{
    if (sim->core == NULL)
        return;
    event.now_ms = sim->now_ms;
    event.wall_ms = sim_wall(sim);
    if (sim->held) {
        coordinator_step_held(sim, &event);
        return;
    }
    core_step(sim->core, &event, &sim->actions);
    sim->turn_open = true;
    sim->unsaved |= sim->actions.saves > 0;
    coordinator_check(sim);
    if (sim_chance(sim, 0.7))
        coordinator_end_turn(sim);
}

static inline void coordinator_disk_has_room(struct sim *sim)
{
    sim_trace(sim, "coordinator: disk has room again");
    sim->held = false;
    struct event pause = { .type = EVENT_PAUSE, .pause_ms = sim->now_ms - sim->held_since_ms };
    if (sim->bug == BUG_NO_PAUSE)
        pause.pause_ms = 0;
    coordinator_event(sim, pause);
    if (sim->core != NULL)
        check_leases_stood_still(sim);
    coordinator_end_turn(sim);
}

/* Ticks, restarts, and the weather of the disk. */
static inline void coordinator_time(struct sim *sim)
{
    if (sim->core == NULL) {
        if (sim->now_ms >= sim->up_ms)
            coordinator_start(sim);
        return;
    }
    if (sim->now_ms < sim->stopped_until_ms)
        return;
    if (sim->held && sim->now_ms >= sim->full_until_ms)
        coordinator_disk_has_room(sim);
    if (sim->core == NULL || sim->now_ms < sim->tick_due_ms)
        return;
    sim->tick_due_ms = sim->now_ms + sim->tick_ms;
    coordinator_event(sim, (struct event){ .type = EVENT_TICK });
    coordinator_end_turn(sim);
}
#endif
