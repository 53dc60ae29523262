#include "coordinator/shell/loop.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/shell/door.h"
#include "coordinator/shell/inbox.h"
#include "coordinator/shell/notify.h"
#include "coordinator/shell/outbox.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { TICK_MS = 100, FOREIGN_MS = 1000 };

void loop_init(struct loop *loop)
{
    actions_init(&loop->actions);
    actions_init(&loop->aside);
    loop->inbox = arena_create(1 << 20);
    buf_init(&loop->frame, MESSAGE_MAX_BYTES);
    peers_init(&loop->peers, 0, PEERS_PER_KEY);
    pthread_mutex_init(&loop->door, NULL);
    pthread_mutex_lock(&loop->door);
    loop->alive_ms = notify_interval_ms();
}

void loop_free(struct loop *loop)
{
    actions_free(&loop->actions);
    actions_free(&loop->aside);
    arena_destroy(&loop->inbox);
    buf_free(&loop->frame);
    pthread_mutex_unlock(&loop->door);
    pthread_mutex_destroy(&loop->door);
    peers_free(&loop->peers);
    free(loop->gone);
}

static void step(struct loop *loop, struct event event)
{
    event.now_ms = clock_monotonic_ms();
    event.wall_ms = clock_wall_ms();
    core_step(loop->core, &event, &loop->actions);
}

/* What is not a message: peers that left, and time. */
static void tell_core(struct loop *loop)
{
    int64_t now = clock_monotonic_ms();
    for (size_t i = 0; i < loop->n_gone; i++)
        step(loop, (struct event){ .type = EVENT_PEER_GONE, .peer = loop->gone[i] });
    loop->n_gone = 0;
    if (now - loop->ticked_ms < TICK_MS)
        return;
    step(loop, (struct event){ .type = EVENT_TICK });
    loop->ticked_ms = now;
}

static void look_for_foreign_writes(struct loop *loop)
{
    int64_t now = clock_monotonic_ms();
    if (now - loop->looked_ms < FOREIGN_MS)
        return;
    loop->looked_ms = now;
    if (store_foreign_write(loop->store))
        log_event(LOG_WARN, "foreign-write",
                  "why=\"another process wrote to the database; only the coordinator should\"");
}

static void tell_manager(struct loop *loop)
{
    char state[256];
    int64_t now = clock_monotonic_ms();
    if (loop->alive_ms == 0 || now - loop->told_alive_ms < loop->alive_ms)
        return;
    loop->told_alive_ms = now;
    snprintf(state, sizeof state, "WATCHDOG=1\nSTATUS=%s; %zu connections, %" PRIu64 " messages",
             loop->held ? "nothing can be saved, nor acknowledged" : "running", loop->peers.count,
             loop->counters.received);
    notify_manager(state);
}

/* ---- save, then send */

static void begin_hold(struct loop *loop, const struct error *error)
{
    char note[sizeof error->text + 64];
    snprintf(note, sizeof note, "nothing can be saved, nor acknowledged: %s", error->text);
    log_event(LOG_ERROR, "saving-held", "why=%s", log_quote(error->text));
    core_set_note(loop->core, note);
    loop->held = true;
    loop->held_since_ms = clock_monotonic_ms();
}

static void end_hold(struct loop *loop)
{
    log_event(LOG_WARN, "saving-resumed", "held_ms=%" PRId64,
              clock_monotonic_ms() - loop->held_since_ms);
    core_set_note(loop->core, NULL);
    loop->held = false;
}

/* The time that passed without saving is nobody's fault: leases are extended by it. */
static void extend_leases(struct loop *loop, int64_t now)
{
    struct event event = { .type = EVENT_PAUSE, .pause_ms = now - loop->tried_ms };
    event.now_ms = now;
    event.wall_ms = clock_wall_ms();
    core_step(loop->core, &event, &loop->aside);
    assert(loop->aside.saves == 0);
    actions_clear(&loop->aside);
}

static enum store_result save(struct loop *loop, struct error *error)
{
    if (loop->actions.saves == 0)
        return STORE_OK;
    int64_t started = clock_monotonic_ms();
    pthread_mutex_unlock(&loop->door);
    enum store_result result = loop->save(loop->store, &loop->actions, error);
    pthread_mutex_lock(&loop->door);
    loop->saving_ms = clock_monotonic_ms() - started;
    return result;
}

static void settle(struct loop *loop)
{
    struct error error;
    enum store_result result = save(loop, &error);
    loop->tried_ms = clock_monotonic_ms();
    if (result == STORE_BROKEN) {
        log_event(LOG_ERROR, "database-broken", "why=%s", log_quote(error.text));
        loop->broken = true;
    } else if (result == STORE_HELD) {
        if (!loop->held)
            begin_hold(loop, &error);
    } else {
        if (loop->held)
            end_hold(loop);
        outbox_send(loop, &loop->actions);
        actions_clear(&loop->actions);
        arena_reset(loop->inbox);
    }
}

/* A turn while another one is held: only what saves nothing is stepped, and assignment waits. */
static void turn_aside(struct loop *loop)
{
    inbox_answer_aside(loop);
    int64_t now = clock_monotonic_ms();
    if (now - loop->tried_ms < LOOP_RETRY_MS)
        return;
    extend_leases(loop, now);
    settle(loop);
}

/* How long a part of a turn may last that usually takes `ms`: as long as the latest save took, but
 * no longer than LOOP_BATCH_MAX_MS. When the disk or the machine is slow a turn carries more, or
 * all the time would go to saving little. */
static int64_t patience_of(const struct loop *loop, int64_t ms)
{
    if (loop->saving_ms <= ms)
        return ms;
    return loop->saving_ms < LOOP_BATCH_MAX_MS ? loop->saving_ms : LOOP_BATCH_MAX_MS;
}

/* In small helpings until their time is up, so that a slow sampler cannot starve heartbeats and a
 * quick one is not held back. */
static void assign(struct loop *loop)
{
    int64_t started = clock_monotonic_ms(), now = started;
    int64_t patience = patience_of(loop, LOOP_ASSIGN_MS);
    do {
        loop->more = core_assign(loop->core, now, clock_wall_ms(), &loop->actions);
        now = clock_monotonic_ms();
    } while (loop->more && now - started < patience);
}

bool loop_turn(struct loop *loop, int64_t wait_ms)
{
    bool told = false;
    frame_wait(&loop->socket, 1, &loop->signals, &told, loop->signals >= 0 ? 1 : 0,
               loop->more && !loop->held ? 0 : wait_ms);
    loop->counters.turns++;
    loop->leaving = loop->leaving || told;
    door_tend(loop);
    if (loop->held) {
        turn_aside(loop);
    } else {
        inbox_step(loop, patience_of(loop, LOOP_BATCH_MS));
        tell_core(loop);
        assign(loop);
        settle(loop);
    }
    look_for_foreign_writes(loop);
    tell_manager(loop);
    return !loop->leaving && !loop->broken;
}

bool loop_run(struct loop *loop)
{
    /* strangers are watched closely, and what they send wakes nobody */
    while (loop_turn(loop, loop->peers.young.count > 0 ? BACKLOG_LOOK_MS : LOOP_WAIT_MS))
        continue;
    if (loop->held)
        log_event(
            LOG_WARN, "left-unsaved",
            "why=\"nothing could be saved until the end; what was held has not been acknowledged "
            "to anybody and will be sent again\"");
    return !loop->broken;
}
