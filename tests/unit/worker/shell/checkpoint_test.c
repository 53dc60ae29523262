#include "worker/shell/checkpoint.h"
#include "worker/shell/keeper.h"
#include "common/arena.h"
#include "common/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { DAY_S = 24 * 3600 };
#define NOW_S (clock_wall_ms() / 1000) /* also of the file system, which tells the time, too */

struct world {
    char root[1024];      /* everything below it is the test's */
    char directory[1100]; /* for checkpoints; not made yet */
    struct arena *arena;
    struct error error;
};

static int create(void **state)
{
    static struct world world;
    world = (struct world){ .arena = arena_create(4096) };
    const char *parent = getenv("TMPDIR");
    snprintf(world.root, sizeof world.root, "%s/checkpoint.XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(world.root));
    snprintf(world.directory, sizeof world.directory, "%s/state/keep", world.root);
    *state = &world;
    return 0;
}

static int destroy(void **state)
{
    struct world *world = *state;
    char command[2200];
    snprintf(command, sizeof command, "chmod -R u+rwx '%s'; rm -rf '%s'", world->root, world->root);
    assert_int_equal(system(command), 0);
    arena_destroy(&world->arena);
    return 0;
}

static const char *path(struct world *world, const char *relative)
{
    return arena_printf(world->arena, "%s/%s", world->directory, relative);
}

static void write_file(struct world *world, const char *relative, const char *text)
{
    FILE *file = fopen(path(world, relative), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_directory(struct world *world, const char *relative)
{
    assert_int_equal(mkdir(path(world, relative), 0700), 0);
}

static bool exists(struct world *world, const char *relative)
{
    struct stat status;
    return lstat(path(world, relative), &status) == 0;
}

static const char *claim(struct world *world, const char *key, int32_t attempt)
{
    return checkpoint_claim(world->directory, key, attempt, world->arena, &world->error);
}

static bool discard(struct world *world, const char *key, int32_t attempt)
{
    return checkpoint_discard(world->directory, key, attempt, INT64_MAX, &world->error) ==
           REMOVAL_DONE;
}

static void the_first_attempt_gets_a_new_directory_of_its_own(void **state)
{
    struct world *world = *state;
    struct stat status;
    assert_string_equal(claim(world, "k-1", 1), path(world, "k-1/attempt-1"));
    assert_int_equal(stat(path(world, "k-1/attempt-1"), &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_true(exists(world, CHECKPOINT_MARK));
    assert_string_equal(claim(world, "k-2", 1), path(world, "k-2/attempt-1"));
}

static void the_next_attempt_takes_over_what_the_newest_left(void **state)
{
    struct world *world = *state;
    claim(world, "k", 1);
    make_directory(world, "k/attempt-3");
    write_file(world, "k/attempt-3/model", "3");
    make_directory(world, "k/attempt-9");
    assert_string_equal(claim(world, "k", 5), path(world, "k/attempt-5"));
    assert_true(exists(world, "k/attempt-5/model"));
    assert_false(exists(world, "k/attempt-3"));
    assert_true(exists(world, "k/attempt-1"));
    assert_true(exists(world, "k/attempt-9")); /* never a newer one */
}

static void the_older_attempt_can_save_no_more(void **state)
{
    struct world *world = *state;
    claim(world, "k", 1);
    write_file(world, "k/attempt-1/model", "old");
    claim(world, "k", 2);
    assert_null(fopen(path(world, "k/attempt-1/model.new"), "w"));
    assert_int_equal(errno, ENOENT);
    assert_true(exists(world, "k/attempt-2/model"));
}

static void claiming_again_is_harmless(void **state)
{
    struct world *world = *state;
    claim(world, "k", 2);
    write_file(world, "k/attempt-2/model", "2");
    make_directory(world, "k/attempt-1");
    assert_string_equal(claim(world, "k", 2), path(world, "k/attempt-2"));
    assert_true(exists(world, "k/attempt-2/model"));
}

static void keys_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const keys[] = { "..", ".", ".hidden", "a/b", "", "a b" };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_null(claim(world, keys[i], 1));
        assert_non_null(strstr(world->error.text, "cannot name a directory"));
        assert_true(discard(world, keys[i], 1));
    }
    assert_null(claim(world, "k", 0));
}

static void a_link_in_place_of_a_directory_is_not_followed(void **state)
{
    struct world *world = *state;
    const char *outside = arena_printf(world->arena, "%s/outside", world->root);
    assert_int_equal(mkdir(outside, 0700), 0);
    claim(world, "k", 1);
    assert_int_equal(symlink(outside, path(world, "evil")), 0);
    assert_null(claim(world, "evil", 1));
    make_directory(world, "e");
    assert_int_equal(symlink(outside, path(world, "e/attempt-2")), 0);
    assert_null(claim(world, "e", 2));
    assert_true(discard(world, "evil", 1));
    assert_int_equal(rmdir(outside), 0); /* still there, and still empty */
}

static void what_is_discarded_is_gone_and_nothing_else(void **state)
{
    struct world *world = *state;
    const char *outside = arena_printf(world->arena, "%s/outside", world->root);
    assert_int_equal(mkdir(outside, 0700), 0);
    claim(world, "k", 2);
    claim(world, "other", 1);
    make_directory(world, "k/attempt-1");
    make_directory(world, "k/attempt-2/deep");
    write_file(world, "k/attempt-2/deep/file", "x");
    assert_int_equal(symlink(outside, path(world, "k/attempt-2/link")), 0);
    assert_true(discard(world, "k", 2));
    assert_false(exists(world, "k"));
    assert_true(exists(world, "other/attempt-1"));
    assert_int_equal(access(outside, F_OK), 0);
    assert_true(discard(world, "k", 2)); /* once more: nothing to do */
}

static int count_entries(struct world *world, const char *relative)
{
    DIR *entries = opendir(path(world, relative));
    int count = -2;
    assert_non_null(entries);
    while (readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

static void what_takes_too_long_is_removed_piece_by_piece(void **state)
{
    struct world *world = *state;
    enum { FILES = 5 };
    claim(world, "k", 2);
    make_directory(world, "k/attempt-2/below");
    for (int i = 0; i < FILES; i++)
        write_file(world, arena_printf(world->arena, "k/attempt-2/below/%d", i), "2");
    for (int left = FILES - 1; left >= 0; left--) { /* the time is always up */
        assert_int_equal(checkpoint_discard(world->directory, "k", 2, 0, &world->error),
                         REMOVAL_UNFINISHED);
        assert_false(exists(world, "k/attempt-2"));
        assert_int_equal(count_entries(world, "k/discarded-2/below"), left);
    }
    assert_string_equal(claim(world, "k", 3), path(world, "k/attempt-3"));
    while (checkpoint_discard(world->directory, "k", 2, 0, &world->error) == REMOVAL_UNFINISHED)
        assert_true(exists(world, "k/discarded-2"));
    assert_int_equal(count_entries(world, "k"), 1);
    assert_true(exists(world, "k/attempt-3"));
}

/* Discards whatever is older than *claimed, again and again, until that is 0. */
static pid_t start_discarding(struct world *world, const _Atomic int32_t *claimed)
{
    pid_t parent = getpid(), pid = fork();
    if (pid != 0)
        return pid;
    for (int32_t attempt; (attempt = *claimed) > 0 && getppid() == parent;)
        checkpoint_discard(world->directory, "k", attempt - 1, 0, &world->error);
    _exit(0);
}

static void a_claim_that_meets_a_removal_finds_all_or_nothing(void **state)
{
    struct world *world = *state;
    enum { ROUNDS = 300, FILES = 3 };
    int status, taken_over = 0;
    _Atomic int32_t *claimed =
        mmap(NULL, sizeof *claimed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(claimed != MAP_FAILED);
    *claimed = 1;
    pid_t pid = start_discarding(world, claimed);
    for (int32_t attempt = 1; attempt <= ROUNDS; attempt++) {
        const char *ours = arena_printf(world->arena, "k/attempt-%d", attempt);
        if (claim(world, "k", attempt) == NULL)
            fail_msg("attempt %d: %s", attempt, world->error.text);
        *claimed = attempt;
        int found = count_entries(world, ours);
        if (found != 0 && found != FILES)
            fail_msg("attempt %d found %d of %d files", attempt, found, FILES);
        taken_over += found == FILES;
        for (int i = 0; i < FILES; i++)
            write_file(world, arena_printf(world->arena, "%s/%d", ours, i), "saved");
        *claimed = attempt + 1; /* as if it had been superseded: the race begins */
    }
    *claimed = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    print_message("%d of %d found what the one before had kept\n", taken_over, ROUNDS);
}

/* As nobody, because to root no directory forbids anything. */
static int discard_as_nobody(struct world *world)
{
    pid_t pid = fork();
    int status;
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(3);
        if (access(world->directory, X_OK) != 0)
            _exit(77); /* TMPDIR is in a place where nobody may go */
        _exit(discard(world, "k", 1) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void directories_that_forbid_to_be_changed_are_removed(void **state)
{
    static const char *const forbidden[] = { "k/attempt-1/a", "k/attempt-1/b", "k/attempt-1" };
    static const char *const all[] = { "", "k", "k/attempt-1", "k/attempt-1/a", "k/attempt-1/b" };
    struct world *world = *state;
    claim(world, "k", 1);
    make_directory(world, "k/attempt-1/a");
    make_directory(world, "k/attempt-1/b");
    write_file(world, "k/attempt-1/a/file", "1");
    for (size_t i = 0; geteuid() == 0 && i < sizeof all / sizeof *all; i++)
        assert_int_equal(chown(path(world, all[i]), 65534, 65534), 0);
    assert_int_equal(chmod(world->root, 0711), 0);
    assert_int_equal(chmod(arena_printf(world->arena, "%s/state", world->root), 0711), 0);
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        assert_int_equal(chmod(path(world, forbidden[i]), i == 0 ? 0555 : 0), 0);
    int status = discard_as_nobody(world);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
    assert_false(exists(world, "k"));
}

static void what_cannot_be_removed_is_named_with_its_place(void **state)
{
    struct world *world = *state;
    struct error error = { "" };
    claim(world, "k", 1);
    int at = open(path(world, "k/attempt-1"), O_RDONLY | O_DIRECTORY), levels = 120;
    for (int i = 0; i < levels; i++) {
        assert_int_equal(mkdirat(at, "d", 0700), 0);
        int below = openat(at, "d", O_RDONLY | O_DIRECTORY);
        close(at);
        at = below;
    }
    close(at);
    assert_int_equal(checkpoint_discard(world->directory, "k", 1, INT64_MAX, &error),
                     REMOVAL_FAILED);
    const char *place = arena_printf(world->arena, "in `%s/k`: ", world->directory);
    assert_memory_equal(error.text, place, strlen(place));
    assert_non_null(strstr(error.text, "cannot remove `d`: too deep"));
}

static void a_newer_attempt_keeps_its_own(void **state)
{
    struct world *world = *state;
    claim(world, "k", 3);
    write_file(world, "k/attempt-3/model", "3");
    make_directory(world, "k/attempt-1");
    assert_true(discard(world, "k", 2));
    assert_false(exists(world, "k/attempt-1"));
    assert_true(exists(world, "k/attempt-3/model"));
}

static void an_attempt_that_kept_nothing_leaves_nothing(void **state)
{
    struct world *world = *state;
    claim(world, "empty", 1);
    checkpoint_leave(world->directory, "empty", 1);
    assert_false(exists(world, "empty"));
    claim(world, "full", 1);
    write_file(world, "full/attempt-1/model", "x");
    checkpoint_leave(world->directory, "full", 1);
    assert_true(exists(world, "full/attempt-1/model"));
    claim(world, "newer", 2);
    checkpoint_leave(world->directory, "newer", 1);
    assert_true(exists(world, "newer/attempt-2"));
    checkpoint_leave(world->directory, "none", 1);
    checkpoint_leave(world->directory, "..", 1);
    checkpoint_leave("/proc/no", "k", 1);
}

static void what_is_not_ours_is_never_removed(void **state)
{
    struct world *world = *state;
    claim(world, "k", 1);
    write_file(world, "k/attempt-01", "x");
    write_file(world, "k/notes", "x");
    assert_true(discard(world, "k", 9));
    assert_true(exists(world, "k/notes"));
    assert_true(exists(world, "k/attempt-01"));
    assert_false(exists(world, "k/attempt-1"));
}

static void an_unusable_directory_says_why(void **state)
{
    struct world *world = *state;
    struct world full = *world;
    snprintf(full.directory, sizeof full.directory, "/proc/no");
    assert_null(claim(&full, "k", 1));
    assert_non_null(strstr(full.error.text, "cannot use `/proc/no` for checkpoints: "));
    snprintf(full.directory, sizeof full.directory, "/etc/hostname");
    assert_null(claim(&full, "k", 1));
    assert_non_null(strstr(full.error.text, "Not a directory"));
}

/* ---- sweeping -------------------------------------------------------------------------------- */

static void set_age(struct world *world, const char *relative, int64_t days)
{
    struct timespec times[2];
    times[0] = times[1] = (struct timespec){ .tv_sec = NOW_S - days * DAY_S };
    assert_int_equal(utimensat(AT_FDCWD, path(world, relative), times, AT_SYMLINK_NOFOLLOW), 0);
}

static void leave_behind(struct world *world, const char *key, int64_t days)
{
    const char *attempt = arena_printf(world->arena, "%s/attempt-1", key);
    const char *file = arena_printf(world->arena, "%s/model", attempt);
    claim(world, key, 1);
    write_file(world, file, "x");
    set_age(world, file, days);
    set_age(world, attempt, days);
    set_age(world, key, days);
}

static int64_t sweep_at(struct world *world, int64_t wall_ms)
{
    struct checkpoint_sweep *sweep = checkpoint_sweep_begin(world->directory, wall_ms);
    while (sweep != NULL && checkpoint_sweep_go_on(sweep, 0))
        continue;
    return checkpoint_sweep_end(&sweep);
}

static int64_t sweep(struct world *world)
{
    return sweep_at(world, NOW_S * 1000);
}

static void what_nobody_wrote_to_for_a_month_is_swept(void **state)
{
    struct world *world = *state;
    leave_behind(world, "old", CHECKPOINT_KEPT_DAYS + 1);
    leave_behind(world, "young", CHECKPOINT_KEPT_DAYS - 1);
    leave_behind(world, "alive", 100);
    set_age(world, "alive/attempt-1/model", 3); /* written in place */
    set_age(world, CHECKPOINT_MARK, 2);
    assert_int_equal(sweep(world), 1);
    assert_false(exists(world, "old"));
    assert_true(exists(world, "young/attempt-1/model"));
    assert_true(exists(world, "alive/attempt-1/model"));
}

static void a_sweep_goes_on_where_its_time_was_up(void **state)
{
    struct world *world = *state;
    for (int key = 0; key < 20; key++)
        leave_behind(world, arena_printf(world->arena, "old-%d", key), 100);
    set_age(world, CHECKPOINT_MARK, 2);
    struct checkpoint_sweep *sweep = checkpoint_sweep_begin(world->directory, NOW_S * 1000);
    int turns = 1;
    while (checkpoint_sweep_go_on(sweep, 0))
        turns++;
    assert_true(turns > 20); /* at least something in each, and no more than that */
    assert_int_equal(checkpoint_sweep_end(&sweep), 20);
    assert_null(sweep);
}

static void leave_much_behind(struct world *world, const char *attempt)
{
    make_directory(world, attempt);
    for (int i = 0; i < 5; i++) {
        const char *file = arena_printf(world->arena, "%s/%d", attempt, i);
        write_file(world, file, "x");
        set_age(world, file, 100);
    }
    set_age(world, attempt, 100);
}

static void who_comes_back_amid_a_sweep_keeps_what_it_took_over(void **state)
{
    struct world *world = *state;
    claim(world, "old", 3);
    leave_much_behind(world, "old/attempt-1");
    leave_much_behind(world, "old/attempt-2");
    set_age(world, "old/attempt-3", 100);
    set_age(world, "old", 100);
    set_age(world, CHECKPOINT_MARK, 2);
    struct checkpoint_sweep *sweep = checkpoint_sweep_begin(world->directory, NOW_S * 1000);
    while (exists(world, "old/attempt-1") && exists(world, "old/attempt-2"))
        assert_true(checkpoint_sweep_go_on(sweep, 0));
    claim(world, "old", 4);
    while (checkpoint_sweep_go_on(sweep, 0))
        continue;
    assert_true(exists(world, "old/attempt-4"));
    checkpoint_sweep_end(&sweep);
}

static void a_fleet_sweeps_once_a_day(void **state)
{
    struct world *world = *state;
    leave_behind(world, "old", 100);
    set_age(world, CHECKPOINT_MARK, 2);
    assert_int_equal(sweep(world), 1);
    leave_behind(world, "old", 100);
    assert_int_equal(sweep(world), 0);
    set_age(world, CHECKPOINT_MARK,
            -400); /* a clock that was wrong is no reason to stop for ever */
    assert_int_equal(sweep(world), 1);
}

static void a_clock_that_is_ahead_of_the_directorys_sweeps_nothing_that_is_young(void **state)
{
    struct world *world = *state;
    int64_t ahead_ms = (NOW_S + 2 * CHECKPOINT_KEPT_DAYS * DAY_S) * 1000;
    leave_behind(world, "old", 100);
    claim(world, "young", 1);
    assert_int_equal(sweep_at(world, ahead_ms), 1);
    assert_false(exists(world, "old"));
    assert_true(exists(world, "young/attempt-1"));
}

static void a_directory_that_held_other_things_is_not_swept(void **state)
{
    struct world *world = *state;
    assert_int_equal(mkdir(arena_printf(world->arena, "%s/state", world->root), 0700), 0);
    assert_int_equal(mkdir(world->directory, 0700), 0);
    make_directory(world, "thesis");
    leave_behind(world, "old", 100);
    assert_false(exists(world, CHECKPOINT_MARK));
    assert_int_equal(sweep(world), 0);
    assert_true(exists(world, "old"));
}

static void no_directory_is_nothing_to_sweep(void **state)
{
    assert_int_equal(sweep(*state), 0);
}

/* ---- the keeper ------------------------------------------------------------------------------ */

static void the_keeper_gives_and_removes(void **state)
{
    struct world *world = *state;
    struct keeper *keeper = keeper_create(world->directory, 0);
    assert_string_equal(keeper_claim(keeper, "k", 1, world->arena), path(world, "k/attempt-1"));
    assert_string_equal(keeper_claim(keeper, "", 1, world->arena), "");
    keeper_settle(keeper, "k", 1, false, 5000);
    assert_int_equal(keeper_next_deadline(keeper), 5000);
    keeper_tick(keeper, 5000);
    assert_false(exists(world, "k"));
    assert_int_equal(keeper_next_deadline(keeper), INT64_MAX);
    keeper_destroy(&keeper);
    assert_null(keeper);
}

static void what_the_keeper_has_not_got_to_is_removed_at_the_end(void **state)
{
    struct world *world = *state;
    struct keeper *keeper = keeper_create(world->directory, 0);
    keeper_claim(keeper, "later", 1, world->arena);
    keeper_claim(keeper, "now", 1, world->arena);
    keeper_settle(keeper, "later", 1, true, 5000);
    keeper_settle(keeper, "now", 1, false, 5000);
    keeper_finish(keeper, 5000);
    assert_false(exists(world, "now"));
    assert_true(exists(world, "later"));
    keeper_destroy(&keeper);
}

static void the_keeper_waits_for_a_newer_attempt(void **state)
{
    struct world *world = *state;
    struct keeper *keeper = keeper_create(world->directory, 0);
    keeper_claim(keeper, "taken", 1, world->arena);
    keeper_claim(keeper, "left", 1, world->arena);
    keeper_settle(keeper, "taken", 1, true, 5000);
    keeper_settle(keeper, "left", 1, true, 6000);
    assert_int_equal(keeper_next_deadline(keeper), 5000 + KEEPER_GRACE_MS);
    keeper_tick(keeper, 5000 + KEEPER_GRACE_MS - 1);
    assert_true(exists(world, "taken/attempt-1"));
    keeper_claim(keeper, "taken", 2, world->arena);
    keeper_tick(keeper, 5000 + KEEPER_GRACE_MS);
    assert_true(exists(world, "taken/attempt-2"));
    assert_true(exists(world, "left/attempt-1"));
    keeper_tick(keeper, 6000 + KEEPER_GRACE_MS);
    assert_false(exists(world, "left"));
    assert_int_equal(keeper_next_deadline(keeper), INT64_MAX);
    keeper_destroy(&keeper);
}

/* A worker may run for months. */
static void the_keeper_sweeps_at_the_start_and_then_every_day(void **state)
{
    struct world *world = *state;
    int64_t now_ms = 5000;
    leave_behind(world, "old", 100);
    set_age(world, CHECKPOINT_MARK, 2);
    struct keeper *keeper = keeper_create(world->directory, now_ms);
    for (; keeper_next_deadline(keeper) <= now_ms; now_ms++)
        keeper_tick(keeper, now_ms);
    assert_false(exists(world, "old"));
    leave_behind(world, "older", 200);
    for (int hour = 0; hour < 24; hour++)
        keeper_tick(keeper, now_ms += 3600 * 1000);
    assert_true(exists(world, "older"));
    set_age(world, CHECKPOINT_MARK, 2); /* as if a day had passed */
    keeper_tick(keeper, now_ms += 3600 * 1000);
    while (keeper_next_deadline(keeper) <= now_ms)
        keeper_tick(keeper, now_ms);
    assert_false(exists(world, "older"));
    keeper_destroy(&keeper);
}

static void a_keeper_without_a_usable_directory_does_without(void **state)
{
    struct world *world = *state;
    struct keeper *none = keeper_create("", 0), *unusable = keeper_create("/proc/no", 0);
    assert_string_equal(keeper_claim(none, "k", 1, world->arena), "");
    assert_string_equal(keeper_claim(unusable, "k", 1, world->arena), "");
    keeper_settle(none, "k", 1, true, 0);
    keeper_settle(unusable, "k", 1, false, 0);
    assert_int_equal(keeper_next_deadline(none), INT64_MAX);
    keeper_destroy(&none);
    keeper_destroy(&unusable);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_attempt_gets_a_new_directory_of_its_own),
        TEST(the_next_attempt_takes_over_what_the_newest_left),
        TEST(the_older_attempt_can_save_no_more),
        TEST(claiming_again_is_harmless),
        TEST(keys_that_lead_elsewhere_are_refused),
        TEST(a_link_in_place_of_a_directory_is_not_followed),
        TEST(what_is_discarded_is_gone_and_nothing_else),
        TEST(what_takes_too_long_is_removed_piece_by_piece),
        TEST(a_claim_that_meets_a_removal_finds_all_or_nothing),
        TEST(directories_that_forbid_to_be_changed_are_removed),
        TEST(what_cannot_be_removed_is_named_with_its_place),
        TEST(a_newer_attempt_keeps_its_own),
        TEST(an_attempt_that_kept_nothing_leaves_nothing),
        TEST(what_is_not_ours_is_never_removed),
        TEST(an_unusable_directory_says_why),
        TEST(what_nobody_wrote_to_for_a_month_is_swept),
        TEST(a_sweep_goes_on_where_its_time_was_up),
        TEST(who_comes_back_amid_a_sweep_keeps_what_it_took_over),
        TEST(a_fleet_sweeps_once_a_day),
        TEST(a_clock_that_is_ahead_of_the_directorys_sweeps_nothing_that_is_young),
        TEST(a_directory_that_held_other_things_is_not_swept),
        TEST(no_directory_is_nothing_to_sweep),
        TEST(the_keeper_gives_and_removes),
        TEST(what_the_keeper_has_not_got_to_is_removed_at_the_end),
        TEST(the_keeper_waits_for_a_newer_attempt),
        TEST(the_keeper_sweeps_at_the_start_and_then_every_day),
        TEST(a_keeper_without_a_usable_directory_does_without),
    };
    return cmocka_run_group_tests_name("checkpoint directories", tests, NULL, NULL);
}
