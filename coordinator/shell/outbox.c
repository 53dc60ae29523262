#include "coordinator/shell/outbox.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "coordinator/shell/loop.h"
#include "proto/codec.h"

#include <inttypes.h>

enum { BYTES_A_MICROSECOND = 20 };

/* The core hears of it in the next turn. */
static void note_gone(struct loop *loop, uint64_t peer)
{
    loop->counters.unsent++;
    loop->gone = xgrow(loop->gone, loop->n_gone, &loop->gone_capacity, sizeof *loop->gone);
    loop->gone[loop->n_gone++] = peer;
}

/* An answer that breaks a limit, a status of very many studies for one: whoever waits is told
 * so. */
static bool encode(struct loop *loop, const struct message *message)
{
    struct error error;
    buf_clear(&loop->frame);
    if (codec_encode(&loop->frame, message, &error))
        return true;
    log_event(LOG_ERROR, "message-not-sent", "type=%s why=%s", message_type_name(message->type),
              log_quote(error.text));
    const struct message apology = {
        .id = message->id,
        .session = message->session,
        .type = MESSAGE_ERROR,
        .error = { ERROR_REFUSED,
                   "the answer breaks a limit of the protocol; ask for less at once" },
    };
    return codec_encode(&loop->frame, &apology, &error);
}

/* Its queue is full: a thousand answers that it has not read. It may come again and read. */
static void hang_up(const struct loop *loop, uint64_t number)
{
    const struct peer *peer = peers_find(&loop->peers, number);
    if (peer != NULL)
        frame_hang_up(peer->descriptor);
}

/* A long answer counts like working time, 50 ms a MiB: so what waits in the queue of a client that
 * asks and never reads is bounded, too. */
static void charge(const struct loop *loop, uint64_t number, size_t bytes)
{
    struct peer *peer = peers_find(&loop->peers, number);
    if (peer != NULL)
        meter_charge(&peer->account->work, (int64_t)(bytes / BYTES_A_MICROSECOND));
}

void outbox_send_one(struct loop *loop, uint64_t peer, const struct message *message)
{
    struct frame_peer address = frame_peer_of(peer);
    if (!encode(loop, message))
        return;
    enum frame_result result =
        frame_send(loop->socket, &address, loop->frame.bytes, loop->frame.length);
    if (result == FRAME_OK) {
        loop->counters.sent++;
        charge(loop, peer, loop->frame.length);
        return;
    }
    uint64_t unlogged;
    if (result == FRAME_NOTHING)
        hang_up(loop, peer);
    if (result == FRAME_NOTHING && hush_may_log(&loop->hush, clock_monotonic_ms(), &unlogged))
        log_event(LOG_WARN, "peer-does-not-read", "peer=%" PRIu64 " type=%s unlogged=%" PRIu64,
                  peer, message_type_name(message->type), unlogged);
    note_gone(loop, peer);
}

void outbox_send(struct loop *loop, const struct actions *actions)
{
    for (size_t i = 0; i < actions->count; i++)
        if (actions->list[i].type == SEND)
            outbox_send_one(loop, actions->list[i].send.peer, &actions->list[i].send.message);
}
