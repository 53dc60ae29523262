/* frame.h - ZeroMQ sockets that carry one frame a message, with dangerous defaults changed.
 *
 * With keys every connection is CURVE: encrypted, both ends known by their public keys (key.h), and
 * a listener is asked for each of them whether it may come in. Without keys only this machine can.
 *
 * Multipart messages are dropped and counted. ROUTER has MANDATORY=1; every send is DONTWAIT; the
 * size of a message and what waits to be sent are bounded; LINGER 0, unless frame_close_sent asks
 * for more; IPv4 and IPv6; keepalive of TCP finds dead peers. Single-threaded: all sockets of a
 * process share one context, which ends with the last of them.
 *
 * Two defaults stay, on purpose. A handshake may take 30 s, which thousands that come back at once
 * need; who sits there in silence is for the listener's user to hang up on. And heartbeats of ZMTP
 * are off: they end connections that TCP would have kept through a short outage, with the messages
 * on their way, and answer for a program that hangs; leases are kept by heartbeats of our own. */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H
#include "common/buf.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_socket;

enum { FRAME_KEY_TEXT = 40 };
struct frame_keys { /* only lent; texts of FRAME_KEY_TEXT characters */
    const char *public_key, *secret_key;
    const char *server_key; /* of the listener, when connecting; listening: NULL */
};

enum { FRAME_PEER_BYTES = 5 }; /* of a routing id that ZeroMQ makes; no other is accepted */
struct frame_peer {
    unsigned char bytes[FRAME_PEER_BYTES];
    size_t length;
    /* of a message that was received: */
    char key[FRAME_KEY_TEXT + 1]; /* that the sender proved to have; "" without keys */
    int descriptor;               /* of its connection, which may have ended; -1 unknown */
};

/* A peer as a number that is not 0, and back: the bytes that ZeroMQ counts up. Whoever connects
 * again has another number. */
uint64_t frame_peer_number(const struct frame_peer *peer);
struct frame_peer frame_peer_of(uint64_t number);

enum frame_result {
    FRAME_OK,
    FRAME_NOTHING, /* receive: nothing there. send: the queue is full, try later */
    FRAME_GONE,    /* send: no such peer any more */
    FRAME_DROPPED, /* receive: a multipart message, one that does not fit the buffer, or one with a
                      routing id of its sender's choosing was thrown away; peer: whose, if known */
};

/* A listening ROUTER. "tcp://127.0.0.1:*" binds a free port; frame_endpoint says which. Without
 * keys (NULL) anything but loopback and ipc:///FILE is refused. With keys nobody comes in before
 * frame_admit has said yes; a process can have one listener with keys. What was sent to it and not
 * received yet has no limit: see frame_arrived. */
bool frame_listen(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                  const struct frame_keys *keys, struct error *error);
/* Whether that endpoint would be listened on at all; the rest is up to the machine. */
bool frame_may_listen(const char *endpoint, bool with_keys, struct error *error);
/* A DEALER that reconnects by itself until it is refused; what is sent before it is connected
 * waits. */
bool frame_connect(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                   const struct frame_keys *keys, struct error *error);
/* The same, and frame_next_event tells of every connection and refusal. Costs two more
 * descriptors. */
bool frame_connect_watched(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                           const struct frame_keys *keys, struct error *error);
/* Watched, and nothing waits: sending is FRAME_NOTHING while there is no connection. For those who
 * say what matters again as soon as there is one, so that an outage leaves no heap of old news. */
bool frame_connect_fresh(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                         const struct frame_keys *keys, struct error *error);
void frame_close(struct frame_socket **socket); /* leaves NULL, accepts NULL */
/* The same, after what was sent has gone out, or after patience_ms at the latest; the last socket
 * of the process waits for it. What had no connection to go out over is not waited for, where
 * nothing waits for one: frame_connect_fresh. */
void frame_close_sent(struct frame_socket **socket, int patience_ms);

const char *frame_endpoint(const struct frame_socket *socket); /* with the real port */
/* Edge-triggered: drain until FRAME_NOTHING. */
int frame_descriptor(const struct frame_socket *socket);

/* Waits until a socket or one of the descriptors is readable, or timeout_ms pass; -1 waits for
 * ever. ready[i] tells for each descriptor. Returns false only when interrupted by a signal. */
bool frame_wait(struct frame_socket *const *sockets, size_t n_sockets, const int *descriptors,
                bool *ready, size_t n_descriptors, int64_t timeout_ms);

/* Replaces what is in the buffer by one frame. peer may be NULL for a DEALER. */
enum frame_result frame_receive(struct frame_socket *socket, struct frame_peer *peer,
                                struct buf *frame);
/* peer NULL for a DEALER. */
enum frame_result frame_send(struct frame_socket *socket, const struct frame_peer *peer,
                             const void *bytes, size_t length);

/* ---- who may come in, and what happens to connections */

/* Answers all who wait at the gate of a listener with keys. Call it every turn: a handshake waits
 * for it. */
void frame_admit(struct frame_socket *socket, bool (*admits)(void *context, const char *key),
                 void *context);

enum frame_event_type {
    FRAME_JOINED,  /* a listener has a new connection, which has proved nothing yet */
    FRAME_LEFT,    /* and this one is at its end */
    FRAME_READY,   /* a connector has a connection, the first or another: say who you are */
    FRAME_REFUSED, /* a connector's handshake failed; make another socket to try again */
};
enum frame_refusal {
    FRAME_NOT_ADMITTED = 1, /* the listener does not know our key */
    FRAME_MISMATCH,         /* one of the two has keys and the other has none */
    FRAME_BROKEN_OFF,       /* it hung up: if it goes on, the listener has another key than ours */
};
struct frame_event {
    enum frame_event_type type;
    int descriptor;             /* JOINED, LEFT; it is ZeroMQ's and may be closed at any time */
    enum frame_refusal refusal; /* REFUSED */
};

/* Of a listener, or of a connector that is watched; frame_wait wakes for them. false: none. */
bool frame_next_event(struct frame_socket *socket, struct frame_event *out);

/* How many bytes have come over a connection so far, read or not; 0 if that is not known: ipc. */
uint64_t frame_arrived(int descriptor);

/* Ends a connection. Had it ended by itself just before, another may suffer: it connects again. */
void frame_hang_up(int descriptor);
#endif
