/* A frame from anybody. What is accepted must be sayable again, and mean the same when it is. */
#include "proto/codec.h"
#include "tests/fuzz/target.h"

#include <string.h>

enum { SMALL_BLOCK = 16 }; /* nearly an allocation each: the sanitizer sees where they end */

static void encode(struct buf *frame, const struct message *message)
{
    struct error error;
    buf_init(frame, MESSAGE_MAX_BYTES);
    if (!codec_encode(frame, message, &error))
        fuzz_fail("accepted, and cannot be said again: %s", error.text);
}

static void decode(struct message *message, const struct buf *frame, struct arena *arena)
{
    uint32_t version;
    struct error error;
    if (!codec_decode(message, frame->bytes, frame->length, arena, &version, &error))
        fuzz_fail("our own frame is refused: %s", error.text);
}

static void say_again(const struct message *message, struct arena *arena)
{
    struct message copy;
    struct buf first, second;
    encode(&first, message);
    decode(&copy, &first, arena);
    encode(&second, &copy);
    if (first.length != second.length || memcmp(first.bytes, second.bytes, first.length) != 0)
        fuzz_fail("said twice, it is not the same");
    buf_free(&first);
    buf_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct arena *arena = arena_create(SMALL_BLOCK);
    struct message message;
    struct error error = { "" };
    uint32_t version;
    if (codec_decode(&message, bytes, count, arena, &version, &error))
        say_again(&message, arena);
    else if (error.text[0] == '\0')
        fuzz_fail("refused without a sentence");
    arena_destroy(&arena);
    return 0;
}
