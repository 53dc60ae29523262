/* YAML that is none, or more than the language of searches, refused: place and sentence, word by
 * word. */
#include "tests/unit/coordinator/spec/refused.h"

#include <stdlib.h>

static void yaml_is_limited_to_the_language(void **state)
{
    refused(COMMAND_SEARCH "  a: {value: !!str 1}\n",
            "6:14: tags (`!...`) are not part of this language; remove it");
    refused(COMMAND_SEARCH "  a: !x {value: 1}\n",
            "6:6: tags (`!...`) are not part of this language; remove it");
    refused(COMMAND_SEARCH "  <<: {b: 1}\n"
                           "  a: {value: 1}\n",
            "6:3: merge keys (`<<`) are not part of this language; write the members out");
    refused(COMMAND_SEARCH "  a: {value: 1, value: 2}\n",
            "6:17: the key `value` comes twice; remove one");
    refused(COMMAND_SEARCH "  a: {value: *x}\n",
            "6:14: `*x` stands for nothing: no `&x` before it");
    refused(COMMAND_SEARCH "  a: &x {values: [*x]}\n",
            "6:19: `*x` stands inside what it stands for (`&x`)");
    refused(COMMAND_SEARCH "  [a]: {value: 1}\n",
            "6:3: a key must be a single word, not a list or mapping");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "---\n"
                           "name: t\n",
            "7:1: a second document starts here; a file holds one search: remove the "
            "`---`, or use two files");
    refused(COMMAND_SEARCH "  a: {value: 1}\n"
                           "--- \n",
            "7:1: a second document starts here; a file holds one search: remove the "
            "`---`, or use two files");
    refused(COMMAND_SEARCH "  : {value: 1}\n", "6:3: a key is missing before the colon");
}

static void yaml_that_is_none_is_refused_in_the_same_form(void **state)
{
    refused(COMMAND_SEARCH "\ta: 1\n",
            "6:1: not YAML: tab character may not be used as indentation");
    refused(COMMAND_SEARCH "  a: {value: 1\n", "6:6: not YAML: this `{` is never closed");
    refused(COMMAND_SEARCH "  a: [1, 2\n", "6:6: not YAML: this `[` is never closed");
    refused(COMMAND_SEARCH "  a: \"x\n",
            "6:7: not YAML: double-quoted scalar without closing quote");
    refused(COMMAND_SEARCH "  a: }\n",
            "6:6: not YAML: flow mapping with invalid extra closing brace");
    refused(COMMAND_SEARCH "  a: @x\n", "6:6: not YAML: plain scalar cannot start with '@'");
    refused(COMMAND_SEARCH "  a: {value: 1}}\n",
            "6:16: not YAML: flow mapping with invalid extra closing brace");
    refused(COMMAND_SEARCH " b: 1\n"
                           "  a: 2\n",
            "6:5: not YAML: invalid multiline plain key");
    refused(COMMAND_SEARCH "  a: {value: `x`}\n",
            "6:14: not YAML: plain scalar cannot start with '`'");
    refused(COMMAND_SEARCH "  a: %x y\n", "6:6: not YAML: plain scalar cannot start with '%'");
    refused(COMMAND_SEARCH "  a: \xff"
                           "\n",
            "6:6: this is not UTF-8 (byte 0xff); save the file as UTF-8");
}

static void a_tab_that_libfyaml_does_not_survive_is_refused_before_it(void **state)
{
    refused("? i:\t:", "1:5: not YAML: a tab before `:`, where keys are written with `?`; use "
                       "spaces");
    refused("\xef\xbb\xbf? i:\t:", "1:5: not YAML: a tab before `:`, where keys are written with "
                                   "`?`; use spaces");
    refused("- ? i: \t - x\n", "1:7: not YAML: a tab before `-`, where keys are written with `?`; "
                               "use spaces");
    refused("? a\n: b:\t|\n", "2:5: not YAML: a tab before `|`, where keys are written with `?`; "
                              "use spaces");
}

/* A list inside a list, `depth` times: the mapping around it is one more. */
static void nested(struct buf *text, int depth)
{
    buf_text(text, "name: ");
    for (int i = 0; i < depth; i++)
        buf_text(text, "[");
    for (int i = 0; i < depth; i++)
        buf_text(text, "]");
    buf_text(text, "\n");
}

static void depth_ends_at_sixty_four(void **state)
{
    struct buf text;
    buf_init(&text, 4096);
    nested(&text, SPEC_MAX_DEPTH - 1);
    refused(text.bytes, "1:1: `program` is missing; add `program: ldt`, or `command: [...]` for a "
                        "program of your own");
    buf_clear(&text);
    nested(&text, SPEC_MAX_DEPTH);
    refused(text.bytes, "1:70: this goes deeper than 64 lists and mappings inside each other");
    buf_free(&text);
}

static void depth_counts_what_an_alias_stands_for(void **state)
{
    struct buf text;
    buf_init(&text, 4096);
    buf_text(&text, "a: &x ");
    for (int i = 0; i < 40; i++)
        buf_text(&text, "[");
    for (int i = 0; i < 40; i++)
        buf_text(&text, "]");
    buf_text(&text, "\nb: ");
    for (int i = 0; i < 30; i++)
        buf_text(&text, "[");
    buf_text(&text, "*x");
    for (int i = 0; i < 30; i++)
        buf_text(&text, "]");
    buf_text(&text, "\n");
    refused(text.bytes, "2:34: this goes deeper than 64 lists and mappings inside each other");
    buf_free(&text);
}

/* 11, 111, 1111 nodes in a, b, c: the eighth *c is one too many. */
static void aliases_that_multiply_are_stopped(void **state)
{
    refused("a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
            "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
            "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
            "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n",
            "4:36: aliases stand for more than 10000 nodes; write less");
}

static void a_file_may_have_a_mebibyte_and_no_more(void **state)
{
    size_t length = SPEC_MAX_BYTES;
    char *text = malloc(length + 1);
    assert_non_null(text);
    memset(text, '#', length + 1);
    refused_bytes(text, length, "1:1: the file is empty; a search starts with `name:`");
    refused_bytes(text, length + 1,
                  "1:1: the file is larger than 1048576 bytes, the most that a "
                  "search may have");
    free(text);
}

static void a_nul_or_what_is_not_utf8_is_named_by_its_byte(void **state)
{
    refused_bytes("name: s\0t\n", 10, "1:8: a control character (0x00); remove it");
    refused("\xff\xfen\n", "1:1: this is not UTF-8 (byte 0xff); save the file as UTF-8");
    refused("name: \xc3\n", "1:7: this is not UTF-8 (byte 0xc3); save the file as UTF-8");
    refused("name: \xc0\x80\n", "1:7: this is not UTF-8 (byte 0xc0); save the file as UTF-8");
    refused("name: \xed\xa0\x80\n", "1:7: this is not UTF-8 (byte 0xed); save the file as UTF-8");
    refused("name: \xf4\x90\x80\x80\n",
            "1:7: this is not UTF-8 (byte 0xf4); save the file as UTF-8");
    refused("name: \xc2\x9b"
            "31m\n",
            "1:7: a control character (0x9b); remove it");
    refused("name: \x7f\n", "1:7: a control character (0x7f); remove it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yaml_is_limited_to_the_language),
        cmocka_unit_test(yaml_that_is_none_is_refused_in_the_same_form),
        cmocka_unit_test(a_tab_that_libfyaml_does_not_survive_is_refused_before_it),
        cmocka_unit_test(depth_ends_at_sixty_four),
        cmocka_unit_test(depth_counts_what_an_alias_stands_for),
        cmocka_unit_test(aliases_that_multiply_are_stopped),
        cmocka_unit_test(a_file_may_have_a_mebibyte_and_no_more),
        cmocka_unit_test(a_nul_or_what_is_not_utf8_is_named_by_its_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
