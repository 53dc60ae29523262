#include "worker/shell/orphan.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { PATIENCE_MS = 20000 };
static const uint64_t WORKER = 0xabc0000000000001u, OTHER_WORKER = 0xabc0000000000002u;

/* A daemon in a session of its own, left behind by a shell that has ended. Its process number.
 * (With a pipe for its output, tail would end when we close that.) */
static pid_t leave_daemon(const char *mark, bool wipes_environment)
{
    const char *script = wipes_environment
                             ? "setsid env -i sh -c 'echo $$; exec tail -f /dev/null >/dev/null' &"
                             : "setsid sh -c 'echo $$; exec tail -f /dev/null >/dev/null' &";
    int ends[2], pid = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t shell = fork();
    if (shell == 0) {
        char *copy = strdup(mark);
        putenv(copy);
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    assert_int_equal(fscanf(out, "%d", &pid), 1);
    fclose(out);
    assert_int_equal(waitpid(shell, NULL, 0), shell);
    return (pid_t)pid;
}

static bool is_alive(pid_t pid)
{
    char path[64], status = 'X';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%*d %*s %c", &status) != 1)
        status = 'X';
    if (file != NULL)
        fclose(file);
    return status != 'X' && status != 'Z';
}

static bool is_known(pid_t pid) /* alive or not yet reaped */
{
    return kill(pid, 0) == 0;
}

static void sweep(const char *running)
{
    struct orphan_families families = { .worker = WORKER,
                                        .marks = &running,
                                        .n_marks = running != NULL };
    orphan_sweep(&families);
}

/* Sweeps until the process is gone without a trace. */
static void sweep_until_gone(pid_t pid, const char *running)
{
    for (int waited_ms = 0; is_known(pid) && waited_ms < PATIENCE_MS; waited_ms++) {
        sweep(running);
        poll(NULL, 0, 1);
    }
    assert_false(is_known(pid));
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int adopt(void **state)
{
    orphan_adopt_all(0);
    return 0;
}

static void what_an_ended_trial_left_is_killed_and_what_a_running_one_has_is_not(void **state)
{
    char ended[ORPHAN_MARK_BYTES], running[ORPHAN_MARK_BYTES];
    orphan_mark(ended, WORKER, 1);
    orphan_mark(running, WORKER, 12);
    pid_t kept = leave_daemon(running, false), left = leave_daemon(ended, false);
    sweep_until_gone(left, running);
    assert_true(is_alive(kept));
    sweep_until_gone(kept, NULL);
}

static void without_a_mark_it_lives_as_long_as_any_trial(void **state)
{
    char ended[ORPHAN_MARK_BYTES], running[ORPHAN_MARK_BYTES];
    orphan_mark(ended, WORKER, 1);
    orphan_mark(running, WORKER, 2);
    pid_t wiped = leave_daemon(ended, true), left = leave_daemon(ended, false);
    sweep_until_gone(left, running);
    assert_true(is_alive(wiped));
    sweep_until_gone(wiped, NULL);
}

static void children_that_are_no_orphans_are_left_alone(void **state)
{
    char ended[ORPHAN_MARK_BYTES];
    orphan_mark(ended, WORKER, 1);
    pid_t known = leave_daemon(ended, false), left = leave_daemon(ended, false);
    struct orphan_families families = { .worker = WORKER, .children = &known, .n_children = 1 };
    for (int waited_ms = 0; is_known(left) && waited_ms < PATIENCE_MS; waited_ms++) {
        orphan_sweep(&families);
        poll(NULL, 0, 1);
    }
    assert_false(is_known(left));
    assert_true(is_alive(known));
    end(known);
}

static void the_guard_kills_what_bears_a_mark_of_its_worker(void **state)
{
    char ours[ORPHAN_MARK_BYTES], theirs[ORPHAN_MARK_BYTES];
    orphan_mark(ours, WORKER, 7);
    orphan_mark(theirs, OTHER_WORKER, 7);
    pid_t first = leave_daemon(ours, false), second = leave_daemon(ours, false);
    pid_t other = leave_daemon(theirs, false);
    orphan_kill_all(WORKER);
    assert_int_equal(waitpid(first, NULL, 0), first);
    assert_int_equal(waitpid(second, NULL, 0), second);
    assert_true(is_alive(other));
    end(other);
}

static void what_may_come_from_elsewhere_is_left_alone(void **state)
{
    char ended[ORPHAN_MARK_BYTES], others[ORPHAN_MARK_BYTES];
    orphan_mark(ended, WORKER, 1);
    orphan_mark(others, OTHER_WORKER, 1);
    pid_t stranger = leave_daemon(others, false); /* here before the worker was, one may think */
    orphan_adopt_all(0);
    pid_t wiped = leave_daemon(ended, true), left = leave_daemon(ended, false);
    sweep_until_gone(left, NULL);
    assert_true(is_alive(stranger));
    assert_true(is_alive(wiped));
    end(stranger);
    end(wiped);
    orphan_adopt_all(0);
}

static void what_another_worker_inside_a_trial_left_goes_with_the_last_trial(void **state)
{
    char others[ORPHAN_MARK_BYTES], ended[ORPHAN_MARK_BYTES], running[ORPHAN_MARK_BYTES];
    orphan_mark(others, OTHER_WORKER, 1);
    orphan_mark(ended, WORKER, 1);
    orphan_mark(running, WORKER, 2);
    pid_t inner = leave_daemon(others, false), left = leave_daemon(ended, false);
    sweep_until_gone(left, running);
    assert_true(is_alive(inner));
    sweep_until_gone(inner, NULL);
}

static void a_mark_names_worker_and_trial(void **state)
{
    char mark[ORPHAN_MARK_BYTES];
    orphan_mark(mark, UINT64_MAX, UINT64_MAX);
    assert_string_equal(mark, "LDT_PROCESS=ffffffffffffffff-18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_names_worker_and_trial),
        cmocka_unit_test(what_an_ended_trial_left_is_killed_and_what_a_running_one_has_is_not),
        cmocka_unit_test(without_a_mark_it_lives_as_long_as_any_trial),
        cmocka_unit_test(children_that_are_no_orphans_are_left_alone),
        cmocka_unit_test(what_another_worker_inside_a_trial_left_goes_with_the_last_trial),
        cmocka_unit_test(what_may_come_from_elsewhere_is_left_alone),
        cmocka_unit_test(the_guard_kills_what_bears_a_mark_of_its_worker),
    };
    return cmocka_run_group_tests_name("orphans", tests, adopt, NULL);
}
