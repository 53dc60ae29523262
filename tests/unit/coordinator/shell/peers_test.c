/* peers.h and allow_list.h: accounts belong to keys, connections are bounded, and a list of keys is
 * what its directory says. */
#include "coordinator/shell/peers.h"
#include "coordinator/shell/roles.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Descriptors that hanging up cannot hurt: they are not open. */
enum { NOBODYS = 100000 };

struct fixture {
    struct peers peers;
    struct allow_list *list;
    struct key worker, reader;
    char directory[64];
    struct error error;
    int64_t now_ms;
};

static void admit(const struct fixture *fixture, const struct key *key, const char *file)
{
    char path[128];
    struct error error;
    snprintf(path, sizeof path, "%s/%s", fixture->directory, file);
    if (!key_write_public(key, path, &error))
        fail_msg("%s", error.text);
}

static void take_away(const struct fixture *fixture, const char *file)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->directory, file);
    assert_int_equal(unlink(path), 0);
}

static bool look(struct fixture *fixture)
{
    return allow_list_look(fixture->list, fixture->now_ms += 1000);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/peers_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    assert_true(key_make(&fixture->worker, "w", KEY_WORKER, "", &fixture->error));
    assert_true(key_make(&fixture->reader, "r", KEY_READ, "", &fixture->error));
    admit(fixture, &fixture->worker, "w.pub");
    if (!allow_list_open(&fixture->list, fixture->directory, &fixture->error))
        fail_msg("%s", fixture->error.text);
    fixture->now_ms = 5000;
    peers_init(&fixture->peers, 0, 2);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = { "w.pub", "r.pub", "x.pub", "y.pub", ".z.pub", "note" };
    struct fixture *fixture = *state;
    char path[128];
    peers_free(&fixture->peers);
    allow_list_close(&fixture->list);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", fixture->directory, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

/* A message of peer number n, over the n-th of nobody's descriptors. */
static struct peer *meet_at(struct fixture *fixture, uint64_t n, int descriptor, const char *key)
{
    struct frame_peer from = frame_peer_of(n);
    snprintf(from.key, sizeof from.key, "%s", key);
    from.descriptor = descriptor;
    return peers_meet(&fixture->peers, &from, key[0] != '\0' ? fixture->list : NULL,
                      fixture->now_ms);
}

static struct peer *meet(struct fixture *fixture, uint64_t n, const char *key)
{
    return meet_at(fixture, n, NOBODYS + (int)n, key);
}

/* ---- the list */

static void a_key_is_on_the_list_with_its_role(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(allow_list_role(fixture->list, fixture->worker.public_text), KEY_WORKER);
    assert_int_equal(allow_list_role(fixture->list, fixture->reader.public_text), KEY_NO_ROLE);
    assert_int_equal(allow_list_role(fixture->list, ""), KEY_NO_ROLE);
    assert_int_equal(allow_list_count(fixture->list), 1);
}

static void a_file_that_comes_or_goes_is_noticed_within_a_second(void **state)
{
    struct fixture *fixture = *state;
    look(fixture);
    assert_false(look(fixture)); /* nothing new */
    admit(fixture, &fixture->reader, "r.pub");
    assert_false(allow_list_look(fixture->list, fixture->now_ms + 999));
    assert_true(look(fixture));
    assert_int_equal(allow_list_role(fixture->list, fixture->reader.public_text), KEY_READ);
    take_away(fixture, "w.pub");
    assert_true(look(fixture));
    assert_int_equal(allow_list_role(fixture->list, fixture->worker.public_text), KEY_NO_ROLE);
}

static void a_key_with_two_roles_has_none(void **state)
{
    struct fixture *fixture = *state;
    struct key promoted = fixture->worker;
    promoted.role = KEY_SUBMIT;
    admit(fixture, &promoted, "x.pub");
    assert_true(look(fixture));
    assert_int_equal(allow_list_role(fixture->list, fixture->worker.public_text), KEY_NO_ROLE);
    take_away(fixture, "x.pub");
    assert_true(look(fixture));
    assert_int_equal(allow_list_role(fixture->list, fixture->worker.public_text), KEY_WORKER);
}

static void what_is_no_public_key_admits_nobody_and_hurts_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct key server;
    char path[128];
    assert_true(key_make(&server, "s", KEY_SERVER, "", &fixture->error));
    admit(fixture, &server, "x.pub");
    admit(fixture, &fixture->reader, ".z.pub");
    admit(fixture, &fixture->reader, "note");
    snprintf(path, sizeof path, "%s/y.pub", fixture->directory);
    FILE *file = fopen(path, "w");
    fputs("curve\n    public-key = \"too short\"\n", file);
    fclose(file);
    assert_true(look(fixture));
    assert_int_equal(allow_list_count(fixture->list), 1);
    assert_int_equal(allow_list_role(fixture->list, fixture->worker.public_text), KEY_WORKER);
}

static void a_directory_that_cannot_be_read_leaves_the_list_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    char elsewhere[80];
    snprintf(elsewhere, sizeof elsewhere, "%s.moved", fixture->directory);
    assert_int_equal(rename(fixture->directory, elsewhere), 0);
    assert_false(look(fixture));
    assert_int_equal(allow_list_role(fixture->list, fixture->worker.public_text), KEY_WORKER);
    assert_int_equal(rename(elsewhere, fixture->directory), 0);
    struct allow_list *list;
    assert_false(allow_list_open(&list, elsewhere, &fixture->error));
    assert_null(list);
    assert_non_null(strstr(fixture->error.text, elsewhere));
}

static void want_of_descriptors_revokes_nobody(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit few, many;
    admit(fixture, &fixture->reader, "r.pub");
    int next = open("/dev/null", O_RDONLY); /* the directory gets this one, its files get none */
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &many), 0);
    few = many;
    few.rlim_cur = (rlim_t)next + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    bool read = look(fixture);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &many), 0);
    assert_false(read);
    assert_int_equal(allow_list_role(fixture->list, fixture->worker.public_text), KEY_WORKER);
    assert_true(look(fixture)); /* tried again */
    assert_int_equal(allow_list_role(fixture->list, fixture->reader.public_text), KEY_READ);
}

/* ---- accounts */

static void with_keys_connecting_again_is_no_fresh_start(void **state)
{
    struct fixture *fixture = *state;
    struct peer *peer = meet(fixture, 1, fixture->worker.public_text);
    for (int i = 0; i < STRIKES_OF_A_KEY; i++)
        strikes_add(&peer->strikes, &peer->account->strikes, fixture->now_ms);
    meter_charge(&peer->account->bytes, 1000);
    peers_left(&fixture->peers, NOBODYS + 1);
    assert_null(peers_find(&fixture->peers, 1));
    peer = meet(fixture, 2, fixture->worker.public_text);
    assert_int_equal(peer->strikes.count, 0);
    assert_true(strikes_on_notice(&peer->account->strikes, fixture->now_ms));
    assert_int_equal(peer->account->bytes.left, peers_bytes.at_once - 1000);
    assert_int_equal(peer->account->connections, 1);
}

static void without_keys_each_connection_stands_for_itself(void **state)
{
    struct fixture *fixture = *state;
    struct peer *peer = meet(fixture, 1, "");
    strikes_add(&peer->strikes, &peer->account->strikes, fixture->now_ms);
    assert_ptr_equal(meet(fixture, 1, ""), peer);
    assert_int_equal(meet(fixture, 2, "")->account->strikes.count, 0);
    assert_int_equal(peer->account->strikes.count, 1);
    assert_int_equal(peer->account->roles, ROLES_ALL);
}

static void one_connection_more_than_a_key_may_have_is_surplus(void **state)
{
    struct fixture *fixture = *state;
    assert_false(meet(fixture, 1, fixture->worker.public_text)->surplus);
    assert_false(meet(fixture, 2, fixture->worker.public_text)->surplus);
    assert_true(meet(fixture, 3, fixture->worker.public_text)->surplus);
    peers_left(&fixture->peers, NOBODYS + 1);
    peers_left(&fixture->peers, NOBODYS + 3);
    assert_false(meet(fixture, 4, fixture->worker.public_text)->surplus);
}

static void a_fleet_with_one_key_may_use_more_up_to_a_bound(void **state)
{
    struct fixture *fixture = *state;
    struct account *account = meet(fixture, 1, fixture->worker.public_text)->account;
    assert_int_equal(peers_allowance(account, 1000), 1000);
    meter_charge(&account->bytes, peers_bytes.at_once);
    assert_false(peers_may_send(account, fixture->now_ms));
    assert_true(peers_may_send(account, fixture->now_ms + 1000));
    assert_int_equal(account->bytes.left, peers_bytes.per_second);
    for (uint64_t i = 2; i <= 2 * PEERS_FEW; i++)
        meet(fixture, i, fixture->worker.public_text);
    assert_int_equal(peers_allowance(account, 1000), 2000);
    assert_true(peers_may_send(account, fixture->now_ms + 2000));
    assert_int_equal(account->bytes.left, 3 * peers_bytes.per_second);
    assert_true(peers_may_send(account, fixture->now_ms + 1000000)); /* a quiet time */
    assert_int_equal(account->bytes.left, 2 * peers_bytes.at_once);
    for (uint64_t i = 2 * PEERS_FEW + 1; i <= 2 * PEERS_FLEET; i++)
        meet(fixture, i, fixture->worker.public_text);
    assert_int_equal(peers_allowance(account, 1000), 1000 * PEERS_FLEET / PEERS_FEW);
}

static void a_revoked_key_loses_its_roles_and_its_connections(void **state)
{
    struct fixture *fixture = *state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    struct frame_peer from = frame_peer_of(7);
    snprintf(from.key, sizeof from.key, "%s", fixture->worker.public_text);
    from.descriptor = pair[0];
    struct peer *peer = peers_meet(&fixture->peers, &from, fixture->list, 0);
    assert_int_equal(peer->account->roles, KEY_WORKER);
    assert_int_equal(peers_review(&fixture->peers, fixture->list), 0);
    take_away(fixture, "w.pub");
    assert_true(look(fixture));
    assert_int_equal(peers_review(&fixture->peers, fixture->list), 1);
    assert_int_equal(peer->account->roles, KEY_NO_ROLE);
    char byte;
    assert_int_equal(read(pair[1], &byte, 1), 0); /* hung up on */
    peers_left(&fixture->peers, pair[0]);
    close(pair[0]);
    close(pair[1]);
}

/* ---- connections */

static void a_message_that_came_after_its_connection_ended_leaves_nothing_behind(void **state)
{
    struct fixture *fixture = *state;
    peers_joined(&fixture->peers, NOBODYS + 1, 0);
    peers_left(&fixture->peers, NOBODYS + 1);
    assert_non_null(meet(fixture, 1, ""));
    peers_joined(&fixture->peers, NOBODYS + 1, 0); /* the same descriptor, somebody else */
    assert_null(peers_find(&fixture->peers, 1));
    assert_int_equal(fixture->peers.count, 1);
}

static void what_comes_after_its_end_is_not_held_against_who_took_its_place(void **state)
{
    struct fixture *fixture = *state;
    const char *key = fixture->worker.public_text;
    meet(fixture, 1, key);
    peers_left(&fixture->peers, NOBODYS + 1);
    peers_joined(&fixture->peers, NOBODYS + 1, 0); /* the same descriptor, somebody else */
    struct peer *late = meet_at(fixture, 1, NOBODYS + 1, key);
    for (int i = 0; i < STRIKES_ALLOWED; i++)
        strikes_add(&late->strikes, &late->account->strikes, fixture->now_ms);
    struct peer *newcomer = meet_at(fixture, 2, NOBODYS + 1, key);
    assert_false(strikes_ignored(&newcomer->strikes, fixture->now_ms));
    assert_int_equal(newcomer->account->connections, 1);
    assert_int_equal(fixture->peers.count, 1);
}
static void of_the_young_so_many_are_kept_and_the_next_has_to_wait(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < PEERS_YOUNG + 10; i++)
        peers_joined(&fixture->peers, NOBODYS + i, 1000);
    assert_int_equal(fixture->peers.hung_up, 10);
    assert_int_equal(fixture->peers.young.count, PEERS_YOUNG);
    assert_false(meet(fixture, 1, "")->surplus); /* one of the first: it speaks, and makes room */
    peers_joined(&fixture->peers, NOBODYS + PEERS_YOUNG + 10, 1000);
    assert_int_equal(fixture->peers.hung_up, 10);
}

static void the_more_have_grown_up_lately_the_more_may_begin(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 100; i++) {
        peers_joined(&fixture->peers, NOBODYS + i, 1000);
        assert_non_null(meet(fixture, (uint64_t)i, ""));
    }
    for (int i = 100; i < 200 + PEERS_YOUNG; i++)
        peers_joined(&fixture->peers, NOBODYS + i, 2000);
    assert_int_equal(fixture->peers.hung_up, 0);
    peers_joined(&fixture->peers, NOBODYS + 200 + PEERS_YOUNG, 2000);
    assert_int_equal(fixture->peers.hung_up, 1);
    peers_joined(&fixture->peers, NOBODYS + 201 + PEERS_YOUNG, 60000); /* long ago */
    assert_int_equal(fixture->peers.hung_up, 2);
}

static void whoever_was_silent_for_long_makes_room(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < PEERS_YOUNG; i++)
        peers_joined(&fixture->peers, NOBODYS + i, 0);
    peers_joined(&fixture->peers, NOBODYS + PEERS_YOUNG, PEERS_SILENT_MS);
    struct link *newest = list_last(&fixture->peers.young);
    assert_int_equal(LIST_ITEM(newest, struct peer, young)->descriptor, NOBODYS + PEERS_YOUNG);
    struct link *oldest = list_first(&fixture->peers.young);
    assert_int_equal(LIST_ITEM(oldest, struct peer, young)->descriptor, NOBODYS + 1);
}

/* One more than there are places, so many ms after the first: does the first of them go? */
static bool first_makes_room(struct fixture *fixture, int64_t now_ms)
{
    int descriptor = NOBODYS + 1000;
    while (fixture->peers.young.count < PEERS_YOUNG + (int64_t)fixture->peers.grown[0])
        peers_joined(&fixture->peers, descriptor++, 0);
    peers_joined(&fixture->peers, descriptor, now_ms);
    struct link *oldest = list_first(&fixture->peers.young);
    return LIST_ITEM(oldest, struct peer, young)->descriptor != NOBODYS + 1000;
}

static void strangers_make_room_sooner_than_a_fleet(void **state)
{
    struct fixture *fixture = *state;
    assert_false(first_makes_room(fixture, PEERS_STRANGE_MS - 1));
    assert_true(first_makes_room(fixture, PEERS_STRANGE_MS));
    peers_free(&fixture->peers);
    peers_init(&fixture->peers, 0, 0);
    for (int i = 0; i < PEERS_YOUNG / 8; i++) {
        peers_joined(&fixture->peers, NOBODYS + i, 0);
        meet(fixture, (uint64_t)i, "");
    }
    assert_false(first_makes_room(fixture, PEERS_STRANGE_MS));
}

static void those_who_work_keep_their_places_when_descriptors_are_scarce(void **state)
{
    struct fixture *fixture = *state;
    fixture->peers.maximum = 4;
    for (int i = 1; i <= 4; i++) {
        peers_joined(&fixture->peers, NOBODYS + i, 0);
        assert_non_null(meet(fixture, (uint64_t)i, ""));
    }
    peers_joined(&fixture->peers, NOBODYS + 5, 0);
    assert_int_equal(fixture->peers.hung_up, 1);
    peers_left(&fixture->peers, NOBODYS + 5);
    for (uint64_t i = 1; i <= 4; i++)
        assert_non_null(peers_find(&fixture->peers, i));
}

#define WITH_A_LIST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_LIST(a_key_is_on_the_list_with_its_role),
        WITH_A_LIST(a_file_that_comes_or_goes_is_noticed_within_a_second),
        WITH_A_LIST(a_key_with_two_roles_has_none),
        WITH_A_LIST(what_is_no_public_key_admits_nobody_and_hurts_nobody),
        WITH_A_LIST(a_directory_that_cannot_be_read_leaves_the_list_as_it_was),
        WITH_A_LIST(want_of_descriptors_revokes_nobody),
        WITH_A_LIST(with_keys_connecting_again_is_no_fresh_start),
        WITH_A_LIST(without_keys_each_connection_stands_for_itself),
        WITH_A_LIST(one_connection_more_than_a_key_may_have_is_surplus),
        WITH_A_LIST(a_fleet_with_one_key_may_use_more_up_to_a_bound),
        WITH_A_LIST(a_revoked_key_loses_its_roles_and_its_connections),
        WITH_A_LIST(a_message_that_came_after_its_connection_ended_leaves_nothing_behind),
        WITH_A_LIST(what_comes_after_its_end_is_not_held_against_who_took_its_place),
        WITH_A_LIST(of_the_young_so_many_are_kept_and_the_next_has_to_wait),
        WITH_A_LIST(the_more_have_grown_up_lately_the_more_may_begin),
        WITH_A_LIST(whoever_was_silent_for_long_makes_room),
        WITH_A_LIST(strangers_make_room_sooner_than_a_fleet),
        WITH_A_LIST(those_who_work_keep_their_places_when_descriptors_are_scarce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
