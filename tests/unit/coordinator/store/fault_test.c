#include "fixture.h"

#include <signal.h>
#include <sys/random.h>

/* ---- a file system between SQLite and the real one that fails when it is told to */

static struct shim {
    int calls;      /* writes, syncs, truncations and maps since it was armed */
    int fail_at;    /* the number of the call that fails, once; 0 none */
    bool full;      /* every write finds the disk full */
    bool full_main; /* every write to the database itself, but not to its log, does */
    int log_limit;  /* bytes to which the log may grow; 0 any */
} shim;

struct shim_file {
    sqlite3_file base;
    bool main, log;
    sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *below, above;
static sqlite3_io_methods methods;

static sqlite3_file *real(sqlite3_file *file)
{
    return ((struct shim_file *)file)->real;
}

static bool fails(void)
{
    return ++shim.calls == shim.fail_at;
}

static int shim_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    if (shim.full || (shim.full_main && ((struct shim_file *)file)->main))
        return SQLITE_FULL;
    if (shim.log_limit > 0 && ((struct shim_file *)file)->log && offset + count > shim.log_limit)
        return SQLITE_FULL;
    return fails() ? SQLITE_IOERR_WRITE
                   : real(file)->pMethods->xWrite(real(file), bytes, count, offset);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC : real(file)->pMethods->xSync(real(file), flags);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : real(file)->pMethods->xTruncate(real(file), size);
}

static int shim_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int shim_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    return real(file)->pMethods->xRead(real(file), bytes, count, offset);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int shim_lock(sqlite3_file *file, int kind)
{
    return real(file)->pMethods->xLock(real(file), kind);
}

static int shim_unlock(sqlite3_file *file, int kind)
{
    return real(file)->pMethods->xUnlock(real(file), kind);
}

static int shim_reserved(sqlite3_file *file, int *held)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), held);
}

static int shim_control(sqlite3_file *file, int what, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), what, argument);
}

static int shim_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int shim_device(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int shim_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **memory)
{
    return real(file)->pMethods->xShmMap(real(file), page, bytes, extend, memory);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void shim_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int shim_unmap(sqlite3_file *file, int remove)
{
    return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *out_flags)
{
    struct shim_file *shimmed = (struct shim_file *)file;
    shimmed->real = (sqlite3_file *)(shimmed + 1);
    shimmed->main = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    shimmed->log = (flags & SQLITE_OPEN_WAL) != 0;
    int rc = below->xOpen(below, name, shimmed->real, flags, out_flags);
    file->pMethods = rc == SQLITE_OK ? &methods : NULL;
    return rc;
}

static int install_shim(void **state)
{
    below = sqlite3_vfs_find(NULL);
    above = *below;
    above.zName = "shim";
    above.szOsFile = (int)sizeof(struct shim_file) + below->szOsFile;
    above.xOpen = shim_open;
    methods = (sqlite3_io_methods){
        2,           shim_close, shim_read,     shim_write,    shim_truncate, shim_sync,
        shim_size,   shim_lock,  shim_unlock,   shim_reserved, shim_control,  shim_sector,
        shim_device, shim_map,   shim_shm_lock, shim_barrier,  shim_unmap,    NULL,
        NULL
    };
    return sqlite3_vfs_register(&above, 1);
}

static void arm(int fail_at)
{
    shim = (struct shim){ .fail_at = fail_at };
}

/* ---- the tests */

static void a_full_disk_holds_the_turn_which_can_be_saved_later(void **state)
{
    struct fixture *f = *state;
    save_ground(f);
    for (int round = 0; round < 3; round++) {
        shim.full = true;
        assert_int_equal(save(f, trial_action(1, 1 + round)), STORE_HELD);
        assert_int_equal(save(f, trial_action(1, 1 + round)), STORE_HELD);
        assert_non_null(strstr(f->error.text, "the disk is full; make room"));
        shim.full = false;
        assert_int_equal(save(f, trial_action(1, 1 + round)), STORE_OK);
    }
    reopen(f);
    assert_string_equal(answer(f, "SELECT group_concat(number) FROM trial"), "0,1,2,3");
}

static void a_file_that_may_not_grow_is_a_full_disk(void **state)
{
    struct fixture *f = *state;
    char log[40000];
    struct action attempt = attempt_action(1, 0, 1);
    memset(log, 'x', sizeof log - 1);
    log[sizeof log - 1] = '\0';
    attempt.attempt.log = log;
    save_ground(f);
    answer(f, "PRAGMA max_page_count = 1");
    assert_int_equal(save(f, attempt), STORE_HELD);
    assert_string_equal(answer(f, "SELECT length(log) FROM attempt"), "0");
    answer(f, "PRAGMA max_page_count = 1000000");
    assert_int_equal(save(f, attempt), STORE_OK);
}

static void a_disk_too_full_to_empty_the_log_does_not_fail_the_turn(void **state)
{
    struct fixture *f = *state;
    size_t bytes = 5 << 20;
    char *log = malloc(bytes + 1);
    struct action attempt = attempt_action(1, 0, 1);
    memset(log, 'x', bytes);
    log[bytes] = '\0';
    attempt.attempt.log = log;
    save_ground(f);
    shim.full_main = true;
    assert_int_equal(save(f, attempt), STORE_OK);
    shim.full_main = false;
    reopen(f);
    assert_int_equal(atol(answer(f, "SELECT length(log) FROM attempt")), bytes);
    free(log);
}

/* The log itself may be what fills the disk. */
static void a_log_that_cannot_grow_is_emptied_for_the_next_try(void **state)
{
    struct fixture *f = *state;
    int times_full = 0;
    save_ground(f);
    shim.log_limit = 400 << 10;
    for (int64_t number = 1; number < 300; number++) {
        if (save(f, trial_action(1, number)) == STORE_OK)
            continue;
        times_full++;
        assert_int_equal(save(f, trial_action(1, number)), STORE_OK);
    }
    shim.log_limit = 0;
    assert_in_range(times_full, 2, 100);
    reopen(f);
    assert_string_equal(answer(f, "SELECT count(*) FROM trial"), "300");
}

static void a_foreign_writer_holds_the_turn_too(void **state)
{
    struct fixture *f = *state;
    sqlite3 *other;
    save_ground(f);
    sqlite3_busy_timeout(f->store->db, 0);
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(save(f, trial_action(1, 1)), STORE_HELD);
    assert_non_null(strstr(f->error.text, "another process is writing to it"));
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(save(f, trial_action(1, 1)), STORE_OK);
    sqlite3_close(other);
}

/* What is saved would lie in a file without a name, and be gone when it is closed. */
static void a_file_that_is_gone_from_its_place_holds_the_turn_too(void **state)
{
    struct fixture *f = *state;
    char elsewhere[160];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere.db", f->directory);
    save_ground(f);
    for (int copied = 0; copied < 2; copied++) { /* 1: another file has the name meanwhile */
        assert_int_equal(rename(f->path, elsewhere), 0);
        if (copied)
            fclose(fopen(f->path, "w"));
        assert_int_equal(save(f, trial_action(1, 1 + copied)), STORE_HELD);
        assert_non_null(strstr(f->error.text, f->path));
        assert_non_null(strstr(f->error.text, "was moved or removed"));
        assert_int_equal(rename(elsewhere, f->path), 0);
        assert_int_equal(save(f, trial_action(1, 1 + copied)), STORE_OK);
    }
    reopen(f);
    assert_string_equal(answer(f, "SELECT group_concat(number) FROM trial"), "0,1,2");
}

/* Somebody who tidies up. */
static void a_log_that_is_gone_from_its_place_holds_the_turn_too(void **state)
{
    struct fixture *f = *state;
    char log[160], elsewhere[160];
    snprintf(log, sizeof log, "%s-wal", f->path);
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", f->directory);
    save_ground(f);
    assert_int_equal(save(f, trial_action(1, 1)), STORE_OK);
    assert_int_equal(rename(log, elsewhere), 0);
    assert_int_equal(save(f, trial_action(1, 2)), STORE_HELD);
    assert_non_null(strstr(f->error.text, "-wal was moved or removed"));
    assert_int_equal(rename(elsewhere, log), 0);
    assert_int_equal(save(f, trial_action(1, 2)), STORE_OK);
    assert_int_equal(unlink(log), 0);
    assert_int_equal(save(f, trial_action(1, 3)), STORE_HELD);
    reopen(f);
    assert_string_equal(answer(f, "SELECT group_concat(number) FROM trial"), "0,1,2");
}

/* One turn: two trials and, if it shall be large enough to empty the log into the file, five
 * megabytes. */
static enum store_result save_turn(struct fixture *f, const char *log)
{
    struct action attempt = attempt_action(1, 0, 1);
    attempt.attempt.log = log;
    return save(f, trial_action(1, 1), attempt, trial_action(1, 2));
}

/* Fails one call of a turn, opens the file again, and looks whether the turn is there whole or not
 * at all, and there for sure if it was acknowledged. Returns how many calls there were. */
static int fail_one_call(int fail_at, const char *log, int *broken)
{
    void *state;
    make_store(&state);
    struct fixture *f = state;
    save_ground(f);
    arm(fail_at);
    enum store_result result = save_turn(f, log);
    int calls = shim.calls;
    bool failed = fail_at > 0 && fail_at <= calls;
    if (failed != (result == STORE_BROKEN))
        fail_msg("call %d of %d: result %d: %s", fail_at, calls, result, f->error.text);
    *broken += failed;
    arm(0);
    reopen(f);
    int trials = atoi(answer(f, "SELECT count(*) FROM trial"));
    int length = atoi(answer(f, "SELECT length(log) FROM attempt"));
    bool whole = trials == 3 && length == (int)strlen(log), nothing = trials == 1 && length == 0;
    if (!whole && (!nothing || result == STORE_OK))
        fail_msg("call %d of %d: result %d, %d trials, log %d", fail_at, calls, result, trials,
                 length);
    assert_string_equal(answer(f, "PRAGMA integrity_check"), "ok");
    remove_all(&state);
    return calls;
}

static void every_io_call_of_a_turn_may_fail(void **state)
{
    int broken = 0, calls = fail_one_call(0, "log", &broken);
    assert_in_range(calls, 3, 60);
    for (int call = 1; call <= calls; call++)
        fail_one_call(call, "log", &broken);
    assert_int_equal(broken, calls);
}

static void io_calls_of_emptying_the_log_may_fail(void **state)
{
    enum { BYTES = 5 << 20, SAMPLES = 24 };
    char *log = malloc(BYTES + 1);
    int broken = 0;
    memset(log, 'x', BYTES);
    log[BYTES] = '\0';
    int calls = fail_one_call(0, log, &broken);
    assert_in_range(calls, 2000, 6000); /* into the log, and from there into the file */
    for (int i = 1; i <= SAMPLES; i++)
        fail_one_call(i * calls / SAMPLES, log, &broken); /* the last one is the sync of the file */
    assert_int_equal(broken, SAMPLES);
    free(log);
}

/* A failure is told, unless SQLite can do without that call (it gives hints, too), and the file
 * opens afterwards. */
static void every_io_call_of_making_a_database_may_fail(void **state)
{
    int calls = 0, refused = 0;
    for (int call = 0; call <= calls; call++) {
        void *directory;
        make_directory(&directory);
        struct fixture *f = directory;
        arm(call);
        bool opened = store_open(&f->store, f->path, &f->error);
        if (call == 0)
            calls = shim.calls;
        assert_true(call > 0 || opened);
        assert_true(opened || strstr(f->error.text, f->path) != NULL);
        refused += !opened;
        arm(0);
        reopen(f);
        save_ground(f);
        remove_all(&directory);
    }
    assert_in_range(calls, 10, 1000);
    assert_in_range(refused, calls * 3 / 4, calls);
}

static void a_death_in_mid_transaction_leaves_the_last_commit(void **state)
{
    struct fixture *f = *state;
    save_ground(f);
    store_close(&f->store);
    pid_t child = fork();
    if (child == 0) {
        if (!store_open(&f->store, f->path, &f->error) || save(f, trial_action(1, 1)) != STORE_OK)
            _exit(1);
        run_sql(f, "PRAGMA cache_size = 1; BEGIN IMMEDIATE; UPDATE trial SET seed = 6;"
                   "UPDATE attempt SET log = hex(zeroblob(1000000))"); /* more than the cache: it is
                                                                          in the log */
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    reopen(f);
    assert_string_equal(answer(f, "SELECT group_concat(number), sum(seed = 5) FROM trial"),
                        "0,1|2");
    assert_string_equal(answer(f, "SELECT length(log) FROM attempt"), "0");
}

/* Saves trials for ever and says so through the pipe after each. */
static void save_until_killed(struct fixture *f, int pipe, int64_t from)
{
    if (!store_open(&f->store, f->path, &f->error))
        _exit(1);
    for (int64_t number = from;; number++) {
        if (save(f, trial_action(1, number)) != STORE_OK || write(pipe, &number, sizeof number) < 0)
            _exit(1);
    }
}

static void kill_9_loses_nothing_that_was_acknowledged(void **state)
{
    struct fixture *f = *state;
    unsigned seed;
    assert_int_equal(getrandom(&seed, sizeof seed, 0), sizeof seed);
    print_message("# seed %u\n", seed);
    srandom(seed);
    save_ground(f);
    store_close(&f->store);
    int64_t acknowledged = 0;
    for (int round = 0; round < 15; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            save_until_killed(f, ends[1], acknowledged + 1);
        close(ends[1]);
        for (long left = 1 + random() % 60; left > 0; left--)
            assert_int_equal(read(ends[0], &acknowledged, sizeof acknowledged),
                             sizeof acknowledged);
        kill(child, SIGKILL);
        while (read(ends[0], &acknowledged, sizeof acknowledged) >
               0) /* it went on until the signal */
            continue;
        waitpid(child, NULL, 0);
        close(ends[0]);
        reopen(f);
        int64_t last = atol(answer(f, "SELECT max(number) FROM trial"));
        assert_in_range(last, acknowledged,
                        acknowledged + 1); /* one may be saved and not yet told */
        assert_int_equal(atol(answer(f, "SELECT count(*) FROM trial")), last + 1);
        acknowledged = last;
        store_close(&f->store);
    }
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_full_disk_holds_the_turn_which_can_be_saved_later),
        WITH_STORE(a_file_that_may_not_grow_is_a_full_disk),
        WITH_STORE(a_disk_too_full_to_empty_the_log_does_not_fail_the_turn),
        WITH_STORE(a_log_that_cannot_grow_is_emptied_for_the_next_try),
        WITH_STORE(a_foreign_writer_holds_the_turn_too),
        WITH_STORE(a_file_that_is_gone_from_its_place_holds_the_turn_too),
        WITH_STORE(a_log_that_is_gone_from_its_place_holds_the_turn_too),
        cmocka_unit_test(every_io_call_of_a_turn_may_fail),
        cmocka_unit_test(io_calls_of_emptying_the_log_may_fail),
        cmocka_unit_test(every_io_call_of_making_a_database_may_fail),
        WITH_STORE(a_death_in_mid_transaction_leaves_the_last_commit),
        WITH_STORE(kill_9_loses_nothing_that_was_acknowledged),
    };
    return cmocka_run_group_tests(tests, install_shim, NULL);
}
