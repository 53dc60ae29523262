/* frame.h: one frame arrives as one frame, whatever peers do; only loopback is listened on. */
#include "common/clock.h"
#include "common/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

enum { MAXIMUM = 1 << 16, PATIENCE_MS = 20000 };

struct fixture {
    struct frame_socket *router, *dealer;
    struct frame_peer peer;
    struct buf frame;
    struct error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    buf_init(&fixture->frame, MAXIMUM);
    if (!frame_listen(&fixture->router, "tcp://127.0.0.1:*", MAXIMUM, NULL, &fixture->error) ||
        !frame_connect(&fixture->dealer, frame_endpoint(fixture->router), MAXIMUM, NULL,
                       &fixture->error))
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

/* Waits, with a bound, until something arrives. */
static enum frame_result receive(struct fixture *fixture, struct frame_socket *socket)
{
    enum frame_result result;
    int64_t until = clock_monotonic_ms() + PATIENCE_MS;
    while ((result = frame_receive(socket, &fixture->peer, &fixture->frame)) == FRAME_NOTHING) {
        bool ready;
        assert_true(clock_monotonic_ms() < until);
        frame_wait(&socket, 1, NULL, &ready, 0, PATIENCE_MS);
    }
    return result;
}

/* A peer that speaks ZeroMQ by itself, with sockets and options of its own. */
struct stranger {
    void *context, *socket;
};

static struct stranger stranger_connect(const char *endpoint, const char *routing_id)
{
    struct stranger stranger = { .context = zmq_ctx_new() };
    int linger = 0;
    stranger.socket = zmq_socket(stranger.context, ZMQ_DEALER);
    zmq_setsockopt(stranger.socket, ZMQ_LINGER, &linger, sizeof linger);
    if (routing_id != NULL)
        zmq_setsockopt(stranger.socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id));
    assert_int_equal(zmq_connect(stranger.socket, endpoint), 0);
    return stranger;
}

static void stranger_leave(struct stranger *stranger)
{
    zmq_close(stranger->socket);
    zmq_ctx_term(stranger->context);
}

static void a_frame_goes_there_and_back(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(frame_send(fixture->dealer, NULL, "ping", 4), FRAME_OK);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    assert_string_equal(fixture->frame.bytes, "ping");
    assert_int_equal(fixture->peer.length, 5);
    assert_int_equal(frame_send(fixture->router, &fixture->peer, "pong", 4), FRAME_OK);
    assert_int_equal(receive(fixture, fixture->dealer), FRAME_OK);
    assert_string_equal(fixture->frame.bytes, "pong");
    assert_int_equal(frame_receive(fixture->dealer, NULL, &fixture->frame), FRAME_NOTHING);
}

static void a_peer_survives_as_a_number(void **state)
{
    struct fixture *fixture = *state;
    frame_send(fixture->dealer, NULL, "hi", 2);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    struct frame_peer again = frame_peer_of(frame_peer_number(&fixture->peer));
    assert_int_not_equal(frame_peer_number(&fixture->peer), 0);
    assert_int_equal(frame_send(fixture->router, &again, "ho", 2), FRAME_OK);
    assert_int_equal(receive(fixture, fixture->dealer), FRAME_OK);
    assert_string_equal(fixture->frame.bytes, "ho");
    assert_int_equal(
        frame_peer_number(&(struct frame_peer){ .bytes = { 0, 0xff, 0, 1, 2 }, .length = 5 }),
        0xff000103u);
}

static void an_empty_frame_is_a_frame(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(frame_send(fixture->dealer, NULL, "", 0), FRAME_OK);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    assert_int_equal(fixture->frame.length, 0);
}

static void a_multipart_message_is_dropped_whole_and_the_next_frame_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct stranger stranger = stranger_connect(frame_endpoint(fixture->router), NULL);
    for (int i = 0; i < 1000; i++) /* more parts than one call drains */
        zmq_send(stranger.socket, "part", 4, ZMQ_SNDMORE);
    zmq_send(stranger.socket, "last", 4, 0);
    zmq_send(stranger.socket, "whole", 5, 0);
    int dropped = 0;
    while (receive(fixture, fixture->router) == FRAME_DROPPED)
        dropped++;
    assert_in_range(dropped, 1, 10);
    assert_string_equal(fixture->frame.bytes, "whole");
    stranger_leave(&stranger);
}

static void a_routing_id_of_the_senders_choosing_is_not_accepted(void **state)
{
    struct fixture *fixture = *state;
    struct stranger stranger = stranger_connect(frame_endpoint(fixture->router), "boss");
    zmq_send(stranger.socket, "hello", 5, 0);
    assert_int_equal(receive(fixture, fixture->router), FRAME_DROPPED);
    assert_int_equal(fixture->peer.length, 0);
    stranger_leave(&stranger);
}

/* Refused, its messages would stay in ZeroMQ for ever. */
static void whoever_takes_the_routing_id_of_another_is_read_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    const char *endpoint = frame_endpoint(fixture->router);
    struct stranger first = stranger_connect(endpoint, "same"), second;
    zmq_send(first.socket, "1", 1, 0);
    assert_int_equal(receive(fixture, fixture->router), FRAME_DROPPED);
    second = stranger_connect(endpoint, "same");
    for (int i = 0; i < 500; i++)
        zmq_send(second.socket, "2", 1, 0);
    for (int i = 0; i < 500; i++)
        assert_int_equal(receive(fixture, fixture->router), FRAME_DROPPED);
    stranger_leave(&first);
    stranger_leave(&second);
    frame_send(fixture->dealer, NULL, "honest", 6);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
}

static uint64_t number_of_the_first_peer(void)
{
    struct fixture *fixture;
    srand(1); /* as every process begins */
    set_up((void **)&fixture);
    frame_send(fixture->dealer, NULL, "x", 1);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    uint64_t number = frame_peer_number(&fixture->peer);
    tear_down((void **)&fixture);
    return number;
}

static void routing_ids_cannot_be_foreseen(void **state)
{
    assert_int_not_equal(number_of_the_first_peer(), number_of_the_first_peer());
}

static void an_oversized_frame_never_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct stranger stranger = stranger_connect(frame_endpoint(fixture->router), NULL);
    char *large = calloc(1, MAXIMUM + 1);
    zmq_send(stranger.socket, large, MAXIMUM + 1,
             0); /* ZeroMQ cuts the connection, then makes another */
    zmq_send(stranger.socket, "small", 5, 0);
    frame_send(fixture->dealer, NULL, "other", 5);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    assert_int_equal(fixture->frame.length, 5);
    free(large);
    stranger_leave(&stranger);
}

static void a_peer_that_left_is_gone(void **state)
{
    struct fixture *fixture = *state;
    enum frame_result result;
    struct frame_event event;
    frame_send(fixture->dealer, NULL, "bye", 3);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    frame_close(&fixture->dealer);
    for (int i = 0; i < 1000; i++) { /* until the router has noticed; each wait is bounded */
        bool ready;
        while (frame_next_event(fixture->router, &event))
            continue; /* or the wait would end at once */
        result = frame_send(fixture->router, &fixture->peer, "?", 1);
        if (result == FRAME_GONE)
            break;
        frame_wait(&fixture->router, 1, NULL, &ready, 0, 10);
    }
    assert_int_equal(result, FRAME_GONE);
}

static void what_was_sent_before_the_end_can_be_given_time_to_go_out(void **state)
{
    enum { FRAMES = 100 };
    struct fixture *fixture = *state;
    static const char large[MAXIMUM / 2];
    frame_send(fixture->dealer, NULL, "here", 4);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(frame_send(fixture->dealer, NULL, large, sizeof large), FRAME_OK);
    frame_close_sent(&fixture->dealer, PATIENCE_MS);
    assert_null(fixture->dealer);
    for (int i = 0; i < FRAMES; i++)
        assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
}

/* The only socket of the process: the last one waits, and must not wait for ever. */
static void but_not_for_ever(void **state)
{
    struct frame_socket *socket;
    struct error error;
    frame_close_sent(&(struct frame_socket *){ NULL }, PATIENCE_MS);
    if (!frame_connect(&socket, "tcp://127.0.0.1:1", MAXIMUM, NULL, &error)) /* nobody is there */
        fail_msg("%s", error.text);
    assert_int_equal(frame_send(socket, NULL, "bye", 3), FRAME_OK);
    int64_t before_ms = clock_monotonic_ms();
    frame_close_sent(&socket, 50);
    assert_true(clock_monotonic_ms() - before_ms < PATIENCE_MS);
}

static void a_peer_that_never_reads_fills_a_bounded_queue(void **state)
{
    struct fixture *fixture = *state;
    char *block = calloc(1, MAXIMUM);
    size_t sent = 0;
    frame_send(fixture->dealer, NULL, "hi", 2);
    assert_int_equal(receive(fixture, fixture->router), FRAME_OK);
    while (frame_send(fixture->router, &fixture->peer, block, MAXIMUM) == FRAME_OK)
        assert_true(++sent < 100000);
    assert_int_equal(frame_send(fixture->router, &fixture->peer, block, MAXIMUM), FRAME_NOTHING);
    free(block);
}

static void waiting_tells_which_descriptor_is_ready(void **state)
{
    struct fixture *fixture = *state;
    int quiet[2], loud[2];
    assert_int_equal(pipe(quiet), 0);
    assert_int_equal(pipe(loud), 0);
    assert_int_equal(write(loud[1], "x", 1), 1);
    bool ready[2] = { true, false };
    assert_true(
        frame_wait(&fixture->router, 1, (int[]){ quiet[0], loud[0] }, ready, 2, PATIENCE_MS));
    assert_false(ready[0]);
    assert_true(ready[1]);
    for (int i = 0; i < 2; i++) {
        close(quiet[i]);
        close(loud[i]);
    }
}

static void assert_not_listening(const char *endpoint, const char *why)
{
    struct frame_socket *socket;
    struct error error;
    assert_false(frame_listen(&socket, endpoint, MAXIMUM, NULL, &error));
    assert_null(socket);
    if (strstr(error.text, why) == NULL)
        fail_msg("%s: expected `%s`, got `%s`", endpoint, why, error.text);
}

static void only_loopback_is_listened_on(void **state)
{
    assert_not_listening("tcp://0.0.0.0:*", "without keys");
    assert_not_listening("tcp://*:5700", "without keys");
    assert_not_listening("tcp://192.0.2.1:5700", "without keys");
    assert_not_listening("tcp://[::]:5700", "without keys");
    assert_not_listening("tcp://eth0:5700", "without keys");
    assert_not_listening("127.0.0.1:5700", "is not an endpoint");
    assert_not_listening("tcp://127.0.0.1", "is not an endpoint");
    assert_not_listening("inproc://a", "is not an endpoint");
    assert_not_listening("tcp://127.0.0.1:70000", "is not an endpoint");
}

static void loopback_has_several_names(void **state)
{
    static const char *const names[] = { "tcp://localhost:*", "tcp://127.1.2.3:*",
                                         "tcp://[::1]:*" };
    for (size_t i = 0; i < 3; i++) {
        struct frame_socket *socket;
        struct error error;
        if (!frame_listen(&socket, names[i], MAXIMUM, NULL, &error) &&
            i < 2) /* not all have IPv6 */
            fail_msg("%s", error.text);
        frame_close(&socket);
    }
}

static void a_port_in_use_is_named(void **state)
{
    struct fixture *fixture = *state;
    assert_not_listening(frame_endpoint(fixture->router), "another process does");
    assert_not_listening(frame_endpoint(fixture->router), frame_endpoint(fixture->router));
}

/* ZeroMQ would take the place of another process's socket without a word. */
static void a_socket_file_that_somebody_listens_on_is_left_alone(void **state)
{
    char endpoint[64];
    struct frame_socket *first;
    struct error error;
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/frame_test.%ld", (long)getpid());
    for (int again = 0; again < 2; again++) { /* what is left behind is in nobody's way */
        assert_true(frame_listen(&first, endpoint, MAXIMUM, NULL, &error));
        assert_not_listening(endpoint, "another process does");
        frame_close(&first);
    }
    unlink(endpoint + strlen("ipc://"));
}

/* Whoever may write to it may ask for anything. */
static void a_socket_file_is_for_its_owner_alone(void **state)
{
    char endpoint[64];
    struct frame_socket *listener;
    struct error error;
    struct stat status;
    mode_t mask = umask(0);
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/frame_test.%ld", (long)getpid());
    assert_true(frame_listen(&listener, endpoint, MAXIMUM, NULL, &error));
    assert_int_equal(umask(mask), 0); /* of all that is made later */
    assert_int_equal(stat(endpoint + strlen("ipc://"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    frame_close(&listener);
    unlink(endpoint + strlen("ipc://"));
}

static void a_socket_file_is_found_from_every_directory(void **state)
{
    assert_not_listening("ipc://ldt.sock", "give the whole path of the file");
    assert_not_listening("ipc://~/ldt.sock", "give the whole path of the file");
    assert_not_listening("ipc://*", "give the whole path of the file");
    assert_not_listening("ipc://@abstract", "give the whole path of the file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_frame_goes_there_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_survives_as_a_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_frame_is_a_frame, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_multipart_message_is_dropped_whole_and_the_next_frame_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_routing_id_of_the_senders_choosing_is_not_accepted,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            whoever_takes_the_routing_id_of_another_is_read_all_the_same, set_up, tear_down),
        cmocka_unit_test(routing_ids_cannot_be_foreseen),
        cmocka_unit_test_setup_teardown(an_oversized_frame_never_arrives, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_left_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_sent_before_the_end_can_be_given_time_to_go_out,
                                        set_up, tear_down),
        cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test_setup_teardown(a_peer_that_never_reads_fills_a_bounded_queue, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(waiting_tells_which_descriptor_is_ready, set_up, tear_down),
        cmocka_unit_test(only_loopback_is_listened_on),
        cmocka_unit_test(loopback_has_several_names),
        cmocka_unit_test_setup_teardown(a_port_in_use_is_named, set_up, tear_down),
        cmocka_unit_test(a_socket_file_that_somebody_listens_on_is_left_alone),
        cmocka_unit_test(a_socket_file_is_for_its_owner_alone),
        cmocka_unit_test(a_socket_file_is_found_from_every_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
