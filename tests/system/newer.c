/* A coordinator of the next version of the protocol: whatever it is told, it answers in words that
 * nobody knows yet.
 *
 * usage: newer CONNECT_FILE       writes the connect file; goes on until it is killed */
#include "proto/codec.h"
#include "tests/system/impostor.h"

#include <stdio.h>
#include <stdlib.h>

/* As the coordinator says it, but for the version: the first field, a varint of one byte. */
static bool encode_newer(struct buf *out, struct error *error)
{
    struct message message = { .type = MESSAGE_ERROR };
    message.error.code = ERROR_UNSUPPORTED;
    message.error.text = "version 1 is not supported";
    if (!codec_encode(out, &message, error))
        return false;
    out->bytes[1] = PROTOCOL_VERSION + 1;
    return true;
}

int main(int argc, char **argv)
{
    struct error error = { "usage: newer CONNECT_FILE" };
    struct frame_socket *socket;
    struct frame_peer peer;
    struct buf in, out;
    bool unused;
    buf_init(&in, MESSAGE_MAX_BYTES);
    buf_init(&out, MESSAGE_MAX_BYTES);
    if (argc != 2 || !impostor_listen(&socket, argv[1], &error) || !encode_newer(&out, &error)) {
        fprintf(stderr, "newer: %s\n", error.text);
        return EXIT_FAILURE;
    }
    while (frame_wait(&socket, 1, NULL, &unused, 0, 1000))
        while (frame_receive(socket, &peer, &in) == FRAME_OK)
            frame_send(socket, &peer, out.bytes, out.length);
    return EXIT_FAILURE;
}
