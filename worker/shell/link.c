#include "worker/shell/link.h"
#include "common/connect.h"
#include "common/credentials.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "proto/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_AGAIN_MS = 1000, REFUSED_LONGEST = 5 /* doublings: 32 s */, BROKEN_OFF_MANY = 3 };
/* DEAF: late enough for a coordinator to which ten thousand come back at once. AGAIN: of both. */
enum { SILENCE_TOLD_MS = 10 * 1000, DEAF_MS = 60 * 1000, AGAIN_MS = 10 * 60 * 1000 };
enum { LAST_WORDS_MS = 200 }; /* at most, for what was said at the very end; as a rule it is none */

struct link {
    struct link_options options;
    struct frame_socket *socket;
    struct connect_info where;
    struct credentials credentials;
    int broken_off;                                  /* handshakes with this socket */
    int refusals;                                    /* in a row */
    char complaint[sizeof((struct error *)0)->text]; /* the latest, logged once */
    int64_t look_ms;
    bool waits;              /* for a connect file, since an earlier look */
    bool reached;            /* this socket had a connection, once */
    bool answered;           /* by a message since the latest look; no session need be open */
    int64_t silence_told_ms; /* when next, if nobody answers until then */
    int64_t deaf_ms;         /* when the socket is given up, if nobody answers until then */
    char file[4096];         /* the connect file that says where; "" none */
    struct stat seen;        /* as it was at the latest look */
    struct buf out, in;
};

static void set_file(struct link *link)
{
    const char *coordinator = link->options.coordinator, *connect_file = link->options.connect_file;
    const char *origin;
    struct error error;
    if (connect_named_endpoint(coordinator, connect_file, &origin) != NULL)
        link->file[0] = '\0';
    else if (connect_file != NULL)
        snprintf(link->file, sizeof link->file, "%s", connect_file);
    else if (!connect_default_path(link->file, sizeof link->file, &error))
        link->file[0] = '\0';
}

bool link_create(struct link **out, const struct link_options *options, struct error *error)
{
    struct link *link = xcalloc(1, sizeof *link);
    link->options = *options;
    link->look_ms = INT64_MIN;
    set_file(link);
    buf_init(&link->out, MESSAGE_MAX_BYTES);
    buf_init(&link->in, MESSAGE_MAX_BYTES);
    *out = link;
    if (credentials_read(&link->credentials, options->key_file, error))
        return true;
    link_destroy(out);
    return false;
}

void link_destroy(struct link **link)
{
    if (*link == NULL)
        return;
    frame_close_sent(&(*link)->socket, LAST_WORDS_MS);
    credentials_wipe(&(*link)->credentials);
    buf_free(&(*link)->out);
    buf_free(&(*link)->in);
    free(*link);
    *link = NULL;
}

static void complain(struct link *link, const struct error *error)
{
    if (strcmp(link->complaint, error->text) == 0)
        return;
    memcpy(link->complaint, error->text, sizeof link->complaint);
    log_event(LOG_WARN, "no-coordinator", "why=%s", log_quote(error->text));
}

/* ZeroMQ goes on trying, and says nothing, whatever is wrong with an address. */
static void tell_silence(const struct link *link)
{
    struct error error;
    if (link->reached)
        error_set(&error,
                  "no answer from %s (from %s) any more: the coordinator is down, stopped or cut "
                  "off, or cannot save anything, which `ldt status` tells. It is tried until it "
                  "answers",
                  link->where.work, link->where.origin);
    else
        error_set(
            &error,
            "nothing answers at %s (from %s): is ldt-coordinator running there, does this machine "
            "know that name, and is there no firewall between? It is tried until it answers",
            link->where.work, link->where.origin);
    log_event(LOG_WARN, "no-coordinator", "why=%s", log_quote(error.text));
}

/* Is it time to act, after first_ms of silence and then every AGAIN_MS? */
static bool is_due(int64_t *next_ms, bool silent, int64_t first_ms, int64_t now_ms)
{
    if (!silent)
        *next_ms = now_ms + first_ms;
    if (now_ms < *next_ms)
        return false;
    *next_ms = now_ms + AGAIN_MS;
    return true;
}

/* That nobody answers may be the socket's fault, too: one for which ZeroMQ once got no memory can
 * stay deaf for ever. The place is looked for anew, and another socket made. Whoever answers that
 * it does not want us is asked again after up to half a minute, and silent meanwhile. */
static void bear_silence(struct link *link, bool connected, int64_t now_ms)
{
    bool unwanted = !connected && link->answered;
    bool silent = !connected && !unwanted && link->socket != NULL;
    link->answered = false;
    if (is_due(&link->silence_told_ms, silent, unwanted ? DEAF_MS : SILENCE_TOLD_MS, now_ms))
        tell_silence(link);
    if (is_due(&link->deaf_ms, silent, DEAF_MS, now_ms)) {
        link->look_ms = now_ms;
        frame_close(&link->socket);
    }
}

/* Is there a connect file, and another than at the latest look? */
static bool file_changed(struct link *link)
{
    struct stat status, seen = link->seen;
    if (link->file[0] == '\0' || stat(link->file, &status) != 0)
        return false;
    link->seen = status;
    return status.st_dev != seen.st_dev || status.st_ino != seen.st_ino ||
           status.st_size != seen.st_size || status.st_mtim.tv_sec != seen.st_mtim.tv_sec ||
           status.st_mtim.tv_nsec != seen.st_mtim.tv_nsec;
}

/* ZeroMQ does not try again after a refusal; we do, with another socket, less and less often. */
static void take_refusal(struct link *link, enum frame_refusal refusal, int64_t now_ms)
{
    struct error error;
    if (refusal == FRAME_BROKEN_OFF && ++link->broken_off < BROKEN_OFF_MANY)
        return;
    credentials_explain(&link->credentials, &link->where, link->where.work, refusal, &error);
    complain(link, &error);
    frame_close(&link->socket);
    link->look_ms = now_ms + ((int64_t)LOOK_AGAIN_MS << link->refusals);
    if (link->refusals < REFUSED_LONGEST)
        link->refusals++;
}

/* True if there is a new connection. */
static bool take_events(struct link *link, int64_t now_ms)
{
    struct frame_event event;
    bool connected = false;
    while (link->socket != NULL && frame_next_event(link->socket, &event)) {
        connected = event.type == FRAME_READY;
        if (event.type == FRAME_REFUSED)
            take_refusal(link, event.refusal, now_ms);
    }
    link->reached |= connected;
    return connected && link->socket != NULL;
}

static bool connect_to(struct link *link, const struct connect_info *place, struct error *error)
{
    struct frame_keys storage;
    const struct frame_keys *keys;
    frame_close(&link->socket);
    link->broken_off = 0;
    link->reached = false;
    link->where = *place;
    return credentials_for(&link->credentials, place, &storage, &keys, error) &&
           frame_connect_fresh(&link->socket, place->work, MESSAGE_MAX_BYTES, keys, error);
}

static bool is_elsewhere(const struct link *link, const struct connect_info *found)
{
    return link->socket == NULL || strcmp(found->work, link->where.work) != 0 ||
           strcmp(found->server_key, link->where.server_key) != 0;
}

/* On loopback anybody may listen, and would have us run what he likes. */
static bool is_trusted(const struct link *link, const struct connect_info *found)
{
    return !found->guessed || !link->options.runs_commands || link->credentials.path != NULL;
}

/* Not at the first look: a coordinator that was started just before us may be about to write it. */
static void wait_for_file(struct link *link)
{
    struct error error;
    error_set(&error,
              "a worker with --allow-command runs what its coordinator says, so it does not guess "
              "which one that is: it waits for %s, or name one with --coordinator",
              link->file[0] != '\0' ? link->file : "a connect file");
    if (link->waits)
        complain(link, &error);
    link->waits = true;
}

bool link_find(struct link *link, bool connected, int64_t now_ms)
{
    struct connect_info *found = NULL;
    struct error error = { "" };
    bool moved = false;
    bear_silence(link, connected, now_ms);
    if (take_events(link, now_ms))
        return true;
    if (now_ms < link->look_ms)
        return false;
    link->look_ms = now_ms + LOOK_AGAIN_MS;
    if (!file_changed(link) && connected && link->socket != NULL)
        return false;
    found = xcalloc(1, sizeof *found);
    if (!connect_find(found, link->options.coordinator, link->options.connect_file, &error)) {
        complain(link, &error);
    } else if (!is_trusted(link, found)) {
        wait_for_file(link);
    } else if (is_elsewhere(link, found)) {
        moved = connect_to(link, found, &error);
        if (!moved)
            complain(link, &error);
        else if (link->refusals == 0)
            log_event(LOG_INFO, "connecting", "endpoint=%s from=%s", log_quote(found->work),
                      log_quote(found->origin));
    }
    free(found);
    return moved;
}

void link_renew(struct link *link)
{
    struct connect_info *place = xmalloc(sizeof *place);
    struct error error = { "" };
    *place = link->where;
    if (!connect_to(link, place, &error))
        complain(link, &error); /* and link_find tries again */
    free(place);
}

int64_t link_next_deadline(const struct link *link)
{
    return link->look_ms;
}

void link_send(struct link *link, const struct message *message)
{
    struct error error = { "" };
    if (link->socket == NULL)
        return;
    buf_clear(&link->out);
    if (!codec_encode(&link->out, message, &error)) {
        log_event(LOG_ERROR, "message-not-sent", "type=%s why=%s", message_type_name(message->type),
                  log_quote(error.text));
        return;
    }
    if (frame_send(link->socket, NULL, link->out.bytes, link->out.length) != FRAME_OK)
        log_event(LOG_DEBUG, "message-not-sent", "type=%s why=\"the queue is full\"",
                  message_type_name(message->type));
}

static void unsupported(struct message *message, uint32_t version, struct arena *arena)
{
    *message = (struct message){ .type = MESSAGE_ERROR };
    message->error.code = ERROR_UNSUPPORTED;
    message->error.text =
        arena_printf(arena,
                     "it speaks version %u and this worker version %d; install the same "
                     "release on both",
                     (unsigned)version, PROTOCOL_VERSION);
}

enum link_received link_receive(struct link *link, struct message *message, struct arena *arena)
{
    struct error error = { "" };
    uint32_t version = PROTOCOL_VERSION;
    if (link->socket == NULL)
        return LINK_NOTHING;
    enum frame_result result = frame_receive(link->socket, NULL, &link->in);
    if (result == FRAME_NOTHING)
        return LINK_NOTHING;
    link->refusals = link->broken_off = 0;
    link->answered = true;
    if (result == FRAME_OK &&
        codec_decode(message, link->in.bytes, link->in.length, arena, &version, &error))
        return LINK_MESSAGE;
    if (version != PROTOCOL_VERSION) {
        unsupported(message, version, arena);
        return LINK_MESSAGE;
    }
    log_event(LOG_WARN, "message-dropped", "why=%s",
              log_quote(result == FRAME_OK ? error.text : "multipart or too large"));
    return LINK_DROPPED;
}

struct frame_socket *link_socket(const struct link *link)
{
    return link->socket;
}
