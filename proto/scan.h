/* scan.h - is this frame what our schema allows? Told from the bytes, before protobuf-c sees
 * them.
 *
 * Walks tags along the generated descriptors, so it knows no message by name. After a true
 * answer: every tag, varint and length is whole and inside its frame; wire types and 32-bit
 * ranges fit the schema; nothing is deeper than SCAN_MAX_DEPTH; a field that is not repeated
 * occurs once, a oneof holds one; a repeated field has at most SCAN_MAX_ITEMS items; texts are
 * UTF-8 without NUL; unknown fields (of a newer peer) are few. */
#ifndef PROTO_SCAN_H
#define PROTO_SCAN_H
#include "common/error.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCAN_MAX_ITEMS = 20000, SCAN_MAX_UNKNOWN = 64, SCAN_MAX_DEPTH = 4, SCAN_MAX_FIELDS = 64 };

bool scan_frame(const ProtobufCMessageDescriptor *type, const void *bytes, size_t length,
                struct error *error);

/* Reads one varint and moves *at behind it; false if it is not whole or has more than 64 bits. */
bool scan_varint(const uint8_t **at, const uint8_t *end, uint64_t *out);
#endif
