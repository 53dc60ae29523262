/* sim_coordinator.h - the shell around the core, simulated: turns of several events, one commit a
 * turn, sends only after it; crashes before the commit, after it and between two sends; a disk
 * that is full for a while. What is done and told in which order, and what is not while a turn is
 * held, is as in coordinator/shell/loop.c and inbox.c, and has to be changed with them. */
#ifndef SIM_COORDINATOR_H
#define SIM_COORDINATOR_H
#include "tests/sim/match.h"
#include "tests/sim/sim_bugs.h"
#include "tests/sim/sim_told.h"

/* Connections are renewed in some of the runs, and there often. */
static inline struct core *sim_new_core(const struct sim *sim)
{
    return core_create(&(struct core_options){ .lease_ms = 30000,
                                               .beat_ms = 5000,
                                               .peer_silent_ms = 120000,
                                               .suggestions_per_turn = 2,
                                               .crowd = sim->crowd,
                                               .renew_messages = sim->renew_messages,
                                               .renew_every_ms = 100,
                                               .version = "1.0" });
}

static inline void coordinator_start(struct sim *sim)
{
    struct error error = { "" };
    sim_trace(sim, "coordinator: starts");
    sim->core = sim_new_core(sim);
    sim->tick_due_ms = sim->now_ms;
    sim->turn_open = sim->held = sim->unsaved = false;
    sim->n_gone = 0;
    actions_clear(&sim->actions);
    if (!disk_restore(&sim->disk, sim->core, sim->now_ms, &error))
        sim_fail(sim, "restore: %s", error.text);
}

static inline void check_restored_is_same(struct sim *sim)
{
    struct error error = { "" };
    struct core *copy = sim_new_core(sim);
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

/* True: the coordinator is gone. */
static inline bool coordinator_may_crash(struct sim *sim)
{
    if (sim_calm(sim) || !sim_chance(sim, sim->crash))
        return false;
    coordinator_crash(sim);
    return true;
}

/* ---- save, then send ------------------------------------------------------------------------- */

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

/* The core hears of it in the next turn. */
static inline void coordinator_note_gone(struct sim *sim, uint64_t peer)
{
    sim->gone = xgrow(sim->gone, sim->n_gone, &sim->gone_capacity, sizeof *sim->gone);
    sim->gone[sim->n_gone++] = peer;
}

static inline void coordinator_tell(struct sim *sim, uint64_t peer, const struct message *message)
{
    const char *early = told_too_early(sim, peer, message);
    if (early != NULL)
        sim_fail(sim, "I1: %s was told before it was durable", early);
    int to = address_of_peer(sim, peer);
    sim_trace(sim, "coordinator -> %d: %s", to, message_type_name(message->type));
    if (to == COORDINATOR_ADDRESS) {
        coordinator_note_gone(sim, peer);
        return;
    }
    check_not_leaving(sim, peer, message);
    plant_in_credit(sim, peer, message);
    sim_send(sim, COORDINATOR_ADDRESS, to, to >= 0 ? sim->workers[to].life : 0, message);
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
        if (coordinator_may_crash(sim))
            return;
    }
}

static inline void coordinator_commit(struct sim *sim)
{
    if (sim->actions.saves == 0)
        return; /* nothing durable has changed: what held after the last commit still does */
    plant_in_rows(sim);
    check_all_reported(sim);
    const char *fault = disk_save(&sim->disk, &sim->actions);
    if (fault != NULL)
        sim_fail(sim, "the disk refuses: %s", fault);
    sim->commits++;
    sim->unsaved = false;
    if (sim->failure[0] == '\0')
        check_saved(sim);
}

/* ---- a full disk: a turn is held, and leases stand still ------------------------------------- */

static inline void note_leases(struct sim *sim)
{
    int64_t whole = sim->core->options.lease_ms;
    sim->n_leased = 0;
    LIST_EACH(&sim->core->leases, link) {
        const struct live_trial *live = LIVE_QUEUED(link);
        int64_t left = live->deadline_ms - sim->now_ms;
        if (sim->n_leased < SIM_MAX_TRIALS) /* an earlier pause may have given more than a whole */
            sim->leased[sim->n_leased++] =
                (struct sim_lease){ live->attempt.ref, left < whole ? left : whole };
    }
}

static inline void check_leases_stood_still(struct sim *sim)
{
    for (int i = 0; i < sim->n_leased; i++) {
        const struct sim_lease *before = &sim->leased[i];
        const struct live_trial *live = sim_trial(sim, before->ref)->live;
        if (live != NULL && live->worker != NULL &&
            attempt_ref_equal(live->attempt.ref, before->ref) &&
            live->deadline_ms - sim->now_ms < before->left_ms)
            sim_fail(sim, "I4: the lease of trial %d went on while the disk was full",
                     (int)before->ref.trial);
    }
}

static inline void begin_hold(struct sim *sim)
{
    sim_trace(sim, "coordinator: disk full, the turn is held");
    core_set_note(sim->core, "disk full");
    sim->held = true;
    sim->full_disks++;
    note_leases(sim);
}

static inline void end_hold(struct sim *sim)
{
    sim_trace(sim, "coordinator: disk has room again");
    core_set_note(sim->core, NULL);
    sim->held = false;
    check_leases_stood_still(sim);
}

/* What needs saving is not stepped: a client is told, a worker sends again. The rest is, but rows
 * that are not durable may speak out of any answer to a worker: only errors are told. */
static inline void coordinator_step_aside(struct sim *sim, const struct event *event)
{
    struct message busy = { .type = MESSAGE_ERROR, .id = event->message->id };
    busy.error.code = ERROR_BUSY;
    busy.error.text = "the disk is full";
    if (core_event_saves(event)) {
        if (event->peer == (uint64_t)SIM_CLIENT_PEER)
            coordinator_tell(sim, event->peer, &busy);
        return;
    }
    struct actions answers;
    actions_init(&answers);
    core_step(sim->core, event, &answers);
    if (answers.saves > 0)
        sim_fail(sim, "an event that saves nothing wants to save");
    coordinator_check(sim);
    for (size_t i = 0; i < answers.count; i++) {
        const struct message *answer = &answers.list[i].send.message;
        if (answer->type == MESSAGE_STATUS_REPLY || answer->type == MESSAGE_ERROR ||
            sim->bug == BUG_TALK_WHILE_HELD)
            coordinator_tell(sim, answers.list[i].send.peer, answer);
    }
    actions_free(&answers);
}

/* ---- a turn ---------------------------------------------------------------------------------- */

/* Into the turn that is open, at this time. */
static inline void coordinator_step(struct sim *sim, struct event event)
{
    event.now_ms = sim->now_ms;
    event.wall_ms = sim_wall(sim);
    core_step(sim->core, &event, &sim->actions);
    sim->unsaved |= sim->actions.saves > 0;
    coordinator_check(sim);
}

/* Saves, then sends; or holds all of it. */
static inline void coordinator_settle(struct sim *sim)
{
    if (coordinator_may_crash(sim))
        return;
    sim->tried_ms = sim->now_ms;
    sim->retry_due_ms = sim->now_ms + SIM_RETRY_MS + sim_between(sim, 0, SIM_RETRY_LATE_MS);
    if (sim->now_ms < sim->full_until_ms && sim->actions.saves > 0) {
        if (!sim->held)
            begin_hold(sim);
        return;
    }
    if (sim->held)
        end_hold(sim);
    if (sim->bug == BUG_TELL_BEFORE_SAVE)
        coordinator_send_all(sim);
    if (sim->core == NULL)
        return;
    coordinator_commit(sim);
    if (coordinator_may_crash(sim))
        return;
    if (sim->bug != BUG_TELL_BEFORE_SAVE)
        coordinator_send_all(sim);
    sim->turn_open = false;
    actions_clear(&sim->actions);
}

static inline void coordinator_tell_gone(struct sim *sim)
{
    for (size_t i = 0; i < sim->n_gone; i++)
        coordinator_step(sim, (struct event){ .type = EVENT_PEER_GONE, .peer = sim->gone[i] });
    sim->n_gone = 0;
}

static inline void coordinator_end_turn(struct sim *sim)
{
    if (sim->core == NULL || !sim->turn_open || sim->held)
        return;
    sim->turns++;
    coordinator_tell_gone(sim);
    core_assign(sim->core, sim->now_ms, sim_wall(sim), &sim->actions);
    sim->unsaved |= sim->actions.saves > 0;
    coordinator_check(sim);
    coordinator_settle(sim);
}

static inline void coordinator_message(struct sim *sim, struct event event)
{
    if (sim->core == NULL)
        return;
    event.type = EVENT_MESSAGE;
    event.now_ms = sim->now_ms;
    event.wall_ms = sim_wall(sim);
    if (sim->held) {
        coordinator_step_aside(sim, &event);
        return;
    }
    sim->turn_open = true;
    coordinator_step(sim, event);
    if (sim_chance(sim, 0.7))
        coordinator_end_turn(sim);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* A held turn is saved, if there is room by now; the time since the last attempt was nobody's. */
static inline void coordinator_tries_again(struct sim *sim)
{
    if (sim->core == NULL || !sim->held || sim->now_ms < sim->stopped_until_ms ||
        sim->now_ms < sim->retry_due_ms)
        return;
    int64_t pause_ms = sim->bug == BUG_NO_PAUSE ? 0 : sim->now_ms - sim->tried_ms;
    coordinator_step(sim, (struct event){ .type = EVENT_PAUSE, .pause_ms = pause_ms });
    coordinator_settle(sim);
}

/* Restarts, and ticks, which wait while a turn is held. */
static inline void coordinator_time(struct sim *sim)
{
    if (sim->core == NULL) {
        if (sim->now_ms >= sim->up_ms)
            coordinator_start(sim);
        return;
    }
    if (sim->held || sim->now_ms < sim->stopped_until_ms || sim->now_ms < sim->tick_due_ms)
        return;
    sim->tick_due_ms = sim->now_ms + sim->tick_ms;
    sim->turn_open = true;
    coordinator_step(sim, (struct event){ .type = EVENT_TICK });
    coordinator_end_turn(sim);
}

static inline int64_t coordinator_next_ms(const struct sim *sim)
{
    if (sim->core == NULL)
        return sim->up_ms;
    int64_t next = sim->held ? sim->retry_due_ms : sim->tick_due_ms;
    return next > sim->stopped_until_ms ? next : sim->stopped_until_ms;
}
#endif
