/* link.h: a worker whose coordinator does not answer says so, and tries another connection, once in
 * a while. */
#include "worker/shell/link.h"
#include "proto/codec.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND };

struct fixture {
    struct link *link;
    int nobody; /* a port is bound to it, and nobody listens there */
    char endpoint[64];
    FILE *log; /* standard error meanwhile */
    int error_fd;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t bytes = sizeof address;
    struct error error;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fixture->nobody = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fixture->nobody, (struct sockaddr *)&address, bytes), 0);
    assert_int_equal(getsockname(fixture->nobody, (struct sockaddr *)&address, &bytes), 0);
    snprintf(fixture->endpoint, sizeof fixture->endpoint, "tcp://127.0.0.1:%d",
             ntohs(address.sin_port));
    unsetenv("LDT_KEY_FILE");
    if (!link_create(&fixture->link, &(struct link_options){ .coordinator = fixture->endpoint },
                     &error))
        fail_msg("%s", error.text);
    fixture->log = tmpfile();
    fflush(stderr);
    fixture->error_fd = dup(STDERR_FILENO);
    dup2(fileno(fixture->log), STDERR_FILENO);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    fflush(stderr);
    dup2(fixture->error_fd, STDERR_FILENO);
    close(fixture->error_fd);
    fclose(fixture->log);
    link_destroy(&fixture->link);
    close(fixture->nobody);
    free(fixture);
    return 0;
}

static void pass_time(struct fixture *fixture, bool connected, int64_t from_ms, int64_t until_ms)
{
    for (int64_t now_ms = from_ms; now_ms < until_ms; now_ms += SECOND / 2)
        link_find(fixture->link, connected, now_ms);
}

/* How often an event was logged; *all is everything that was. */
static int count_of(struct fixture *fixture, const char *event, char all[4096])
{
    int count = 0;
    fflush(stderr);
    rewind(fixture->log);
    all[fread(all, 1, 4095, fixture->log)] = '\0';
    for (const char *at = all; (at = strstr(at, event)) != NULL; at++)
        count++;
    return count;
}

static int complaints(struct fixture *fixture, char all[4096])
{
    return count_of(fixture, "event=no-coordinator", all);
}

static int connections(struct fixture *fixture)
{
    char unused[4096];
    return count_of(fixture, "event=connecting", unused);
}

static void nobody_at_the_address_is_told_after_a_while_and_then_seldom(void **state)
{
    struct fixture *fixture = *state;
    char said[4096];
    pass_time(fixture, false, 0, 9 * SECOND);
    assert_int_equal(complaints(fixture, said), 0);
    pass_time(fixture, false, 9 * SECOND, 9 * MINUTE);
    assert_int_equal(complaints(fixture, said), 1);
    assert_non_null(strstr(said, fixture->endpoint));
    assert_non_null(strstr(said, "(from --coordinator): is ldt-coordinator running there"));
    pass_time(fixture, false, 9 * MINUTE, 11 * MINUTE);
    assert_int_equal(complaints(fixture, said), 2);
}

static void a_coordinator_that_answers_is_not_complained_of(void **state)
{
    struct fixture *fixture = *state;
    char said[4096];
    pass_time(fixture, false, 0, 9 * SECOND);
    pass_time(fixture, true, 9 * SECOND, 9 * MINUTE);
    pass_time(fixture, false, 9 * MINUTE, 9 * MINUTE + 9 * SECOND);
    assert_int_equal(complaints(fixture, said), 0);
    pass_time(fixture, false, 9 * MINUTE + 9 * SECOND, 10 * MINUTE);
    assert_int_equal(complaints(fixture, said), 1);
}

static void a_socket_that_hears_nothing_is_replaced_after_a_minute_and_then_seldom(void **state)
{
    struct fixture *fixture = *state;
    pass_time(fixture, false, 0, MINUTE);
    assert_int_equal(connections(fixture), 1);
    pass_time(fixture, false, MINUTE, 10 * MINUTE);
    assert_int_equal(connections(fixture), 2);
    pass_time(fixture, false, 10 * MINUTE, 12 * MINUTE);
    assert_int_equal(connections(fixture), 3);
    pass_time(fixture, true, 12 * MINUTE, 60 * MINUTE);
    pass_time(fixture, false, 60 * MINUTE, 61 * MINUTE - SECOND);
    assert_int_equal(connections(fixture), 3);
}

/* ---- a coordinator that answers, and does not want this worker: a key of the wrong role */

/* To the first who asks. */
static void refuse_one(struct frame_socket *coordinator)
{
    struct message refusal = { .type = MESSAGE_ERROR };
    struct frame_peer peer;
    struct error error;
    struct buf frame;
    refusal.error.code = ERROR_FORBIDDEN;
    refusal.error.text = "no";
    buf_init(&frame, MESSAGE_MAX_BYTES);
    while (frame_receive(coordinator, &peer, &frame) != FRAME_OK)
        frame_wait(&coordinator, 1, NULL, NULL, 0, -1);
    buf_clear(&frame);
    assert_true(codec_encode(&frame, &refusal, &error));
    assert_int_equal(frame_send(coordinator, &peer, frame.bytes, frame.length), FRAME_OK);
    buf_free(&frame);
}

/* The link has sent something, and it was answered. */
static void is_refused(struct link *link, struct frame_socket *coordinator, int64_t now_ms)
{
    const struct message question = { .type = MESSAGE_ASK };
    struct arena *arena = arena_create(4096);
    struct frame_socket *socket = link_socket(link);
    struct message answer;
    while (!link_find(link, false, now_ms)) /* until it is connected: it was told where before */
        frame_wait(&socket, 1, NULL, NULL, 0, 1000);
    link_send(link, &question);
    refuse_one(coordinator);
    while (link_receive(link, &answer, arena) == LINK_NOTHING)
        frame_wait(&socket, 1, NULL, NULL, 0, -1);
    assert_int_equal(answer.type, MESSAGE_ERROR);
    arena_destroy(&arena);
}

/* The link is now one to this coordinator. */
static void begin_listening(struct fixture *fixture, struct frame_socket **coordinator)
{
    struct error error;
    link_destroy(&fixture->link);
    if (!frame_listen(coordinator, "tcp://127.0.0.1:*", MESSAGE_MAX_BYTES, NULL, &error) ||
        !link_create(&fixture->link,
                     &(struct link_options){ .coordinator = frame_endpoint(*coordinator) }, &error))
        fail_msg("%s", error.text);
    assert_true(link_find(fixture->link, false, 0)); /* it has made a socket */
}

static void one_that_answers_with_a_refusal_is_not_said_to_be_silent(void **state)
{
    struct fixture *fixture = *state;
    struct frame_socket *coordinator;
    char said[4096];
    begin_listening(fixture, &coordinator);
    is_refused(fixture->link, coordinator, 0);
    pass_time(fixture, false, 0, 50 * SECOND); /* the pauses between two attempts are of 30 s */
    assert_int_equal(complaints(fixture, said), 0);
    assert_int_equal(connections(fixture), 1);
    pass_time(fixture, false, 50 * SECOND, 2 * MINUTE);
    assert_int_equal(complaints(fixture, said), 1);
    assert_non_null(strstr(said, "any more: the coordinator is down")); /* it was reached before */
    frame_close(&coordinator);
}

/* ---- another connection to the same place */

static void say_something(struct link *link, struct frame_socket *coordinator,
                          struct frame_peer *peer)
{
    const struct message question = { .type = MESSAGE_ASK };
    struct frame_socket *socket = link_socket(link);
    struct buf frame;
    buf_init(&frame, MESSAGE_MAX_BYTES);
    while (!link_find(link, false, 0))
        frame_wait(&socket, 1, NULL, NULL, 0, 1000);
    link_send(link, &question);
    while (frame_receive(coordinator, peer, &frame) != FRAME_OK)
        frame_wait(&coordinator, 1, NULL, NULL, 0, -1);
    buf_free(&frame);
}

static void a_renewed_connection_is_another_one_to_the_same_coordinator(void **state)
{
    struct fixture *fixture = *state;
    struct frame_socket *coordinator;
    struct frame_peer before = { 0 }, after = { 0 };
    begin_listening(fixture, &coordinator);
    say_something(fixture->link, coordinator, &before);
    link_renew(fixture->link);
    say_something(fixture->link, coordinator, &after);
    assert_memory_not_equal(before.bytes, after.bytes, before.length);
    assert_int_equal(connections(fixture), 1); /* told once: a person need not know of the other */
    frame_close(&coordinator);
}

/* Nobody is named: no option, no connect file, and the variable, if it is set, is empty. */
static void begin_unnamed(struct fixture *fixture, bool runs_commands, bool is_set)
{
    struct error error;
    const struct link_options options = { .runs_commands = runs_commands };
    link_destroy(&fixture->link);
    unsetenv("LDT_COORDINATOR");
    if (is_set)
        setenv("LDT_COORDINATOR", "", 1);
    setenv("XDG_STATE_HOME", "/dev/null/nowhere", 1);
    if (!link_create(&fixture->link, &options, &error))
        fail_msg("%s", error.text);
}

static void goes_to_nobody(struct fixture *fixture)
{
    char said[4096];
    assert_false(link_find(fixture->link, false, 0));
    assert_int_equal(complaints(fixture, said), 0); /* the file may be about to come */
    assert_false(link_find(fixture->link, false, 1 * SECOND));
    assert_false(link_find(fixture->link, false, 2 * SECOND));
    assert_null(link_socket(fixture->link));
    assert_int_equal(complaints(fixture, said), 1);
    assert_non_null(strstr(said, "it waits for /dev/null/nowhere/ldt/connect.json"));
}

static void a_worker_that_runs_commands_goes_to_nobody_by_guess(void **state)
{
    struct fixture *fixture = *state;
    begin_unnamed(fixture, true, false);
    goes_to_nobody(fixture);
    begin_unnamed(fixture, false, false);
    assert_true(link_find(fixture->link, false, 3 * SECOND)); /* it runs its own trainer only */
}

static void a_variable_that_is_set_to_nothing_names_nobody(void **state)
{
    struct fixture *fixture = *state;
    begin_unnamed(fixture, true, true);
    goes_to_nobody(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_worker_that_runs_commands_goes_to_nobody_by_guess, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_variable_that_is_set_to_nothing_names_nobody, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nobody_at_the_address_is_told_after_a_while_and_then_seldom,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_coordinator_that_answers_is_not_complained_of, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_socket_that_hears_nothing_is_replaced_after_a_minute_and_then_seldom, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_renewed_connection_is_another_one_to_the_same_coordinator, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_answers_with_a_refusal_is_not_said_to_be_silent,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
