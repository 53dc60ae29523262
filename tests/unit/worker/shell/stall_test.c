#include "worker/shell/stall.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void who_wakes_up_when_it_wanted_to_has_not_stalled(void **state)
{
    assert_int_equal(stall_ms(5000, 6000, 6000), 0);
    assert_int_equal(stall_ms(5000, 6000, 6000 + STALL_MIN_MS - 1), 0);
}

static void who_is_woken_early_has_not_stalled(void **state)
{
    assert_int_equal(stall_ms(5000, 6000, 5000), 0);
    assert_int_equal(stall_ms(5000, INT64_MAX, 999999), 0);
}

/* Not only what is over the deadline: a limit that passed with it would be passed all the same. */
static void who_comes_back_late_did_not_run_since_it_turned(void **state)
{
    assert_int_equal(stall_ms(5000, 6000, 6000 + STALL_MIN_MS), 1000 + STALL_MIN_MS);
    assert_int_equal(stall_ms(5000, 5010, 65000), 60000);
}

static void work_that_was_due_long_ago_is_no_stall(void **state)
{
    assert_int_equal(stall_ms(5000, INT64_MIN, 5900), 0);
    assert_int_equal(stall_ms(5000, 0, 5000 + STALL_MIN_MS), STALL_MIN_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_wakes_up_when_it_wanted_to_has_not_stalled),
        cmocka_unit_test(who_is_woken_early_has_not_stalled),
        cmocka_unit_test(who_comes_back_late_did_not_run_since_it_turned),
        cmocka_unit_test(work_that_was_due_long_ago_is_no_stall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
