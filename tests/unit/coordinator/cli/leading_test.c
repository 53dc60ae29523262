/* arguments.h: shared options before the verb, and where the verb is. */
#include "coordinator/cli/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int leading(struct context *context, int argc, ...)
{
    static char *argv[16];
    va_list words;
    *context = (struct context){ .format = OUTPUT_TABLE };
    va_start(words, argc);
    for (int i = 0; i < argc; i++)
        argv[i] = va_arg(words, char *);
    argv[argc] = NULL;
    va_end(words);
    return arguments_parse_leading(context, argc, argv);
}

static void options_may_stand_before_the_verb(void **state)
{
    struct context context;
    assert_int_equal(
        leading(&context, 6, "ldt", "-o", "json", "--coordinator=tcp://h:1", "status", "x"), 4);
    assert_int_equal(context.format, OUTPUT_JSON);
    assert_string_equal(context.coordinator, "tcp://h:1");
    assert_null(context.database);
}

static void what_follows_the_verb_is_left_alone(void **state)
{
    struct context context;
    assert_int_equal(leading(&context, 4, "ldt", "status", "-o", "json"), 1);
    assert_int_equal(context.format, OUTPUT_TABLE);
}

static void without_a_verb_the_place_is_the_end(void **state)
{
    struct context context;
    assert_int_equal(leading(&context, 1, "ldt"), 1);
    assert_int_equal(leading(&context, 3, "ldt", "-o", "csv"), 3);
    assert_int_equal(context.format, OUTPUT_CSV);
}

static void help_and_version_are_found_in_place_of_a_verb(void **state)
{
    struct context context;
    assert_int_equal(leading(&context, 2, "ldt", "--help"), 1);
    assert_int_equal(leading(&context, 4, "ldt", "-o", "json", "--version"), 3);
    assert_int_equal(leading(&context, 3, "ldt", "status", "--help"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_before_the_verb),
        cmocka_unit_test(what_follows_the_verb_is_left_alone),
        cmocka_unit_test(without_a_verb_the_place_is_the_end),
        cmocka_unit_test(help_and_version_are_found_in_place_of_a_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
