/* One line of facts in every format; what the keeper's verbs refuse before they ask anybody. */
#include "coordinator/cli/ask.h"
#include "coordinator/cli/counted.h"
#include "tests/unit/coordinator/cli/capture.h"

static int print_line(const struct context *context, int argc, char **argv)
{
    struct line line = { 0 };
    line_say(&line, "%s: %s, %s", "s", counted(1, "study", "studies"),
             counted(0, "trial", "trials"));
    line_text(&line, "name", "s, \"t\"");
    line_integer(&line, "trials", -3);
    line_flag(&line, "already", true);
    return line_print(&line, context->format);
}

static const struct captured *printed(enum output_format format)
{
    const struct context context = { .format = format };
    return run_command(print_line, &context, (const char *const[]){ NULL });
}

static void people_get_a_sentence_and_programs_the_facts(void **state)
{
    assert_string_equal(printed(OUTPUT_TABLE)->out, "s: 1 study, no trials\n");
    const char *json = printed(OUTPUT_JSON)->out;
    assert_contains(json, "\"name\":\"s, \\\"t\\\"\"");
    assert_contains(json, "\"trials\":-3");
    assert_contains(json, "\"already\":true");
    assert_null(strstr(json, "1 study"));
    assert_contains(printed(OUTPUT_CSV)->out, "name,trials,already");
    assert_contains(printed(OUTPUT_CSV)->out, "\"s, \"\"t\"\"\",-3,true");
}

static int print_to_a_full_disk(const struct context *context, int argc, char **argv)
{
    if (freopen("/dev/full", "w", stdout) == NULL)
        return EXIT_USAGE;
    return print_line(context, argc, argv);
}

static void what_cannot_be_written_is_no_success(void **state)
{
    for (enum output_format format = OUTPUT_TABLE; format <= OUTPUT_CSV; format++) {
        const struct context context = { .format = format };
        const struct captured *captured =
            run_command(print_to_a_full_disk, &context, (const char *const[]){ NULL });
        assert_int_equal(captured->status, EXIT_FAILED);
        assert_contains(captured->err, "ldt: ");
    }
}

static void assert_refused(int (*command)(const struct context *context, int argc, char **argv),
                           const char *const *arguments, const char *why)
{
    const struct context context = { .coordinator = "ipc:///nonexistent/socket" };
    const struct captured *captured = run_command(command, &context, arguments);
    assert_int_equal(captured->status, EXIT_USAGE);
    assert_contains(captured->err, why);
    assert_string_equal(captured->out, "");
}
#define REFUSED(command, why, ...)                                                                 \
    assert_refused(command, (const char *const[]){ __VA_ARGS__, NULL }, why)

static void words_that_cannot_be_meant_are_refused_before_anybody_is_asked(void **state)
{
    REFUSED(command_retry, "`x` is no trial: trials have numbers from 0", "s", "1", "x");
    REFUSED(command_retry, "`-1` is no trial", "s", "--", "-1");
    REFUSED(command_retry, "name trials, or say --failed", "s", "1", "--diverged");
    REFUSED(command_drain, "name the workers that shall leave, or say --all", "--now");
    REFUSED(command_drain, "shall leave, or say --all, not both", "--all", "anna");
    REFUSED(command_audit, "--sample takes a number of trials from 1 on, or a part", "s",
            "--sample", "0");
    REFUSED(command_audit, "not '101%'", "s", "--sample", "101%");
    REFUSED(command_audit, "not '1e%'", "s", "--sample", "1e%");
    REFUSED(command_audit, "not 'nan%'", "s", "--sample", "nan%");
    REFUSED(command_audit, "--seed takes a whole number from 0 on, not '-1'", "s", "--seed=-1");
    REFUSED(command_pause, "words are missing", "--");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_get_a_sentence_and_programs_the_facts),
        cmocka_unit_test(what_cannot_be_written_is_no_success),
        cmocka_unit_test(words_that_cannot_be_meant_are_refused_before_anybody_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
