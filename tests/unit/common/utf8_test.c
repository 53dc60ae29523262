#include "common/utf8.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

/* UTF-8 by its definition: the bytes that encode a code point, and no others. */
static size_t encode(uint32_t code, char out[4])
{
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char first[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
    for (size_t i = length; i-- > 1; code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)(first[length] | code);
    return length;
}

static void every_code_point_is_a_character_but_surrogates(void **state)
{
    char bytes[4];
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        size_t length = encode(code, bytes);
        bool is_surrogate = code >= 0xd800 && code < 0xe000;
        if (utf8_length(bytes, length) != (is_surrogate ? 0 : length))
            fail_msg("U+%04X", code);
    }
}

static void what_encodes_nothing_is_no_character(void **state)
{
    static const char *const wrong[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xc3(",
        "\xe2\x82(",
        "\xf0\x9f\x92(",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(utf8_length(wrong[i], strlen(wrong[i])), 0);
}

static void a_character_that_is_cut_is_none(void **state)
{
    static const char *const whole[] = { "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x92\xa9" };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        for (size_t left = 0; left <= strlen(whole[i]); left++)
            assert_int_equal(utf8_length(whole[i], left), left == strlen(whole[i]) ? left : 0);
}

static void control_characters_are_those_of_c0_and_c1_and_del(void **state)
{
    char bytes[4];
    for (uint32_t code = 0; code <= 0x800; code++) {
        bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        if (utf8_is_control(bytes, encode(code, bytes)) != is_control)
            fail_msg("U+%04X", code);
    }
}

static void what_a_terminal_obeys_is_masked_and_nothing_else(void **state)
{
    char text[] = "\x1b[1m \x7f \xc2\x9b"
                  "2J \xc2\x85 caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac \xc2";
    utf8_mask_controls(text, '?');
    assert_string_equal(text, "?[1m ? ?2J ? caf\xc3\xa9 \xc2\xa0 \xe2\x82\xac \xc2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_a_character_but_surrogates),
        cmocka_unit_test(what_encodes_nothing_is_no_character),
        cmocka_unit_test(a_character_that_is_cut_is_none),
        cmocka_unit_test(control_characters_are_those_of_c0_and_c1_and_del),
        cmocka_unit_test(what_a_terminal_obeys_is_masked_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
