#include "example.h"

#include <fcntl.h>
#include <sys/stat.h>

static void refused(struct fixture *f, const char *path, const char *sentence)
{
    sqlite3 *db = (sqlite3 *)f; /* to see that it becomes NULL */
    f->error.text[0] = '\0';
    assert_false(store_open_readonly(&db, path, &f->error));
    assert_null(db);
    if (strstr(f->error.text, sentence) == NULL)
        fail_msg("'%s' is not in: %s", sentence, f->error.text);
}

static sqlite3 *reader(struct fixture *f)
{
    sqlite3 *db;
    if (!store_open_readonly(&db, f->path, &f->error))
        fail_msg("%s", f->error.text);
    return db;
}

static void readers_see_each_commit_while_the_writer_runs(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = reader(f);
    for (int64_t i = 10; i < 30; i++) {
        char expected[24];
        save_example_trial(f, 3, i, TRIAL_DONE, 1, 0.1, "{}");
        snprintf(expected, sizeof expected, "%lld", (long long)i);
        assert_string_equal(answer_of(db, "SELECT max(trial) FROM v_trial"), expected);
    }
    sqlite3_close(db);
}

static void a_reader_in_mid_query_neither_waits_nor_holds_up(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = reader(f);
    sqlite3_stmt *slow;
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT number FROM trial ORDER BY rowid", -1, &slow, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(slow), SQLITE_ROW); /* it now sees the state of this moment */
    struct point points[500];
    for (int i = 0; i < 500; i++)
        points[i] = (struct point){ i, i, "score", i / 3.0 };
    for (int turn = 0; turn < 200;
         turn++) /* far enough to empty the log, as far as the reader permits */
        assert_int_equal(
            save(f, points_action((struct attempt_ref){ 3, 1, 1 }, 500 * turn, points, 500)),
            STORE_OK);
    save_example_trial(f, 3, 10, TRIAL_WAITING, 0, NAN, "{}");
    int rows = 1;
    while (sqlite3_step(slow) == SQLITE_ROW)
        rows++;
    sqlite3_finalize(slow);
    assert_int_equal(rows, 15);
    assert_string_equal(answer_of(db, "SELECT count(*) FROM trial"), "16");
    sqlite3_close(db);
}

static void readers_work_when_no_coordinator_runs(void **state)
{
    struct fixture *f = *state;
    store_close(&f->store);
    sqlite3 *db = reader(f);
    assert_string_equal(answer_of(db, "SELECT count(*) FROM v_trial"), "15");
    sqlite3_close(db);
    reopen(f); /* and they leave no lock behind */
}

static void readers_work_after_the_coordinator_was_killed(void **state)
{
    struct fixture *f = *state;
    store_close(&f->store);
    pid_t child = fork();
    if (child == 0) {
        if (!store_open(&f->store, f->path, &f->error) || save(f, trial_action(3, 9)) != STORE_OK)
            _exit(1);
        _exit(0); /* the row is in the write-ahead log only */
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    char shared[128];
    snprintf(shared, sizeof shared, "%s-shm", f->path);
    unlink(shared); /* as after a reboot */
    sqlite3 *db = reader(f);
    assert_string_equal(answer_of(db, "SELECT max(number) FROM trial WHERE study = 3"), "9");
    sqlite3_close(db);
}

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = reader(f);
    assert_int_not_equal(sqlite3_exec(db, "UPDATE trial SET seed = 0", NULL, NULL, NULL),
                         SQLITE_OK);
    assert_int_not_equal(
        sqlite3_exec(db, "PRAGMA query_only = OFF; DELETE FROM point", NULL, NULL, NULL),
        SQLITE_OK);
    assert_string_equal(answer(f, "SELECT sum(seed = 0) FROM trial"), "0");
    sqlite3_close(db);
}

static void what_a_reader_cannot_read_is_refused_with_a_reason(void **state)
{
    struct fixture *f = *state;
    char other[128];
    sqlite3 *db;
    refused(f, "/nowhere/runs.db", "there is no database /nowhere/runs.db");
    refused(f, f->directory, "is a directory");
    snprintf(other, sizeof other, "%s/other.db", f->directory);
    assert_int_equal(sqlite3_open(other, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 0", NULL, NULL, NULL), SQLITE_OK);
    close(creat(other, 0600));
    refused(f, other, "has no tables: a coordinator makes them");
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL), SQLITE_OK);
    refused(f, other, "is a database of another program");
    assert_int_equal(sqlite3_exec(db, "PRAGMA application_id = 0x4c445431; PRAGMA user_version = 9",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    refused(f, other, "has schema version 9, this program knows versions up to 4");
    sqlite3_close(db);
    unlink(other);
}

/* What a child process that has given up root's rights reads of a file that it cannot write, in
 * such a directory; or why it cannot. */
static const char *read_by_others(struct fixture *f, const char *path)
{
    static char said[sizeof f->error.text];
    int channel[2];
    assert_int_equal(pipe(channel), 0);
    chmod(path, 0444);
    chmod(f->directory, 0555);
    pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        if (getuid() == 0 && setuid(65534) != 0)
            _exit(2);
        const char *text = f->error.text;
        if (store_open_readonly(&db, path, &f->error))
            text = answer_of(db, "SELECT count(*) FROM v_trial");
        _exit(write(channel[1], text, strlen(text)) > 0 ? 0 : 1);
    }
    close(channel[1]);
    ssize_t length = read(channel[0], said, sizeof said - 1);
    said[length < 0 ? 0 : length] = '\0';
    close(channel[0]);
    int status;
    waitpid(child, &status, 0);
    chmod(f->directory, 0755);
    assert_int_equal(status, 0);
    return said;
}

static void a_directory_that_cannot_be_written_is_no_hindrance_to_a_copy(void **state)
{
    struct fixture *f = *state;
    char odd[128];
    store_close(&f->store);
    assert_string_equal(read_by_others(f, f->path), "15");
    snprintf(odd, sizeof odd, "%s/50%%?cache=none#\xc3\xa4 .db", f->directory);
    assert_int_equal(rename(f->path, odd), 0);
    assert_string_equal(read_by_others(f, odd), "15");
    unlink(odd);
}

/* The log that a coordinator left behind when it was killed may have more than the file. */
static void but_one_with_a_log_is_explained(void **state)
{
    struct fixture *f = *state;
    char log[128];
    store_close(&f->store);
    snprintf(log, sizeof log, "%s-wal", f->path);
    close(creat(log, 0644));
    assert_non_null(strstr(read_by_others(f, f->path), "SQLite needs to make"));
    unlink(log);
}

int main(void)
{
#define WITH_EXAMPLE(test) cmocka_unit_test_setup_teardown(test, make_example, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_EXAMPLE(readers_see_each_commit_while_the_writer_runs),
        WITH_EXAMPLE(a_reader_in_mid_query_neither_waits_nor_holds_up),
        WITH_EXAMPLE(readers_work_when_no_coordinator_runs),
        WITH_EXAMPLE(readers_work_after_the_coordinator_was_killed),
        WITH_EXAMPLE(a_reader_cannot_write),
        WITH_EXAMPLE(what_a_reader_cannot_read_is_refused_with_a_reason),
        WITH_EXAMPLE(a_directory_that_cannot_be_written_is_no_hindrance_to_a_copy),
        WITH_EXAMPLE(but_one_with_a_log_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
