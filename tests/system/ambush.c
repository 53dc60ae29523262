/* A coordinator that means harm: greets every worker, and then says what no honest one says. Most
 * of it is well formed, and lies: trials with absurd fields, answers about attempts that nobody
 * holds, numbers at their bounds. PERCENT of it is broken (cut, flipped). Among the trials are
 * commands, also disguised as the built-in trainer, and variables that make the loader of any
 * program write a file: a worker without --allow-command must never make one that begins with MARK.
 *
 * usage: ambush CONNECT_FILE MARK COUNT PERCENT SEED
 * Writes the connect file; leaves when COUNT messages are sent, and prints how many came. */
#include "common/arena.h"
#include "common/clock.h"
#include "common/rng.h"
#include "proto/codec.h"
#include "tests/system/damage.h"
#include "tests/system/impostor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 20, RECENT = 8, LIST = 40, SILENCE_MS = 60000 };

struct ambush {
    struct frame_socket *socket;
    struct frame_peer worker; /* who spoke last */
    struct rng rng;
    struct arena *arena;
    struct buf out, in;
    uint64_t hello;                    /* the id that a WELCOME repeats */
    struct attempt_ref recent[RECENT]; /* trials it sent */
    int32_t attempts;
    int64_t sent, received;
    const char *mark;
    int percent;
};

static size_t below(struct ambush *ambush, size_t bound)
{
    return (size_t)rng_below(&ambush->rng, bound);
}

static int64_t any_number(struct ambush *ambush)
{
    static const int64_t numbers[] = { 0,         1,         2,         100,
                                       -1,        INT32_MAX, INT64_MAX, INT64_MAX / 4,
                                       INT64_MIN, 1 << 20 };
    return numbers[below(ambush, sizeof numbers / sizeof *numbers)];
}

static struct attempt_ref any_attempt(struct ambush *ambush)
{
    if (below(ambush, 4) > 0)
        return ambush->recent[below(ambush, RECENT)];
    return (struct attempt_ref){ 1 + (int64_t)below(ambush, 3), (int64_t)below(ambush, 9),
                                 1 + (int32_t)below(ambush, 9) };
}

static struct attempt_ref *any_attempts(struct ambush *ambush, size_t *count)
{
    *count = below(ambush, 3) == 0 ? below(ambush, LIST) : 0;
    struct attempt_ref *refs = arena_alloc(ambush->arena, (*count + 1) * sizeof *refs);
    for (size_t i = 0; i < *count; i++)
        refs[i] = any_attempt(ambush);
    return refs;
}

/* ---- lies ------------------------------------------------------------------------------------ */

static struct message welcome(struct ambush *ambush)
{
    size_t count = below(ambush, LIST);
    struct kept_attempt *kept = arena_alloc(ambush->arena, (count + 1) * sizeof *kept);
    for (size_t i = 0; i < count; i++)
        kept[i] =
            (struct kept_attempt){ any_attempt(ambush), below(ambush, 2) == 0, any_number(ambush) };
    return (
        struct message){ .type = MESSAGE_WELCOME,
                         .id = ambush->hello,
                         .welcome = { any_number(ambush), any_number(ambush), "1", kept, count } };
}

static const char *any_parameters(struct ambush *ambush)
{
    static const char *const parameters[] = {
        "{\"task\":\"task-a\",\"epochs\":1,\"n_train\":64,\"n_test\":64,\"method\":\"no-teacher\"}",
        "{\"task\":\"arrays\",\"data\":\"/dev\"}",
        "{\"task\":\"arrays\",\"data\":\"/proc/self/fd/0\",\"epochs\":1e308}",
        "{\"task\":\"task-b\",\"epochs\":-1,\"batch_size\":1e18}",
        "{\"task\":\"\\u202e\",\"no such setting\":[[[[{}]]]]}",
        "{}",
        "{\"task\":\"task-a\",\"n_train\":2147483647,\"input_dim\":2147483647}",
    };
    return parameters[below(ambush, sizeof parameters / sizeof *parameters)];
}

static const char *any_key(struct ambush *ambush)
{
    static const char *const keys[] = { "0123456789abcdef-1-1", "..", ".", "-rf", "attempt-1",
                                        ".ldt-checkpoints" };
    return keys[below(ambush, sizeof keys / sizeof *keys)];
}

static struct attempt_ref newer_attempt(struct ambush *ambush)
{
    struct attempt_ref ref = any_attempt(ambush);
    ref.attempt = below(ambush, 50) == 0 ? INT32_MAX : ++ambush->attempts;
    ambush->recent[below(ambush, RECENT)] = ref;
    return ref;
}

static struct message trial(struct ambush *ambush)
{
    static const char *command[] = { "touch", NULL };
    static const char *environment[] = { "LD_DEBUG=statistics", "LDT_PROCESS=mine", "=", NULL };
    struct message message = { .type = MESSAGE_TRIAL };
    command[1] = ambush->mark;
    environment[3] = arena_printf(ambush->arena, "LD_DEBUG_OUTPUT=%s", ambush->mark);
    message.trial.ref = newer_attempt(ambush);
    message.trial.study_name = below(ambush, 2) == 0 ? "" : "s/\xe2\x80\xae";
    message.trial.seed = any_number(ambush);
    message.trial.program = below(ambush, 4) == 0 ? PROGRAM_COMMAND : PROGRAM_LDT;
    message.trial.parameters = any_parameters(ambush);
    message.trial.max_duration_ms = any_number(ambush);
    message.trial.max_silence_ms = any_number(ambush);
    message.trial.checkpoint_key = any_key(ambush);
    if (message.trial.program == PROGRAM_LDT)
        return message;
    message.trial.command = command;
    message.trial.n_command = 2;
    message.trial.workdir = "/";
    message.trial.environment = environment;
    message.trial.n_environment = 4;
    return message;
}

static struct message beat_ok(struct ambush *ambush)
{
    struct message message = { .type = MESSAGE_BEAT_OK };
    message.beat_ok.cancel = any_attempts(ambush, &message.beat_ok.n_cancel);
    message.beat_ok.prune = any_attempts(ambush, &message.beat_ok.n_prune);
    message.beat_ok.stale = any_attempts(ambush, &message.beat_ok.n_stale);
    return message; /* no drain: it would leave */
}

static enum error_code any_code(struct ambush *ambush)
{
    enum error_code code = (enum error_code)(1 + below(ambush, ERROR_FORBIDDEN));
    return code == ERROR_UNSUPPORTED ? ERROR_MALFORMED : code;
}

static struct message any_message(struct ambush *ambush)
{
    switch (below(ambush, 10)) {
    case 0:
        return welcome(ambush);
    case 1:
        return beat_ok(ambush);
    case 2:
        return (struct message){ .type = MESSAGE_POINTS_ACK,
                                 .points_ack = { any_attempt(ambush), below(ambush, 2) == 0,
                                                 any_number(ambush) } };
    case 3:
        return (struct message){ .type = MESSAGE_RESULT_ACK,
                                 .result_ack = { any_attempt(ambush),
                                                 (enum result_verdict)(1 + below(ambush, 3)),
                                                 any_number(ambush) } };
    case 4:
        return (struct message){ .type = MESSAGE_RELEASE_ACK,
                                 .release_ack = { any_attempt(ambush) } };
    case 5: /* but not that versions differ: then it leaves, as it should */
        return (struct message){ .type = MESSAGE_ERROR,
                                 .id = ambush->hello,
                                 .error = { any_code(ambush), "\n\x1b[2J" } };
    case 6: /* of the other role */
        return (struct message){ .type = MESSAGE_STATUS, .status = { "", true } };
    default:
        return trial(ambush);
    }
}

/* ---- the wire -------------------------------------------------------------------------------- */

/* A trial that says program 1, the built-in trainer, and brings a command all the same. */
static void disguise(struct ambush *ambush, const struct message *message)
{
    static const char as_command[] = { 0x20, PROGRAM_COMMAND };
    if (message->type != MESSAGE_TRIAL || message->trial.n_command == 0 || below(ambush, 2) == 0)
        return;
    char *found = memmem(ambush->out.bytes, ambush->out.length, as_command, sizeof as_command);
    if (found != NULL)
        found[1] = PROGRAM_LDT;
}

/* What makes an honest worker leave: another version of the protocol, or its coordinator's wish. */
static bool sends_it_away(struct ambush *ambush)
{
    struct error error;
    struct message message = { .type = MESSAGE_NONE };
    uint32_t version = PROTOCOL_VERSION;
    codec_decode(&message, ambush->out.bytes, ambush->out.length, ambush->arena, &version, &error);
    return version != PROTOCOL_VERSION ||
           (message.type == MESSAGE_BEAT_OK && message.beat_ok.drain > 0) ||
           (message.type == MESSAGE_ERROR && message.error.code == ERROR_UNSUPPORTED);
}

static void send(struct ambush *ambush, struct message *message)
{
    struct error error;
    message->session = below(ambush, 20) == 0 ? 9 : 7;
    buf_clear(&ambush->out);
    if (!codec_encode(&ambush->out, message, &error))
        return; /* a lie that cannot even be written */
    disguise(ambush, message);
    if (below(ambush, 100) < (size_t)ambush->percent)
        damage(&ambush->rng, &ambush->out);
    if (sends_it_away(ambush))
        return;
    if (frame_send(ambush->socket, &ambush->worker, ambush->out.bytes, ambush->out.length) ==
        FRAME_OK)
        ambush->sent++;
}

static void greet(struct ambush *ambush)
{
    struct message message = { .type = MESSAGE_WELCOME,
                               .id = ambush->hello,
                               .session = 7,
                               .welcome = { 1000, 20, "1", NULL, 0 } };
    send(ambush, &message);
}

static void answer(struct ambush *ambush, const struct message *message)
{
    if (message->type == MESSAGE_HELLO) {
        ambush->hello = message->id;
        greet(ambush);
    }
    for (size_t i = below(ambush, BURST); i > 0; i--) {
        struct message lie = any_message(ambush);
        send(ambush, &lie);
        arena_reset(ambush->arena);
    }
}

/* A worker that believed in beats a minute apart says nothing meanwhile: it is told that its
 * session is unknown, and begins another one. */
static void startle(struct ambush *ambush)
{
    struct message message = { .type = MESSAGE_ERROR, .id = ambush->hello + 1000000 };
    message.error.code = ERROR_UNKNOWN_SESSION;
    message.error.text = "";
    send(ambush, &message);
}

/* False when nothing came for too long. */
static bool lie_until(struct ambush *ambush, int64_t count)
{
    int64_t heard_ms = clock_monotonic_ms();
    struct message message;
    struct error error;
    uint32_t version;
    bool unused;
    while (ambush->sent < count && clock_monotonic_ms() - heard_ms < SILENCE_MS) {
        frame_wait(&ambush->socket, 1, NULL, &unused, 0, 1000);
        if (ambush->received > 0 && clock_monotonic_ms() - heard_ms >= 1000)
            startle(ambush);
        while (frame_receive(ambush->socket, &ambush->worker, &ambush->in) == FRAME_OK) {
            heard_ms = clock_monotonic_ms();
            ambush->received++;
            arena_reset(ambush->arena);
            if (codec_decode(&message, ambush->in.bytes, ambush->in.length, ambush->arena, &version,
                             &error))
                answer(ambush, &message);
        }
    }
    return ambush->sent >= count;
}

int main(int argc, char **argv)
{
    struct ambush ambush = { 0 };
    struct error error = { "usage: ambush CONNECT_FILE MARK COUNT PERCENT SEED" };
    if (argc != 6 || !impostor_listen(&ambush.socket, argv[1], &error)) {
        fprintf(stderr, "ambush: %s\n", error.text);
        return EXIT_FAILURE;
    }
    ambush.mark = argv[2];
    ambush.percent = atoi(argv[4]);
    ambush.arena = arena_create(1 << 16);
    rng_init(&ambush.rng, strtoull(argv[5], NULL, 10), RNG_TEST, 0);
    buf_init(&ambush.out, MESSAGE_MAX_BYTES);
    buf_init(&ambush.in, MESSAGE_MAX_BYTES);
    for (size_t i = 0; i < RECENT; i++)
        ambush.recent[i] = (struct attempt_ref){ 1, (int64_t)i, 1 };
    bool fine = lie_until(&ambush, atoll(argv[3]));
    printf("sent=%" PRId64 " received=%" PRId64 "\n", ambush.sent, ambush.received);
    frame_close(&ambush.socket);
    arena_destroy(&ambush.arena);
    buf_free(&ambush.out);
    buf_free(&ambush.in);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
