/* json.h and point.h: numbers that read back to the same bits, and what a child may print. */
#include "common/json.h"
#include "common/point.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_have_their_shortest_spelling(void **state)
{
    static const struct {
        double number;
        const char *text;
    } cases[] = { { 0.1, "0.1" },
                  { 1e-3, "0.001" },
                  { 1.0 / 3, "0.3333333333333333" },
                  { 1e300, "1e+300" },
                  { 5e-324, "4.94065645841247e-324" },
                  { 123456789012345680.0, "1.2345678901234568e+17" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[NUMBER_TEXT_BYTES];
        number_text(text, cases[i].number);
        assert_string_equal(text, cases[i].text);
        assert_true(strtod(text, NULL) == cases[i].number);
    }
}

static void a_tree_is_written_compactly_in_the_order_of_its_keys(void **state)
{
    json_t *tree =
        json_pack("{s:f, s:i, s:[b, n, s], s:{}}", "z", 2.0, "a", 3, "list", 1, "x\"\n", "empty");
    char *text = json_text(tree);
    assert_string_equal(text, "{\"z\":2.0,\"a\":3,\"list\":[true,null,\"x\\\"\\n\"],\"empty\":{}}");
    free(text);
    json_decref(tree);
}

static void the_bare_words_of_numpy_become_strings_but_not_inside_strings(void **state)
{
    static const char line[] =
        "{\"a\": NaN, \"b\": [-Infinity, Infinity], \"c\": \"NaN \\\" NaN\"}";
    struct error error;
    json_t *tree = json_parse_lenient(line, strlen(line), &error);
    assert_non_null(tree);
    char *text = json_text(tree);
    assert_string_equal(
        text, "{\"a\":\"NaN\",\"b\":[\"-Infinity\",\"Infinity\"],\"c\":\"NaN \\\" NaN\"}");
    free(text);
    json_decref(tree);
}

static void an_integer_beyond_64_bits_is_a_real(void **state)
{
    const char *line = "{\"flops\": 12345678901234567890, \"step\": 3, \"x\": \"3\"}";
    struct error error;
    json_t *tree = json_parse_lenient(line, strlen(line), &error);
    assert_non_null(tree);
    char *text = json_text(tree);
    assert_string_equal(text, "{\"flops\":1.2345678901234567e+19,\"step\":3.0,\"x\":\"3\"}");
    free(text);
    json_decref(tree);
}

static void what_is_not_json_is_refused_with_a_sentence(void **state)
{
    static const char *const lines[] = { "",
                                         "{",
                                         "{\"a\": 1, \"a\": 2}",
                                         "{\"a\": NaNs}",
                                         "{'a': 1}",
                                         "{\"a\": 1} x",
                                         "\"open NaN",
                                         "{\"a\": 1e999}" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct error error = { "" };
        assert_null(json_parse_lenient(lines[i], strlen(lines[i]), &error));
        assert_string_not_equal(error.text, "");
    }
}

static void a_digest_depends_on_every_field_and_on_the_order(void **state)
{
    struct point a = { .step = 1, .epoch = 0.5, .metric = "test_kl", .value = 0.25 }, b = a;
    uint64_t digest = point_digest(0, &a);
    b.step = 2;
    assert_true(point_digest(0, &b) != digest);
    uint64_t forward = point_digest(digest, &b), backward = point_digest(point_digest(0, &b), &a);
    assert_true(forward != backward);
    b = a;
    b.epoch = 0.75;
    assert_true(point_digest(0, &b) != digest);
    b = a;
    b.metric = "test_kk";
    assert_true(point_digest(0, &b) != digest);
    b = a;
    b.value = nextafter(0.25, 1);
    assert_true(point_digest(0, &b) != digest);
}

static void a_digest_does_not_see_what_wire_and_database_cannot_carry(void **state)
{
    struct point a = { .metric = "m", .epoch = NAN, .value = NAN };
    struct point b = { .metric = "m", .epoch = -NAN, .value = -NAN };
    assert_true(point_digest(7, &a) == point_digest(7, &b));
    a.value = 0.0;
    b.value = -0.0;
    assert_true(point_digest(7, &a) == point_digest(7, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_their_shortest_spelling),
        cmocka_unit_test(a_tree_is_written_compactly_in_the_order_of_its_keys),
        cmocka_unit_test(the_bare_words_of_numpy_become_strings_but_not_inside_strings),
        cmocka_unit_test(an_integer_beyond_64_bits_is_a_real),
        cmocka_unit_test(what_is_not_json_is_refused_with_a_sentence),
        cmocka_unit_test(a_digest_depends_on_every_field_and_on_the_order),
        cmocka_unit_test(a_digest_does_not_see_what_wire_and_database_cannot_carry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
