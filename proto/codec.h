/* codec.h - one message, one frame: struct message to bytes and back.
 *
 * The only place that knows protobuf. Frames are hostile: before protobuf-c sees one, a scan of
 * its tags bounds depth, counts and every length (scan.h), and unpacking allocates from a
 * budget, so that no frame costs more than a few times its own size. All limits of
 * common/message.h are enforced here, in both directions (check.h). */
#ifndef PROTO_CODEC_H
#define PROTO_CODEC_H
#include "common/arena.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/message.h"

/* Appends the frame to out. False with a sentence when the message breaks a limit (a fault of
 * ours); out is then unchanged. Texts must be UTF-8: text.h mends what a program printed. */
bool codec_encode(struct buf *out, const struct message *message, struct error *error);

/* Reads one frame; everything that message points to is in the arena. False with a sentence when
 * the frame is malformed or over a limit. A frame of another protocol version: false, and
 * *version is that version (else PROTOCOL_VERSION), so that the peer can be told. */
bool codec_decode(struct message *message, const void *frame, size_t length, struct arena *arena,
                  uint32_t *version, struct error *error);
#endif
