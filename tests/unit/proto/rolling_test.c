/* A rolling upgrade: programs of this release beside those of one in which no worker said that it
 * leaves, and no coordinator wanted new connections. */
#include "proto/codec.h"
#include "proto/ldt.pb-c.h"
#include "proto/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OLD_BEAT_FIELDS = 2 }; /* held, note */

/* BEAT as that release knew it: the numbers 1 and 2, and no others. */
static ProtobufCMessageDescriptor old_beat(void)
{
    static const ProtobufCIntRange numbers[] = { { 1, 0 }, { 0, OLD_BEAT_FIELDS } };
    ProtobufCMessageDescriptor old = ldt__v1__beat__descriptor;
    old.n_fields = OLD_BEAT_FIELDS;
    old.field_ranges = numbers;
    return old;
}

/* What a worker of this release sends at its end: the bytes of its Beat. */
static uint8_t *goodbye(size_t *length)
{
    struct message message = { .id = 9, .session = 7, .type = MESSAGE_BEAT };
    struct error error;
    struct buf frame;
    message.beat.note = "left: drained";
    message.beat.leaving = true;
    buf_init(&frame, MESSAGE_MAX_BYTES);
    assert_true(codec_encode(&frame, &message, &error));
    Ldt__V1__Envelope *envelope =
        ldt__v1__envelope__unpack(NULL, frame.length, (const uint8_t *)frame.bytes);
    assert_non_null(envelope);
    *length = ldt__v1__beat__get_packed_size(envelope->beat);
    uint8_t *bytes = malloc(*length);
    ldt__v1__beat__pack(envelope->beat, bytes);
    ldt__v1__envelope__free_unpacked(envelope, NULL);
    buf_free(&frame);
    return bytes;
}

static void a_goodbye_is_a_beat_like_any_other_to_an_older_coordinator(void **state)
{
    const ProtobufCMessageDescriptor old = old_beat();
    struct error error = { "" };
    size_t length;
    uint8_t *bytes = goodbye(&length);
    assert_true(scan_frame(&old, bytes, length, &error)); /* no strike against the worker */
    ProtobufCMessage *message = protobuf_c_message_unpack(&old, NULL, length, bytes);
    assert_non_null(message);
    const Ldt__V1__Beat *beat = (const Ldt__V1__Beat *)message;
    assert_int_equal(beat->n_held, 0);
    assert_string_equal(beat->note, "left: drained"); /* shown until the session ends by silence */
    assert_int_equal(message->n_unknown_fields, 1);
    protobuf_c_message_free_unpacked(message, NULL);
    free(bytes);
}

/* Version 1, id 9, session 7, and a Beat with a note: the bytes of before. */
static void a_beat_of_an_older_worker_is_no_goodbye(void **state)
{
    static const char frame[] = "\x08\x01\x10\x09\x19\x07\x00\x00\x00\x00\x00\x00\x00"
                                "\xa2\x01\x09\x12\x07"
                                "benched";
    struct arena *arena = arena_create(1 << 12);
    struct message message;
    struct error error = { "" };
    uint32_t version;
    if (!codec_decode(&message, frame, sizeof frame - 1, arena, &version, &error))
        fail_msg("%s", error.text);
    assert_int_equal(message.type, MESSAGE_BEAT);
    assert_string_equal(message.beat.note, "benched");
    assert_false(message.beat.leaving);
    arena_destroy(&arena);
}

enum { OLD_BEAT_OK_FIELDS = 4 }; /* cancel, prune, stale, drain */

/* It keeps its connection: that costs the coordinator memory, and nothing else. */
static void an_older_worker_does_not_hear_that_it_should_come_over_a_new_connection(void **state)
{
    static const ProtobufCIntRange numbers[] = { { 1, 0 }, { 0, OLD_BEAT_OK_FIELDS } };
    ProtobufCMessageDescriptor old = ldt__v1__beat_ok__descriptor;
    Ldt__V1__BeatOk answer = LDT__V1__BEAT_OK__INIT;
    struct error error = { "" };
    uint8_t bytes[64];
    old.n_fields = OLD_BEAT_OK_FIELDS;
    old.field_ranges = numbers;
    answer.drain = 1;
    answer.renew = true;
    size_t length = ldt__v1__beat_ok__pack(&answer, bytes);
    assert_true(scan_frame(&old, bytes, length, &error));
    ProtobufCMessage *message = protobuf_c_message_unpack(&old, NULL, length, bytes);
    assert_non_null(message);
    assert_int_equal(((const Ldt__V1__BeatOk *)message)->drain, 1);
    assert_int_equal(message->n_unknown_fields, 1);
    protobuf_c_message_free_unpacked(message, NULL);
}

/* What it says of workers that left has no new field: an older `ldt` drops an answer with more than
 * SCAN_MAX_UNKNOWN of them, and a large fleet would have more. */
static void the_status_of_a_worker_has_the_fields_that_it_always_had(void **state)
{
    assert_int_equal(ldt__v1__worker_status__descriptor.n_fields, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_goodbye_is_a_beat_like_any_other_to_an_older_coordinator),
        cmocka_unit_test(a_beat_of_an_older_worker_is_no_goodbye),
        cmocka_unit_test(
            an_older_worker_does_not_hear_that_it_should_come_over_a_new_connection),
        cmocka_unit_test(the_status_of_a_worker_has_the_fields_that_it_always_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
