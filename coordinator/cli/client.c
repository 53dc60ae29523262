#include "coordinator/cli/client.h"
#include "common/arena.h"
#include "common/clock.h"
#include "common/credentials.h"
#include "common/frame.h"
#include "common/xalloc.h"
#include "coordinator/cli/arguments.h"
#include "proto/codec.h"

#include <stdlib.h>
#include <string.h>

/* A coordinator that is just starting may break off a handshake or two. */
enum { BROKEN_OFF_MANY = 3 };

struct client {
    struct connect_info info;
    struct credentials credentials;
    int broken_off;             /* handshakes */
    enum frame_refusal refusal; /* 0: not refused */
    bool connected;             /* somebody is there, and let us in */
    struct frame_socket *socket;
    struct arena *arena; /* the latest answer */
    struct buf question, frame;
    uint64_t id; /* of the latest question */
};

/* A file where only a coordinator can answer: asking whichever is found instead would be a trap. */
static bool only_names_a_file(const struct context *context)
{
    return context->database != NULL && context->coordinator == NULL &&
           context->connect_file == NULL;
}

struct client *client_open(const struct context *context, int *status)
{
    if (only_names_a_file(context)) {
        complain("this asks a coordinator, not a file: name it by -c or --coordinator instead of "
                 "--db; what a file says, `ldt --db %s query 'SELECT * FROM v_study'` tells",
                 context->database);
        *status = EXIT_USAGE;
        return NULL;
    }
    struct client *client = xcalloc(1, sizeof *client);
    struct frame_keys storage;
    const struct frame_keys *keys;
    struct error error;
    client->arena = arena_create(1 << 16);
    buf_init(&client->question, MESSAGE_MAX_BYTES);
    buf_init(&client->frame, MESSAGE_MAX_BYTES);
    *status = EXIT_UNREACHABLE;
    if (connect_find(&client->info, context->coordinator, context->connect_file, &error)) {
        *status = EXIT_NOT_AUTHORISED;
        if (credentials_read(&client->credentials, context->key_file, &error) &&
            credentials_for(&client->credentials, &client->info, &storage, &keys, &error)) {
            *status = EXIT_UNREACHABLE;
            if (frame_connect_watched(&client->socket, client->info.client, MESSAGE_MAX_BYTES, keys,
                                      &error))
                return client;
        }
    }
    complain("%s", error.text);
    client_close(&client);
    return NULL;
}

void client_close(struct client **out)
{
    struct client *client = *out;
    if (client == NULL)
        return;
    frame_close(&client->socket);
    credentials_wipe(&client->credentials);
    arena_destroy(&client->arena);
    buf_free(&client->question);
    buf_free(&client->frame);
    free(client);
    *out = NULL;
}

const struct connect_info *client_info(const struct client *client)
{
    return &client->info;
}

/* ---- one question */

/* Of another release nothing can be read but its version, whatever it answers. */
static void unsupported_answer(struct client *client, uint32_t version, struct message *answer)
{
    *answer = (struct message){ .type = MESSAGE_ERROR, .error.code = ERROR_UNSUPPORTED };
    answer->error.text = arena_printf(
        client->arena,
        "the coordinator at %s speaks version %u of the protocol and this ldt version %d: take the "
        "ldt of its release",
        client->info.client, (unsigned)version, PROTOCOL_VERSION);
}

/* An answer to this question; anything else that arrives is an answer to an earlier one. */
static bool take_answer(struct client *client, struct message *answer)
{
    struct error error;
    enum frame_result result;
    while ((result = frame_receive(client->socket, NULL, &client->frame)) != FRAME_NOTHING) {
        uint32_t version = PROTOCOL_VERSION;
        arena_reset(client->arena);
        bool read =
            result == FRAME_OK && codec_decode(answer, client->frame.bytes, client->frame.length,
                                               client->arena, &version, &error);
        bool unsupported = read && answer->type == MESSAGE_ERROR &&
                           answer->error.code == ERROR_UNSUPPORTED; /* could not read our id */
        if (read && (answer->id == client->id || unsupported))
            return true;
        if (version != PROTOCOL_VERSION) {
            unsupported_answer(client, version, answer);
            return true;
        }
    }
    return false;
}

/* Notes who is there, and whether we are not wanted; that is not silence. */
static bool is_refused(struct client *client)
{
    struct frame_event event;
    while (frame_next_event(client->socket, &event)) {
        client->connected |= event.type == FRAME_READY;
        if (event.type != FRAME_REFUSED)
            continue;
        if (event.refusal != FRAME_BROKEN_OFF || ++client->broken_off >= BROKEN_OFF_MANY)
            client->refusal = event.refusal;
    }
    return client->refusal != 0;
}

enum client_result client_ask(struct client *client, const struct message *question,
                              int64_t patience_ms, struct message *answer)
{
    struct message numbered = *question;
    struct error error;
    int64_t now = clock_monotonic_ms(), end = now + patience_ms, resend = now;
    numbered.id = ++client->id;
    buf_clear(&client->question);
    if (!codec_encode(&client->question, &numbered, &error)) {
        *answer = (struct message){ .type = MESSAGE_ERROR, .error.code = ERROR_REFUSED };
        answer->error.text = arena_text(client->arena, error.text);
        return CLIENT_ANSWERED;
    }
    for (; now < end; now = clock_monotonic_ms()) {
        if (now >= resend) {
            frame_send(client->socket, NULL, client->question.bytes, client->question.length);
            resend = now + CLIENT_RESEND_MS;
        }
        bool unused;
        int64_t until = resend < end ? resend : end;
        if (!frame_wait(&client->socket, 1, NULL, &unused, 0, until - now))
            return CLIENT_INTERRUPTED;
        if (take_answer(client, answer))
            return CLIENT_ANSWERED;
        if (is_refused(client))
            return CLIENT_SILENT;
    }
    return CLIENT_SILENT;
}

/* ---- in words */

int client_complain_silent(const struct client *client)
{
    struct error error;
    if (client->refusal != 0) {
        credentials_explain(&client->credentials, &client->info, client->info.client,
                            client->refusal, &error);
        complain("%s", error.text);
        return EXIT_NOT_AUTHORISED;
    }
    if (client->connected) {
        complain("somebody is there at %s (from %s), but has not answered: if it is the "
                 "coordinator, it is busy with something large, or stopped. It may still do what "
                 "you asked: look again in a minute",
                 client->info.client, client->info.origin);
        return EXIT_UNREACHABLE;
    }
    complain(
        "no coordinator answers at %s (from %s). Check that ldt-coordinator is running, and that "
        "this is the address it printed when it started; --coordinator ENDPOINT names another",
        client->info.client, client->info.origin);
    return EXIT_UNREACHABLE;
}

static int complain_error(const struct message *answer)
{
    static const int statuses[] = {
        [ERROR_NOT_FOUND] = EXIT_NOT_FOUND,
        [ERROR_INVALID_SPEC] = EXIT_BAD_SPEC,
        [ERROR_FORBIDDEN] = EXIT_NOT_AUTHORISED,
    };
    size_t code = answer->error.code;
    complain("%s", answer->error.text);
    return code < sizeof statuses / sizeof *statuses && statuses[code] != 0 ? statuses[code]
                                                                            : EXIT_FAILED;
}

int client_expect(struct client *client, const struct message *question, int64_t patience_ms,
                  enum message_type wanted, struct message *answer)
{
    enum client_result result = client_ask(client, question, patience_ms, answer);
    if (result == CLIENT_SILENT)
        return client_complain_silent(client);
    if (result == CLIENT_INTERRUPTED) {
        complain("interrupted before the coordinator answered");
        return EXIT_FAILED;
    }
    if (answer->type == MESSAGE_ERROR)
        return complain_error(answer);
    if (answer->type == wanted)
        return EXIT_OK;
    complain("%s answered with `%s` where `%s` was expected: is it a coordinator?",
             client->info.client, message_type_name(answer->type), message_type_name(wanted));
    return EXIT_FAILED;
}

int client_knock(struct client *client)
{
    /* no study has such a name, and "not found" is an answer, too */
    const struct message question = { .type = MESSAGE_STATUS, .status.name = "?" };
    struct message answer;
    switch (client_ask(client, &question, CLIENT_PATIENCE_MS, &answer)) {
    case CLIENT_ANSWERED:
        return EXIT_OK;
    case CLIENT_INTERRUPTED:
        complain("interrupted before the coordinator answered");
        return EXIT_FAILED;
    case CLIENT_SILENT:
        break;
    }
    return client_complain_silent(client);
}
