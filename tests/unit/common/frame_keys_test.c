/* frame.h with keys: who is on the list comes in and is known by name, nobody else, whatever they
 * try; and connections can be watched and ended. */
#include "common/clock.h"
#include "common/frame.h"
#include "common/key.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAXIMUM = 1 << 16, PATIENCE_MS = 20000 };

struct fixture {
    struct frame_socket *router, *dealer;
    struct frame_peer peer;
    struct buf frame;
    struct error error;
    struct key server, listed, unlisted;
    int knocks; /* how often the gate was asked */
};

static bool on_the_list(void *context, const char *key)
{
    struct fixture *fixture = context;
    fixture->knocks++;
    return strcmp(key, fixture->listed.public_text) == 0;
}

static struct frame_keys keys_of(const struct key *key, const char *server)
{
    return (struct frame_keys){ key->public_text, key->secret_text, server };
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    buf_init(&fixture->frame, MAXIMUM);
    assert_true(key_make(&fixture->server, "s", KEY_SERVER, "", &fixture->error));
    assert_true(key_make(&fixture->listed, "l", KEY_WORKER, "", &fixture->error));
    assert_true(key_make(&fixture->unlisted, "u", KEY_WORKER, "", &fixture->error));
    const struct frame_keys keys = keys_of(&fixture->server, NULL);
    if (!frame_listen(&fixture->router, "tcp://127.0.0.1:*", MAXIMUM, &keys, &fixture->error))
        fail_msg("%s", fixture->error.text);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    frame_close(&fixture->dealer);
    frame_close(&fixture->router);
    buf_free(&fixture->frame);
    free(fixture);
    return 0;
}

static void connect_with(struct fixture *fixture, const struct frame_keys *keys)
{
    const char *endpoint = frame_endpoint(fixture->router);
    if (!frame_connect_watched(&fixture->dealer, endpoint, MAXIMUM, keys, &fixture->error))
        fail_msg("%s", fixture->error.text);
    assert_int_equal(frame_send(fixture->dealer, NULL, "hi", 2), FRAME_OK);
}

static void wait_for_either(struct fixture *fixture)
{
    struct frame_socket *const sockets[] = { fixture->router, fixture->dealer };
    bool unused;
    frame_wait(sockets, fixture->dealer != NULL ? 2 : 1, NULL, &unused, 0, 100);
    frame_admit(fixture->router, on_the_list, fixture);
}

/* Until the listener has a message, from a bounded wait. */
static void receive(struct fixture *fixture)
{
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (frame_receive(fixture->router, &fixture->peer, &fixture->frame) != FRAME_OK) {
        assert_true(clock_monotonic_ms() < until);
        wait_for_either(fixture);
    }
}

static void assert_refused(struct fixture *fixture, enum frame_refusal refusal)
{
    struct frame_event event;
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while (!frame_next_event(fixture->dealer, &event)) {
        assert_true(clock_monotonic_ms() < until);
        wait_for_either(fixture);
    }
    assert_int_equal(event.type, FRAME_REFUSED);
    assert_int_equal(event.refusal, refusal);
    assert_int_equal(frame_receive(fixture->router, NULL, &fixture->frame), FRAME_NOTHING);
}

static void a_key_on_the_list_comes_in_and_its_messages_say_whose_they_are(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_keys keys = keys_of(&fixture->listed, fixture->server.public_text);
    connect_with(fixture, &keys);
    receive(fixture);
    assert_string_equal(fixture->frame.bytes, "hi");
    assert_string_equal(fixture->peer.key, fixture->listed.public_text);
    assert_int_equal(fixture->knocks, 1);
    assert_int_equal(frame_send(fixture->router, &fixture->peer, "ho", 2), FRAME_OK);
}

static void a_key_that_is_not_on_the_list_is_refused_and_told_so(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_keys keys = keys_of(&fixture->unlisted, fixture->server.public_text);
    connect_with(fixture, &keys);
    assert_refused(fixture, FRAME_NOT_ADMITTED);
    assert_int_equal(fixture->knocks, 1);
}

static void whoever_has_no_key_never_gets_to_the_gate(void **state)
{
    struct fixture *fixture = *state;
    connect_with(fixture, NULL);
    assert_refused(fixture, FRAME_MISMATCH);
    assert_int_equal(fixture->knocks, 0);
}

static void a_public_key_without_its_secret_is_no_key(void **state)
{
    struct fixture *fixture = *state;
    struct frame_keys keys = keys_of(&fixture->listed, fixture->server.public_text);
    keys.secret_key = fixture->unlisted.secret_text;
    connect_with(fixture, &keys);
    assert_refused(fixture, FRAME_BROKEN_OFF);
    assert_int_equal(fixture->knocks, 0);
}

static void a_client_does_not_talk_to_a_listener_with_another_key(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_keys keys = keys_of(&fixture->listed, fixture->unlisted.public_text);
    connect_with(fixture, &keys);
    assert_refused(fixture, FRAME_BROKEN_OFF);
}

static void nobody_comes_in_while_nobody_answers_at_the_gate(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_keys keys = keys_of(&fixture->listed, fixture->server.public_text);
    bool unused;
    connect_with(fixture, &keys);
    for (int i = 0; i < 20; i++)
        frame_wait(&fixture->router, 1, NULL, &unused, 0, 10);
    assert_int_equal(frame_receive(fixture->router, NULL, &fixture->frame), FRAME_NOTHING);
    receive(fixture); /* and the first answer lets it in */
}

static void joining_and_leaving_is_told_with_the_descriptor_of_the_messages(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_keys keys = keys_of(&fixture->listed, fixture->server.public_text);
    struct frame_event event;
    connect_with(fixture, &keys);
    receive(fixture);
    assert_true(frame_next_event(fixture->router, &event));
    assert_int_equal(event.type, FRAME_JOINED);
    assert_int_equal(event.descriptor, fixture->peer.descriptor);
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    frame_hang_up(fixture->peer.descriptor);
    while (!frame_next_event(fixture->router, &event)) {
        assert_true(clock_monotonic_ms() < until);
        wait_for_either(fixture);
    }
    assert_int_equal(event.type, FRAME_LEFT);
    assert_int_equal(event.descriptor, fixture->peer.descriptor);
}

/* ---- more than one gate has answered */

enum { CROWD = 600 };

static size_t allocated(void)
{
    struct mallinfo2 all = mallinfo2();
    return all.uordblks + all.hblkhd;
}

/* All say hi, are told ho, and go. Returns what memory each of them took, at both ends; 0 where
 * malloc does not tell. */
static size_t let_in_a_crowd(struct fixture *fixture, const struct frame_keys *keys)
{
    struct frame_socket *const router = fixture->router, *crowd[CROWD];
    size_t before = allocated();
    for (int i = 0; i < CROWD; i++) {
        if (!frame_connect(&crowd[i], frame_endpoint(router), MAXIMUM, keys, &fixture->error))
            fail_msg("%s", fixture->error.text);
        assert_int_equal(frame_send(crowd[i], NULL, "hi", 2), FRAME_OK);
    }
    for (int i = 0; i < CROWD; i++) {
        receive(fixture);
        assert_int_equal(frame_send(router, &fixture->peer, "ho", 2), FRAME_OK);
    }
    size_t after = allocated();
    for (int i = 0; i < CROWD; i++) {
        bool unused;
        while (frame_receive(crowd[i], NULL, &fixture->frame) != FRAME_OK)
            assert_true(frame_wait(&crowd[i], 1, NULL, &unused, 0, PATIENCE_MS));
        frame_close(&crowd[i]);
    }
    return after > before ? (after - before) / CROWD : 0;
}

static void a_connection_with_a_key_takes_no_more_memory_once_it_is_in(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_keys keys = keys_of(&fixture->listed, fixture->server.public_text);
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    if (files.rlim_max < 4 * CROWD)
        skip();
    size_t with = let_in_a_crowd(fixture, &keys);
    frame_close(&fixture->router); /* the last socket: nothing of theirs is left */
    assert_true(
        frame_listen(&fixture->router, "tcp://127.0.0.1:*", MAXIMUM, NULL, &fixture->error));
    size_t without = let_in_a_crowd(fixture, NULL);
    assert_in_range(with, 0, without + 15000); /* the question alone takes 33,000 */
}

static void with_keys_any_address_may_be_listened_on(void **state)
{
    struct fixture *fixture = *state;
    const struct frame_keys keys = keys_of(&fixture->server, NULL);
    frame_close(&fixture->router);
    assert_true(frame_listen(&fixture->router, "tcp://0.0.0.0:*", MAXIMUM, &keys, &fixture->error));
}

/* ---- a stranger that speaks ZMTP by itself, without a mechanism. ZeroMQ 4.3.4 aborts when a peer
 * fills its queue, sends a PING and hangs up (frame.c): queues have no limit, and a stranger's
 * messages get into none. */

static void write_all(int stranger, const void *bytes, size_t length)
{
    const char *rest = bytes;
    for (ssize_t sent; length > 0; rest += sent, length -= (size_t)sent)
        if ((sent = send(stranger, rest, length, MSG_NOSIGNAL)) <= 0)
            return; /* it hung up on us */
}

/* Returns the connection, to be hung up. */
static int attack(const char *endpoint, int messages)
{
    static const char greeting[64] = "\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL";
    static const char ready[] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
                                "DEALER";
    static const char ping[] = "\x04\x07\x04PING\0\x0a";
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1)) };
    char answer[64 + 43];                /* a greeting, and READY */
    const struct linger none = { 1, 0 }; /* hanging up is noticed at once */
    int stranger = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(stranger, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(stranger, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    write_all(stranger, greeting, sizeof greeting);
    write_all(stranger, ready, sizeof ready - 1);
    recv(stranger, answer, sizeof answer, MSG_WAITALL);  /* what comes too early breaks it off */
    char *all = calloc((size_t)messages, 3), *end = all; /* at once, so that it is read so */
    for (int i = 0; i < messages; i++, end += 3)
        memcpy(end, "\0\1x", 3);
    write_all(stranger, all, (size_t)(end - all));
    free(all);
    write_all(stranger, ping, sizeof ping - 1);
    return stranger;
}

/* Until nothing has come for a while; the first may take its time, if there is to be one. */
static int count_messages(struct frame_socket *router, struct buf *frame, bool some)
{
    int messages = 0;
    bool unused;
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    for (int quiet = 0; quiet < 5 || (some && messages == 0 && clock_monotonic_ms() < until);) {
        quiet = frame_receive(router, NULL, frame) == FRAME_OK ? 0 : quiet + 1;
        messages += quiet == 0;
        if (quiet > 0)
            frame_wait(&router, 1, NULL, &unused, 0, 20);
    }
    return messages;
}

static int messages_after_an_attack(struct frame_socket *router, struct buf *frame, bool some)
{
    int stranger = attack(frame_endpoint(router), 12000);
    int messages = count_messages(router, frame, some);
    close(stranger);
    return messages;
}

/* ZeroMQ reads from all in turn, 8 KiB each: when it has answered some more greetings, it has taken
 * all that the others sent. */
static void let_it_read(const char *endpoint)
{
    for (int i = 0; i < 20; i++)
        close(attack(endpoint, 0));
}

/* With a limit to the queue of a peer this ends the process: ZeroMQ stops reading from it. */
static void many_who_outrun_us_ping_and_hang_up_do_no_harm(void **state)
{
    struct fixture *fixture = *state;
    struct frame_socket *plain;
    assert_true(frame_listen(&plain, "tcp://127.0.0.1:*", MAXIMUM, NULL, &fixture->error));
    int strangers[20];
    for (int i = 0; i < 20; i++)
        strangers[i] = attack(frame_endpoint(plain), 10050 + 40 * i);
    let_it_read(frame_endpoint(plain));
    for (int i = 0; i < 20; i++)
        close(strangers[i]);
    let_it_read(frame_endpoint(plain));
    assert_true(count_messages(plain, &fixture->frame, true) > 10000);
    frame_close(&plain);
}

static void a_stranger_gets_nothing_into_a_queue(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(messages_after_an_attack(fixture->router, &fixture->frame, false), 0);
    struct frame_socket *plain; /* without keys it does: the attack is one */
    assert_true(frame_listen(&plain, "tcp://127.0.0.1:*", MAXIMUM, NULL, &fixture->error));
    assert_in_range(messages_after_an_attack(plain, &fixture->frame, true), 1, 12000);
    frame_close(&plain);
    const struct frame_keys keys = keys_of(&fixture->listed, fixture->server.public_text);
    connect_with(fixture, &keys);
    receive(fixture); /* and who has a key is served as before */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_who_outrun_us_ping_and_hang_up_do_no_harm, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_key_on_the_list_comes_in_and_its_messages_say_whose_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_is_not_on_the_list_is_refused_and_told_so,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(whoever_has_no_key_never_gets_to_the_gate, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_public_key_without_its_secret_is_no_key, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_client_does_not_talk_to_a_listener_with_another_key,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_comes_in_while_nobody_answers_at_the_gate, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            joining_and_leaving_is_told_with_the_descriptor_of_the_messages, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stranger_gets_nothing_into_a_queue, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_with_a_key_takes_no_more_memory_once_it_is_in,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(with_keys_any_address_may_be_listened_on, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
