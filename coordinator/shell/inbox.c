#include "coordinator/shell/inbox.h"
#include "common/clock.h"
#include "common/log.h"
#include "coordinator/shell/loop.h"
#include "coordinator/shell/outbox.h"
#include "coordinator/shell/roles.h"
#include "proto/codec.h"

#include <assert.h>
#include <inttypes.h>

/* A message in the arena, and whose it is. */
struct letter {
    struct peer *from;
    struct message *message;
};

/* ---- what is no message */

static void write_offence(const struct peer *peer, const char *what, const char *why,
                          uint64_t unlogged)
{
    log_event(LOG_WARN, what, "peer=%" PRIu64 " key=%s strikes=%d why=%s unlogged=%" PRIu64,
              peer != NULL ? peer->number : 0, log_quote(peer != NULL ? peer->account->key : ""),
              peer != NULL ? peer->strikes.count : 0, log_quote(why), unlogged);
}

static void log_offence(struct loop *loop, const struct peer *peer, const char *what,
                        const char *why)
{
    uint64_t unlogged;
    if (hush_may_log(&loop->hush, clock_monotonic_ms(), &unlogged))
        write_offence(peer, what, why, unlogged);
}

/* Somebody who was admitted has to be spoken to: that a key is on notice is always logged, and what
 * led to it. */
static void strike(struct loop *loop, struct peer *peer, const char *why)
{
    int64_t now = clock_monotonic_ms();
    struct account *account = peer->account;
    bool was_on_notice = strikes_on_notice(&account->strikes, now);
    bool out = strikes_add(&peer->strikes, &account->strikes, now);
    if (out && account->key[0] != '\0' && !was_on_notice)
        write_offence(peer, "peer-ignored", why, 0);
    else
        log_offence(loop, peer, out ? "peer-ignored" : "message-dropped", why);
    if (!was_on_notice && strikes_on_notice(&account->strikes, now))
        log_event(LOG_WARN, "key-on-notice",
                  "key=%s for_ms=%d why=\"its connections are ignored from their first malformed "
                  "message on\"",
                  log_quote(account->key), (int)STRIKES_FORGOTTEN_MS);
}

static void refuse(struct loop *loop, const struct peer *peer, uint64_t id, enum error_code code,
                   const char *why)
{
    const struct message answer = { .id = id, .type = MESSAGE_ERROR, .error = { code, why } };
    outbox_send_one(loop, peer->number, &answer);
}

/* ---- who may say it */

/* One connection more than a key may have hears why, once. */
static bool is_surplus(struct loop *loop, struct peer *peer)
{
    if (!peer->surplus)
        return false;
    if (peer->account->connections <= loop->peers.per_key) { /* others have left */
        peer->surplus = false;
        return false;
    }
    loop->counters.ignored++;
    log_offence(loop, peer, "too-many-connections-of-a-key", "see --connections-per-key");
    refuse(loop, peer, 0, ERROR_REFUSED,
           "there are too many connections with this key; give each group of workers its own");
    return true;
}

/* Is this sender listened to at all, with so many bytes more? */
static bool is_welcome(struct loop *loop, struct peer *peer)
{
    struct account *account = peer->account;
    int64_t now = clock_monotonic_ms();
    if (account->roles == KEY_NO_ROLE) { /* revoked before its first message */
        loop->counters.ignored++;
        frame_hang_up(peer->descriptor);
        return false;
    }
    if (strikes_ignored(&peer->strikes, now)) {
        loop->counters.ignored++;
        return false;
    }
    if (!peers_may_send(account, now)) {
        loop->counters.delayed++; /* it is sent again, if it matters */
        log_offence(loop, peer, "message-delayed", "its key has sent more than its share");
        return false;
    }
    meter_charge(&account->bytes, (int64_t)loop->frame.length);
    return !is_surplus(loop, peer);
}

/* Is this message one that this sender may send now? Otherwise it is told. */
static bool is_permitted(struct loop *loop, struct peer *peer, const struct message *message)
{
    const char *why = roles_forbid(peer->account->roles, message->type);
    if (why != NULL) {
        loop->counters.forbidden++;
        log_offence(loop, peer, "message-forbidden", why);
        refuse(loop, peer, message->id, ERROR_FORBIDDEN, why);
        return false;
    }
    if (!roles_is_client(message->type) ||
        meter_open(&peer->account->work, &peers_work, clock_monotonic_ms()))
        return true;
    loop->counters.delayed++;
    refuse(loop, peer, message->id, ERROR_BUSY,
           "you have asked so much that others would have to wait: ask again in a few seconds");
    return false;
}

/* ---- batches */

/* The frame in loop->frame to a message in the arena; false if it was dropped. */
static bool read_message(struct loop *loop, struct peer *peer, struct arena *arena,
                         struct message *message)
{
    struct error error;
    uint32_t version;
    if (codec_decode(message, loop->frame.bytes, loop->frame.length, arena, &version, &error))
        return is_permitted(loop, peer, message);
    if (version != PROTOCOL_VERSION) { /* no offence: a fleet is upgraded step by step */
        loop->counters.unsupported++;
        log_offence(loop, peer, "version-unsupported", error.text);
        refuse(loop, peer, 0, ERROR_UNSUPPORTED, error.text);
        return false;
    }
    loop->counters.malformed++;
    strike(loop, peer, error.text);
    return false;
}

static void drop(struct loop *loop, const struct frame_peer *from, struct peer *peer)
{
    static const char why[] = "a multipart message, or a routing id of the sender's own";
    loop->counters.dropped++;
    if (peer != NULL) {
        strike(loop, peer, why);
        return;
    }
    log_offence(loop, NULL, "message-dropped", why);
    frame_hang_up(from->descriptor);
}

/* The next message, with whoever sent it; false when nothing is left. A frame that is dropped
 * gives MESSAGE_NONE. */
static bool next_letter(struct loop *loop, struct arena *arena, struct letter *letter)
{
    struct frame_peer from;
    enum frame_result result = frame_receive(loop->socket, &from, &loop->frame);
    letter->message->type = MESSAGE_NONE;
    if (result == FRAME_NOTHING)
        return false;
    loop->counters.received++;
    letter->from = peers_meet(&loop->peers, &from, loop->allowed, clock_monotonic_ms());
    if (letter->from != NULL)
        backlog_taken(letter->from, loop->frame.length);
    if (result == FRAME_DROPPED || letter->from == NULL)
        drop(loop, &from, letter->from);
    else if (!is_welcome(loop, letter->from) ||
             !read_message(loop, letter->from, arena, letter->message))
        letter->message->type = MESSAGE_NONE;
    return true;
}

/* Why what a message brings cannot be saved, or NULL. */
static const char *refusal_of(const struct loop *loop, const struct message *message)
{
    return message->type == MESSAGE_POINTS
               ? store_refuse_points(loop->store, message->points.points, message->points.n_points)
               : NULL;
}

/* Steps the letter, and charges what it took to whoever wrote it. */
static void step(struct loop *loop, const struct letter *letter, struct actions *out)
{
    int64_t started = clock_monotonic_us();
    core_step(loop->core,
              &(struct event){ .type = EVENT_MESSAGE,
                               .now_ms = clock_monotonic_ms(),
                               .wall_ms = clock_wall_ms(),
                               .peer = letter->from->number,
                               .key = letter->from->account->key,
                               .refusal = refusal_of(loop, letter->message),
                               .message = letter->message },
              out);
    if (roles_is_client(letter->message->type))
        meter_charge(&letter->from->account->work, clock_monotonic_us() - started);
}

void inbox_step(struct loop *loop, int64_t patience_ms)
{
    int64_t started = clock_monotonic_ms();
    for (int i = 0; i < LOOP_BATCH && clock_monotonic_ms() - started < patience_ms; i++) {
        struct letter letter = { .message = arena_alloc(loop->inbox, sizeof *letter.message) };
        if (arena_bytes(loop->inbox) > LOOP_BATCH_BYTES || !next_letter(loop, loop->inbox, &letter))
            return;
        if (letter.message->type != MESSAGE_NONE)
            step(loop, &letter, &loop->actions);
    }
}

/* ---- while a turn is held */

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

/* Is the answer to this question among what is held? Then it came once more. */
static bool is_held(const struct loop *loop, uint64_t peer, uint64_t id)
{
    for (size_t i = 0; i < loop->actions.count; i++) {
        const struct action *action = &loop->actions.list[i];
        if (action->type == SEND && action->send.peer == peer && action->send.message.id == id)
            return true;
    }
    return false;
}

static void answer_busy(struct loop *loop, const struct letter *letter)
{
    uint64_t id = letter->message->id;
    refuse(loop, letter->from, id, ERROR_BUSY,
           is_held(loop, letter->from->number, id)
               ? "the coordinator cannot save anything now, `ldt status` says why: what you asked "
                 "for is done as soon as it can be"
               : "the coordinator cannot save anything now, `ldt status` says why: try again when "
                 "that is mended");
}

void inbox_answer_aside(struct loop *loop)
{
    struct arena *arena = arena_create(1 << 16);
    int64_t started = clock_monotonic_ms();
    struct message message;
    struct letter letter = { .message = &message };
    for (int i = 0; i < LOOP_BATCH && clock_monotonic_ms() - started < LOOP_BATCH_MS; i++) {
        arena_reset(arena);
        if (!next_letter(loop, arena, &letter))
            break;
        const struct event event = { .type = EVENT_MESSAGE, .message = &message };
        if (message.type == MESSAGE_NONE)
            continue;
        if (!core_event_saves(&event)) {
            step(loop, &letter, &loop->aside);
            answer_client(loop);
        } else if (roles_is_client(message.type)) {
            answer_busy(loop, &letter);
        }
    }
    arena_destroy(&arena);
}
