/* loop.h with keys: each peer may do what its key allows, under its own name, and only as long as
 * the key is on the list. With the real core, the real store and real sockets. */
#include "common/clock.h"
#include "coordinator/shell/loop.h"
#include "proto/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_TURNS = 3000, TURN_MS = 5 };
enum { FIRST, SECOND, BOSS, READER, PEERS };

static const struct {
    const char *name;
    enum key_role role;
} members[PEERS] = { { "first", KEY_WORKER },
                     { "second", KEY_WORKER },
                     { "boss", KEY_SUBMIT },
                     { "reader", KEY_READ } };

struct world {
    struct loop loop;
    struct key server, keys[PEERS];
    struct frame_socket *peers[PEERS], *sibling; /* of SECOND, when a test connects it */
    struct arena *arena;
    struct buf frame;
    char directory[64];
};

static void must(bool fine, const struct error *error)
{
    if (!fine)
        fail_msg("%s", error->text);
}

static const char *path_of(const struct world *world, const char *name, const char *suffix)
{
    static char path[160];
    snprintf(path, sizeof path, "%s/%s%s", world->directory, name, suffix);
    return path;
}

/* One more connection with the key of this member. */
static struct frame_socket *connect_as(struct world *world, int i)
{
    struct frame_socket *socket;
    struct error error;
    const struct key *key = &world->keys[i];
    const struct frame_keys keys = { key->public_text, key->secret_text,
                                     world->server.public_text };
    must(frame_connect_watched(&socket, frame_endpoint(world->loop.socket), MESSAGE_MAX_BYTES,
                               &keys, &error),
         &error);
    return socket;
}

static void join(struct world *world, int i)
{
    struct error error;
    struct key *key = &world->keys[i];
    must(key_make(key, members[i].name, members[i].role, "", &error), &error);
    must(key_write_public(key, path_of(world, members[i].name, ".pub"), &error), &error);
    world->peers[i] = connect_as(world, i);
}

static int set_up(void **state)
{
    static const struct core_options options = { .lease_ms = 30000,
                                                 .beat_ms = 5000,
                                                 .peer_silent_ms = 120000,
                                                 .suggestions_per_turn = 64,
                                                 .version = "1.0" };
    struct world *world = calloc(1, sizeof *world);
    struct loop *loop = &world->loop;
    struct error error;
    snprintf(world->directory, sizeof world->directory, "/tmp/loop_keys_test.XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    world->arena = arena_create(1 << 16);
    buf_init(&world->frame, MESSAGE_MAX_BYTES);
    must(key_make(&world->server, "s", KEY_SERVER, "", &error), &error);
    loop_init(loop);
    loop->core = core_create(&options);
    loop->save = store_save;
    loop->signals = -1;
    must(store_open(&loop->store, path_of(world, "runs.db", ""), &error), &error);
    must(store_restore(loop->store, loop->core, clock_monotonic_ms(), &error), &error);
    const struct frame_keys keys = { world->server.public_text, world->server.secret_text, NULL };
    must(frame_listen(&loop->socket, "tcp://127.0.0.1:*", MESSAGE_MAX_BYTES, &keys, &error),
         &error);
    for (int i = 0; i < PEERS; i++)
        join(world, i);
    must(allow_list_open(&loop->allowed, world->directory, &error), &error);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
    struct world *world = *state;
    for (int i = 0; i < PEERS; i++) {
        frame_close(&world->peers[i]);
        unlink(path_of(world, members[i].name, ".pub"));
    }
    frame_close(&world->sibling);
    frame_close(&world->loop.socket);
    core_destroy(&world->loop.core);
    store_close(&world->loop.store);
    loop_free(&world->loop);
    allow_list_close(&world->loop.allowed);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        unlink(path_of(world, "runs.db", suffixes[i]));
    assert_int_equal(rmdir(world->directory), 0);
    arena_destroy(&world->arena);
    buf_free(&world->frame);
    free(world);
    return 0;
}

static void send_over(struct world *world, struct frame_socket *socket,
                      const struct message *message)
{
    struct error error;
    buf_clear(&world->frame);
    must(codec_encode(&world->frame, message, &error), &error);
    assert_int_equal(frame_send(socket, NULL, world->frame.bytes, world->frame.length), FRAME_OK);
}

/* Turns the loop until the peer has an answer. */
static struct message ask_over(struct world *world, struct frame_socket *socket,
                               struct message message)
{
    struct message answer = { 0 };
    struct error error;
    uint32_t version;
    send_over(world, socket, &message);
    for (int i = 0; i < PATIENCE_TURNS; i++) {
        assert_true(loop_turn(&world->loop, TURN_MS));
        if (frame_receive(socket, NULL, &world->frame) != FRAME_OK)
            continue;
        arena_reset(world->arena);
        must(codec_decode(&answer, world->frame.bytes, world->frame.length, world->arena, &version,
                          &error),
             &error);
        return answer;
    }
    fail_msg("no answer");
    return answer;
}

static struct message ask(struct world *world, int from, struct message message)
{
    return ask_over(world, world->peers[from], message);
}

static struct message hello(const char *name, uint64_t instance)
{
    return (struct message){
        .id = 1,
        .type = MESSAGE_HELLO,
        .hello = { .name = name, .host = "h", .instance = instance, .slots = 1 },
    };
}

static struct message stop(void)
{
    return (struct message){ .id = 2, .type = MESSAGE_STOP, .stop = { .name = "all" } };
}

static struct message status(void)
{
    return (struct message){ .id = 3, .type = MESSAGE_STATUS, .status = { .name = "" } };
}

static void assert_error(struct message answer, enum error_code code, const char *says)
{
    assert_int_equal(answer.type, MESSAGE_ERROR);
    assert_int_equal(answer.error.code, code);
    assert_non_null(strstr(answer.error.text, says));
}

/* The next event of this peer's connection. */
static struct frame_event event_of(struct world *world, int i)
{
    struct frame_event event = { 0 };
    for (int turn = 0; turn < PATIENCE_TURNS; turn++) {
        assert_true(loop_turn(&world->loop, TURN_MS));
        if (frame_next_event(world->peers[i], &event))
            return event;
    }
    fail_msg("no event");
    return event;
}

static size_t connections_of(const struct world *world, int i)
{
    const struct account *account =
        name_index_find(&world->loop.peers.by_key, world->keys[i].public_text);
    return account->connections;
}

/* ---- tests */

static void each_key_is_held_to_its_role(void **state)
{
    struct world *world = *state;
    assert_int_equal(ask(world, FIRST, hello("w", 7)).type, MESSAGE_WELCOME);
    assert_int_equal(ask(world, READER, status()).type, MESSAGE_STATUS_REPLY);
    assert_int_equal(ask(world, BOSS, status()).type, MESSAGE_STATUS_REPLY);
    assert_error(ask(world, BOSS, stop()), ERROR_NOT_FOUND, "all");
    assert_error(ask(world, READER, stop()), ERROR_FORBIDDEN, "role submit");
    assert_error(ask(world, FIRST, stop()), ERROR_FORBIDDEN, "role submit");
    assert_error(ask(world, FIRST, status()), ERROR_FORBIDDEN, "role read or submit");
    assert_error(ask(world, BOSS, hello("b", 8)), ERROR_FORBIDDEN, "role worker");
    assert_error(ask(world, READER, hello("r", 9)), ERROR_FORBIDDEN, "role worker");
}

static void a_worker_takes_neither_instance_nor_session_of_another_key(void **state)
{
    struct world *world = *state;
    struct message beat = { .id = 4, .type = MESSAGE_BEAT };
    beat.session = ask(world, FIRST, hello("w", 7)).session;
    assert_error(ask(world, SECOND, hello("w", 7)), ERROR_FORBIDDEN, "another key");
    assert_error(ask(world, SECOND, beat), ERROR_UNKNOWN_SESSION, "hello again");
    assert_int_equal(ask(world, SECOND, hello("w", 8)).type, MESSAGE_WELCOME); /* a name is free */
    assert_error(ask(world, SECOND, beat), ERROR_UNKNOWN_SESSION, "hello again");
    assert_int_equal(ask(world, FIRST, beat).type, MESSAGE_BEAT_OK);
}

static void who_is_revoked_before_the_first_word_is_cut_off_at_it(void **state)
{
    struct world *world = *state;
    const struct message question = status();
    assert_int_equal(event_of(world, READER).type, FRAME_READY);
    assert_int_equal(unlink(path_of(world, "reader", ".pub")), 0);
    const char *key = world->keys[READER].public_text;
    for (int i = 0; allow_list_role(world->loop.allowed, key) != KEY_NO_ROLE; i++) {
        assert_true(i < PATIENCE_TURNS);
        assert_true(loop_turn(&world->loop, TURN_MS));
    }
    send_over(world, world->peers[READER], &question);
    struct frame_event event = event_of(world, READER);
    assert_int_equal(event.type, FRAME_REFUSED);
    assert_int_equal(event.refusal, FRAME_NOT_ADMITTED);
    assert_int_equal(frame_receive(world->peers[READER], NULL, &world->frame), FRAME_NOTHING);
    assert_int_equal(ask(world, BOSS, status()).type, MESSAGE_STATUS_REPLY); /* nobody else is */
}

/* So many broken messages over a connection of its own, and then one that is ignored. */
static void is_ignored_after(struct world *world, int i, uint64_t broken)
{
    struct frame_socket *peer = connect_as(world, i);
    const uint64_t malformed = world->loop.counters.malformed,
                   ignored = world->loop.counters.ignored;
    for (uint64_t n = 0; n <= broken; n++)
        frame_send(peer, NULL, "\x08\x01\xff", 3);
    for (int n = 0; world->loop.counters.ignored == ignored; n++) {
        assert_true(n < PATIENCE_TURNS);
        assert_true(loop_turn(&world->loop, TURN_MS));
    }
    assert_int_equal(world->loop.counters.malformed - malformed, broken);
    assert_int_equal(world->loop.counters.ignored - ignored, 1);
    frame_close(&peer);
}

static void a_broken_worker_does_not_silence_others_with_its_key(void **state)
{
    struct world *world = *state;
    struct message beat = { .id = 4, .type = MESSAGE_BEAT };
    world->sibling = connect_as(world, SECOND);
    beat.session = ask_over(world, world->sibling, hello("sibling", 8)).session;
    for (int i = 0; i < 5; i++) {
        is_ignored_after(world, SECOND,
                         i < STRIKES_OF_A_KEY / STRIKES_ALLOWED ? STRIKES_ALLOWED : 1);
        assert_int_equal(ask_over(world, world->sibling, beat).type, MESSAGE_BEAT_OK);
    }
    assert_int_equal(ask(world, SECOND, hello("mended", 9)).type, MESSAGE_WELCOME);
}

static void one_connection_more_than_a_key_may_have_is_told_so(void **state)
{
    struct world *world = *state;
    world->loop.peers.per_key = 1;
    assert_int_equal(ask(world, SECOND, hello("w", 7)).type, MESSAGE_WELCOME);
    world->sibling = connect_as(world, SECOND);
    assert_error(ask_over(world, world->sibling, hello("v", 8)), ERROR_REFUSED, "too many");
    frame_close(&world->peers[SECOND]);
    for (int i = 0; connections_of(world, SECOND) > 1; i++) {
        assert_true(i < PATIENCE_TURNS);
        assert_true(loop_turn(&world->loop, TURN_MS));
    }
    assert_int_equal(ask_over(world, world->sibling, hello("v", 8)).type, MESSAGE_WELCOME);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(each_key_is_held_to_its_role),
        IN_A_WORLD(a_worker_takes_neither_instance_nor_session_of_another_key),
        IN_A_WORLD(who_is_revoked_before_the_first_word_is_cut_off_at_it),
        IN_A_WORLD(a_broken_worker_does_not_silence_others_with_its_key),
        IN_A_WORLD(one_connection_more_than_a_key_may_have_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
