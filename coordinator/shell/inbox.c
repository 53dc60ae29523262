#include "coordinator/shell/inbox.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/shell/loop.h"
#include "coordinator/shell/outbox.h"
#include "proto/codec.h"

#include <assert.h>
#include <inttypes.h>

/* ---- what is no message */

static void log_offence(struct loop *loop, uint64_t peer, int strikes, const char *why)
{
    uint64_t unlogged;
    if (!strikes_may_log(&loop->strikes, clock_monotonic_ms(), &unlogged))
        return;
    log_event(LOG_WARN, strikes >= STRIKES_ALLOWED ? "peer-ignored" : "message-dropped",
              "peer=%" PRIu64 " strikes=%d why=%s unlogged=%" PRIu64, peer, strikes, log_quote(why),
              unlogged);
}

static void refuse_version(struct loop *loop, uint64_t peer, const char *why)
{
    const struct message answer = {
        .type = MESSAGE_ERROR,
        .error = { ERROR_UNSUPPORTED, why },
    };
    loop->counters.unsupported++;
    outbox_send_one(loop, peer, &answer);
}

/* The frame in loop->frame to a message in the arena; false if it was dropped. */
static bool read_message(struct loop *loop, uint64_t peer, struct arena *arena,
                         struct message *message)
{
    struct error error;
    uint32_t version;
    if (strikes_ignored(&loop->strikes, peer)) {
        loop->counters.ignored++;
        return false;
    }
    if (codec_decode(message, loop->frame.bytes, loop->frame.length, arena, &version, &error))
        return true;
    loop->counters.malformed++;
    log_offence(loop, peer, strikes_add(&loop->strikes, peer), error.text);
    if (version != PROTOCOL_VERSION)
        refuse_version(loop, peer, error.text);
    return false;
}

static void drop(struct loop *loop, const struct frame_peer *peer)
{
    uint64_t number = peer->length > 0 ? frame_peer_number(peer) : 0;
    int strikes = number != 0 ? strikes_add(&loop->strikes, number) : 1;
    loop->counters.dropped++;
    log_offence(loop, number, strikes, "a multipart message, or a routing id of the sender's own");
}

/* ---- batches */

/* The next message into the arena, with whoever sent it in *from; false when nothing is left. A
 * frame that is dropped gives MESSAGE_NONE. */
static bool next_message(struct loop *loop, struct arena *arena, struct message *message,
                         uint64_t *from)
{
    struct frame_peer peer;
    enum frame_result result = frame_receive(loop->socket, &peer, &loop->frame);
    message->type = MESSAGE_NONE;
    if (result == FRAME_NOTHING)
        return false;
    loop->counters.received++;
    *from = frame_peer_number(&peer);
    if (result == FRAME_DROPPED)
        drop(loop, &peer);
    else if (!read_message(loop, *from, arena, message))
        message->type = MESSAGE_NONE;
    return true;
}

void inbox_step(struct loop *loop)
{
    int64_t started = clock_monotonic_ms(), now = started;
    for (int i = 0; i < LOOP_BATCH && now - started < LOOP_BATCH_MS; i++) {
        struct message *message = arena_alloc(loop->inbox, sizeof *message);
        uint64_t from;
        if (arena_bytes(loop->inbox) > LOOP_BATCH_BYTES ||
            !next_message(loop, loop->inbox, message, &from))
            return;
        now = clock_monotonic_ms();
        if (message->type == MESSAGE_NONE)
            continue;
        core_step(loop->core,
                  &(struct event){ .type = EVENT_MESSAGE,
                                   .now_ms = now,
                                   .wall_ms = clock_wall_ms(),
                                   .peer = from,
                                   .message = message },
                  &loop->actions);
    }
}

/* ---- while a turn is held */

static bool from_client(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_SUBMIT:
    case MESSAGE_STOP:
    case MESSAGE_RERUN:
    case MESSAGE_PAUSE:
    case MESSAGE_RESUME:
    case MESSAGE_RETRY:
    case MESSAGE_DRAIN:
    case MESSAGE_AUDIT:
        return true;
    default:
        return false;
    }
}

static void tell_busy(struct loop *loop, uint64_t peer, const struct message *message)
{
    const struct message answer = {
        .id = message->id,
        .type = MESSAGE_ERROR,
        .error = { ERROR_BUSY, "the coordinator's disk is full, so it cannot save this: free some "
                               "space there and try again" },
    };
    outbox_send_one(loop, peer, &answer);
}

/* Only what a client asked is told. Rows that are not durable yet may speak out of any answer to
 * a worker: an attempt whose result is held would be called stale, and then be lost with this
 * process. */
static void answer_client(struct loop *loop)
{
    for (size_t i = 0; i < loop->aside.count; i++) {
        const struct action *action = &loop->aside.list[i];
        assert(action->type == SEND);
        if (action->send.message.type == MESSAGE_STATUS_REPLY ||
            action->send.message.type == MESSAGE_ERROR)
            outbox_send_one(loop, action->send.peer, &action->send.message);
    }
    actions_clear(&loop->aside);
}

void inbox_answer_aside(struct loop *loop)
{
    struct arena *arena = arena_create(1 << 16);
    int64_t started = clock_monotonic_ms();
    struct message message;
    struct event event = { .type = EVENT_MESSAGE, .message = &message };
    for (int i = 0; i < LOOP_BATCH && clock_monotonic_ms() - started < LOOP_BATCH_MS; i++) {
        arena_reset(arena);
        if (!next_message(loop, arena, &message, &event.peer))
            break;
        if (message.type == MESSAGE_NONE)
            continue;
        event.now_ms = clock_monotonic_ms();
        event.wall_ms = clock_wall_ms();
        if (!core_event_saves(&event)) {
            core_step(loop->core, &event, &loop->aside);
            answer_client(loop);
        } else if (from_client(&message)) {
            tell_busy(loop, event.peer, &message);
        }
    }
    arena_destroy(&arena);
}
