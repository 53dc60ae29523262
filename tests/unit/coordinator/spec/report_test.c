/* The form of a report: order, source line, caret, limits. */
#include "coordinator/spec/fault.h"
#include "coordinator/spec/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define HEAD "name: s\nprogram: ldt\nmetric: {name: test_kl}\n"

static void reports(const char *text, const char *expected)
{
    struct spec *spec;
    struct buf report;
    buf_init(&report, (size_t)1 << 20);
    assert_int_equal(spec_parse(&spec, "s.yaml", text, strlen(text), &report), SPEC_REFUSED);
    assert_null(spec);
    assert_string_equal(report.bytes, expected);
    buf_free(&report);
}

static void faults_come_in_the_order_of_the_file_each_with_its_line(void **state)
{
    reports("name: s\n"
            "parameters:\n"
            "  task: {value: task-x}   # a comment\n"
            "trials: 0\n"
            "metric: {name: test_kl, gaol: minimize}\n"
            "programm: ldt\n"
            "program: ldt\n",
            "s.yaml:3:17: task: \"task-x\" is not one of task-a, task-b, game-of-life, mujoco, "
            "arrays; did you mean `task-a`?\n"
            "  task: {value: task-x}   # a comment\n"
            "                ^~~~~~\n"
            "s.yaml:4:9: `trials` must be between 1 and 10000000, not 0\n"
            "trials: 0\n"
            "        ^\n"
            "s.yaml:5:25: unknown key `gaol`; did you mean `goal`?\n"
            "metric: {name: test_kl, gaol: minimize}\n"
            "                        ^~~~\n"
            "s.yaml:6:1: unknown key `programm`; did you mean `program`?\n"
            "programm: ldt\n"
            "^~~~~~~~\n");
}

static void tabs_are_kept_under_tabs(void **state)
{
    reports(HEAD "trials:\t0\nparameters: {task: {value: task-b}}\n",
            "s.yaml:4:9: `trials` must be between 1 and 10000000, not 0\n"
            "trials:\t0\n"
            "       \t^\n");
}

static void columns_count_characters_and_not_bytes(void **state)
{
    reports(HEAD "trials: 5\nparameters: {\"é\": {value: 3}, task: {value: töst}}\n",
            "s.yaml:5:14: unknown setting `é`; `ldt-worker trial --help` lists all of them\n"
            "parameters: {\"é\": {value: 3}, task: {value: töst}}\n"
            "             ^~~\n"
            "s.yaml:5:45: task: \"t\\u00F6st\" is not one of task-a, task-b, game-of-life, mujoco, "
            "arrays\n"
            "parameters: {\"é\": {value: 3}, task: {value: töst}}\n"
            "                                            ^~~~\n");
}

static void a_byte_order_mark_and_crlf_change_no_place(void **state)
{
    reports("\xef\xbb\xbfname: s\r\nprogram: ldt\r\nmetric: {name: test_kl}\r\ntrials: 0\r\n"
            "parameters: {task: {value: task-b}}\r\n",
            "s.yaml:4:9: `trials` must be between 1 and 10000000, not 0\n"
            "trials: 0\n"
            "        ^\n");
}

static void a_long_line_is_shown_around_the_fault(void **state)
{
    struct buf text, report;
    struct spec *spec;
    buf_init(&text, 4096);
    buf_init(&report, 65536);
    buf_text(&text, "name: s\ndescription: \"");
    for (int i = 0; i < 300; i++)
        buf_text(&text, "x");
    buf_text(&text, "\"\nprogram: ldt\nmetric: {name: test_kl}\nparameters: {task: {value: "
                    "task-b}, epochs: {values: [");
    for (int i = 1; i < 100; i++)
        buf_printf(&text, "%d, ", i);
    buf_text(&text, "0]}}\ntrials: 5\n");
    assert_int_equal(spec_parse(&spec, "s.yaml", text.bytes, text.length, &report), SPEC_REFUSED);
    char *line = strchr(report.bytes, '\n') + 1, *caret = strchr(line, '\n') + 1;
    assert_true(caret - line <= 162);
    char *place = strchr(caret, '^');
    assert_non_null(place);
    assert_memory_equal(line + (place - caret), "0]}}", 4);
    buf_free(&text);
    buf_free(&report);
}

static void control_characters_of_the_file_never_reach_the_terminal(void **state)
{
    reports("name: s # \033[31m\n", "s.yaml:1:11: a control character (0x1b); remove it\n"
                                    "name: s # ?[31m\n"
                                    "          ^\n");
}

static void twenty_faults_are_shown_and_the_rest_counted_as_more(void **state)
{
    struct buf text, report;
    struct spec *spec;
    int lines = 0;
    buf_init(&text, 4096);
    buf_init(&report, 65536);
    buf_text(&text, "name: s\n");
    for (int i = 0; i < 30; i++)
        buf_printf(&text, "name: t%d\n", i);
    assert_int_equal(spec_parse(&spec, "s.yaml", text.bytes, text.length, &report), SPEC_REFUSED);
    for (const char *c = strchr(report.bytes, '\n'); c != NULL; c = strchr(c + 1, '\n'))
        lines++;
    assert_int_equal(lines, 3 * PROBLEMS_MAX + 1);
    assert_non_null(strstr(report.bytes, "\ns.yaml: and more faults; these are the first 20\n"));
    buf_free(&text);
    buf_free(&report);
}

static void a_fault_inside_what_aliases_share_is_told_once(void **state)
{
    reports("name: s\ncommand: [x]\nmetric: {name: loss}\ntrials: 5\n"
            "parameters:\n"
            "  a: &range {min: 9, max: 3}\n"
            "  b: *range\n",
            "s.yaml:6:19: min 9 is above max 3; swap the two\n"
            "  a: &range {min: 9, max: 3}\n"
            "                  ^\n");
}

static void an_offset_past_the_end_is_the_end(void **state)
{
    struct source source = { "s", "ab\ncd\r\ne", 8 };
    assert_int_equal(source_offset(&source, 1, 1), 0);
    assert_int_equal(source_offset(&source, 1, 9), 2);
    assert_int_equal(source_offset(&source, 2, 2), 4);
    assert_int_equal(source_offset(&source, 3, 1), 7);
    assert_int_equal(source_offset(&source, 9, 9), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_come_in_the_order_of_the_file_each_with_its_line),
        cmocka_unit_test(tabs_are_kept_under_tabs),
        cmocka_unit_test(columns_count_characters_and_not_bytes),
        cmocka_unit_test(a_byte_order_mark_and_crlf_change_no_place),
        cmocka_unit_test(a_long_line_is_shown_around_the_fault),
        cmocka_unit_test(control_characters_of_the_file_never_reach_the_terminal),
        cmocka_unit_test(twenty_faults_are_shown_and_the_rest_counted_as_more),
        cmocka_unit_test(a_fault_inside_what_aliases_share_is_told_once),
        cmocka_unit_test(an_offset_past_the_end_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
