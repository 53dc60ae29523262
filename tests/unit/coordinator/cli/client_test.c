/* client.h: one question, one answer; a coordinator that is silent, slow or says no: here it is a
 * child process that follows a script. */
#include "coordinator/cli/client.h"
#include "common/frame.h"
#include "proto/codec.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct coordinator {
    pid_t pid;
    char directory[64], endpoint[96];
};

struct script {
    int ignored;           /* questions before the first that is answered */
    struct message answer; /* its id is set to the question's */
    int wrong_ids;         /* answers with another id before the right one */
};

static void answer_one(struct frame_socket *socket, const struct frame_peer *peer,
                       struct buf *frame, const struct message *answer)
{
    struct error error;
    buf_clear(frame);
    if (!codec_encode(frame, answer, &error))
        _exit(2);
    frame_send(socket, peer, frame->bytes, frame->length);
}

static void follow(const char *endpoint, const struct script *script)
{
    struct frame_socket *socket;
    struct frame_peer peer;
    struct buf frame;
    struct error error;
    struct message question, answer = script->answer;
    struct arena *arena = arena_create(1024);
    uint32_t version;
    int questions = 0;
    bool unused;
    buf_init(&frame, MESSAGE_MAX_BYTES);
    if (!frame_listen(&socket, endpoint, MESSAGE_MAX_BYTES, NULL, &error))
        _exit(1);
    for (;;) {
        frame_wait(&socket, 1, NULL, &unused, 0, -1);
        while (frame_receive(socket, &peer, &frame) == FRAME_OK) {
            if (!codec_decode(&question, frame.bytes, frame.length, arena, &version, &error))
                _exit(3);
            if (questions++ < script->ignored)
                continue;
            for (int i = script->wrong_ids; i >= 0; i--) {
                answer.id = question.id + (uint64_t)i;
                answer_one(socket, &peer, &frame, &answer);
            }
        }
    }
}

/* Starts a coordinator that follows the script. */
static void start(struct coordinator *coordinator, const struct script *script)
{
    snprintf(coordinator->directory, sizeof coordinator->directory, "/tmp/client_test.XXXXXX");
    assert_non_null(mkdtemp(coordinator->directory));
    snprintf(coordinator->endpoint, sizeof coordinator->endpoint, "ipc://%s/s",
             coordinator->directory);
    coordinator->pid = fork();
    if (coordinator->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        follow(coordinator->endpoint, script);
        _exit(0);
    }
}

static void stop(struct coordinator *coordinator)
{
    kill(coordinator->pid, SIGKILL);
    waitpid(coordinator->pid, NULL, 0);
    unlink(coordinator->endpoint + strlen("ipc://"));
    assert_int_equal(rmdir(coordinator->directory), 0);
}

static struct client *open_client(const char *endpoint)
{
    const struct context context = { .coordinator = endpoint };
    int status = EXIT_OK;
    struct client *client = client_open(&context, &status);
    assert_non_null(client);
    return client;
}

static void a_file_alone_is_no_coordinator_to_ask(void **state)
{
    const struct context context = { .database = "runs.db" };
    int status = EXIT_OK;
    assert_null(client_open(&context, &status));
    assert_int_equal(status, EXIT_USAGE);
}

static const struct message question = { .type = MESSAGE_STATUS, .status.name = "" };

static void the_answer_to_this_question_is_taken(void **state)
{
    struct coordinator coordinator;
    struct message answer;
    const struct script script = {
        .answer = { .type = MESSAGE_STOPPED, .stopped = { 2, 7 } },
        .wrong_ids = 3,
    };
    start(&coordinator, &script);
    struct client *client = open_client(coordinator.endpoint);
    assert_int_equal(client_ask(client, &question, 20000, &answer), CLIENT_ANSWERED);
    assert_int_equal(answer.type, MESSAGE_STOPPED);
    assert_int_equal(answer.stopped.cancelled, 7);
    client_close(&client);
    assert_null(client);
    stop(&coordinator);
}

static void a_question_that_got_lost_is_asked_again(void **state)
{
    struct coordinator coordinator;
    struct message answer;
    const struct script script = {
        .ignored = 1,
        .answer = { .type = MESSAGE_STOPPED, .stopped = { 1, 0 } },
    };
    start(&coordinator, &script);
    struct client *client = open_client(coordinator.endpoint);
    assert_int_equal(client_ask(client, &question, 20000, &answer), CLIENT_ANSWERED);
    client_close(&client);
    stop(&coordinator);
}

static void patience_ends(void **state)
{
    struct message answer;
    struct client *client = open_client("ipc:///nonexistent/directory/socket");
    assert_int_equal(client_ask(client, &question, 50, &answer), CLIENT_SILENT);
    client_close(&client);
}

/* What is said on standard error of a question that nobody answers. */
static const char *said_of_silence(struct client *client)
{
    static char text[1024];
    struct message answer;
    FILE *file = tmpfile();
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    int status = client_expect(client, &question, 500, MESSAGE_STATUS_REPLY, &answer);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_int_equal(status, EXIT_UNREACHABLE);
    return text;
}

static void who_is_there_and_says_nothing_is_not_called_missing(void **state)
{
    struct coordinator coordinator;
    start(&coordinator, &(struct script){ .ignored = 1000 });
    struct client *client = open_client(coordinator.endpoint);
    assert_non_null(strstr(said_of_silence(client), "It may still do what you asked"));
    client_close(&client);
    stop(&coordinator);
    client = open_client("ipc:///nonexistent/directory/socket");
    assert_non_null(strstr(said_of_silence(client), "no coordinator answers"));
    client_close(&client);
}

static void a_no_has_an_exit_status_of_its_own(void **state)
{
    static const struct {
        enum error_code code;
        int status;
    } rows[] = {
        { ERROR_NOT_FOUND, EXIT_NOT_FOUND }, { ERROR_INVALID_SPEC, EXIT_BAD_SPEC },
        { ERROR_REFUSED, EXIT_FAILED },      { ERROR_BUSY, EXIT_FAILED },
        { ERROR_UNSUPPORTED, EXIT_FAILED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct coordinator coordinator;
        struct message answer;
        const struct script script = {
            .answer = { .type = MESSAGE_ERROR, .error = { rows[i].code, "because" } },
        };
        start(&coordinator, &script);
        struct client *client = open_client(coordinator.endpoint);
        assert_int_equal(client_expect(client, &question, 20000, MESSAGE_STATUS_REPLY, &answer),
                         rows[i].status);
        client_close(&client);
        stop(&coordinator);
    }
}

static void an_answer_of_another_type_is_not_taken_for_yes(void **state)
{
    struct coordinator coordinator;
    struct message answer;
    const struct script script = { .answer = { .type = MESSAGE_STOPPED } };
    start(&coordinator, &script);
    struct client *client = open_client(coordinator.endpoint);
    assert_int_equal(client_expect(client, &question, 20000, MESSAGE_SUBMITTED, &answer),
                     EXIT_FAILED);
    assert_int_equal(client_knock(client), EXIT_OK); /* somebody is there */
    client_close(&client);
    stop(&coordinator);
}

static void a_place_that_is_none_is_unreachable(void **state)
{
    const struct context context = { .coordinator = "localhost:5700" };
    int status = EXIT_OK;
    assert_null(client_open(&context, &status));
    assert_int_equal(status, EXIT_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_alone_is_no_coordinator_to_ask),
        cmocka_unit_test(the_answer_to_this_question_is_taken),
        cmocka_unit_test(a_question_that_got_lost_is_asked_again),
        cmocka_unit_test(patience_ends),
        cmocka_unit_test(who_is_there_and_says_nothing_is_not_called_missing),
        cmocka_unit_test(a_no_has_an_exit_status_of_its_own),
        cmocka_unit_test(an_answer_of_another_type_is_not_taken_for_yes),
        cmocka_unit_test(a_place_that_is_none_is_unreachable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
