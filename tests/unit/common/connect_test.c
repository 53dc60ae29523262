/* connect.h: which of the places wins, and what a bad one is told. */
#include "common/connect.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char directory[64], file[128], nested[128];
    struct connect_info info;
    struct error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/connect_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->file, sizeof fixture->file, "%s/other.json", fixture->directory);
    snprintf(fixture->nested, sizeof fixture->nested, "%s/ldt/connect.json", fixture->directory);
    setenv("XDG_STATE_HOME", fixture->directory, 1);
    unsetenv("LDT_COORDINATOR");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char subdirectory[128];
    snprintf(subdirectory, sizeof subdirectory, "%s/ldt", fixture->directory);
    unlink(fixture->file);
    unlink(fixture->nested);
    rmdir(subdirectory);
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

static struct connect_info sample(const char *endpoint)
{
    struct connect_info info = { .db = "/data/runs \"1\".db" };
    snprintf(info.work, sizeof info.work, "%s", endpoint);
    snprintf(info.client, sizeof info.client, "%s", endpoint);
    return info;
}

static void write_sample(struct fixture *fixture, const char *path, const char *endpoint)
{
    struct connect_info info = sample(endpoint);
    if (!connect_write(path, &info, &fixture->error))
        fail_msg("%s", fixture->error.text);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void find(struct fixture *fixture, const char *coordinator, const char *file)
{
    if (!connect_find(&fixture->info, coordinator, file, &fixture->error))
        fail_msg("%s", fixture->error.text);
}

static void with_nothing_said_it_is_loopback(void **state)
{
    struct fixture *fixture = *state;
    find(fixture, NULL, NULL);
    assert_string_equal(fixture->info.work, CONNECT_DEFAULT_ENDPOINT);
    assert_string_equal(fixture->info.client, CONNECT_DEFAULT_ENDPOINT);
    assert_string_equal(fixture->info.db, "");
    assert_non_null(strstr(fixture->info.origin, fixture->nested));
    assert_true(fixture->info.guessed);
}

static void what_is_written_is_found(void **state)
{
    struct fixture *fixture = *state;
    char path[128];
    assert_true(connect_default_path(path, sizeof path, &fixture->error));
    assert_string_equal(path, fixture->nested);
    write_sample(fixture, path, "tcp://127.0.0.1:1234");
    find(fixture, NULL, NULL);
    assert_string_equal(fixture->info.work, "tcp://127.0.0.1:1234");
    assert_string_equal(fixture->info.db, "/data/runs \"1\".db");
    assert_non_null(strstr(fixture->info.origin, "the connect file /tmp/"));
}

static void an_option_wins_over_the_file_over_the_environment_over_the_default(void **state)
{
    struct fixture *fixture = *state;
    write_sample(fixture, fixture->nested, "tcp://127.0.0.1:1");
    setenv("LDT_COORDINATOR", "tcp://127.0.0.1:2", 1);
    find(fixture, NULL, NULL);
    assert_string_equal(fixture->info.client, "tcp://127.0.0.1:2");
    assert_string_equal(fixture->info.origin, "LDT_COORDINATOR");
    assert_false(fixture->info.guessed);
    write_sample(fixture, fixture->file, "tcp://127.0.0.1:3");
    find(fixture, NULL, fixture->file);
    assert_string_equal(fixture->info.client, "tcp://127.0.0.1:3");
    find(fixture, "tcp://127.0.0.1:4", fixture->file);
    assert_string_equal(fixture->info.client, "tcp://127.0.0.1:4");
    assert_string_equal(fixture->info.origin, "--coordinator");
    setenv("LDT_COORDINATOR", "", 1); /* empty is not set */
    find(fixture, NULL, NULL);
    assert_string_equal(fixture->info.client, "tcp://127.0.0.1:1");
}

static void an_endpoint_that_cannot_stand_in_it_makes_no_file(void **state)
{
    struct fixture *fixture = *state;
    const struct connect_info info = { .work = "ipc:///tmp/\xff", .client = "ipc:///tmp/\xff" };
    assert_false(connect_write(fixture->file, &info, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "is not UTF-8"));
    assert_int_not_equal(access(fixture->file, F_OK), 0);
}

static void a_named_file_must_exist(void **state)
{
    struct fixture *fixture = *state;
    assert_false(connect_find(&fixture->info, NULL, fixture->file, &fixture->error));
    assert_non_null(strstr(fixture->error.text, fixture->file));
    assert_non_null(strstr(fixture->error.text, "No such file"));
}

static void a_bad_file_is_an_error_even_where_none_would_do(void **state)
{
    static const char *const bad[] = {
        "",
        "[1]",
        "{\"work\": \"tcp://127.0.0.1:1\"}",
        "{\"work\": 5, \"client\": \"tcp://127.0.0.1:1\"}",
        "{\"work\": \"tcp://127.0.0.1:1\", \"client\": \"tcp://127.0.0.1:1\", \"db\": 7}",
        "{\"work\": \"tcp://127.0.0.1:1\", \"client\": \"tcp://127.0.0.1:1\", \"server_key\": "
        "\"k\"}",
    };
    struct fixture *fixture = *state;
    write_sample(fixture, fixture->nested, "tcp://127.0.0.1:1"); /* makes the directory */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(fixture->nested, bad[i]);
        assert_false(connect_find(&fixture->info, NULL, NULL, &fixture->error));
        assert_non_null(strstr(fixture->error.text, fixture->nested));
    }
}

static void what_is_no_file_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    alarm(60); /* a reader of a FIFO waits for a writer, and none comes */
    assert_int_equal(mkfifo(fixture->file, 0600), 0);
    assert_false(connect_find(&fixture->info, NULL, fixture->file, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "it is no regular file"));
    assert_false(connect_find(&fixture->info, NULL, fixture->directory, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "it is no regular file"));
    alarm(0);
}

static void a_link_laid_where_it_is_written_is_not_followed(void **state)
{
    struct fixture *fixture = *state;
    char laid[256], victim[256], found[32] = "";
    snprintf(victim, sizeof victim, "%s/victim", fixture->directory);
    snprintf(laid, sizeof laid, "%s.%ld", fixture->file, (long)getpid());
    write_text(victim, "precious");
    assert_int_equal(symlink(victim, laid), 0);
    write_sample(fixture, fixture->file, "tcp://127.0.0.1:1");
    FILE *file = fopen(victim, "r");
    assert_non_null(file);
    assert_non_null(fgets(found, sizeof found, file));
    fclose(file);
    assert_string_equal(found, "precious");
    find(fixture, NULL, fixture->file);
    assert_int_equal(unlink(victim), 0);
}

static void only_a_connect_file_is_replaced(void **state)
{
    static const char *const others[] = { "SQLite format 3", "{\"trial\": 7}\n" };
    struct fixture *fixture = *state;
    struct connect_info info = sample("tcp://127.0.0.1:1");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        write_text(fixture->file, others[i]);
        assert_false(connect_write(fixture->file, &info, &fixture->error));
        assert_non_null(strstr(fixture->error.text, "would be lost"));
    }
    unlink(fixture->file);
    assert_int_equal(mkfifo(fixture->file, 0600), 0); /* or a device */
    assert_false(connect_write(fixture->file, &info, &fixture->error));
    unlink(fixture->file);
    write_text(fixture->file, ""); /* as mktemp leaves it */
    write_sample(fixture, fixture->file, "tcp://127.0.0.1:1");
    write_sample(fixture, fixture->file, "tcp://127.0.0.1:2");
    find(fixture, NULL, fixture->file);
    assert_string_equal(fixture->info.work, "tcp://127.0.0.1:2");
}

static void an_endpoint_without_its_scheme_is_told_what_to_write(void **state)
{
    struct fixture *fixture = *state;
    assert_false(connect_find(&fixture->info, "localhost:5700", NULL, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "--coordinator: `localhost:5700`"));
    assert_non_null(strstr(fixture->error.text, "write tcp://HOST:PORT"));
}

static void only_our_own_file_is_removed(void **state)
{
    struct fixture *fixture = *state;
    struct connect_info ours = sample("tcp://127.0.0.1:1"), theirs = sample("tcp://127.0.0.1:2");
    write_sample(fixture, fixture->file, "tcp://127.0.0.1:1");
    connect_remove(fixture->file, &theirs);
    assert_int_equal(access(fixture->file, F_OK), 0);
    connect_remove(fixture->file, &ours);
    assert_int_not_equal(access(fixture->file, F_OK), 0);
    connect_remove(fixture->file, &ours);
}

/* A file beside the connect file, last changed long ago. */
static void write_old(const struct fixture *fixture, const char *suffix, char path[256])
{
    const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    snprintf(path, 256, "%s%s", fixture->file, suffix);
    write_text(path, "{");
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
}

static void what_a_killed_coordinator_left_half_written_is_swept(void **state)
{
    struct fixture *fixture = *state;
    char stale[256], another[256], fresh[256];
    write_old(fixture, ".4711", stale);
    write_old(fixture, ".4711.txt", another);
    snprintf(fresh, sizeof fresh, "%s.12", fixture->file);
    write_text(fresh, "{");
    write_sample(fixture, fixture->file, "tcp://127.0.0.1:1234");
    assert_int_equal(access(stale, F_OK), -1);
    assert_int_equal(unlink(another), 0);
    assert_int_equal(unlink(fresh), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(with_nothing_said_it_is_loopback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_killed_coordinator_left_half_written_is_swept,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_option_wins_over_the_file_over_the_environment_over_the_default, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_endpoint_that_cannot_stand_in_it_makes_no_file, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_named_file_must_exist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_bad_file_is_an_error_even_where_none_would_do, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_laid_where_it_is_written_is_not_followed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_a_connect_file_is_replaced, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_endpoint_without_its_scheme_is_told_what_to_write,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_our_own_file_is_removed, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
