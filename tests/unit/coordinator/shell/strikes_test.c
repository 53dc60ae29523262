/* strikes.h: ten and out, for a bounded number of offenders, in a bounded number of lines. */
#include "coordinator/shell/strikes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void the_tenth_strike_is_the_last(void **state)
{
    struct strikes strikes = { 0 };
    for (int i = 1; i < STRIKES_ALLOWED; i++)
        assert_int_equal(strikes_add(&strikes, 7), i);
    assert_false(strikes_ignored(&strikes, 7));
    assert_int_equal(strikes_add(&strikes, 7), STRIKES_ALLOWED);
    assert_true(strikes_ignored(&strikes, 7));
    assert_false(strikes_ignored(&strikes, 8));
    assert_int_equal(strikes_add(&strikes, 7), STRIKES_ALLOWED); /* never overflows */
}

static void of_too_many_offenders_the_oldest_is_forgotten(void **state)
{
    struct strikes strikes = { 0 };
    for (uint64_t peer = 1; peer <= STRIKES_PEERS + 1; peer++)
        for (int i = 0; i < STRIKES_ALLOWED; i++)
            strikes_add(&strikes, peer);
    assert_false(strikes_ignored(&strikes, 1));
    for (uint64_t peer = 2; peer <= STRIKES_PEERS + 1; peer++)
        assert_true(strikes_ignored(&strikes, peer));
}

static void log_lines_are_rationed_and_the_rest_is_counted(void **state)
{
    struct strikes strikes = { 0 };
    uint64_t unlogged = 99;
    for (int i = 0; i < STRIKES_LINES; i++) {
        assert_true(strikes_may_log(&strikes, 1000 + i, &unlogged));
        assert_int_equal(unlogged, 0);
    }
    for (int i = 0; i < 5; i++)
        assert_false(strikes_may_log(&strikes, 2000, &unlogged));
    assert_true(strikes_may_log(&strikes, 1000 + STRIKES_WINDOW_MS, &unlogged));
    assert_int_equal(unlogged, 5);
    assert_true(strikes_may_log(&strikes, 1001 + STRIKES_WINDOW_MS, &unlogged));
    assert_int_equal(unlogged, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tenth_strike_is_the_last),
        cmocka_unit_test(of_too_many_offenders_the_oldest_is_forgotten),
        cmocka_unit_test(log_lines_are_rationed_and_the_rest_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
