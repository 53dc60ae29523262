#include "capture.h"
#include "coordinator/cli/output.h"

#include <locale.h>
#include <math.h>

static const char *text_of(FILE *file)
{
    static char text[1 << 14];
    read_back(file, text, sizeof text);
    return text;
}

/* Two rows with every kind of value. */
static const char *sample(enum output_format format)
{
    struct error error;
    FILE *file = tmpfile();
    struct output *output = output_begin(format, file);
    json_t *tree =
        json_pack("{s:f, s:i, s:s, s:b}", "lr", 0.1, "batch", 32, "task", "task-b", "bn", 1);
    output_column(output, "name");
    output_column(output, "count");
    output_column(output, "value");
    output_column(output, "flag");
    output_column(output, "parameters");
    output_text(output, "a, \"b\"\nc");
    output_integer(output, INT64_MIN);
    output_real(output, 1.0 / 3);
    output_flag(output, true);
    output_json(output, tree);
    output_text(output, NULL);
    output_integer(output, 7);
    output_real(output, NAN);
    output_flag(output, false);
    output_json_text(output, "no JSON");
    json_decref(tree);
    assert_true(output_end(&output, &error));
    assert_null(output);
    return text_of(file);
}

static void json_is_exact_and_knows_null(void **state)
{
    assert_string_equal(
        sample(OUTPUT_JSON),
        "[\n{\"name\":\"a, "
        "\\\"b\\\"\\nc\",\"count\":-9223372036854775808,\"value\":0.3333333333333333,"
        "\"flag\":true,\"parameters\":{\"lr\":0.1,\"batch\":32,\"task\":\"task-b\",\"bn\":true}},\n"
        "{\"name\":null,\"count\":7,\"value\":null,\"flag\":false,\"parameters\":\"no "
        "JSON\"}\n]\n");
}

static void csv_is_quoted_as_its_standard_says(void **state)
{
    assert_string_equal(
        sample(OUTPUT_CSV),
        "name,count,value,flag,parameters\r\n"
        "\"a, \"\"b\"\"\nc\",-9223372036854775808,0.3333333333333333,true,"
        "\"{\"\"lr\"\":0.1,\"\"batch\"\":32,\"\"task\"\":\"\"task-b\"\",\"\"bn\"\":true}\"\r\n"
        ",7,,false,no JSON\r\n");
}

static void a_table_aligns_rounds_and_shows_no_value_as_a_dash(void **state)
{
    assert_string_equal(sample(OUTPUT_TABLE),
                        "name                       count    value flag parameters\n"
                        "a, \"b\"\\x0ac -9223372036854775808 0.333333 yes  "
                        "lr=0.1 batch=32 task=task-b bn=true\n"
                        "-                              7        - no   no JSON\n");
}

static void infinities_have_no_value_either(void **state)
{
    struct error error;
    FILE *file = tmpfile();
    struct output *output = output_begin(OUTPUT_JSON, file);
    output_column(output, "v");
    output_real(output, INFINITY);
    output_real(output, -INFINITY);
    output_real(output, -0.0);
    output_real(output, 5e-324);
    assert_true(output_end(&output, &error));
    assert_string_equal(
        text_of(file),
        "[\n{\"v\":null},\n{\"v\":null},\n{\"v\":-0.0},\n{\"v\":4.94065645841247e-324}\n]\n");
}

static const char *one_text(enum output_format format, const char *name, const char *text)
{
    struct error error;
    FILE *file = tmpfile();
    struct output *output = output_begin(format, file);
    output_column(output, name);
    output_text(output, text);
    assert_true(output_end(&output, &error));
    return text_of(file);
}

static void hostile_text_is_made_harmless(void **state)
{
    const char *hostile = "\033[2J\x01 \xff\xc0\x80 \xed\xa0\x80 \xc3\xa9\xe2\x82";
    assert_string_equal(one_text(OUTPUT_JSON, "t", hostile),
                        "[\n{\"t\":\"\\u001B[2J\\u0001 \?\?\? \?\?\? \xc3\xa9\?\?\"}\n]\n");
    const char *table = one_text(OUTPUT_TABLE, "t", hostile);
    for (const char *at = table; *at != '\0'; at++)
        assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
    assert_string_equal(one_text(OUTPUT_JSON, "a\"b", "x"), "[\n{\"a\\\"b\":\"x\"}\n]\n");
}

static void no_rows_are_still_a_document(void **state)
{
    static const struct { enum output_format format; const char *text; } expected[] = {
        { OUTPUT_JSON, "[]\n" }, { OUTPUT_CSV, "a,b\r\n" }, { OUTPUT_TABLE, "a b\n" }
    };
    for (int i = 0; i < 3; i++) {
        struct error error;
        FILE *file = tmpfile();
        struct output *output = output_begin(expected[i].format, file);
        output_column(output, "a");
        output_column(output, "b");
        assert_true(output_end(&output, &error));
        assert_string_equal(text_of(file), expected[i].text);
    }
}

static void a_column_named_twice_keeps_both_values(void **state)
{
    struct error error;
    FILE *file = tmpfile();
    struct output *output = output_begin(OUTPUT_JSON, file);
    output_column(output, "v");
    output_column(output, "v");
    output_column(output, "v");
    for (int i = 1; i <= 3; i++)
        output_integer(output, i);
    assert_true(output_end(&output, &error));
    assert_string_equal(text_of(file), "[\n{\"v\":1,\"v_2\":2,\"v_3\":3}\n]\n");
}

static void a_full_disk_is_told(void **state)
{
    for (int format = OUTPUT_TABLE; format <= OUTPUT_CSV; format++) {
        struct error error;
        FILE *full = fopen("/dev/full", "w");
        struct output *output = output_begin((enum output_format)format, full);
        output_column(output, "v");
        output_integer(output, 1);
        assert_false(output_end(&output, &error));
        assert_contains(error.text, "No space left");
        fclose(full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_exact_and_knows_null),
        cmocka_unit_test(csv_is_quoted_as_its_standard_says),
        cmocka_unit_test(a_table_aligns_rounds_and_shows_no_value_as_a_dash),
        cmocka_unit_test(infinities_have_no_value_either),
        cmocka_unit_test(hostile_text_is_made_harmless),
        cmocka_unit_test(no_rows_are_still_a_document),
        cmocka_unit_test(a_column_named_twice_keeps_both_values),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
