/* frame.h - ZeroMQ sockets that carry one frame a message, with every dangerous default changed.
 *
 * Multipart messages are dropped and counted. ROUTER has MANDATORY=1; every send is DONTWAIT; queues, message size
 * and handshake time are bounded; LINGER 0; IPv4 and IPv6; heartbeats of ZMTP on, for dead peers only (leases
 * are kept by our own). */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H
#include "common/buf.h"
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct frame_socket;

enum { FRAME_PEER_BYTES = 32 };          /* a routing id of ZeroMQ is 5 bytes, at most 255 by its rules */
struct frame_peer { unsigned char bytes[FRAME_PEER_BYTES]; size_t length; };

enum frame_result {
    FRAME_OK,
    FRAME_NOTHING,     /* receive: nothing there. send: the queue is full, try later */
    FRAME_GONE,        /* send: no such peer any more */
    FRAME_DROPPED,     /* receive: a multipart or oversized message, or a foreign identity, was thrown away */
};

/* A listening ROUTER. "tcp://127.0.0.1:*" binds a free port; frame_endpoint says which. Anything but loopback
 * (and ipc://) is refused until keys exist: the sentence says why. */
bool frame_listen(struct frame_socket **out, const char *endpoint, size_t maximum_bytes, struct error *error);
/* A DEALER that reconnects by itself for ever. */
bool frame_connect(struct frame_socket **out, const char *endpoint, size_t maximum_bytes, struct error *error);
void frame_close(struct frame_socket **socket);

const char *frame_endpoint(const struct frame_socket *socket); /* with the real port */
int frame_descriptor(const struct frame_socket *socket);       /* edge-triggered: drain until FRAME_NOTHING */

/* Waits until the socket or one of the descriptors is readable, or timeout_ms pass; -1 waits for ever.
 * ready[i] tells for each descriptor. Returns false only when interrupted by a signal. */
bool frame_wait(struct frame_socket *const *sockets, size_t n_sockets, const int *descriptors, bool *ready,
                size_t n_descriptors, int64_t timeout_ms);

enum frame_result frame_receive(struct frame_socket *socket, struct frame_peer *peer, struct buf *frame);
enum frame_result frame_send(struct frame_socket *socket, const struct frame_peer *peer, const void *bytes,
                             size_t length); /* peer NULL for a DEALER */
#endif
