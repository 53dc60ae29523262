/* signals.h: who was started by nohup is not ended by a hangup. */
#include "common/signals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void three_signals_ask_a_program_to_leave(void **state)
{
    sigset_t set;
    signal(SIGHUP, SIG_DFL);
    signals_to_leave(&set);
    assert_true(sigismember(&set, SIGTERM));
    assert_true(sigismember(&set, SIGINT));
    assert_true(sigismember(&set, SIGHUP));
    assert_false(sigismember(&set, SIGCHLD));
}

static void a_hangup_that_was_ignored_stays_ignored(void **state)
{
    sigset_t set;
    signal(SIGHUP, SIG_IGN);
    signals_to_leave(&set);
    signal(SIGHUP, SIG_DFL);
    assert_false(sigismember(&set, SIGHUP));
    assert_true(sigismember(&set, SIGTERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_signals_ask_a_program_to_leave),
        cmocka_unit_test(a_hangup_that_was_ignored_stays_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
