#include "proto/scan.h"
#include "proto/text.h"

#include <assert.h>
#include <inttypes.h>

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

struct scan {
    int depth, unknown;
    struct error *error;
};

bool scan_varint(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    uint64_t value = 0;
    for (int shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool is_fixed_64(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_FIXED64 || type == PROTOBUF_C_TYPE_SFIXED64 ||
           type == PROTOBUF_C_TYPE_DOUBLE;
}

static bool is_fixed_32(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_FIXED32 || type == PROTOBUF_C_TYPE_SFIXED32 ||
           type == PROTOBUF_C_TYPE_FLOAT;
}

static bool is_length(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_STRING || type == PROTOBUF_C_TYPE_BYTES ||
           type == PROTOBUF_C_TYPE_MESSAGE;
}

static enum wire expected_wire(const ProtobufCFieldDescriptor *field)
{
    if (is_length(field->type) || field->label == PROTOBUF_C_LABEL_REPEATED)
        return WIRE_LENGTH; /* repeated numbers are always packed */
    return is_fixed_64(field->type) ? WIRE_64 : is_fixed_32(field->type) ? WIRE_32 : WIRE_VARINT;
}

/* protobuf-c would cut a number that is too large, and a different number would come out. */
static bool number_fits(ProtobufCType type, uint64_t number)
{
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32: /* zigzag, so unsigned here */
        return number <= UINT32_MAX;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        return (int64_t)number >= INT32_MIN && (int64_t)number <= INT32_MAX;
    case PROTOBUF_C_TYPE_BOOL:
        return number <= 1;
    default:
        return true;
    }
}

/* Reads a length and moves *at behind what it covers. */
static bool read_length(const uint8_t **at, const uint8_t *end, const uint8_t **start,
                        size_t *length)
{
    uint64_t value;
    if (!scan_varint(at, end, &value) || value > (uint64_t)(end - *at))
        return false;
    *start = *at;
    *length = (size_t)value;
    *at += value;
    return true;
}

static bool skip_unknown(enum wire wire, const uint8_t **at, const uint8_t *end)
{
    const uint8_t *start;
    size_t length = wire == WIRE_64 ? 8 : 4;
    uint64_t number;
    switch (wire) {
    case WIRE_VARINT:
        return scan_varint(at, end, &number);
    case WIRE_LENGTH:
        return read_length(at, end, &start, &length);
    case WIRE_64:
    case WIRE_32:
        if ((size_t)(end - *at) < length)
            return false;
        *at += length;
        return true;
    }
    return false; /* groups, and wire types that do not exist */
}

/* How many numbers a packed field holds; -1 if it is not whole. */
static int64_t count_packed(ProtobufCType type, const uint8_t *at, size_t length)
{
    size_t width = is_fixed_64(type) ? 8 : is_fixed_32(type) ? 4 : 0;
    if (width > 0)
        return length % width == 0 ? (int64_t)(length / width) : -1;
    int64_t count = 0;
    uint64_t number;
    for (const uint8_t *end = at + length; at < end; count++)
        if (!scan_varint(&at, end, &number) || !number_fits(type, number))
            return -1;
    return count;
}

static bool scan_message(struct scan *scan, const ProtobufCMessageDescriptor *type,
                         const uint8_t *at, const uint8_t *end);

static bool fail(struct scan *scan, const ProtobufCFieldDescriptor *field, const char *why)
{
    error_set(scan->error, "field `%s` %s", field->name, why);
    return false;
}

/* A text, a message, or packed numbers; *items counts what was added to a repeated field. */
static bool scan_length_field(struct scan *scan, const ProtobufCFieldDescriptor *field,
                              const uint8_t *bytes, size_t length, int64_t *items)
{
    *items = 1;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return scan_message(scan, field->descriptor, bytes, bytes + length);
    case PROTOBUF_C_TYPE_STRING:
        return text_is_utf8((const char *)bytes, length) ||
               fail(scan, field, "is not UTF-8, or holds a NUL");
    case PROTOBUF_C_TYPE_BYTES:
        return true;
    default:
        *items = count_packed(field->type, bytes, length);
        return *items >= 0 || fail(scan, field, "is cut off, or a number in it is too large");
    }
}

static bool scan_field(struct scan *scan, const ProtobufCFieldDescriptor *field, enum wire wire,
                       const uint8_t **at, const uint8_t *end, int64_t *items)
{
    const uint8_t *bytes;
    size_t length;
    uint64_t number;
    *items = 1;
    if (wire != expected_wire(field))
        return fail(scan, field, "has the wrong wire type");
    if (wire == WIRE_LENGTH)
        return (read_length(at, end, &bytes, &length) || fail(scan, field, "is cut off")) &&
               scan_length_field(scan, field, bytes, length, items);
    if (wire == WIRE_VARINT)
        return (scan_varint(at, end, &number) && number_fits(field->type, number)) ||
               fail(scan, field, "is cut off, or too large a number");
    return skip_unknown(wire, at, end) || fail(scan, field, "is cut off");
}

/* Counts the items of a field and refuses the second of one that may occur once. */
static bool count_items(struct scan *scan, const ProtobufCFieldDescriptor *field, uint32_t *count,
                        bool *oneof_seen, int64_t items)
{
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    *count += (uint32_t)(items <= SCAN_MAX_ITEMS ? items : SCAN_MAX_ITEMS + 1);
    if (repeated && *count > SCAN_MAX_ITEMS)
        return fail(scan, field, "has too many items");
    if (!repeated && *count > 1)
        return fail(scan, field, "occurs twice");
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return true;
    if (*oneof_seen)
        return fail(scan, field, "is the second body of one message");
    *oneof_seen = true;
    return true;
}

static bool read_tag(struct scan *scan, const uint8_t **at, const uint8_t *end, uint32_t *number,
                     enum wire *wire)
{
    uint64_t tag;
    if (!scan_varint(at, end, &tag) || tag > UINT32_MAX || tag >> 3 == 0) {
        error_set(scan->error, "a field's tag is cut off or out of range");
        return false;
    }
    *number = (uint32_t)(tag >> 3);
    *wire = (enum wire)(tag & 7);
    return true;
}

static bool scan_fields(struct scan *scan, const ProtobufCMessageDescriptor *type,
                        const uint8_t *at, const uint8_t *end)
{
    uint32_t counts[SCAN_MAX_FIELDS] = { 0 };
    bool oneof_seen = false;
    assert(type->n_fields <= SCAN_MAX_FIELDS); /* of our own schema */
    while (at < end) {
        uint32_t number;
        enum wire wire;
        int64_t items;
        if (!read_tag(scan, &at, end, &number, &wire))
            return false;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(type, number);
        if (field == NULL) {
            if (++scan->unknown > SCAN_MAX_UNKNOWN || !skip_unknown(wire, &at, end)) {
                error_set(scan->error, "unknown field %" PRIu32 " is cut off, or one too many",
                          number);
                return false;
            }
            continue;
        }
        if (!scan_field(scan, field, wire, &at, end, &items) ||
            !count_items(scan, field, &counts[field - type->fields], &oneof_seen, items))
            return false;
    }
    return true;
}

static bool scan_message(struct scan *scan, const ProtobufCMessageDescriptor *type,
                         const uint8_t *at, const uint8_t *end)
{
    if (++scan->depth > SCAN_MAX_DEPTH) {
        error_set(scan->error, "`%s` is nested too deeply", type->short_name);
        return false;
    }
    bool fine = scan_fields(scan, type, at, end);
    scan->depth--;
    return fine;
}

bool scan_frame(const ProtobufCMessageDescriptor *type, const void *bytes, size_t length,
                struct error *error)
{
    struct scan scan = { .error = error };
    const uint8_t *start = bytes;
    return scan_message(&scan, type, start, start + length);
}
