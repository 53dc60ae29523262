/* frame_socket.h - what the files of frame.h share: the inside of a socket. */
#ifndef COMMON_FRAME_SOCKET_H
#define COMMON_FRAME_SOCKET_H
#include "common/address.h"
#include "common/frame.h"

struct frame_socket {
    void *zmq;
    void *gate;     /* asked who may come in; NULL without keys */
    void *old_gate; /* the one before, while somebody may still ask there, or NULL */
    size_t asked;   /* how many asked at the gate */
    void *monitor;  /* tells of connections; NULL if nobody watches */
    bool router;
    int unset;     /* errno of an option that it was not given; 0: it has all */
    bool draining; /* in the middle of a multipart message that is thrown away */
    char endpoint[ADDRESS_BYTES];
};

void *frame_context(void); /* of all sockets; there is at least one */

/* frame_gate.c: before anybody can connect, and after the last has left */
bool frame_open_gate(struct frame_socket *socket, struct error *error);
void frame_close_gate(struct frame_socket *socket);
/* frame_event.c: before the socket listens or connects, and before it is closed */
bool frame_watch(struct frame_socket *socket, struct error *error);
void frame_stop_watching(struct frame_socket *socket);
#endif
