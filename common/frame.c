#include "common/frame.h"
#include "common/frame_socket.h"
#include "common/xalloc.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
    LISTEN_QUEUE = 1000,  /* messages for one peer */
    UNLIMITED = 0,        /* messages from one peer that wait: see set_options */
    CONNECT_QUEUE = 200,  /* messages kept while there is no connection; the protocol resends */
    BACKLOG = 4096,       /* a fleet that reconnects at once */
    HANDSHAKE_MS = 30000, /* a fleet of thousands that comes back at once needs them */
    IDLE_S = 10,          /* then TCP asks whether the peer is still there, */
    PROBE_S = 5,          /* this often, */
    PROBES = 2,           /* this many times */
    DEAD_MS = 5000,       /* what was sent must be taken by the peer's machine until then */
    CONNECT_MS = 1000,    /* one attempt, where packets vanish without an answer */
    RECONNECT_MS = 100,   /* doubles, with jitter, up to: */
    RECONNECT_MAX_MS = 1000,
    DRAIN_PARTS = 256, /* of an unwanted multipart message, dropped in one call */

    /* zmq.h shows these names to drafts only; the library has them */
    ZAP_ENFORCE_DOMAIN = 93,
    ZERO_COPY_RECV = 10,
};

/* ---- the context that all sockets share */

static void *context;
static size_t context_users;

/* A ROUTER counts its peers up from a number of rand(), which nobody else seeds. Who could foresee
 * it could choose a routing id that is yet to come, and ZeroMQ aborts when the two meet. */
static void scatter_routing_ids(void)
{
    unsigned seed = 0;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = (unsigned)time(NULL) ^ (unsigned)getpid();
    srand(seed);
}

void *frame_context(void)
{
    return context;
}

/* Without zero copy, or a waiting message of 50 bytes keeps the 8 KiB that it was read in. */
static bool context_set_up(void)
{
    scatter_routing_ids();
    int most = zmq_ctx_get(context, ZMQ_SOCKET_LIMIT);
    return zmq_ctx_set(context, ZMQ_MAX_SOCKETS, most) == 0 &&
           zmq_ctx_set(context, ZERO_COPY_RECV, 0) == 0;
}

/* NULL, with errno, when there is no memory or no descriptor for it, or it lacks a setting; the
 * caller releases it in any case. */
static void *context_use(void)
{
    if (context_users++ > 0)
        return context;
    context = zmq_ctx_new();
    return context != NULL && context_set_up() ? context : NULL;
}

static void context_release(void)
{
    if (--context_users > 0)
        return;
    while (zmq_ctx_term(context) != 0 && errno == EINTR)
        continue;
    context = NULL;
}

/* ---- options */

static void set(struct frame_socket *socket, int option, const void *value, size_t bytes)
{
    if (zmq_setsockopt(socket->zmq, option, value, bytes) != 0 && socket->unset == 0)
        socket->unset = errno;
}

static void set_int(struct frame_socket *socket, int option, int value)
{
    set(socket, option, &value, sizeof value);
}

static void set_text(struct frame_socket *socket, int option, const char *text)
{
    set(socket, option, text, strlen(text));
}

/* One that lacks a limit, or its keys, must not be used. */
static bool is_set_up(const struct frame_socket *socket, struct error *error)
{
    if (socket->unset == 0)
        return true;
    error_set(error, "cannot set up a socket: %s", zmq_strerror(socket->unset));
    return false;
}

/* ZeroMQ 4.3.4 aborts the whole process (`!_io_error`) when it wants to write to a peer whose input
 * it had stopped and who then hung up; a PING of ZMTP among what it had read already is enough. So
 * input is never stopped: a listener's queues have no limit, and how much may wait in them is for
 * the user of frame_arrived to decide. There are no heartbeats of ZMTP, which write at any time:
 * TCP looks for dead peers, our own heartbeats for those that hang. And whoever takes the routing
 * id of another gets it: refused, its queue would never be read. Our own peers choose none, and
 * frame_receive drops those that do.
 *
 * What is left is the moment in which a handshake waits at the gate, where input is stopped, too:
 * somebody with a key that is then admitted, and with a CURVE of his own that sends a PING before
 * he knows that he is. A stranger is not, and his PING never read. */
static void set_options(struct frame_socket *socket, const char *host, size_t maximum_bytes)
{
    int64_t maximum = (int64_t)maximum_bytes;
    set(socket, ZMQ_MAXMSGSIZE, &maximum, sizeof maximum);
    set_int(socket, ZMQ_LINGER, 0);
    set_int(socket, ZMQ_SNDHWM, socket->router ? LISTEN_QUEUE : CONNECT_QUEUE);
    set_int(socket, ZMQ_RCVHWM, socket->router ? UNLIMITED : CONNECT_QUEUE);
    set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, IDLE_S);
    set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, PROBE_S);
    set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, PROBES);
    set_int(socket, ZMQ_TCP_MAXRT, DEAD_MS);
    set_int(socket, ZMQ_IPV6, host[0] != '\0' && !address_is_ipv4(host));
    if (socket->router) {
        set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
        set_int(socket, ZMQ_ROUTER_HANDOVER, 1);
        set_int(socket, ZMQ_BACKLOG, BACKLOG);
    } else {
        set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
        set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
        set_int(socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS);
    }
}

/* Without somebody at the gate CURVE would let any key in: hence the domain, and that it is
 * enforced. */
static bool set_keys(struct frame_socket *socket, const struct frame_keys *keys,
                     struct error *error)
{
    if (keys == NULL)
        return true;
    set_text(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key);
    set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key);
    if (!socket->router) {
        set_text(socket, ZMQ_CURVE_SERVERKEY, keys->server_key);
        return true;
    }
    set_int(socket, ZMQ_CURVE_SERVER, 1);
    set_text(socket, ZMQ_ZAP_DOMAIN, "ldt");
    set_int(socket, ZAP_ENFORCE_DOMAIN, 1);
    return frame_open_gate(socket, error);
}

static bool open_socket(struct frame_socket **out, int type, struct error *error)
{
    struct frame_socket *socket = xcalloc(1, sizeof *socket);
    socket->router = type == ZMQ_ROUTER;
    void *shared = context_use();
    socket->zmq = shared != NULL ? zmq_socket(shared, type) : NULL;
    *out = socket;
    if (socket->zmq != NULL)
        return true;
    error_set(error, "cannot make a socket: %s", zmq_strerror(errno));
    return false;
}

static bool get(const struct frame_socket *socket, int option, void *value, size_t bytes)
{
    int result;
    do
        result = zmq_getsockopt(socket->zmq, option, value, &bytes);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

/* ---- listen, connect */

/* Whoever may write to the file of an ipc socket may come in: that is for its owner alone. */
static bool bind_for_owner(struct frame_socket *socket, const char *endpoint)
{
    mode_t usual = umask(0177);
    bool bound = zmq_bind(socket->zmq, endpoint) == 0;
    umask(usual);
    return bound;
}

static bool bind_socket(struct frame_socket *socket, const char *endpoint, struct error *error)
{
    bool taken = address_is_taken(endpoint);
    if (!taken && bind_for_owner(socket, endpoint) &&
        get(socket, ZMQ_LAST_ENDPOINT, socket->endpoint, sizeof socket->endpoint))
        return true;
    if (taken || errno == EADDRINUSE)
        error_set(error,
                  "cannot listen on %s: another process does, perhaps another coordinator; "
                  "stop it, or listen elsewhere: tcp://127.0.0.1:* takes a free port",
                  endpoint);
    else
        error_set(error, "cannot listen on %s: %s%s", endpoint, zmq_strerror(errno),
                  errno == EADDRNOTAVAIL ? "; it is no address of this machine" : "");
    return false;
}

/* Whoever connects looks for the file, and may be in another directory. */
static bool is_found_from_anywhere(const char *endpoint, struct error *error)
{
    if (strncmp(endpoint, "ipc://", strlen("ipc://")) != 0 || endpoint[strlen("ipc://")] == '/')
        return true;
    error_set(error,
              "cannot listen on %s: give the whole path of the file, for example ipc:///home/me/"
              "ldt.sock",
              endpoint);
    return false;
}

/* The host of an endpoint that may be listened on; "" for ipc. */
static bool listen_host(const char *endpoint, bool with_keys, char *host, size_t bytes,
                        struct error *error)
{
    if (!address_check(endpoint, host, bytes, error) || !is_found_from_anywhere(endpoint, error))
        return false;
    if (strcmp(host, "localhost") == 0)
        snprintf(host, bytes, "127.0.0.1");
    if (with_keys || host[0] == '\0' || address_is_loopback(host))
        return true;
    error_set(error,
              "cannot listen on %s: without keys anyone who can reach this machine could run "
              "work on its workers; make keys with `ldt keygen` and give --keys DIR, or listen "
              "on loopback (tcp://127.0.0.1:PORT) and let others in through an SSH tunnel",
              endpoint);
    return false;
}

bool frame_may_listen(const char *endpoint, bool with_keys, struct error *error)
{
    char host[ADDRESS_BYTES];
    return listen_host(endpoint, with_keys, host, sizeof host, error);
}

bool frame_listen(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                  const struct frame_keys *keys, struct error *error)
{
    char host[ADDRESS_BYTES], local[ADDRESS_BYTES];
    *out = NULL;
    if (!listen_host(endpoint, keys != NULL, host, sizeof host, error))
        return false;
    if (strncmp(endpoint, "tcp://localhost:", 16) == 0) { /* ZeroMQ binds to numbers only */
        snprintf(local, sizeof local, "tcp://127.0.0.1%s", strrchr(endpoint, ':'));
        endpoint = local;
    }
    if (!open_socket(out, ZMQ_ROUTER, error))
        goto fail;
    set_options(*out, host, maximum_bytes);
    if (set_keys(*out, keys, error) && is_set_up(*out, error) && frame_watch(*out, error) &&
        bind_socket(*out, endpoint, error))
        return true;
fail:
    frame_close(out);
    return false;
}

enum { WATCHED = 1, FRESH = 2 }; /* manners: frame_connect_watched, frame_connect_fresh */

static bool connect_socket(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                           const struct frame_keys *keys, int manner, struct error *error)
{
    char host[ADDRESS_BYTES];
    *out = NULL;
    if (!address_check(endpoint, host, sizeof host, error))
        return false;
    if (!open_socket(out, ZMQ_DEALER, error))
        goto fail;
    set_options(*out, host, maximum_bytes);
    set_int(*out, ZMQ_IMMEDIATE, (manner & FRESH) != 0);
    if (!set_keys(*out, keys, error) || !is_set_up(*out, error) ||
        ((manner & WATCHED) && !frame_watch(*out, error)))
        goto fail;
    snprintf((*out)->endpoint, sizeof(*out)->endpoint, "%s", endpoint);
    if (zmq_connect((*out)->zmq, endpoint) == 0)
        return true;
    error_set(error, "cannot connect to %s: %s; write the address that the coordinator printed",
              endpoint, zmq_strerror(errno));
fail:
    frame_close(out);
    return false;
}

bool frame_connect(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                   const struct frame_keys *keys, struct error *error)
{
    return connect_socket(out, endpoint, maximum_bytes, keys, 0, error);
}

bool frame_connect_watched(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                           const struct frame_keys *keys, struct error *error)
{
    return connect_socket(out, endpoint, maximum_bytes, keys, WATCHED, error);
}

bool frame_connect_fresh(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                         const struct frame_keys *keys, struct error *error)
{
    return connect_socket(out, endpoint, maximum_bytes, keys, WATCHED | FRESH, error);
}

void frame_close(struct frame_socket **socket)
{
    if (*socket == NULL)
        return;
    frame_stop_watching(*socket);
    if ((*socket)->zmq != NULL)
        zmq_close((*socket)->zmq);
    frame_close_gate(*socket);
    context_release();
    free(*socket);
    *socket = NULL;
}

void frame_close_sent(struct frame_socket **socket, int patience_ms)
{
    if (*socket != NULL && (*socket)->zmq != NULL)
        zmq_setsockopt((*socket)->zmq, ZMQ_LINGER, &patience_ms, sizeof patience_ms);
    frame_close(socket);
}

const char *frame_endpoint(const struct frame_socket *socket)
{
    return socket->endpoint;
}

int frame_descriptor(const struct frame_socket *socket)
{
    int descriptor = -1;
    get(socket, ZMQ_FD, &descriptor, sizeof descriptor);
    return descriptor;
}

bool frame_wait(struct frame_socket *const *sockets, size_t n_sockets, const int *descriptors,
                bool *ready, size_t n_descriptors, int64_t timeout_ms)
{
    zmq_pollitem_t *items = xcalloc(4 * n_sockets + n_descriptors + 1, sizeof *items);
    size_t count = n_descriptors;
    for (size_t i = 0; i < n_descriptors; i++)
        items[i] = (zmq_pollitem_t){ .fd = descriptors[i], .events = ZMQ_POLLIN | ZMQ_POLLERR };
    for (size_t i = 0; i < n_sockets; i++) {
        void *const parts[] = { sockets[i]->zmq, sockets[i]->gate, sockets[i]->old_gate,
                                sockets[i]->monitor };
        for (size_t part = 0; part < sizeof parts / sizeof *parts; part++)
            if (parts[part] != NULL)
                items[count++] = (zmq_pollitem_t){ .socket = parts[part], .events = ZMQ_POLLIN };
    }
    bool fine = zmq_poll(items, (int)count, (long)timeout_ms) >= 0;
    for (size_t i = 0; i < n_descriptors; i++)
        ready[i] = fine && items[i].revents != 0;
    free(items);
    return fine;
}

/* ---- peers */

uint64_t frame_peer_number(const struct frame_peer *peer)
{
    uint64_t number = 0;
    for (size_t i = 0; i < peer->length; i++)
        number = number << 8 | peer->bytes[i];
    return number + 1;
}

struct frame_peer frame_peer_of(uint64_t number)
{
    struct frame_peer peer = { .length = FRAME_PEER_BYTES };
    number--;
    for (size_t i = FRAME_PEER_BYTES; i > 0; i--, number >>= 8)
        peer.bytes[i - 1] = (unsigned char)number;
    return peer;
}

/* ---- one frame in */

static int receive_part(struct frame_socket *socket, zmq_msg_t *part)
{
    int size;
    do
        size = zmq_msg_recv(part, socket->zmq, ZMQ_DONTWAIT);
    while (size < 0 && errno == EINTR);
    return size;
}

/* Throws away the rest of a multipart message, a bounded piece of it in one call. */
static void drain(struct frame_socket *socket)
{
    zmq_msg_t part;
    zmq_msg_init(&part);
    for (int i = 0; i < DRAIN_PARTS && socket->draining; i++)
        socket->draining = receive_part(socket, &part) >= 0 && zmq_msg_more(&part);
    zmq_msg_close(&part);
}

/* Notes who sent it; false for a routing id that ZeroMQ did not make: those begin with a 0. */
static bool take_peer(struct frame_peer *peer, zmq_msg_t *part)
{
    const unsigned char *bytes = zmq_msg_data(part);
    if (zmq_msg_size(part) != FRAME_PEER_BYTES || bytes[0] != 0)
        return false;
    memcpy(peer->bytes, bytes, FRAME_PEER_BYTES);
    peer->length = FRAME_PEER_BYTES;
    return true;
}

/* What ZeroMQ knows of the connection; only the body of a message always says it. */
static void take_connection(struct frame_peer *peer, zmq_msg_t *part)
{
    const char *key = zmq_msg_gets(part, "User-Id");
    peer->descriptor = zmq_msg_get(part, ZMQ_SRCFD);
    snprintf(peer->key, sizeof peer->key, "%s", key != NULL ? key : "");
}

static enum frame_result receive_frame(struct frame_socket *socket, struct frame_peer *peer,
                                       struct buf *frame, zmq_msg_t *part)
{
    bool fine = true;
    if (receive_part(socket, part) < 0)
        return FRAME_NOTHING;
    if (socket->router) {
        fine = take_peer(peer, part);
        if (!zmq_msg_more(part) || receive_part(socket, part) < 0)
            return FRAME_DROPPED;
        take_connection(peer, part);
    }
    fine = fine && !zmq_msg_more(part) && buf_add(frame, zmq_msg_data(part), zmq_msg_size(part));
    if (zmq_msg_more(part)) {
        socket->draining = true;
        drain(socket);
    }
    return fine ? FRAME_OK : FRAME_DROPPED;
}

enum frame_result frame_receive(struct frame_socket *socket, struct frame_peer *peer,
                                struct buf *frame)
{
    struct frame_peer nobody;
    zmq_msg_t part;
    peer = peer != NULL ? peer : &nobody;
    *peer = (struct frame_peer){ .descriptor = -1 };
    buf_clear(frame);
    if (socket->draining) {
        drain(socket);
        return FRAME_DROPPED;
    }
    zmq_msg_init(&part);
    enum frame_result result = receive_frame(socket, peer, frame, &part);
    zmq_msg_close(&part);
    return result;
}

/* ---- one frame out */

static enum frame_result send_part(struct frame_socket *socket, const void *bytes, size_t length,
                                   int flags)
{
    int sent;
    do
        sent = zmq_send(socket->zmq, bytes, length, flags | ZMQ_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return FRAME_OK;
    return errno == EAGAIN ? FRAME_NOTHING : FRAME_GONE;
}

enum frame_result frame_send(struct frame_socket *socket, const struct frame_peer *peer,
                             const void *bytes, size_t length)
{
    assert(socket->router == (peer != NULL));
    if (peer != NULL) {
        enum frame_result result = send_part(socket, peer->bytes, peer->length, ZMQ_SNDMORE);
        if (result != FRAME_OK)
            return result;
    }
    return send_part(socket, bytes, length, 0);
}
