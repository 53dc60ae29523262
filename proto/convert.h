/* convert.h - between the structs of common/message.h and those that protoc-c generates.
 *
 * Everything that a result points to is in the arena, or belongs to what was converted: so a
 * generated struct must not outlive its message, nor a message the arena that its frame was
 * unpacked into. */
#ifndef PROTO_CONVERT_H
#define PROTO_CONVERT_H
#include "common/arena.h"
#include "common/error.h"
#include "common/message.h"
#include "proto/ldt.pb-c.h"

/* One row for each message that crosses the wire. */
struct conversion {
    enum message_type type;
    Ldt__V1__Envelope__BodyCase body;
    void *(*to_wire)(struct arena *arena, const struct message *message);
    bool (*from_wire)(struct arena *arena, struct message *message, const void *wire,
                      struct error *error);
};
extern const struct conversion worker_conversions[], client_conversions[];
extern const size_t n_worker_conversions, n_client_conversions;

/* protoc-c has no const in its structs; nothing writes through the result. NULL becomes "". */
char *wire_text(const char *text);
#endif
