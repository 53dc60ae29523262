/* What happens to connections, from ZeroMQ's monitor. It sends at once or blocks its I/O thread, so
 * our end takes any number: as many as there are connections between two looks. */
#include "common/frame_socket.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <zmq.h>

enum {
    REFUSALS = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
};

bool frame_watch(struct frame_socket *socket, struct error *error)
{
    static unsigned long number;
    char address[64];
    int none = 0;
    int events = socket->router ? ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED
                                : ZMQ_EVENT_HANDSHAKE_SUCCEEDED | REFUSALS;
    snprintf(address, sizeof address, "inproc://events-%lu", ++number);
    socket->monitor = zmq_socket(frame_context(), ZMQ_PAIR);
    if (socket->monitor != NULL &&
        zmq_setsockopt(socket->monitor, ZMQ_RCVHWM, &none, sizeof none) == 0 &&
        zmq_setsockopt(socket->monitor, ZMQ_LINGER, &none, sizeof none) == 0 &&
        zmq_socket_monitor(socket->zmq, address, events) == 0 &&
        zmq_connect(socket->monitor, address) == 0)
        return true;
    error_set(error, "cannot watch the connections: %s", zmq_strerror(errno));
    return false;
}

void frame_stop_watching(struct frame_socket *socket)
{
    if (socket->monitor == NULL)
        return;
    zmq_socket_monitor(socket->zmq, NULL, 0);
    zmq_close(socket->monitor);
    socket->monitor = NULL;
}

static enum frame_refusal refusal_of(unsigned type, uint32_t value)
{
    if (type == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return FRAME_NOT_ADMITTED;
    if (type == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL &&
        value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
        return FRAME_MISMATCH;
    return FRAME_BROKEN_OFF;
}

/* The first part of an event: a type of two bytes and a value of four, in this machine's order. */
static bool read_event(struct frame_event *out, zmq_msg_t *part)
{
    uint16_t type;
    uint32_t value;
    if (zmq_msg_size(part) != sizeof type + sizeof value)
        return false;
    memcpy(&type, zmq_msg_data(part), sizeof type);
    memcpy(&value, (const char *)zmq_msg_data(part) + sizeof type, sizeof value);
    *out = (struct frame_event){ .descriptor = (int)value };
    if (type == ZMQ_EVENT_ACCEPTED)
        out->type = FRAME_JOINED;
    else if (type == ZMQ_EVENT_DISCONNECTED)
        out->type = FRAME_LEFT;
    else if (type == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        *out = (struct frame_event){ .type = FRAME_READY, .descriptor = -1 };
    else
        *out = (struct frame_event){ FRAME_REFUSED, -1, refusal_of(type, value) };
    return (type & (REFUSALS | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                    ZMQ_EVENT_HANDSHAKE_SUCCEEDED)) != 0;
}

bool frame_next_event(struct frame_socket *socket, struct frame_event *out)
{
    bool known = false;
    if (socket->monitor == NULL)
        return false;
    while (!known) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket->monitor, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&part);
            return false;
        }
        known = read_event(out, &part);
        while (zmq_msg_more(&part) && zmq_msg_recv(&part, socket->monitor, ZMQ_DONTWAIT) >= 0)
            continue; /* the address, which says nothing new */
        zmq_msg_close(&part);
    }
    return true;
}

uint64_t frame_arrived(int descriptor)
{
    struct tcp_info information = { 0 };
    socklen_t bytes = sizeof information;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &information, &bytes) != 0)
        return 0;
    return information.tcpi_bytes_received; /* still 0 where the kernel does not tell */
}

void frame_hang_up(int descriptor)
{
    if (descriptor >= 0)
        shutdown(descriptor, SHUT_RDWR); /* ZeroMQ notices, and closes it */
}
