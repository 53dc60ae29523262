/* key.h, credentials.h: key files are read back as written, never overwritten, refused when others
 * may read them; what is no key file is named with its fault. */
#include "common/credentials.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char directory[64], path[128];
    struct key key, other;
    struct error error;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/key_test.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof fixture->path, "%s/it", fixture->directory);
    assert_true(key_make(&fixture->other, "other", KEY_SERVER, "", &fixture->error));
    assert_true(
        key_make(&fixture->key, "alice", KEY_SUBMIT, fixture->other.public_text, &fixture->error));
    unsetenv("LDT_KEY_FILE");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    unlink(fixture->path);
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

static void write_text(const struct fixture *fixture, const char *text)
{
    FILE *file = fopen(fixture->path, "w");
    assert_int_equal(fputs(text, file) >= 0, 1);
    fclose(file);
    chmod(fixture->path, 0600);
}

static void a_secret_file_is_read_back_as_written(void **state)
{
    struct fixture *fixture = *state;
    struct key key;
    struct stat status;
    assert_true(key_write_secret(&fixture->key, fixture->path, &fixture->error));
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    if (!key_read_secret(&key, fixture->path, &fixture->error))
        fail_msg("%s", fixture->error.text);
    assert_memory_equal(&key, &fixture->key, sizeof key);
}

static void a_public_file_holds_no_secret(void **state)
{
    struct fixture *fixture = *state;
    struct key key;
    assert_true(key_write_public(&fixture->key, fixture->path, &fixture->error));
    assert_true(key_read_public(&key, fixture->path, &fixture->error));
    assert_string_equal(key.public_text, fixture->key.public_text);
    assert_string_equal(key.secret_text, "");
    assert_int_equal(key.role, KEY_SUBMIT);
    chmod(fixture->path, 0600);
    assert_false(key_read_secret(&key, fixture->path, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "it is the public half"));
}

static void a_public_file_with_a_secret_in_it_is_none(void **state)
{
    struct fixture *fixture = *state;
    struct key key;
    assert_true(key_write_secret(&fixture->key, fixture->path, &fixture->error));
    assert_false(key_read_public(&key, fixture->path, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "revoke this key"));
    assert_null(strstr(fixture->error.text, fixture->key.secret_text));
    assert_string_equal(key.public_text, "");
}

static void nothing_is_overwritten(void **state)
{
    struct fixture *fixture = *state;
    struct key key;
    assert_true(key_write_secret(&fixture->key, fixture->path, &fixture->error));
    assert_false(key_write_secret(&fixture->other, fixture->path, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "never overwritten"));
    assert_true(key_read_secret(&key, fixture->path, &fixture->error));
    assert_string_equal(key.public_text, fixture->key.public_text);
}

static void a_secret_that_others_can_read_is_refused_with_the_cure(void **state)
{
    static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0666, 0601 };
    struct fixture *fixture = *state;
    struct key key;
    assert_true(key_write_secret(&fixture->key, fixture->path, &fixture->error));
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        chmod(fixture->path, modes[i]);
        assert_false(key_read_secret(&key, fixture->path, &fixture->error));
        assert_non_null(strstr(fixture->error.text, "chmod 600"));
        assert_string_equal(key.secret_text, "");
    }
    chmod(fixture->path, 0400);
    assert_true(key_read_secret(&key, fixture->path, &fixture->error));
}

/* Nobody shall be told to hide what is no secret: /etc/passwd, say. */
static void what_holds_no_secret_may_be_read_by_others(void **state)
{
    struct fixture *fixture = *state;
    struct key key;
    assert_true(key_write_public(&fixture->key, fixture->path, &fixture->error));
    chmod(fixture->path, 0644);
    assert_false(key_read_secret(&key, fixture->path, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "it is the public half"));
    assert_false(key_read_secret(&key, "/etc/passwd", &fixture->error));
    assert_null(strstr(fixture->error.text, "chmod"));
}

static void what_is_no_key_file_is_told_and_its_text_is_not_shown(void **state)
{
    static const char *const bad[] = {
        "",
        "metadata\n    role = \"worker\"\n",
        "metadata\n    role = \"boss\"\ncurve\n    public-key = \"x\"\n",
        "metadata\n    role = \"worker\"\ncurve\n    secret-key = \"SECRET",
        "metadata\n        role = \"SECRET\"\n",
        "    role = \"SECRET\"\n",
        "SECRET: it\n",
        "metadata\n\trole = \"SECRET\"\n",
        "metadata\n    role = \"worker\" SECRET\n",
    };
    struct fixture *fixture = *state;
    struct key key;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(fixture, bad[i]);
        assert_false(key_read_secret(&key, fixture->path, &fixture->error));
        assert_non_null(strstr(fixture->error.text, fixture->path));
        assert_null(strstr(fixture->error.text, "SECRET"));
        assert_string_equal(key.public_text, "");
    }
    assert_false(key_read_secret(&key, fixture->directory, &fixture->error));
    assert_false(key_read_secret(&key, "/nonexistent", &fixture->error));
}

static void two_halves_of_different_pairs_are_no_pair(void **state)
{
    struct fixture *fixture = *state;
    struct key key = fixture->key;
    memcpy(key.secret_text, fixture->other.secret_text, sizeof key.secret_text);
    assert_true(key_write_secret(&key, fixture->path, &fixture->error));
    assert_false(key_read_secret(&key, fixture->path, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "not of one pair"));
}

static void reading_keys_leaves_the_signals_alone(void **state)
{
    struct fixture *fixture = *state;
    struct key key;
    struct sigaction action;
    assert_true(key_write_secret(&fixture->key, fixture->path, &fixture->error));
    assert_true(key_read_secret(&key, fixture->path, &fixture->error));
    assert_int_equal(sigaction(SIGTERM, NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
}

/* ---- credentials */

static void a_key_is_used_where_it_is_trusted_and_only_there(void **state)
{
    struct fixture *fixture = *state;
    struct credentials credentials;
    struct connect_info *place = calloc(1, sizeof *place);
    struct frame_keys storage;
    const struct frame_keys *keys;
    assert_true(key_write_secret(&fixture->key, fixture->path, &fixture->error));
    assert_true(credentials_read(&credentials, NULL, &fixture->error));
    assert_true(credentials_for(&credentials, place, &storage, &keys, &fixture->error));
    assert_null(keys); /* neither has any */
    snprintf(place->server_key, sizeof place->server_key, "%s", fixture->other.public_text);
    assert_false(credentials_for(&credentials, place, &storage, &keys, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "--key FILE or LDT_KEY_FILE"));

    setenv("LDT_KEY_FILE", fixture->path, 1);
    assert_true(credentials_read(&credentials, NULL, &fixture->error));
    assert_true(credentials_for(&credentials, place, &storage, &keys, &fixture->error));
    assert_string_equal(keys->server_key, fixture->other.public_text);
    assert_string_equal(keys->secret_key, fixture->key.secret_text);
    place->server_key[0] = '\0'; /* an endpoint alone: the file says whom to trust */
    assert_true(credentials_for(&credentials, place, &storage, &keys, &fixture->error));
    assert_string_equal(keys->server_key, fixture->other.public_text);
    snprintf(place->server_key, sizeof place->server_key, "%s", fixture->key.public_text);
    assert_false(credentials_for(&credentials, place, &storage, &keys, &fixture->error));
    assert_non_null(strstr(fixture->error.text, "another coordinator"));
    credentials_wipe(&credentials);
    assert_string_equal(credentials.key.secret_text, "");
    free(place);
}

#define WITH_A_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_FILE(a_secret_file_is_read_back_as_written),
        WITH_A_FILE(a_public_file_holds_no_secret),
        WITH_A_FILE(a_public_file_with_a_secret_in_it_is_none),
        WITH_A_FILE(nothing_is_overwritten),
        WITH_A_FILE(a_secret_that_others_can_read_is_refused_with_the_cure),
        WITH_A_FILE(what_holds_no_secret_may_be_read_by_others),
        WITH_A_FILE(what_is_no_key_file_is_told_and_its_text_is_not_shown),
        WITH_A_FILE(two_halves_of_different_pairs_are_no_pair),
        WITH_A_FILE(reading_keys_leaves_the_signals_alone),
        WITH_A_FILE(a_key_is_used_where_it_is_trusted_and_only_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
