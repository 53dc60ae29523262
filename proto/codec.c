#include "proto/codec.h"
#include "proto/check.h"
#include "proto/convert.h"
#include "proto/scan.h"

#include <assert.h>
#include <inttypes.h>

enum {
    SCRATCH_BYTES = 4096,     /* of the arena that a message is packed from */
    BUDGET_BASE = 16 << 10,   /* what unpacking the smallest frame may take */
    BUDGET_PER_BYTE = 32,     /* and each byte more: a list of attempts takes about fifteen */
    VERSION_TAG = 1 << 3 | 0, /* field 1, a varint: the start of every frame, in all versions */
};

static const struct conversion *conversion_row(size_t i)
{
    if (i < n_worker_conversions)
        return &worker_conversions[i];
    i -= n_worker_conversions;
    return i < n_client_conversions ? &client_conversions[i] : NULL;
}

static const struct conversion *conversion_of_type(enum message_type type)
{
    const struct conversion *row;
    for (size_t i = 0; (row = conversion_row(i)) != NULL; i++)
        if (row->type == type)
            return row;
    return NULL;
}

static const struct conversion *conversion_of_body(Ldt__V1__Envelope__BodyCase body)
{
    const struct conversion *row;
    for (size_t i = 0; (row = conversion_row(i)) != NULL; i++)
        if (row->body == body)
            return row;
    return NULL;
}

/* ---- out */

static bool pack(struct buf *out, struct arena *arena, const struct message *message,
                 struct error *error)
{
    const struct conversion *conversion = conversion_of_type(message->type);
    Ldt__V1__Envelope envelope;
    assert(conversion != NULL); /* message_check has looked */
    ldt__v1__envelope__init(&envelope);
    envelope.version = PROTOCOL_VERSION;
    envelope.id = message->id;
    envelope.session = message->session;
    envelope.body_case = conversion->body;
    envelope.hello =
        conversion->to_wire(arena, message); /* every member of the oneof is a pointer */
    size_t bytes = ldt__v1__envelope__get_packed_size(&envelope);
    if (bytes > MESSAGE_MAX_BYTES) {
        error_set(error, "%s: takes %zu bytes, more than the %d of a frame",
                  message_type_name(message->type), bytes, MESSAGE_MAX_BYTES);
        return false;
    }
    uint8_t *packed = arena_alloc(arena, bytes);
    ldt__v1__envelope__pack(&envelope, packed);
    if (buf_add(out, packed, bytes))
        return true;
    error_set(error, "%s: takes %zu bytes, more than its buffer has left",
              message_type_name(message->type), bytes);
    return false;
}

bool codec_encode(struct buf *out, const struct message *message, struct error *error)
{
    if (!message_check(message, error))
        return false;
    struct arena *arena = arena_create(SCRATCH_BYTES);
    bool fine = pack(out, arena, message, error);
    arena_destroy(&arena);
    return fine;
}

/* ---- in */

struct budget {
    struct arena *arena;
    size_t left;
};

static void *budget_alloc(void *data, size_t bytes)
{
    struct budget *budget = data;
    if (bytes > budget->left)
        return NULL;
    budget->left -= bytes;
    return arena_alloc(budget->arena, bytes);
}

static void budget_free(void *data, void *memory)
{
    /* the arena frees everything at once */
}

/* Read before anything else, for whatever follows may mean something else in another version. */
static bool read_version(const uint8_t *frame, size_t length, uint32_t *version,
                         struct error *error)
{
    const uint8_t *at = frame;
    uint64_t tag = 0, number = 0;
    *version = PROTOCOL_VERSION;
    if (length > MESSAGE_MAX_BYTES) {
        error_set(error, "a frame of %zu bytes, more than %d", length, MESSAGE_MAX_BYTES);
        return false;
    }
    if (length == 0 || !scan_varint(&at, frame + length, &tag) || tag != VERSION_TAG ||
        !scan_varint(&at, frame + length, &number) || number == 0 || number > UINT32_MAX) {
        error_set(error, "a frame that does not begin with a protocol version");
        return false;
    }
    *version = (uint32_t)number;
    if (number == PROTOCOL_VERSION)
        return true;
    error_set(error, "protocol version %" PRIu64 " is not supported: this side speaks version %d",
              number, PROTOCOL_VERSION);
    return false;
}

static Ldt__V1__Envelope *unpack(const uint8_t *frame, size_t length, struct arena *arena,
                                 struct error *error)
{
    struct budget budget = { arena, BUDGET_BASE + BUDGET_PER_BYTE * length };
    ProtobufCAllocator allocator = { budget_alloc, budget_free, &budget };
    if (!scan_frame(&ldt__v1__envelope__descriptor, frame, length, error))
        return NULL;
    Ldt__V1__Envelope *envelope = ldt__v1__envelope__unpack(&allocator, length, frame);
    if (envelope == NULL)
        error_set(error, "a frame of %zu bytes that would take too much memory", length);
    return envelope;
}

bool codec_decode(struct message *message, const void *frame, size_t length, struct arena *arena,
                  uint32_t *version, struct error *error)
{
    *message = (struct message){ 0 };
    if (!read_version(frame, length, version, error))
        return false;
    const Ldt__V1__Envelope *envelope = unpack(frame, length, arena, error);
    if (envelope == NULL)
        return false;
    const struct conversion *conversion = conversion_of_body(envelope->body_case);
    if (conversion == NULL) {
        error_set(error, "a frame without a message that this version knows");
        return false;
    }
    message->id = envelope->id;
    message->session = envelope->session;
    message->type = conversion->type;
    return conversion->from_wire(arena, message, envelope->hello, error) &&
           message_check(message, error);
}
