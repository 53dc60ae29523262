/* frame.h - ZeroMQ sockets that carry one frame a message, with every dangerous default changed.
 *
 * Multipart messages are dropped and counted. ROUTER has MANDATORY=1; every send is DONTWAIT;
 * queues, message size and handshake time are bounded; LINGER 0; IPv4 and IPv6; keepalive of TCP
 * finds dead peers (leases are kept by heartbeats of our own). Single-threaded: all sockets of a
 * process share one context, which ends with the last of them. */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H
#include "common/buf.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_socket;

enum { FRAME_PEER_BYTES = 5 }; /* of a routing id that ZeroMQ makes; no other is accepted */
struct frame_peer {
    unsigned char bytes[FRAME_PEER_BYTES];
    size_t length;
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

/* A listening ROUTER. "tcp://127.0.0.1:*" binds a free port; frame_endpoint says which. Anything
 * but loopback and ipc:// is refused until keys exist: the sentence says why. */
bool frame_listen(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                  struct error *error);
/* A DEALER that reconnects by itself for ever; what is sent before it is connected waits. */
bool frame_connect(struct frame_socket **out, const char *endpoint, size_t maximum_bytes,
                   struct error *error);
void frame_close(struct frame_socket **socket); /* leaves NULL, accepts NULL */

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
#endif
