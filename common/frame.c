#include "common/frame.h"
#include "common/xalloc.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum {
    LISTEN_QUEUE = 1000, /* messages for one peer */
    FLOOD_QUEUE = 10000, /* messages from one peer: more than one read of the socket can hold */
    CONNECT_QUEUE = 200, /* messages kept while there is no connection; the protocol resends */
    BACKLOG = 4096,      /* a fleet that reconnects at once */
    HANDSHAKE_MS = 5000, /* 30 s by default: too cheap a way to hold descriptors */
    IDLE_S = 10,         /* then TCP asks whether the peer is still there, */
    PROBE_S = 5,         /* this often, */
    PROBES = 2,          /* this many times */
    DEAD_MS = 20000,     /* what was sent must be taken by the peer's machine until then */
    RECONNECT_MS = 100,  /* doubles, with jitter, up to: */
    RECONNECT_MAX_MS = 2000,
    DRAIN_PARTS = 256, /* of an unwanted multipart message, dropped in one call */
};

struct frame_socket {
    void *zmq;
    bool router;
    bool draining; /* in the middle of a multipart message that is thrown away */
    char endpoint[256];
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

static void *context_use(void)
{
    if (context_users++ == 0) {
        context = zmq_ctx_new();
        assert(context != NULL);
        scatter_routing_ids();
        zmq_ctx_set(context, ZMQ_MAX_SOCKETS, zmq_ctx_get(context, ZMQ_SOCKET_LIMIT));
    }
    return context;
}

static void context_release(void)
{
    if (--context_users > 0)
        return;
    while (zmq_ctx_term(context) != 0 && errno == EINTR)
        continue;
    context = NULL;
}

/* ---- addresses */

/* A number that fits, or "*"; ZeroMQ would cut 70000 to another port. */
static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return strcmp(text, "*") == 0 ||
           (digits > 0 && text[digits] == '\0' && digits < 6 && atoi(text) < 65536);
}

/* "tcp://HOST:PORT" or "tcp://[HOST]:PORT" to HOST without brackets. */
static bool tcp_host(const char *endpoint, char *host, size_t bytes)
{
    const char *start = endpoint + strlen("tcp://");
    if (strncmp(endpoint, "tcp://", strlen("tcp://")) != 0)
        return false;
    const char *colon = strrchr(start, ':');
    if (colon == NULL || colon == start || !is_port(colon + 1))
        return false;
    if (*start == '[' && colon[-1] == ']') {
        start++;
        colon--;
    }
    return (size_t)snprintf(host, bytes, "%.*s", (int)(colon - start), start) < bytes;
}

static bool is_ipv4(const char *host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1;
}

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* Accepts tcp:// and ipc:// only; host is "" for ipc. */
static bool check_endpoint(const char *endpoint, char *host, size_t bytes, struct error *error)
{
    host[0] = '\0';
    if (strlen(endpoint) >= sizeof((struct frame_socket *)0)->endpoint) {
        error_set(error, "an endpoint of %zu characters is too long", strlen(endpoint));
        return false;
    }
    if (strncmp(endpoint, "ipc://", strlen("ipc://")) == 0 && endpoint[strlen("ipc://")] != '\0')
        return true;
    if (tcp_host(endpoint, host, bytes))
        return true;
    error_set(error,
              "%s is not an endpoint: write tcp://HOST:PORT, for example tcp://127.0.0.1:5700",
              endpoint);
    return false;
}

/* ---- options */

static void set_int(struct frame_socket *socket, int option, int value)
{
    int result = zmq_setsockopt(socket->zmq, option, &value, sizeof value);
    assert(result == 0);
    (void)result;
}

/* ZeroMQ 4.3.4 aborts the whole process (`!_io_error`) when it wants to write to a peer whose input
 * it had stopped for a full queue, and who then hung up. So there are no heartbeats of ZMTP, which
 * write at any time: TCP looks for dead peers, our own heartbeats for those that hang. And whoever
 * takes the routing id of another gets it: refused, its queue would never be read. Our own peers
 * choose none, and frame_receive drops those that do. What is left: a peer that outruns us until
 * its queue is full, sends a PING of ZMTP and hangs up. Only keys keep that one out. */
static void set_options(struct frame_socket *socket, const char *host, size_t maximum_bytes)
{
    int64_t maximum = (int64_t)maximum_bytes;
    zmq_setsockopt(socket->zmq, ZMQ_MAXMSGSIZE, &maximum, sizeof maximum);
    set_int(socket, ZMQ_LINGER, 0);
    set_int(socket, ZMQ_SNDHWM, socket->router ? LISTEN_QUEUE : CONNECT_QUEUE);
    set_int(socket, ZMQ_RCVHWM, socket->router ? FLOOD_QUEUE : CONNECT_QUEUE);
    set_int(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    set_int(socket, ZMQ_TCP_KEEPALIVE, 1);
    set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, IDLE_S);
    set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, PROBE_S);
    set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, PROBES);
    set_int(socket, ZMQ_TCP_MAXRT, DEAD_MS);
    set_int(socket, ZMQ_IPV6, host[0] != '\0' && !is_ipv4(host));
    if (socket->router) {
        set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
        set_int(socket, ZMQ_ROUTER_HANDOVER, 1);
        set_int(socket, ZMQ_BACKLOG, BACKLOG);
    } else {
        set_int(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
        set_int(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    }
}

static bool open_socket(struct frame_socket **out, int type, struct error *error)
{
    struct frame_socket *socket = xcalloc(1, sizeof *socket);
    socket->router = type == ZMQ_ROUTER;
    socket->zmq = zmq_socket(context_use(), type);
    *out = socket;
    if (socket->zmq != NULL)
        return true;
    error_set(error, "cannot make a socket: %s", zmq_strerror(errno));
    return false;
}

/* ---- listen, connect */

static bool bind_socket(struct frame_socket *socket, const char *endpoint, struct error *error)
{
    size_t bytes = sizeof socket->endpoint;
    if (zmq_bind(socket->zmq, endpoint) == 0) {
        zmq_getsockopt(socket->zmq, ZMQ_LAST_ENDPOINT, socket->endpoint, &bytes);
        return true;
    }
    if (errno == EADDRINUSE)
        error_set(error,
                  "cannot listen on %s: another process does, perhaps another coordinator; "
                  "stop it, or listen on another port",
                  endpoint);
    else
        error_set(error, "cannot listen on %s: %s", endpoint, zmq_strerror(errno));
    return false;
}

bool frame_listen(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                  struct error *error)
{
    char host[256], local[256];
    *out = NULL;
    if (!check_endpoint(endpoint, host, sizeof host, error))
        return false;
    if (strcmp(host, "localhost") == 0) { /* ZeroMQ binds to numbers only */
        snprintf(local, sizeof local, "tcp://127.0.0.1%s", strrchr(endpoint, ':'));
        endpoint = local;
        snprintf(host, sizeof host, "127.0.0.1");
    }
    if (host[0] != '\0' && !is_loopback(host)) {
        error_set(
            error,
            "cannot listen on %s: without keys anyone who can reach this machine could run "
            "work on its workers; listen on loopback (tcp://127.0.0.1:PORT), and let others in "
            "through an SSH tunnel",
            endpoint);
        return false;
    }
    if (!open_socket(out, ZMQ_ROUTER, error))
        goto fail;
    set_options(*out, host, maximum_bytes);
    if (bind_socket(*out, endpoint, error))
        return true;
fail:
    frame_close(out);
    return false;
}

bool frame_connect(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                   struct error *error)
{
    char host[256];
    *out = NULL;
    if (!check_endpoint(endpoint, host, sizeof host, error))
        return false;
    if (!open_socket(out, ZMQ_DEALER, error))
        goto fail;
    set_options(*out, host, maximum_bytes);
    snprintf((*out)->endpoint, sizeof(*out)->endpoint, "%s", endpoint);
    if (zmq_connect((*out)->zmq, endpoint) == 0)
        return true;
    error_set(error, "cannot connect to %s: %s", endpoint, zmq_strerror(errno));
fail:
    frame_close(out);
    return false;
}

void frame_close(struct frame_socket **socket)
{
    if (*socket == NULL)
        return;
    if ((*socket)->zmq != NULL)
        zmq_close((*socket)->zmq);
    context_release();
    free(*socket);
    *socket = NULL;
}

const char *frame_endpoint(const struct frame_socket *socket)
{
    return socket->endpoint;
}

int frame_descriptor(const struct frame_socket *socket)
{
    int descriptor = -1;
    size_t bytes = sizeof descriptor;
    zmq_getsockopt(socket->zmq, ZMQ_FD, &descriptor, &bytes);
    return descriptor;
}

bool frame_wait(struct frame_socket *const *sockets, size_t n_sockets, const int *descriptors,
                bool *ready, size_t n_descriptors, int64_t timeout_ms)
{
    zmq_pollitem_t *items = xcalloc(n_sockets + n_descriptors + 1, sizeof *items);
    for (size_t i = 0; i < n_sockets; i++)
        items[i] = (zmq_pollitem_t){ .socket = sockets[i]->zmq, .events = ZMQ_POLLIN };
    for (size_t i = 0; i < n_descriptors; i++)
        items[n_sockets + i] =
            (zmq_pollitem_t){ .fd = descriptors[i], .events = ZMQ_POLLIN | ZMQ_POLLERR };
    bool fine = zmq_poll(items, (int)(n_sockets + n_descriptors), (long)timeout_ms) >= 0;
    for (size_t i = 0; i < n_descriptors; i++)
        ready[i] = fine && items[n_sockets + i].revents != 0;
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
    peer->length = 0;
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
