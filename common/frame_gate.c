/* The gate of a listener with keys: for each handshake ZeroMQ asks, at this one address of the
 * process, whether the key that was proved may come in (RFC 27, ZAP). We answer from our own loop,
 * with no thread between: the list of keys is read where it is used, and each message later carries
 * the key as its user id. */
#include "common/frame_socket.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

enum {
    KEY_BYTES = 32,
    FIELD_BYTES = 256,
    ROUND = 256, /* questions that a gate answers before the next one opens: see renew_gate */
};

#define GATE_ADDRESS "inproc://zeromq.zap.01"

/* The frames of a question, in their order. */
enum field {
    SENDER,
    DELIMITER,
    VERSION,
    REQUEST,
    DOMAIN,
    ADDRESS,
    IDENTITY,
    MECHANISM,
    KEY,
    FIELDS
};

struct question {
    struct {
        char bytes[FIELD_BYTES];
        size_t length;
    } fields[FIELDS];
    size_t count; /* of frames; FIELDS in a good one */
};

static void *make_gate(void)
{
    int none = 0;
    void *gate = zmq_socket(frame_context(), ZMQ_ROUTER);
    if (gate == NULL || zmq_setsockopt(gate, ZMQ_LINGER, &none, sizeof none) == 0)
        return gate;
    zmq_close(gate);
    return NULL;
}

bool frame_open_gate(struct frame_socket *socket, struct error *error)
{
    socket->gate = make_gate();
    if (socket->gate != NULL && zmq_bind(socket->gate, GATE_ADDRESS) == 0)
        return true;
    error_set(error, "cannot open a gate for keys: %s",
              errno == EADDRINUSE ? "this process has one already" : zmq_strerror(errno));
    return false;
}

void frame_close_gate(struct frame_socket *socket)
{
    if (socket->gate != NULL)
        zmq_close(socket->gate);
    if (socket->old_gate != NULL)
        zmq_close(socket->old_gate);
    socket->gate = socket->old_gate = NULL;
}

/* False when nobody waits. */
static bool next_question(void *gate, struct question *question)
{
    zmq_msg_t part;
    bool more = true;
    question->count = 0;
    zmq_msg_init(&part);
    while (more && zmq_msg_recv(&part, gate, ZMQ_DONTWAIT) >= 0) {
        size_t length = zmq_msg_size(&part), at = question->count++;
        more = zmq_msg_more(&part);
        if (at >= FIELDS || length >= FIELD_BYTES)
            continue;
        memcpy(question->fields[at].bytes, zmq_msg_data(&part), length);
        question->fields[at].bytes[length] = '\0';
        question->fields[at].length = length;
    }
    zmq_msg_close(&part);
    return question->count > 0;
}

static bool is_field(const struct question *question, enum field field, const char *text)
{
    return strcmp(question->fields[field].bytes, text) == 0;
}

/* Nothing but this: a key that was proved by CURVE. */
static bool read_key(const struct question *question, char *key)
{
    return question->count == FIELDS && is_field(question, VERSION, "1.0") &&
           is_field(question, MECHANISM, "CURVE") && question->fields[KEY].length == KEY_BYTES &&
           zmq_z85_encode(key, (const unsigned char *)question->fields[KEY].bytes, KEY_BYTES);
}

static void say(void *gate, const char *text, size_t length, bool more)
{
    int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);
    while (zmq_send(gate, text, length, flags) < 0 && errno == EINTR)
        continue;
}

static void answer(void *gate, const struct question *question, bool admitted, const char *key)
{
    say(gate, question->fields[SENDER].bytes, question->fields[SENDER].length, true);
    say(gate, "", 0, true);
    say(gate, "1.0", 3, true);
    say(gate, question->fields[REQUEST].bytes, question->fields[REQUEST].length, true);
    say(gate, admitted ? "200" : "400", 3, true);
    say(gate, "", 0, true);
    say(gate, admitted ? key : "", admitted ? FRAME_KEY_TEXT : 0, true);
    say(gate, "", 0, false);
}

/* How many asked. */
static size_t answer_all(void *gate, bool (*admits)(void *context, const char *key), void *context)
{
    struct question question;
    size_t asked = 0;
    for (; next_question(gate, &question); asked++) {
        char key[FRAME_KEY_TEXT + 1] = "";
        bool admitted = read_key(&question, key) && admits(context, key);
        if (question.count > REQUEST)
            answer(gate, &question, admitted, key);
    }
    return asked;
}

/* A connection keeps the pipe through which it asked, two queues of 16 KiB, for as long as it
 * lasts, unless the gate is closed: so one that has answered many steps back for another. Who looks
 * for a gate between unbind and bind finds none and is refused, as nobody may come in unasked; it
 * tries again. Without memory or descriptors for another gate this one goes on. */
static void renew_gate(struct frame_socket *socket)
{
    void *next = make_gate();
    socket->asked = 0;
    if (next == NULL)
        return;
    zmq_unbind(socket->gate, GATE_ADDRESS);
    if (zmq_bind(next, GATE_ADDRESS) == 0) {
        socket->old_gate = socket->gate;
        socket->gate = next;
    } else {
        zmq_bind(socket->gate, GATE_ADDRESS);
        zmq_close(next);
    }
}

/* All connections ask from one thread, one after the other. So once somebody has asked at the new
 * gate, nobody is on the way to the old one; and the end of a pipe does not overtake an answer. */
void frame_admit(struct frame_socket *socket, bool (*admits)(void *context, const char *key),
                 void *context)
{
    if (socket->gate == NULL)
        return;
    size_t asked = answer_all(socket->gate, admits, context);
    socket->asked += asked;
    if (socket->old_gate != NULL) {
        answer_all(socket->old_gate, admits, context);
        if (asked == 0)
            return;
        zmq_close(socket->old_gate);
        socket->old_gate = NULL;
    }
    if (socket->asked >= ROUND)
        renew_gate(socket);
}
