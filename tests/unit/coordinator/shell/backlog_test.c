/* backlog.h: whoever sends much that is not taken is hung up on, the largest first. */
#include "coordinator/shell/backlog.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Connections over TCP: ours is what the coordinator holds, theirs the peer's end. */
enum { PAIRS = 3, KIB = 1024 };

struct fixture {
    struct peers peers;
    struct backlog backlog;
    int ours[PAIRS], theirs[PAIRS];
    int64_t now_ms;
};

static void connect_pair(int listener, int *ours, int *theirs)
{
    struct sockaddr_in address;
    socklen_t bytes = sizeof address;
    *theirs = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &bytes), 0);
    assert_int_equal(connect(*theirs, (struct sockaddr *)&address, bytes), 0);
    *ours = accept(listener, NULL, NULL);
    assert_true(*ours >= 0);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, PAIRS), 0);
    for (int i = 0; i < PAIRS; i++)
        connect_pair(listener, &fixture->ours[i], &fixture->theirs[i]);
    close(listener);
    peers_init(&fixture->peers, 0, 0);
    fixture->now_ms = 100000;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    peers_free(&fixture->peers);
    for (int i = 0; i < PAIRS; i++) {
        close(fixture->ours[i]);
        close(fixture->theirs[i]);
    }
    free(fixture);
    return 0;
}

/* The i-th peer sends so much, and ZeroMQ, here we, reads it into memory. */
static void send_much(struct fixture *fixture, int i, size_t kib)
{
    static char block[KIB], sink[KIB];
    for (size_t k = 0; k < kib; k++) {
        assert_int_equal(send(fixture->theirs[i], block, KIB, 0), KIB);
        assert_int_equal(recv(fixture->ours[i], sink, KIB, MSG_WAITALL), KIB);
    }
}

static struct peer *meet(struct fixture *fixture, int i)
{
    struct frame_peer from = frame_peer_of((uint64_t)i + 1);
    from.descriptor = fixture->ours[i];
    return peers_meet(&fixture->peers, &from, NULL, fixture->now_ms);
}

static size_t limit(struct fixture *fixture)
{
    fixture->now_ms += 2 * BACKLOG_LOOK_ALL_MS;
    return backlog_limit(&fixture->backlog, &fixture->peers, fixture->now_ms);
}

static bool is_hung_up(const struct fixture *fixture, int i)
{
    char byte;
    return recv(fixture->theirs[i], &byte, 1, MSG_DONTWAIT) == 0;
}

static void strangers_send_so_much_all_together_and_the_largest_goes(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < PAIRS; i++)
        peers_joined(&fixture->peers, fixture->ours[i], fixture->now_ms);
    send_much(fixture, 0, 1);
    send_much(fixture, 1, 3000);
    send_much(fixture, 2, 4000);
    assert_int_equal(limit(fixture), 0);
    send_much(fixture, 2, 2000);
    assert_int_equal(limit(fixture), 1);
    assert_true(is_hung_up(fixture, 2));
    assert_false(is_hung_up(fixture, 1));
    assert_false(is_hung_up(fixture, 0));
}

static void what_was_taken_does_not_count(void **state)
{
    struct fixture *fixture = *state;
    struct peer *peer = meet(fixture, 0);
    for (int i = 0; i < 10; i++) {
        send_much(fixture, 0, 10000);
        backlog_taken(peer, 10000 * KIB);
        assert_int_equal(limit(fixture), 0);
    }
    send_much(fixture, 0, BACKLOG_ACCOUNT_BYTES / KIB + 1);
    assert_int_equal(limit(fixture), 1);
    assert_true(is_hung_up(fixture, 0));
}

static void a_fleet_with_one_key_may_have_more_that_waits(void **state)
{
    struct fixture *fixture = *state;
    struct account *account = meet(fixture, 0)->account;
    account->connections = PEERS_FLEET;
    send_much(fixture, 0, BACKLOG_ACCOUNT_BYTES / KIB + 1);
    assert_int_equal(limit(fixture), 0);
    account->connections = 1;
    assert_int_equal(limit(fixture), 1);
}

static void many_small_messages_give_no_credit(void **state)
{
    struct fixture *fixture = *state;
    struct peer *peer = meet(fixture, 0);
    for (int i = 0; i < 1000000; i++)
        backlog_taken(peer, 100);
    assert_int_equal(limit(fixture), 0);
    send_much(fixture, 0, BACKLOG_ACCOUNT_BYTES / KIB + 1);
    assert_int_equal(limit(fixture), 1);
}

static void between_two_looks_nobody_is_asked(void **state)
{
    struct fixture *fixture = *state;
    peers_joined(&fixture->peers, fixture->ours[0], fixture->now_ms);
    assert_int_equal(limit(fixture), 0);
    send_much(fixture, 0, BACKLOG_YOUNG_BYTES / KIB + 1);
    assert_int_equal(backlog_limit(&fixture->backlog, &fixture->peers, fixture->now_ms), 0);
    assert_int_equal(limit(fixture), 1);
}

#define WITH_PEERS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PEERS(strangers_send_so_much_all_together_and_the_largest_goes),
        WITH_PEERS(what_was_taken_does_not_count),
        WITH_PEERS(a_fleet_with_one_key_may_have_more_that_waits),
        WITH_PEERS(many_small_messages_give_no_credit),
        WITH_PEERS(between_two_looks_nobody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
