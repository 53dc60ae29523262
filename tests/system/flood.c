/* A worker that is admitted, and hostile: it proves its key and then sends COUNT messages that no
 * honest worker sends. PERCENT of them are broken (cut, flipped, noise); the rest are well formed,
 * and lie: attempts of others, numbers at their bounds, other roles' messages.
 *
 * usage: flood CONNECT_FILE KEY_FILE COUNT PERCENT SEED
 * Prints how many messages were sent, and how many answers came. */
#include "common/arena.h"
#include "common/clock.h"
#include "common/credentials.h"
#include "common/rng.h"
#include "proto/codec.h"
#include "tests/system/damage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 200, GIVE_UP_MS = 120000, LARGE = 1 << 20, LARGE_ONE_IN = 5000, HELD = 64 };

struct flood {
    struct frame_socket *socket;
    struct rng rng;
    struct arena *arena;
    struct buf frame, answer;
    uint64_t session;
    int64_t sent, answers, unsent;
    int percent;
};

static uint64_t draw(struct flood *flood)
{
    return rng_u64(&flood->rng);
}

static size_t below(struct flood *flood, size_t bound)
{
    return (size_t)rng_below(&flood->rng, bound);
}

static int64_t any_number(struct flood *flood)
{
    static const int64_t numbers[] = { 0, 1, 2, 3, -1, INT32_MAX, INT64_MAX, INT64_MIN, 1 << 20 };
    return numbers[below(flood, sizeof numbers / sizeof *numbers)];
}

static struct attempt_ref any_attempt(struct flood *flood)
{
    return (struct attempt_ref){ (int64_t)below(flood, 4), (int64_t)below(flood, 70),
                                 (int32_t)below(flood, 4) };
}

static struct held_attempt *any_held(struct flood *flood, size_t count)
{
    struct held_attempt *held = arena_alloc(flood->arena, (count + 1) * sizeof *held);
    for (size_t i = 0; i < count; i++)
        held[i] =
            (struct held_attempt){ any_attempt(flood), any_number(flood), below(flood, 2) == 0 };
    return held;
}

static struct message hello(struct flood *flood)
{
    size_t count = below(flood, HELD);
    return (struct message){ .type = MESSAGE_HELLO,
                             .hello = { .name = "evil",
                                        .host = "h",
                                        .cpu = "c",
                                        .version = "1",
                                        .instance = below(flood, 20) == 0 ? draw(flood) : 666,
                                        .slots = (int32_t)any_number(flood),
                                        .held = any_held(flood, count),
                                        .n_held = count } };
}

static struct message points(struct flood *flood)
{
    size_t count = below(flood, 100);
    struct point *list = arena_alloc(flood->arena, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct point){ .metric = "loss", .value = -1e300, .step = any_number(flood) };
    return (struct message){ .type = MESSAGE_POINTS,
                             .points = { .ref = any_attempt(flood),
                                         .first = any_number(flood),
                                         .points = list,
                                         .n_points = count } };
}

static struct message result(struct flood *flood)
{
    return (struct message){ .type = MESSAGE_RESULT,
                             .result = { .ref = any_attempt(flood),
                                         .kind = (enum result_kind)(1 + below(flood, 5)),
                                         .reason = "because",
                                         .log = "",
                                         .info = "{}",
                                         .points = any_number(flood),
                                         .points_digest = draw(flood),
                                         .duration_ms = any_number(flood) } };
}

static struct message any_message(struct flood *flood)
{
    size_t count = below(flood, HELD);
    switch (below(flood, 8)) {
    case 0:
        return hello(flood);
    case 1:
        return (struct message){ .type = MESSAGE_ASK,
                                 .ask = { (int32_t)any_number(flood), any_number(flood) } };
    case 2:
        return (struct message){ .type = MESSAGE_BEAT,
                                 .beat = { any_held(flood, count), count, "left: so it says",
                                           below(flood, 4) == 0 } };
    case 3:
        return points(flood);
    case 4:
        return result(flood);
    case 5:
        return (struct message){ .type = MESSAGE_RELEASE,
                                 .release = { any_attempt(flood), "why not" } };
    case 6:
        return (struct message){ .type = MESSAGE_STATUS, .status = { "", true } };
    default:
        return (struct message){ .type = MESSAGE_STOP, .stop = { "steady", true } };
    }
}

static void break_frame(struct flood *flood)
{
    struct buf *frame = &flood->frame;
    if (below(flood, LARGE_ONE_IN) == 0) {
        char *large = arena_alloc(flood->arena, LARGE);
        memset(large, 0xff, LARGE);
        buf_add(frame, large, LARGE);
    }
    damage(&flood->rng, frame);
}

/* Most lies bear the session that the last WELCOME gave; some another's. A lie that the codec
 * refuses to write is replaced by noise. */
static void make_frame(struct flood *flood)
{
    struct error error;
    arena_reset(flood->arena);
    struct message message = any_message(flood);
    message.session = below(flood, 10) == 0 ? draw(flood) : flood->session;
    buf_clear(&flood->frame);
    bool honest_form = below(flood, 100) >= (size_t)flood->percent;
    while (!codec_encode(&flood->frame, &message, &error)) {
        message = any_message(flood);
        message.session = flood->session;
        buf_clear(&flood->frame);
    }
    if (!honest_form)
        break_frame(flood);
}

static void read_answers(struct flood *flood)
{
    struct error error;
    struct message message;
    uint32_t version;
    while (frame_receive(flood->socket, NULL, &flood->answer) == FRAME_OK) {
        flood->answers++;
        arena_reset(flood->arena);
        if (codec_decode(&message, flood->answer.bytes, flood->answer.length, flood->arena,
                         &version, &error) &&
            message.type == MESSAGE_WELCOME)
            flood->session = message.session;
    }
}

/* As fast as the connection takes them; false when it has taken none for long. */
static bool send_all(struct flood *flood, int64_t count)
{
    int64_t moved_ms = clock_monotonic_ms();
    bool unused;
    while (flood->sent < count) {
        make_frame(flood);
        while (frame_send(flood->socket, NULL, flood->frame.bytes, flood->frame.length) !=
               FRAME_OK) {
            if (clock_monotonic_ms() - moved_ms > GIVE_UP_MS)
                return false;
            frame_wait(&flood->socket, 1, NULL, &unused, 0, 1);
            read_answers(flood);
        }
        moved_ms = clock_monotonic_ms();
        if (++flood->sent % WINDOW == 0)
            read_answers(flood);
    }
    for (int i = 0; i < 20; i++) { /* what is still in the queue must leave before we do */
        frame_wait(&flood->socket, 1, NULL, &unused, 0, 25);
        read_answers(flood);
    }
    return true;
}

static bool open_flood(struct flood *flood, const char *connect_file, const char *key_file,
                       struct error *error)
{
    static struct connect_info place;
    struct credentials credentials;
    struct frame_keys storage;
    const struct frame_keys *keys;
    return connect_find(&place, NULL, connect_file, error) &&
           credentials_read(&credentials, key_file, error) &&
           credentials_for(&credentials, &place, &storage, &keys, error) &&
           frame_connect(&flood->socket, place.work, MESSAGE_MAX_BYTES, keys, error);
}

int main(int argc, char **argv)
{
    struct flood flood = { 0 };
    struct error error = { "usage: flood CONNECT_FILE KEY_FILE COUNT PERCENT SEED" };
    if (argc != 6 || !open_flood(&flood, argv[1], argv[2], &error)) {
        fprintf(stderr, "flood: %s\n", error.text);
        return EXIT_FAILURE;
    }
    flood.percent = atoi(argv[4]);
    flood.arena = arena_create(1 << 16);
    rng_init(&flood.rng, strtoull(argv[5], NULL, 10), RNG_TEST, 0);
    buf_init(&flood.frame, MESSAGE_MAX_BYTES);
    buf_init(&flood.answer, MESSAGE_MAX_BYTES);
    bool fine = send_all(&flood, atoll(argv[3]));
    printf("sent=%" PRId64 " answers=%" PRId64 "\n", flood.sent, flood.answers);
    frame_close(&flood.socket);
    arena_destroy(&flood.arena);
    buf_free(&flood.frame);
    buf_free(&flood.answer);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
