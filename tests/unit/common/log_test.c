/* log.h: what others say cannot forge a line of the log, nor command the terminal that shows it. */
#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_text_is_one_value_whatever_is_in_it(void **state)
{
    assert_string_equal(log_quote(""), "\"\"");
    assert_string_equal(log_quote("a b=c"), "\"a b=c\"");
    assert_string_equal(log_quote("\" level=info why=\"\\"), "\"\\\" level=info why=\\\"\\\\\"");
    assert_string_equal(log_quote("a\nlevel=error\r\tx"), "\"a level=error  x\"");
}

static void controls_of_a_terminal_become_blanks(void **state)
{
    assert_string_equal(log_quote("\x1b[2Jx\x7f"), "\" [2Jx \"");
    assert_string_equal(log_quote("\xc2\x9b"
                                  "2Jx"),
                        "\" 2Jx\"");
    assert_string_equal(log_quote("caf\xc3\xa9 \xc2\xb5"), "\"caf\xc3\xa9 \xc2\xb5\"");
    assert_string_equal(log_quote("\xc2"), "\"\xc2\"");
}

static void a_long_text_is_cut(void **state)
{
    char text[2000];
    memset(text, '"', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *quoted = log_quote(text);
    size_t length = strlen(quoted);
    assert_in_range(length, 400, 511);
    assert_int_equal(quoted[length - 1], '"');
    assert_int_equal(length % 2, 0); /* no escape is cut in two */
}

static void a_long_text_is_cut_between_characters(void **state)
{
    char text[1201];
    for (size_t i = 0; i + 1 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    text[sizeof text - 1] = '\0';
    const char *quoted = log_quote(text);
    assert_in_range(strlen(quoted), 400, 511);
    assert_int_equal((strlen(quoted) - 2) % 3, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_one_value_whatever_is_in_it),
        cmocka_unit_test(controls_of_a_terminal_become_blanks),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
