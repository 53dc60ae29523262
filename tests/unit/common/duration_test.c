/* duration.h: lengths of time as people write them. */
#include "common/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_unit_is_understood(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = { { "250ms", 250 },   { "90s", 90000 }, { "1.5h", 5400000 },    { "30m", 1800000 },
                  { "1d", 86400000 }, { "0.5ms", 1 },   { "366d", 31622400000 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = 0;
        assert_true(duration_parse(cases[i].text, &ms));
        assert_int_equal(ms, cases[i].ms);
    }
}

static void what_is_no_length_of_time_is_refused(void **state)
{
    static const char *const texts[] = {
        "",      "90",   "s",    "-5s",    " 5s",  "5 s",  "5S",   "5sec", "0s",
        "0.4ms", "1e3s", "0x1s", "1.2.3s", "367d", "nans", "infs", ".5s",  "999999999999999999999d"
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ms = 7;
        if (duration_parse(texts[i], &ms) && ms > 0)
            fail_msg("`%s` was taken for %lld ms", texts[i], (long long)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_is_understood),
        cmocka_unit_test(what_is_no_length_of_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
