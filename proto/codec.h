/* codec.h - one message, one frame: struct message to bytes and back.
 *
 * The only place that knows protobuf. Frames are hostile: before protobuf-c sees one, a scan of its tags bounds
 * depth, field count and every length, and unpacking allocates from a budget, so that no frame costs more than a
 * few times its own size. All limits of common/message.h are enforced here, in both directions. */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H
#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/message.h"

/* Appends the frame to out. False with a sentence when the message breaks a limit (a fault of ours). */
bool codec_encode(struct buf *out, const struct message *message, struct error *error);

/* Reads one frame; everything that message points to is in the arena. False with a sentence when the frame is
 * malformed or over a limit. A frame of another protocol version: false, and *version is that version (else
 * PROTOCOL_VERSION), so that the peer can be told. */
bool codec_decode(struct message *message, const void *frame, size_t length, struct arena *arena,
                  uint32_t *version, struct error *error);
#endif
