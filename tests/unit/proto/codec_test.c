/* codec.h: what is sent arrives, and what is hostile costs little and breaks nothing. */
#include "common/rng.h"
#include "proto/codec.h"
#include "tests/unit/proto/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct buf frame;
    struct error error;
    uint32_t version;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_create(1 << 16);
    buf_init(&fixture->frame, 2 * MESSAGE_MAX_BYTES);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(&fixture->arena);
    buf_free(&fixture->frame);
    free(fixture);
    return 0;
}

static void encode(struct fixture *fixture, const struct message *message)
{
    buf_clear(&fixture->frame);
    if (!codec_encode(&fixture->frame, message, &fixture->error))
        fail_msg("%s", fixture->error.text);
}

/* From memory of exactly the frame's size, so that a sanitizer sees any read beyond it. */
static bool decode(struct fixture *fixture, struct message *out, const void *bytes, size_t length)
{
    void *exact = malloc(length > 0 ? length : 1);
    memcpy(exact, bytes, length);
    arena_reset(fixture->arena);
    fixture->error.text[0] = '\0';
    bool fine =
        codec_decode(out, exact, length, fixture->arena, &fixture->version, &fixture->error);
    free(exact);
    if (!fine)
        assert_true(fixture->error.text[0] != '\0');
    return fine;
}

static bool decode_frame(struct fixture *fixture, struct message *out)
{
    return decode(fixture, out, fixture->frame.bytes, fixture->frame.length);
}

static void every_field_of_every_message_arrives(void **state)
{
    struct fixture *fixture = *state;
    for (enum message_type type = MESSAGE_NONE + 1; type < MESSAGE_TYPES; type++) {
        struct message sent = sample_message(type), received;
        encode(fixture, &sent);
        if (!decode_frame(fixture, &received))
            fail_msg("%s: %s", message_type_name(type), fixture->error.text);
        const char *differs = sample_difference(&sent, &received);
        if (differs != NULL)
            fail_msg("%s: %s differs", message_type_name(type), differs);
        assert_int_equal(fixture->version, PROTOCOL_VERSION);
    }
}

static void the_comparison_of_this_test_sees_a_change_of_every_number(void **state)
{
    for (enum message_type type = MESSAGE_NONE + 1; type < MESSAGE_TYPES; type++) {
        struct message a = sample_message(type), b = a;
        for (const struct field *field = message_fields[type]; field->name != NULL; field++) {
            if (field->kind == TEXT || field->kind == ARRAY || field->kind == TEXTS)
                continue;
            unsigned char *byte = (unsigned char *)&b + field->offset;
            *byte ^= 1;
            assert_string_equal(sample_difference(&a, &b), field->name);
            *byte ^= 1;
        }
    }
}

static void absent_texts_arrive_as_empty_ones(void **state)
{
    struct fixture *fixture = *state;
    struct message sent = { .type = MESSAGE_HELLO, .hello = { .name = "w", .slots = 1 } }, received;
    encode(fixture, &sent);
    assert_true(decode_frame(fixture, &received));
    assert_string_equal(received.hello.host, "");
    assert_string_equal(received.hello.cpu, "");
    assert_string_equal(received.hello.version, "");
    assert_int_equal(received.hello.n_held, 0);
}

static void points_keep_nan_and_share_their_names(void **state)
{
    struct fixture *fixture = *state;
    static struct point points[MESSAGE_MAX_POINTS];
    struct message sent = { .type = MESSAGE_POINTS,
                            .points = { { 1, 1, 1 }, 0, points, MESSAGE_MAX_POINTS } };
    struct message received;
    for (size_t i = 0; i < MESSAGE_MAX_POINTS; i++)
        points[i] =
            (struct point){ (int64_t)i, NAN, i % 2 ? "a/very/long/name/of/a/metric" : "b", -0.0 };
    encode(fixture, &sent);
    assert_true(fixture->frame.length < MESSAGE_MAX_POINTS * 20); /* 19 bytes of numbers each */
    assert_true(decode_frame(fixture, &received));
    assert_null(sample_difference(&sent, &received));
    assert_true(isnan(received.points.points[7].epoch));
    assert_true(signbit(received.points.points[7].value));
}

static void a_frame_cut_at_any_length_is_refused_or_whole(void **state)
{
    struct fixture *fixture = *state;
    for (enum message_type type = MESSAGE_NONE + 1; type < MESSAGE_TYPES; type++) {
        struct message sent = sample_message(type), received;
        encode(fixture, &sent);
        for (size_t length = 0; length < fixture->frame.length; length++)
            assert_false(decode(fixture, &received, fixture->frame.bytes, length));
    }
}

/* Whatever decodes may also be sent: nothing passes one check and fails the other. */
static void assert_sendable(struct fixture *fixture, const struct message *message)
{
    struct buf again;
    struct error error;
    buf_init(&again, MESSAGE_MAX_BYTES);
    if (!codec_encode(&again, message, &error))
        fail_msg("%s", error.text);
    buf_free(&again);
}

static void no_corrupt_byte_breaks_anything(void **state)
{
    static const unsigned char changes[] = { 0x01, 0x02, 0x04, 0x08, 0x10,
                                             0x20, 0x40, 0x80, 0xff, 0x7f };
    struct fixture *fixture = *state;
    size_t accepted = 0, refused = 0;
    for (enum message_type type = MESSAGE_NONE + 1; type < MESSAGE_TYPES; type++) {
        struct message sent = sample_message(type), received;
        encode(fixture, &sent);
        for (size_t i = 0; i < fixture->frame.length; i++)
            for (size_t change = 0; change < sizeof changes; change++) {
                fixture->frame.bytes[i] ^= (char)changes[change];
                if (decode_frame(fixture, &received)) {
                    assert_sendable(fixture, &received);
                    accepted++;
                } else {
                    refused++;
                }
                fixture->frame.bytes[i] ^= (char)changes[change];
            }
    }
    assert_true(accepted > 0 && refused > 0);
}

/* Several changes at once: bytes overwritten, runs cut out or said twice. */
static void mutate(struct rng *rng, struct buf *frame)
{
    for (uint64_t n = 1 + rng_below(rng, 4); n > 0 && frame->length > 0; n--) {
        size_t at = rng_below(rng, frame->length), left = frame->length - at;
        size_t run = 1 + rng_below(rng, left < 8 ? left : 8);
        if (rng_below(rng, 3) > 0) {
            frame->bytes[at] = (char)rng_u64(rng);
        } else if (rng_below(rng, 2) > 0) {
            memmove(frame->bytes + at, frame->bytes + at + run, left - run);
            frame->length -= run;
        } else {
            char again[8];
            memcpy(again, frame->bytes + at, run);
            buf_add(frame, again, run);
        }
    }
}

static void random_damage_breaks_nothing(void **state)
{
    enum { SEED = 20, ROUNDS = 20000 };
    struct fixture *fixture = *state;
    struct rng rng;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        rng_init(&rng, SEED, RNG_TEST, round);
        struct message sent =
            sample_message((enum message_type)(1 + rng_below(&rng, MESSAGE_TYPES - 1)));
        struct message received, again;
        encode(fixture, &sent);
        mutate(&rng, &fixture->frame);
        if (!decode_frame(fixture, &received))
            continue;
        encode(fixture, &received); /* whatever decodes may be sent again */
        struct arena *arena = arena_create(1 << 12);
        bool fine = codec_decode(&again, fixture->frame.bytes, fixture->frame.length, arena,
                                 &fixture->version, &fixture->error);
        if (!fine)
            print_message("seed %d, round %llu\n", SEED, (unsigned long long)round);
        assert_true(fine);
        const char *differs = sample_difference(&received, &again);
        if (differs != NULL)
            fail_msg("seed %d, round %llu: %s differs", SEED, (unsigned long long)round, differs);
        arena_destroy(&arena);
    }
}

static void assert_refused(struct fixture *fixture, const struct message *message, const char *why)
{
    buf_clear(&fixture->frame);
    assert_false(codec_encode(&fixture->frame, message, &fixture->error));
    assert_int_equal(fixture->frame.length, 0);
    if (strstr(fixture->error.text, why) == NULL)
        fail_msg("expected `%s`, got `%s`", why, fixture->error.text);
}

static char *text_of_length(size_t length)
{
    char *text = malloc(length + 1);
    memset(text, 'x', length);
    text[length] = '\0';
    return text;
}

static void texts_over_their_limit_are_not_sent(void **state)
{
    struct fixture *fixture = *state;
    char *name = text_of_length(MESSAGE_MAX_NAME + 1), *log = text_of_length(MESSAGE_MAX_LOG + 1);
    struct message hello = sample_message(MESSAGE_HELLO), result = sample_message(MESSAGE_RESULT);
    hello.hello.name = name;
    result.result.log = log;
    assert_refused(fixture, &hello, "`name` is longer than 64 bytes");
    assert_refused(fixture, &result, "`log` is longer than 65536 bytes");
    name[MESSAGE_MAX_NAME] = log[MESSAGE_MAX_LOG] = '\0';
    encode(fixture, &hello);
    encode(fixture, &result);
    free(name);
    free(log);
}

static void lists_over_their_limit_are_not_sent(void **state)
{
    struct fixture *fixture = *state;
    static struct held_attempt held[MESSAGE_MAX_HELD + 1];
    static struct point points[MESSAGE_MAX_POINTS + 1];
    struct message beat = { .type = MESSAGE_BEAT, .beat = { held, MESSAGE_MAX_HELD + 1, "" } };
    struct message curve = sample_message(MESSAGE_POINTS);
    for (size_t i = 0; i <= MESSAGE_MAX_HELD; i++)
        held[i] = (struct held_attempt){ .ref = { 1, (int64_t)i, 1 } };
    for (size_t i = 0; i <= MESSAGE_MAX_POINTS; i++)
        points[i] = (struct point){ .metric = "loss" };
    curve.points.points = points;
    curve.points.n_points = MESSAGE_MAX_POINTS + 1;
    assert_refused(fixture, &beat, "`held` is 1025, which is outside 0 to 1024");
    assert_refused(fixture, &curve, "`points` is 2001");
    beat.beat.n_held--;
    curve.points.n_points--;
    encode(fixture, &beat);
    encode(fixture, &curve);
}

static void a_message_larger_than_a_frame_is_not_sent(void **state)
{
    struct fixture *fixture = *state;
    char *megabyte = text_of_length(MESSAGE_MAX_JSON);
    const char *words[] = { megabyte, megabyte, megabyte, megabyte, megabyte };
    struct message trial = sample_message(MESSAGE_TRIAL);
    trial.trial.command = words;
    trial.trial.n_command = 5;
    assert_refused(fixture, &trial, "more than the 4194304 of a frame");
    free(megabyte);
}

static void nonsense_in_a_field_is_refused_by_name(void **state)
{
    struct fixture *fixture = *state;
    struct message message = sample_message(MESSAGE_RESULT);
    message.result.ref.attempt = 0;
    assert_refused(fixture, &message, "result: `attempt` is 0");
    message = sample_message(MESSAGE_RESULT);
    message.result.kind = (enum result_kind)6;
    assert_refused(fixture, &message, "`kind` is 6");
    message = sample_message(MESSAGE_RESULT);
    message.result.info = "[1]";
    assert_refused(fixture, &message, "`info` is not a JSON object");
    message = sample_message(MESSAGE_RESULT);
    message.result.log = "\xc0\x80";
    assert_refused(fixture, &message, "`log` is not UTF-8");
    message = sample_message(MESSAGE_HELLO);
    message.hello.name = "a b";
    assert_refused(fixture, &message, "`name` must be");
    message = sample_message(MESSAGE_HELLO);
    message.hello.host = "a\x1b[31m";
    assert_refused(fixture, &message, "`host` is not UTF-8, or holds control characters");
    message = sample_message(MESSAGE_POINTS);
    message.points.ref.trial = -1;
    assert_refused(fixture, &message, "`trial` is -1");
    message = sample_message(MESSAGE_TRIAL);
    message.trial.n_command = 0;
    assert_refused(fixture, &message, "`command` is empty");
    message = sample_message(MESSAGE_TRIAL);
    message.trial.checkpoint_key = "../escape";
    assert_refused(fixture, &message, "`checkpoint_key` must be");
    message.trial.checkpoint_key = "";
    assert_refused(fixture, &message, "`checkpoint_key` must be");
    message = sample_message(MESSAGE_TRIAL);
    message.trial.max_silence_ms = -1;
    assert_refused(fixture, &message, "`max_silence_ms` is -1");
    message = sample_message(MESSAGE_TRIAL);
    message.trial.max_duration_ms = INT64_MAX; /* no time can be added to that */
    assert_refused(fixture, &message, "`max_duration_ms` is 9223372036854775807");
    message = sample_message(MESSAGE_BEAT);
    message.beat.note = "two\nlines";
    assert_refused(fixture, &message, "`note` is not UTF-8, or holds control characters");
    message = sample_message(MESSAGE_BEAT_OK);
    message.beat_ok.drain = 3;
    assert_refused(fixture, &message, "`drain` is 3");
    message = sample_message(MESSAGE_DRAIN);
    message.drain.all = true;
    assert_refused(fixture, &message, "`workers` must be named, or all are meant");
    message.drain.n_workers = 0;
    message.drain.all = false;
    assert_refused(fixture, &message, "`workers` must be named, or all are meant");
    message = sample_message(MESSAGE_AUDIT);
    message.audit.count = 0;
    message.audit.percent = NAN;
    assert_refused(fixture, &message, "`percent` must be above 0");
    message = sample_message(MESSAGE_RETRY);
    message.retry.name = "";
    assert_refused(fixture, &message, "`name` is empty");
    message = sample_message(MESSAGE_ERROR);
    message.error.code = ERROR_FORBIDDEN + 1;
    assert_refused(fixture, &message, "`code` is 9");
    message.type = MESSAGE_NONE;
    assert_refused(fixture, &message, "no known type");
}

/* A worker without --allow-command runs these, so nothing of them may choose what runs. */
static void the_built_in_trainer_runs_in_the_workers_own_surroundings(void **state)
{
    struct fixture *fixture = *state;
    struct message message = sample_message(MESSAGE_TRIAL), fine;
    message.trial.program = PROGRAM_LDT;
    assert_refused(fixture, &message, "`command` is not for the built-in trainer");
    message.trial.n_command = 0;
    assert_refused(fixture, &message, "`environment` goes with a command only");
    message.trial.n_environment = 0;
    assert_refused(fixture, &message, "`workdir` goes with a command only");
    fine = message;
    fine.trial.workdir = "";
    assert_sendable(fixture, &fine);
}

static void another_version_is_told_apart_from_garbage(void **state)
{
    struct fixture *fixture = *state;
    struct message received;
    assert_false(decode(fixture, &received, "\x08\x02\xff\xff", 4));
    assert_int_equal(fixture->version, 2);
    assert_non_null(strstr(fixture->error.text, "version 2 is not supported"));
    assert_non_null(strstr(fixture->error.text, "version 1"));
    assert_false(decode(fixture, &received, "", 0));
    assert_int_equal(fixture->version, PROTOCOL_VERSION);
    assert_false(decode(fixture, &received, "\x10\x01", 2));
    assert_int_equal(fixture->version, PROTOCOL_VERSION);
}

static void assert_malformed(struct fixture *fixture, const void *bytes, size_t length,
                             const char *why)
{
    struct message received;
    assert_false(decode(fixture, &received, bytes, length));
    if (strstr(fixture->error.text, why) == NULL)
        fail_msg("expected `%s`, got `%s`", why, fixture->error.text);
}
#define MALFORMED(bytes, why) assert_malformed(fixture, bytes, sizeof bytes - 1, why)

static void malformed_frames_are_named(void **state)
{
    struct fixture *fixture = *state;
    MALFORMED("\x08\x01", "without a message");
    MALFORMED("\x08\x01\x08\x01", "`version` occurs twice");
    MALFORMED("\x08\x01\x0b", "field `version` has the wrong wire type");
    MALFORMED("\x08\x01\x7b", "unknown field 15");         /* a group */
    MALFORMED("\x08\x01\x92\x01\x7f", "`ask` is cut off"); /* 127 bytes announced, none there */
    MALFORMED("\x08\x01\x92\x01\x00\x92\x01\x00", "`ask` occurs twice");
    MALFORMED("\x08\x01\x92\x01\x00\x9a\x01\x00", "`trial` is the second body");
    MALFORMED("\x08\x01\x92\x01\x06\x08\xff\xff\xff\xff\x7f", "`free`"); /* over 32 bits */
    MALFORMED("\x08\x01\xd2\x02\x04\x0a\x02\x61\x00", "`name` is not UTF-8, or holds a NUL");
    MALFORMED("\x08\x01\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "tag");
    MALFORMED("\x08\x01\xb2\x01\x05\x22\x03\x01\x02\x80", "`step`"); /* packed numbers cut off */
    MALFORMED("\x08\x01\xb2\x01\x03\x22\x01\x02", "columns differ in length");
}

static void fields_of_a_newer_peer_are_skipped_but_not_many(void **state)
{
    struct fixture *fixture = *state;
    struct message sent = sample_message(MESSAGE_ASK), received;
    encode(fixture, &sent);
    for (int i = 0; i < 64; i++)
        buf_add(&fixture->frame, "\x78\x05", 2); /* field 15, a varint */
    assert_true(decode_frame(fixture, &received));
    assert_null(sample_difference(&sent, &received));
    buf_add(&fixture->frame, "\x78\x05", 2);
    assert_false(decode_frame(fixture, &received));
}

static void add_varint(struct buf *out, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        buf_add(out, &(char){ (char)(number | 0x80) }, 1);
    buf_add(out, &(char){ (char)number }, 1);
}

/* A status reply that is nothing but empty studies: two bytes each on the wire. */
static void a_small_frame_cannot_take_much_memory(void **state)
{
    struct fixture *fixture = *state;
    struct message received;
    for (size_t items = 1; items <= 1 << 20; items *= 4) {
        buf_clear(&fixture->frame);
        buf_add(&fixture->frame, "\x08\x01\xda\x02", 4);
        add_varint(&fixture->frame, 2 * items);
        for (size_t i = 0; i < items; i++)
            buf_add(&fixture->frame, "\x0a\x00", 2);
        assert_false(decode_frame(fixture, &received)); /* an empty study has no name */
        size_t bytes = fixture->frame.length, allowed = (32 << 10) + 40 * bytes;
        assert_true(arena_bytes(fixture->arena) <= allowed);
    }
}

static void a_frame_over_the_limit_is_refused_unread(void **state)
{
    struct fixture *fixture = *state;
    struct message received;
    char *bytes = calloc(1, MESSAGE_MAX_BYTES + 1);
    memcpy(bytes, "\x08\x01", 2);
    assert_false(decode(fixture, &received, bytes, MESSAGE_MAX_BYTES + 1));
    assert_int_equal(arena_bytes(fixture->arena), 0);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_field_of_every_message_arrives, set_up, tear_down),
        cmocka_unit_test(the_comparison_of_this_test_sees_a_change_of_every_number),
        cmocka_unit_test_setup_teardown(absent_texts_arrive_as_empty_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(points_keep_nan_and_share_their_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_frame_cut_at_any_length_is_refused_or_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_corrupt_byte_breaks_anything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_damage_breaks_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(texts_over_their_limit_are_not_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lists_over_their_limit_are_not_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_message_larger_than_a_frame_is_not_sent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nonsense_in_a_field_is_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_built_in_trainer_runs_in_the_workers_own_surroundings,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_version_is_told_apart_from_garbage, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(malformed_frames_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fields_of_a_newer_peer_are_skipped_but_not_many, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_small_frame_cannot_take_much_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_frame_over_the_limit_is_refused_unread, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
