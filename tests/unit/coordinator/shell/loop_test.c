/* loop.h: nothing is told before it is saved; a full disk and hostile peers are survived.
 * With the real core, the real store and real sockets; only the disk can be told to fail. */
#include "coordinator/shell/loop.h"
#include "common/clock.h"
#include "coordinator/shell/door.h"
#include "coordinator/shell/outbox.h"
#include "coordinator/shell/porter.h"
#include "coordinator/store/handle.h"
#include "proto/codec.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_TURNS = 3000, TURN_MS = 5 };
enum { UNREAD = 20000 }; /* answers: more than all queues on the way take */

struct world {
    struct loop loop;
    struct frame_socket *client, *other;
    struct arena *arena;
    struct buf frame;
    char directory[64], database[128];
    int pipe[2];
};

/* The disk: what the next saves answer, and how many there were. */
static enum store_result disk;
static int saves;

static enum store_result save_or_fail(struct store *store, const struct actions *actions,
                                      struct error *error)
{
    saves++;
    if (disk == STORE_OK)
        return store_save(store, actions, error);
    error_set(error, disk == STORE_HELD ? "no space left" : "input/output error");
    return disk;
}

static void must(bool fine, const struct error *error)
{
    if (!fine)
        fail_msg("%s", error->text);
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
    snprintf(world->directory, sizeof world->directory, "/tmp/loop_test.XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->database, sizeof world->database, "%s/runs.db", world->directory);
    assert_int_equal(pipe(world->pipe), 0);
    world->arena = arena_create(1 << 16);
    buf_init(&world->frame, MESSAGE_MAX_BYTES);
    loop_init(loop);
    loop->core = core_create(&options);
    loop->save = save_or_fail;
    loop->signals = world->pipe[0];
    must(store_open(&loop->store, world->database, &error), &error);
    must(store_restore(loop->store, loop->core, clock_monotonic_ms(), &error), &error);
    must(frame_listen(&loop->socket, "tcp://127.0.0.1:*", MESSAGE_MAX_BYTES, NULL, &error), &error);
    const char *endpoint = frame_endpoint(loop->socket);
    must(frame_connect(&world->client, endpoint, MESSAGE_MAX_BYTES, NULL, &error), &error);
    must(frame_connect(&world->other, endpoint, MESSAGE_MAX_BYTES, NULL, &error), &error);
    disk = STORE_OK;
    saves = 0;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const suffixes[] = { "", "-wal", "-shm", "-lock" };
    struct world *world = *state;
    char path[160];
    frame_close(&world->client);
    frame_close(&world->other);
    frame_close(&world->loop.socket);
    core_destroy(&world->loop.core);
    store_close(&world->loop.store);
    loop_free(&world->loop);
    close(world->pipe[0]);
    close(world->pipe[1]);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s%s", world->database, suffixes[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(world->directory), 0);
    arena_destroy(&world->arena);
    buf_free(&world->frame);
    free(world);
    return 0;
}

/* ---- a peer's half */

static void send_message(struct world *world, struct frame_socket *from, struct message message)
{
    struct error error;
    buf_clear(&world->frame);
    must(codec_encode(&world->frame, &message, &error), &error);
    assert_int_equal(frame_send(from, NULL, world->frame.bytes, world->frame.length), FRAME_OK);
}

static bool received(struct world *world, struct frame_socket *at, struct message *message)
{
    struct error error;
    uint32_t version;
    if (frame_receive(at, NULL, &world->frame) != FRAME_OK)
        return false;
    arena_reset(world->arena);
    must(codec_decode(message, world->frame.bytes, world->frame.length, world->arena, &version,
                      &error),
         &error);
    return true;
}

/* Turns the loop until the peer has an answer. */
static struct message answer(struct world *world, struct frame_socket *at)
{
    struct message message = { 0 };
    for (int i = 0; i < PATIENCE_TURNS; i++) {
        assert_true(loop_turn(&world->loop, TURN_MS));
        if (received(world, at, &message))
            return message;
    }
    fail_msg("no answer");
    return message;
}

static struct message ask(struct world *world, struct frame_socket *from, struct message message)
{
    send_message(world, from, message);
    return answer(world, from);
}

static struct message hello(const char *name, uint64_t instance)
{
    return (
        struct message){ .id = 1,
                         .type = MESSAGE_HELLO,
                         .hello = { .name = name, .host = "h", .instance = instance, .slots = 1 } };
}

static struct message status(uint64_t id)
{
    return (struct message){ .id = id,
                             .type = MESSAGE_STATUS,
                             .status = { .name = "", .workers = true } };
}

static struct message submit(const char *key)
{
    return (struct message){
        .id = 5,
        .type = MESSAGE_SUBMIT,
        .submit = { .submit_key = key,
                    .definition = "{\"name\":\"toy\",\"command\":[\"true\"],"
                                  "\"metric\":{\"name\":\"loss\",\"goal\":\"minimize\"},"
                                  "\"sampler\":{\"name\":\"random\"},\"trials\":3,"
                                  "\"parameters\":{\"x\":{\"min\":0.5,\"max\":1.5}}}",
                    .spec = "name: toy\n" },
    };
}

/* The peer behind a socket, after a question of it; nobody else may have one open. */
static struct peer *met(struct world *world, struct frame_socket *at)
{
    assert_int_equal(ask(world, at, status(1)).type, MESSAGE_STATUS_REPLY);
    const struct peers *peers = &world->loop.peers;
    for (size_t i = 0; i < peers->capacity; i++)
        if (peers->by_descriptor[i] != NULL && peers->by_descriptor[i]->number != 0)
            return peers->by_descriptor[i];
    fail_msg("nobody was met");
    return NULL;
}

static bool is_connected(const struct world *world, uint64_t number)
{
    const struct peer *peer = peers_find(&world->loop.peers, number);
    return peer != NULL && peer->descriptor >= 0;
}

static void turn_until_gone(struct world *world, uint64_t number)
{
    for (int i = 0; is_connected(world, number); i++) {
        assert_true(i < PATIENCE_TURNS);
        assert_true(loop_turn(&world->loop, TURN_MS));
    }
}

/* ---- tests */

static void a_question_is_answered_with_its_id(void **state)
{
    struct world *world = *state;
    struct message message = ask(world, world->client, status(77));
    assert_int_equal(message.type, MESSAGE_STATUS_REPLY);
    assert_int_equal(message.id, 77);
    assert_string_equal(message.status_reply.version, "1.0");
    assert_int_equal(saves, 0); /* looking writes nothing */
}

static void a_search_is_handed_to_a_worker_and_its_result_recorded(void **state)
{
    struct world *world = *state;
    struct message message = ask(world, world->client, submit("k1"));
    assert_int_equal(message.type, MESSAGE_SUBMITTED);
    assert_int_equal(message.submitted.trials, 3);
    struct message greeting = hello("w", 9);
    greeting.hello.allow_command = true;
    message = ask(world, world->other, greeting);
    assert_int_equal(message.type, MESSAGE_WELCOME);
    uint64_t session = message.session;
    message =
        ask(world, world->other,
            (struct message){ .session = session, .type = MESSAGE_ASK, .ask = { .free = 1 } });
    assert_int_equal(message.type, MESSAGE_TRIAL);
    struct attempt_ref ref = message.trial.ref;
    struct message result = { .session = session,
                              .type = MESSAGE_RESULT,
                              .result = { .ref = ref, .kind = RESULT_FAILED, .reason = "no" } };
    message = ask(world, world->other, result);
    assert_int_equal(message.type, MESSAGE_RESULT_ACK);
    assert_int_equal(message.result_ack.verdict, VERDICT_RECORDED);
    assert_true(attempt_ref_equal(message.result_ack.ref, ref));
}

static void a_worker_with_one_metric_too_many_hears_that_its_attempt_is_over(void **state)
{
    struct world *world = *state;
    struct message greeting = hello("w", 9);
    greeting.hello.allow_command = true;
    size_t usual = metrics_max;
    metrics_max = 1;
    ask(world, world->client, submit("k1"));
    uint64_t session = ask(world, world->other, greeting).session;
    struct message message = { .session = session, .type = MESSAGE_ASK, .ask = { .free = 1 } };
    struct attempt_ref ref = ask(world, world->other, message).trial.ref;
    struct point points[] = { { .metric = "loss", .step = 1 }, { .metric = "other", .step = 1 } };
    message = (struct message){
        .session = session,
        .type = MESSAGE_POINTS,
        .points = { .ref = ref, .points = points, .n_points = 1 },
    };
    assert_false(ask(world, world->other, message).points_ack.stale);
    message.points.first = 1;
    message.points.points = &points[1];
    assert_true(ask(world, world->other, message).points_ack.stale);
    metrics_max = usual;
}

static void nothing_is_told_while_the_disk_is_full(void **state)
{
    struct world *world = *state;
    struct message message;
    disk = STORE_HELD;
    send_message(world, world->other, hello("w", 9));
    while (saves == 0)
        assert_true(loop_turn(&world->loop, TURN_MS));
    message =
        ask(world, world->client, status(1)); /* sent later, answered although nothing is saved */
    assert_int_equal(message.type, MESSAGE_STATUS_REPLY);
    assert_non_null(strstr(message.status_reply.note, "nor acknowledged: no space left"));
    message = ask(world, world->client, submit("k1"));
    assert_int_equal(message.type, MESSAGE_ERROR);
    assert_int_equal(message.error.code, ERROR_BUSY);
    assert_int_equal(message.id, 5);
    assert_false(received(world, world->other, &message)); /* no WELCOME yet */
    disk = STORE_OK;
    message = answer(world, world->other);
    assert_int_equal(message.type, MESSAGE_WELCOME);
    message = ask(world, world->client, status(2));
    assert_string_equal(message.status_reply.note, "");
    message = ask(world, world->client, submit("k1"));
    assert_int_equal(message.type, MESSAGE_SUBMITTED);
    assert_false(message.submitted.already); /* what was told BUSY was not half done */
}

/* Its client may ask once more meanwhile, and must not take it for refused. */
static void a_request_that_is_held_is_said_to_be_held(void **state)
{
    struct world *world = *state;
    struct message message = submit("k1");
    disk = STORE_HELD;
    send_message(world, world->client, message);
    while (saves == 0)
        assert_true(loop_turn(&world->loop, TURN_MS));
    struct message told = ask(world, world->client, message);
    assert_int_equal(told.error.code, ERROR_BUSY);
    assert_non_null(strstr(told.error.text, "is done as soon as it can be"));
    message.id++;
    told = ask(world, world->client, message);
    assert_int_equal(told.error.code, ERROR_BUSY);
    assert_non_null(strstr(told.error.text, "try again"));
    disk = STORE_OK;
    assert_int_equal(answer(world, world->client).type, MESSAGE_SUBMITTED);
}

static void a_full_disk_is_tried_again_at_intervals_not_in_a_hurry(void **state)
{
    struct world *world = *state;
    disk = STORE_HELD;
    send_message(world, world->other, hello("w", 9));
    while (saves == 0)
        assert_true(loop_turn(&world->loop, TURN_MS));
    int64_t started = clock_monotonic_ms();
    for (int i = 0; i < 200; i++) {
        send_message(world, world->client, status(1));
        assert_true(loop_turn(&world->loop, 0));
    }
    assert_true(saves <= 2 + (clock_monotonic_ms() - started) / LOOP_RETRY_MS);
    while (saves < 3)
        assert_true(loop_turn(&world->loop, TURN_MS));
}

static void a_held_turn_waits_although_there_is_work_to_hand_out(void **state)
{
    struct world *world = *state;
    disk = STORE_HELD;
    send_message(world, world->other, hello("w", 9));
    while (saves == 0)
        assert_true(loop_turn(&world->loop, TURN_MS));
    world->loop.more = true;
    int64_t started = clock_monotonic_ms();
    assert_true(loop_turn(&world->loop, 50));
    assert_true(clock_monotonic_ms() - started >= 40);
}

static void no_worker_hears_of_state_that_is_not_durable(void **state)
{
    struct world *world = *state;
    struct message message = ask(world, world->other, hello("w", 9));
    struct held_attempt held = { { 1, 1, 1 }, 5, false };
    disk = STORE_HELD;
    send_message(world, world->client, submit("k1"));
    while (saves < 2)
        assert_true(loop_turn(&world->loop, TURN_MS));
    send_message(
        world, world->other,
        (struct message){ .session = message.session, .type = MESSAGE_BEAT, .beat = { &held, 1 } });
    message = ask(world, world->client, status(1)); /* a later message, so the beat has been read */
    for (int i = 0; i < 20; i++)
        assert_true(loop_turn(&world->loop, 1));
    assert_false(received(world, world->other, &message));
    disk = STORE_OK;
    assert_int_equal(answer(world, world->client).type, MESSAGE_SUBMITTED);
}

/* A disk that takes as long as it takes somebody else to be noticed at the door. */
static struct loop *slow_loop;
static bool noticed_while_saving;

static enum store_result save_slowly(struct store *store, const struct actions *actions,
                                     struct error *error)
{
    struct frame_socket *late;
    size_t before = slow_loop->peers.count;
    must(frame_connect(&late, frame_endpoint(slow_loop->socket), MESSAGE_MAX_BYTES, NULL, error),
         error);
    for (int i = 0; i < PATIENCE_TURNS && !noticed_while_saving; i++) {
        poll(NULL, 0, TURN_MS);
        pthread_mutex_lock(&slow_loop->door);
        noticed_while_saving = slow_loop->peers.count > before;
        pthread_mutex_unlock(&slow_loop->door);
    }
    frame_close(&late);
    return save_or_fail(store, actions, error);
}

static void the_door_is_tended_while_the_disk_takes_its_time(void **state)
{
    struct world *world = *state;
    struct porter *porter;
    struct error error;
    ask(world, world->client, status(1));
    ask(world, world->other, status(1)); /* both are in */
    slow_loop = &world->loop;
    noticed_while_saving = false;
    world->loop.save = save_slowly;
    must(porter_start(&porter, &world->loop, &error), &error);
    assert_int_equal(ask(world, world->client, submit("k1")).type, MESSAGE_SUBMITTED);
    assert_true(noticed_while_saving);
    porter_stop(&porter);
    assert_null(porter);
}

static void a_broken_database_ends_the_loop_without_another_word(void **state)
{
    struct world *world = *state;
    struct message message;
    disk = STORE_BROKEN;
    send_message(world, world->client, submit("k1"));
    while (loop_turn(&world->loop, TURN_MS))
        assert_int_equal(saves, 0);
    assert_true(world->loop.broken);
    bool ready;
    frame_wait(&world->client, 1, NULL, &ready, 0, 50);
    assert_false(received(world, world->client, &message));
}

static void a_signal_ends_the_loop(void **state)
{
    struct world *world = *state;
    assert_true(loop_turn(&world->loop, 0));
    assert_int_equal(write(world->pipe[1], "x", 1), 1);
    assert_true(loop_run(&world->loop));
    assert_true(world->loop.leaving);
}

static void a_watchdog_is_told_that_the_loop_turns_and_how_it_is(void **state)
{
    struct world *world = *state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char text[256] = "";
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/manager", world->directory);
    assert_int_equal(bind(manager, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    world->loop.alive_ms = 20;
    assert_true(loop_turn(&world->loop, 0));
    assert_true(recv(manager, text, sizeof text - 1, MSG_DONTWAIT) > 0);
    assert_non_null(strstr(text, "WATCHDOG=1\nSTATUS=running; "));
    for (int i = 0; recv(manager, text, sizeof text - 1, MSG_DONTWAIT) < 0; i++) {
        assert_true(i < PATIENCE_TURNS); /* and again */
        assert_true(loop_turn(&world->loop, TURN_MS));
    }
    unsetenv("NOTIFY_SOCKET");
    close(manager);
    unlink(address.sun_path);
}

static void ten_malformed_messages_and_a_peer_is_ignored(void **state)
{
    struct world *world = *state;
    struct message message;
    met(world, world->other);
    for (int i = 0; i < STRIKES_ALLOWED + 3; i++)
        frame_send(world->other, NULL, "\x08\x01\xff", 3);
    for (int i = 0; world->loop.counters.ignored < 3; i++) {
        assert_true(i < PATIENCE_TURNS);
        assert_true(loop_turn(&world->loop, TURN_MS));
    }
    assert_int_equal(world->loop.counters.malformed, STRIKES_ALLOWED);
    assert_int_equal(ask(world, world->client, status(2)).type, MESSAGE_STATUS_REPLY);
    assert_false(received(world, world->other, &message));
}

static void whoever_sends_more_than_its_share_is_not_heard(void **state)
{
    struct world *world = *state;
    struct message message;
    struct account *account = met(world, world->other)->account;
    assert_true(account->bytes.left < peers_bytes.at_once); /* what was heard is charged */
    meter_charge(&account->bytes, INT64_C(1) << 40);
    send_message(world, world->other, status(2));
    for (int i = 0; world->loop.counters.delayed == 0; i++) {
        assert_true(i < PATIENCE_TURNS);
        assert_true(loop_turn(&world->loop, TURN_MS));
    }
    assert_int_equal(ask(world, world->client, status(3)).type, MESSAGE_STATUS_REPLY);
    assert_false(received(world, world->other, &message));
}

static void whoever_asks_more_than_its_share_is_told_to_wait(void **state)
{
    struct world *world = *state;
    struct account *account = met(world, world->other)->account;
    assert_true(account->work.left < peers_work.at_once); /* so are questions and answers */
    meter_charge(&account->work, INT64_C(1) << 40);
    struct message message = ask(world, world->other, status(2));
    assert_int_equal(message.type, MESSAGE_ERROR);
    assert_int_equal(message.error.code, ERROR_BUSY);
    assert_int_equal(world->loop.counters.delayed, 1);
    /* what a worker says goes on */
    assert_int_equal(ask(world, world->other, hello("w", 9)).type, MESSAGE_WELCOME);
    assert_int_equal(ask(world, world->client, status(3)).type, MESSAGE_STATUS_REPLY);
}

/* Three messages of 3 MiB that nobody reads: the loop looks at the door only. */
static void a_stranger_who_sends_much_that_waits_is_hung_up_on(void **state)
{
    static char much[3 << 20];
    struct world *world = *state;
    struct frame_event event = { .type = FRAME_LEFT };
    struct frame_socket *socket;
    struct error error;
    must(frame_connect_watched(&socket, frame_endpoint(world->loop.socket), MESSAGE_MAX_BYTES, NULL,
                               &error),
         &error);
    for (int i = 0; i < 3; i++)
        assert_int_equal(frame_send(socket, NULL, much, sizeof much), FRAME_OK);
    for (int connections = 0, i = 0; connections < 2; i++) { /* another one after the first */
        assert_true(i < PATIENCE_TURNS);
        poll(NULL, 0, TURN_MS);
        door_tend(&world->loop);
        connections += frame_next_event(socket, &event) && event.type == FRAME_READY;
    }
    frame_close(&socket);
}

static bool is_established(int descriptor)
{
    struct tcp_info information;
    socklen_t bytes = sizeof information;
    return getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &information, &bytes) == 0 &&
           information.tcpi_state == TCP_ESTABLISHED;
}

/* At once: TCP itself would wait for five seconds. */
static void whoever_does_not_read_its_answers_is_hung_up_on(void **state)
{
    struct world *world = *state;
    const struct peer *peer = met(world, world->other);
    const uint64_t number = peer->number;
    int descriptor = peer->descriptor;
    static char text[8192];
    memset(text, 'x', sizeof text - 1);
    const struct message message = { .type = MESSAGE_ERROR, .error = { ERROR_BUSY, text } };
    for (int i = 0; i < UNREAD && world->loop.counters.unsent == 0; i++) {
        assert_true(is_established(descriptor));
        outbox_send_one(&world->loop, number, &message);
    }
    assert_int_equal(world->loop.counters.unsent, 1);
    assert_false(is_established(descriptor));
    turn_until_gone(world, number);
    assert_int_equal(ask(world, world->client, status(2)).type, MESSAGE_STATUS_REPLY);
}

static void another_version_of_the_protocol_is_told_both(void **state)
{
    struct world *world = *state;
    frame_send(world->other, NULL, "\x08\x63", 2);
    struct message message = answer(world, world->other);
    assert_int_equal(message.type, MESSAGE_ERROR);
    assert_int_equal(message.error.code, ERROR_UNSUPPORTED);
    assert_non_null(strstr(message.error.text, "version 99"));
    assert_non_null(strstr(message.error.text, "version 1"));
}

static void a_worker_whose_connection_is_gone_loses_its_session(void **state)
{
    struct world *world = *state;
    struct message greeting = hello("w", 9), message;
    greeting.hello.allow_command = true;
    message = ask(world, world->other, greeting);
    send_message(
        world, world->other,
        (struct message){ .session = message.session, .type = MESSAGE_ASK, .ask = { .free = 1 } });
    while (world->loop.counters.received < 2)
        assert_true(loop_turn(&world->loop, TURN_MS));
    frame_close(&world->other);
    for (int i = 0; i < 150; i++) /* long enough to notice that the connection is closed */
        assert_true(loop_turn(&world->loop, TURN_MS));
    message = ask(world, world->client, submit("k1")); /* its trial is sent to nobody */
    assert_int_equal(message.type, MESSAGE_SUBMITTED);
    assert_true(loop_turn(&world->loop, 0));
    assert_int_equal(world->loop.counters.unsent, 1);
    assert_true(loop_turn(&world->loop, 0));
    message = ask(world, world->client, status(3));
    assert_int_equal(message.status_reply.n_workers, 1);
    assert_false(message.status_reply.workers[0].connected);
}

static void many_messages_at_once_are_all_answered(void **state)
{
    enum { MANY = 150 }; /* what a peer may queue before it is connected is bounded */
    struct world *world = *state;
    struct message message;
    for (uint64_t i = 1; i <= MANY; i++)
        send_message(world, world->client, status(i));
    for (uint64_t i = 1; i <= MANY; i++) {
        message = answer(world, world->client);
        assert_int_equal(message.id, i);
    }
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(a_question_is_answered_with_its_id),
        IN_A_WORLD(a_search_is_handed_to_a_worker_and_its_result_recorded),
        IN_A_WORLD(a_worker_with_one_metric_too_many_hears_that_its_attempt_is_over),
        IN_A_WORLD(nothing_is_told_while_the_disk_is_full),
        IN_A_WORLD(a_request_that_is_held_is_said_to_be_held),
        IN_A_WORLD(a_full_disk_is_tried_again_at_intervals_not_in_a_hurry),
        IN_A_WORLD(a_held_turn_waits_although_there_is_work_to_hand_out),
        IN_A_WORLD(no_worker_hears_of_state_that_is_not_durable),
        IN_A_WORLD(the_door_is_tended_while_the_disk_takes_its_time),
        IN_A_WORLD(a_broken_database_ends_the_loop_without_another_word),
        IN_A_WORLD(a_signal_ends_the_loop),
        IN_A_WORLD(a_watchdog_is_told_that_the_loop_turns_and_how_it_is),
        IN_A_WORLD(ten_malformed_messages_and_a_peer_is_ignored),
        IN_A_WORLD(whoever_sends_more_than_its_share_is_not_heard),
        IN_A_WORLD(whoever_asks_more_than_its_share_is_told_to_wait),
        IN_A_WORLD(a_stranger_who_sends_much_that_waits_is_hung_up_on),
        IN_A_WORLD(whoever_does_not_read_its_answers_is_hung_up_on),
        IN_A_WORLD(another_version_of_the_protocol_is_told_both),
        IN_A_WORLD(a_worker_whose_connection_is_gone_loses_its_session),
        IN_A_WORLD(many_messages_at_once_are_all_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
