/* text.h: what is UTF-8, a line, a name; and how anything becomes UTF-8. */
#include "proto/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void well_formed_utf8_is_accepted(void **state)
{
    static const char *const good[] = {
        "",
        "plain",
        "caf\xc3\xa9",
        "\xe2\x82\xac",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "\xc2\x80",
        "\xdf\xbf",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
}

static void anything_else_is_not(void **state)
{
    static const char *const bad[] = {
        "\x80",             /* a byte of the middle at the start */
        "\xc0\x80",         /* NUL, the long way */
        "\xc1\xbf",         /* overlong */
        "\xc3",             /* cut off */
        "\xe0\x9f\xbf",     /* overlong */
        "\xed\xa0\x80",     /* a surrogate */
        "\xe2\x82",         /* cut off */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xf4\x90\x80\x80", /* over U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xff",
        "a\xc3(",
        "\xe2\x28\xa1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
    assert_false(text_is_utf8("a\0b", 3));
}

static void mending_keeps_what_is_good(void **state)
{
    char text[] = "ok \xff caf\xc3\xa9 \xed\xa0\x80 \xc3";
    size_t length = sizeof text - 1;
    assert_int_equal(text_mend(text, length), 5);
    assert_string_equal(text, "ok ? caf\xc3\xa9 ??? ?");
    assert_true(text_is_utf8(text, length));
    char with_nul[] = { 'a', '\0', 'b' };
    assert_int_equal(text_mend(with_nul, 3), 1);
    assert_memory_equal(with_nul, "a?b", 3);
}

static void every_text_of_two_bytes_is_mended_to_utf8(void **state)
{
    for (int pair = 0; pair < 65536; pair++) {
        char text[2] = { (char)(pair >> 8), (char)pair };
        bool good = text_is_utf8(text, 2);
        assert_int_equal(text_mend(text, 2) == 0, good);
        assert_true(text_is_utf8(text, 2));
    }
}

static void a_line_has_no_control_characters(void **state)
{
    assert_true(text_is_line(""));
    assert_true(text_is_line("study/a b, \xc3\xa9"));
    assert_false(text_is_line("a\nb"));
    assert_false(text_is_line("a\x1b[31m"));
    assert_false(text_is_line("a\x7f"));
    assert_false(text_is_line("a\xc2\x9b")); /* CSI as one character of Unicode */
    assert_true(text_is_line("a\xc2\xa0"));
    assert_false(text_is_line("\xff"));
}

static void a_name_is_made_of_few_characters(void **state)
{
    assert_true(text_is_name("task-b_1.0"));
    assert_false(text_is_name(""));
    assert_false(text_is_name("a/b"));
    assert_false(text_is_name("a b"));
    assert_false(text_is_name("caf\xc3\xa9"));
    assert_true(text_is_metric_name("test/loss"));
    assert_false(text_is_metric_name("test loss"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_utf8_is_accepted),
        cmocka_unit_test(anything_else_is_not),
        cmocka_unit_test(mending_keeps_what_is_good),
        cmocka_unit_test(every_text_of_two_bytes_is_mended_to_utf8),
        cmocka_unit_test(a_line_has_no_control_characters),
        cmocka_unit_test(a_name_is_made_of_few_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
