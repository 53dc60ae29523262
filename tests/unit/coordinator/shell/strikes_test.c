/* strikes.h, hush.h, meter.h, roles.h: what one sender may do to us, and what it may use up. */
#include "coordinator/shell/hush.h"
#include "coordinator/shell/meter.h"
#include "coordinator/shell/roles.h"
#include "coordinator/shell/strikes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void ten_strikes_and_a_connection_is_ignored_for_ten_minutes(void **state)
{
    struct strikes connection = { 0 }, key = { 0 };
    for (int i = 1; i < STRIKES_ALLOWED; i++)
        assert_false(strikes_add(&connection, &key, 1000 + i));
    assert_true(strikes_add(&connection, &key, 2000));
    assert_true(strikes_ignored(&connection, 1999 + STRIKES_FORGOTTEN_MS));
    assert_true(strikes_add(&connection, &key, 1999 + STRIKES_FORGOTTEN_MS));
    assert_false(strikes_add(&connection, &key, 2 * (2000 + STRIKES_FORGOTTEN_MS)));
}

static void nine_strikes_are_forgotten_too(void **state)
{
    struct strikes connection = { 0 }, key = { 0 };
    for (int i = 1; i < STRIKES_ALLOWED; i++)
        strikes_add(&connection, &key, 0);
    assert_false(strikes_add(&connection, &key, STRIKES_FORGOTTEN_MS));
    assert_int_equal(connection.count, 1);
    assert_int_equal(key.count, 1);
}

static void a_key_that_goes_on_has_one_strike_for_each_connection(void **state)
{
    struct strikes key = { 0 };
    for (int i = 0; i < STRIKES_OF_A_KEY; i++) {
        struct strikes connection = { 0 }; /* each misbehaves a little */
        assert_false(strikes_on_notice(&key, 1000));
        assert_false(strikes_add(&connection, &key, 1000));
    }
    assert_true(strikes_on_notice(&key, 999 + STRIKES_FORGOTTEN_MS));
    for (int i = 0; i < 5; i++) {
        struct strikes connection = { 0 };
        assert_true(strikes_add(&connection, &key, 2000));
        assert_true(strikes_ignored(&connection, 1999 + STRIKES_FORGOTTEN_MS));
        assert_false(strikes_ignored(&connection, 2000 + STRIKES_FORGOTTEN_MS));
    }
    struct strikes later = { 0 };
    assert_true(strikes_on_notice(&key, 1999 + STRIKES_FORGOTTEN_MS));
    assert_false(strikes_add(&later, &key, 2000 + STRIKES_FORGOTTEN_MS));
}

static void so_many_lines_are_logged_and_then_a_number(void **state)
{
    struct hush hush = { 0 };
    uint64_t unlogged;
    for (int i = 0; i < HUSH_LINES; i++) {
        assert_true(hush_may_log(&hush, 100000 + i, &unlogged));
        assert_int_equal(unlogged, 0);
    }
    for (int i = 0; i < 500; i++)
        assert_false(hush_may_log(&hush, 101000, &unlogged));
    assert_true(hush_may_log(&hush, 100000 + HUSH_WINDOW_MS, &unlogged));
    assert_int_equal(unlogged, 500);
    assert_true(hush_may_log(&hush, 100001 + HUSH_WINDOW_MS, &unlogged));
    assert_int_equal(unlogged, 0);
}

static void a_meter_gives_much_at_once_and_then_so_much_a_second(void **state)
{
    static const struct meter_rate rate = { 100, 1000 };
    struct meter meter = meter_full(&rate, 0);
    assert_true(meter_open(&meter, &rate, 0));
    meter_charge(&meter, 1100);
    assert_false(meter_open(&meter, &rate, 999));
    assert_false(meter_open(&meter, &rate, 1000));
    assert_true(meter_open(&meter, &rate, 1015));
    assert_int_equal(meter.left, 1);
    assert_true(
        meter_open(&meter, &rate, INT64_C(1) << 40)); /* a quiet year is no more than full */
    assert_int_equal(meter.left, 1000);
}

static void a_meter_that_is_asked_often_still_fills(void **state)
{
    static const struct meter_rate rate = { 100, 1000 }; /* one in ten milliseconds */
    struct meter meter = meter_full(&rate, 0);
    meter_charge(&meter, 1000);
    for (int64_t now_ms = 1; now_ms <= 1000; now_ms++)
        meter_open(&meter, &rate, now_ms);
    assert_int_equal(meter.left, 100);
}

/* What each role may send; a message that is in no row is for nobody. */
static void each_role_sends_what_is_its_own(void **state)
{
    static const struct {
        enum message_type type;
        int roles;
    } rows[] = {
        { MESSAGE_HELLO, KEY_WORKER },
        { MESSAGE_ASK, KEY_WORKER },
        { MESSAGE_BEAT, KEY_WORKER },
        { MESSAGE_POINTS, KEY_WORKER },
        { MESSAGE_RESULT, KEY_WORKER },
        { MESSAGE_RELEASE, KEY_WORKER },
        { MESSAGE_SUBMIT, KEY_SUBMIT },
        { MESSAGE_STOP, KEY_SUBMIT },
        { MESSAGE_RERUN, KEY_SUBMIT },
        { MESSAGE_PAUSE, KEY_SUBMIT },
        { MESSAGE_RESUME, KEY_SUBMIT },
        { MESSAGE_RETRY, KEY_SUBMIT },
        { MESSAGE_DRAIN, KEY_SUBMIT },
        { MESSAGE_AUDIT, KEY_SUBMIT },
        { MESSAGE_STATUS, KEY_SUBMIT | KEY_READ },
        { MESSAGE_NONE, KEY_NO_ROLE },
        { MESSAGE_WELCOME, KEY_NO_ROLE },
        { MESSAGE_TRIAL, KEY_NO_ROLE },
        { MESSAGE_ERROR, KEY_NO_ROLE },
        { MESSAGE_SUBMITTED, KEY_NO_ROLE },
        { MESSAGE_STATUS_REPLY, KEY_NO_ROLE },
        { MESSAGE_PAUSED, KEY_NO_ROLE },
        { MESSAGE_AUDITING, KEY_NO_ROLE },
    };
    static const int roles[] = { KEY_WORKER, KEY_SUBMIT, KEY_READ, KEY_SERVER };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t r = 0; r < sizeof roles / sizeof *roles; r++)
            assert_int_equal(roles_forbid(roles[r], rows[i].type) == NULL,
                             (rows[i].roles & roles[r]) != 0);
        assert_int_equal(roles_forbid(ROLES_ALL, rows[i].type) == NULL, rows[i].roles != 0);
    }
    assert_non_null(strstr(roles_forbid(KEY_READ, MESSAGE_SUBMIT), "role submit"));
    assert_non_null(strstr(roles_forbid(KEY_SUBMIT, MESSAGE_HELLO), "role worker"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_strikes_and_a_connection_is_ignored_for_ten_minutes),
        cmocka_unit_test(nine_strikes_are_forgotten_too),
        cmocka_unit_test(a_key_that_goes_on_has_one_strike_for_each_connection),
        cmocka_unit_test(so_many_lines_are_logged_and_then_a_number),
        cmocka_unit_test(a_meter_gives_much_at_once_and_then_so_much_a_second),
        cmocka_unit_test(a_meter_that_is_asked_often_still_fills),
        cmocka_unit_test(each_role_sends_what_is_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
