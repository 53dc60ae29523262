#include "worker/shell/child_output.h"
#include "common/buf.h"
#include "common/rng.h"
#include "common/xalloc.h"
#include "proto/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What the output made of what a child wrote: its points as text, "step epoch name value;" each. */
struct world {
    struct child_output *output;
    struct buf points;
    size_t n_points;
    struct arena *arena;
};

static void take(void *context, const struct point *points, size_t count)
{
    struct world *world = context;
    world->n_points += count;
    for (size_t i = 0; i < count; i++)
        buf_printf(&world->points, "%lld %g %s %g;", (long long)points[i].step, points[i].epoch,
                   points[i].metric, points[i].value);
}

static int create(void **state)
{
    struct world *world = xcalloc(1, sizeof *world);
    world->output = child_output_create(&(struct child_sink){ take, world });
    world->arena = arena_create(4096);
    buf_init(&world->points, 1 << 24);
    *state = world;
    return 0;
}

static int destroy(void **state)
{
    struct world *world = *state;
    child_output_destroy(&world->output);
    arena_destroy(&world->arena);
    buf_free(&world->points);
    free(world);
    return 0;
}

static void write_text(struct world *world, const char *text)
{
    child_output_stdout(world->output, text, strlen(text));
}

static const char *log_of(struct world *world)
{
    return child_output_log(world->output, world->arena);
}

static void a_report_becomes_points(void **state)
{
    struct world *world = *state;
    write_text(world, "{\"step\": 240, \"epoch\": 3.5, \"metrics\": {\"a\": 0.25, \"b/c\": 2}}\n");
    assert_string_equal(world->points.bytes, "240 3.5 a 0.25;240 3.5 b/c 2;");
    assert_string_equal(log_of(world), "");
}

static void odd_numbers_are_values(void **state)
{
    struct world *world = *state;
    write_text(world,
               "{\"step\":1,\"metrics\":{\"a\":NaN,\"b\":Infinity,\"c\":-Infinity,\"d\":null}}\n");
    assert_string_equal(world->points.bytes, "1 nan a nan;1 nan b inf;1 nan c -inf;1 nan d nan;");
}

static void so_is_an_integer_that_no_machine_word_holds(void **state)
{
    struct world *world = *state;
    write_text(world, "{\"step\":1,\"metrics\":{\"a\":100000000000000000000,\"b\":2}}\n");
    assert_string_equal(world->points.bytes, "1 nan a 1e+20;1 nan b 2;");
    assert_string_equal(log_of(world), "");
}

static void lines_may_come_in_pieces_and_the_last_without_its_end(void **state)
{
    struct world *world = *state;
    const char *text =
        "hello\n{\"step\": 0, \"metrics\": {\"a\": 1}}\n{\"step\":1,\"metrics\":{\"a\":2}}";
    for (const char *c = text; *c != '\0'; c++)
        child_output_stdout(world->output, c, 1);
    assert_string_equal(world->points.bytes, "0 nan a 1;");
    child_output_end(world->output);
    assert_string_equal(world->points.bytes, "0 nan a 1;1 nan a 2;");
    assert_string_equal(log_of(world), "hello\n");
}

static void whatever_is_no_report_is_log(void **state)
{
    struct world *world = *state;
    write_text(world, "[1, 2]\n{not json}\n{\"x\": 1}\n\n\"text\"\n");
    assert_int_equal(world->n_points, 0);
    assert_string_equal(log_of(world), "[1, 2]\n{not json}\n{\"x\": 1}\n\n\"text\"\n");
}

static void a_report_with_a_fault_is_log_with_a_note(void **state)
{
    static const struct {
        const char *line, *note;
    } cases[] = {
        { "{\"metrics\": {\"a\": 1}}", "\"step\"" },
        { "{\"step\": -1, \"metrics\": {\"a\": 1}}", "\"step\"" },
        { "{\"step\": 1.5, \"metrics\": {\"a\": 1}}", "\"step\"" },
        { "{\"step\": 1e300, \"metrics\": {\"a\": 1}}", "\"step\"" },
        { "{\"step\": \"3\", \"metrics\": {\"a\": 1}}", "\"step\"" },
        { "{\"step\": 3, \"metrics\": {\"a b\": 1}}", "name" },
        { "{\"step\": 3, \"metrics\": {\"\": 1}}", "name" },
        { "{\"step\": 3, \"metrics\": {\"a\": \"fast\"}}", "no number" },
        { "{\"step\": 3, \"metrics\": {\"a\": true}}", "no number" },
        { "{\"step\": 3, \"metrics\": {\"a\": tensor(0.3)}}", "not JSON" },
        { "{\"step\": 3, \"metrics\": {\"a\": 1, \"a\": 2}}", "not JSON" },
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[128];
        snprintf(line, sizeof line, "%s\n", cases[i].line);
        write_text(world, line);
        const char *log = log_of(world);
        const char *last_note = NULL;
        for (const char *at = log; (at = strstr(at, "[ldt-worker: line ")) != NULL; at++)
            last_note = at;
        if (last_note == NULL || strstr(last_note, cases[i].note) == NULL)
            fail_msg("%s: the log says %s", cases[i].line, log);
    }
    assert_int_equal(world->n_points, 0);
}

static void why_nothing_was_taken_is_told_by_the_first_note(void **state)
{
    struct world *world = *state;
    write_text(world, "epoch 1\n");
    assert_string_equal(child_output_ignored(world->output, world->arena), "");
    write_text(world, "{\"metrics\": {\"loss\": 1}}\n");
    write_text(world, "{\"step\": 1, \"metrics\": {\"loss\": \"1\"}}\n");
    assert_string_equal(child_output_ignored(world->output, world->arena),
                        "line 2: a report needs \"step\", a whole number from 0 to 2^53: ignored");
    write_text(world, "{\"step\": 1, \"metrics\": {\"loss\": 1}}\n");
    assert_string_equal(child_output_ignored(world->output, world->arena), "");
}

static void one_bad_metric_does_not_spoil_the_others(void **state)
{
    struct world *world = *state;
    write_text(world, "{\"step\": 3, \"metrics\": {\"a\": \"x\", \"b\": 2}}\n");
    assert_string_equal(world->points.bytes, "3 nan b 2;");
}

static void a_line_without_end_does_not_grow_the_memory(void **state)
{
    struct world *world = *state;
    char block[8192];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 1000; i++)
        child_output_stdout(world->output, block, sizeof block);
    write_text(world, "\n{\"step\": 1, \"metrics\": {\"a\": 1}}\n");
    assert_string_equal(world->points.bytes, "1 nan a 1;");
    assert_true(strlen(log_of(world)) <= 64 << 10);
    assert_non_null(strstr(log_of(world), "longer than 65536 bytes"));
}

static void too_many_metrics_in_a_line_are_refused(void **state)
{
    struct world *world = *state;
    struct buf line;
    buf_init(&line, 1 << 20);
    buf_text(&line, "{\"step\": 1, \"metrics\": {\"m\": 1");
    for (int i = 0; i < CHILD_MAX_METRICS; i++)
        buf_printf(&line, ", \"m%d\": 1", i);
    buf_text(&line, "}}\n");
    write_text(world, line.bytes);
    assert_int_equal(world->n_points, 0);
    assert_non_null(strstr(log_of(world), "1001 metrics in one line"));
    buf_free(&line);
}

static void the_number_of_different_metrics_is_bounded(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < CHILD_MAX_METRIC_NAMES + 100; i++) {
        char line[128];
        snprintf(line, sizeof line, "{\"step\": %d, \"metrics\": {\"m%d\": 1}}\n", i, i);
        write_text(world, line);
    }
    assert_int_equal(world->n_points, CHILD_MAX_METRIC_NAMES);
    write_text(world, "{\"step\": 9, \"metrics\": {\"m0\": 1}}\n");
    assert_int_equal(world->n_points, CHILD_MAX_METRIC_NAMES + 1);
}

static void deep_nesting_is_log(void **state)
{
    struct world *world = *state;
    struct buf line;
    buf_init(&line, 1 << 20);
    buf_text(&line, "{\"step\": 1, \"metrics\": {\"a\": 1}, \"x\": ");
    for (int i = 0; i < 20000; i++)
        buf_text(&line, "[");
    buf_text(&line, "\n");
    write_text(world, line.bytes);
    assert_int_equal(world->n_points, 0);
    buf_free(&line);
}

static void facts_are_merged_and_bounded(void **state)
{
    struct world *world = *state;
    write_text(world, "{\"info\": {\"a\": \"1\", \"b\": 2}}\n{\"info\": {\"a\": \"3\"}}\n");
    assert_string_equal(child_output_info(world->output, world->arena), "{\"a\":\"3\",\"b\":2}");
    for (int i = 0; i < 2000; i++) {
        char line[256];
        snprintf(line, sizeof line, "{\"info\": {\"k%d\": \"%0100d\"}}\n", i, i);
        write_text(world, line);
    }
    assert_true(strlen(child_output_info(world->output, world->arena)) <= CHILD_MAX_INFO);
    assert_non_null(strstr(log_of(world), "facts of more than"));
}

static void divergence_is_a_fact(void **state)
{
    struct world *world = *state;
    assert_string_equal(child_output_diverged(world->output, world->arena), "");
    write_text(world, "{\"info\": {\"diverged\": \"loss became NaN\"}}\n");
    assert_string_equal(child_output_diverged(world->output, world->arena), "loss became NaN");
}

static void the_last_errors_are_the_last_lines_that_say_something(void **state)
{
    struct world *world = *state;
    const char *errors = "Traceback:\n  File \"x.py\"\n\n50%\r100%\nValueError: bad\n\n  \n";
    child_output_stderr(world->output, errors, strlen(errors));
    assert_string_equal(child_output_last_errors(world->output, world->arena),
                        "50% | 100% | ValueError: bad");
}

static void marks_under_a_line_of_code_are_no_last_error(void **state)
{
    struct world *world = *state;
    const char *errors = "---\n  File \"x.py\"\n    f(x)\n    ^^^^\nValueError: größer\n=====\n";
    child_output_stderr(world->output, errors, strlen(errors));
    assert_string_equal(child_output_last_errors(world->output, world->arena),
                        "File \"x.py\" | f(x) | ValueError: größer");
}

static void errors_of_marks_alone_say_nothing(void **state)
{
    struct world *world = *state;
    child_output_stderr(world->output, "---\n***\n", 8);
    assert_string_equal(child_output_last_errors(world->output, world->arena), "");
}

static void the_end_of_a_long_log_is_kept_from_a_line_start(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20000; i++) {
        char line[32];
        int length = snprintf(line, sizeof line, "line %d\n", i);
        child_output_stderr(world->output, line, (size_t)length);
    }
    const char *log = log_of(world);
    assert_memory_equal(log, "line ", 5);
    assert_true(strlen(log) > 60000);
    assert_string_equal(log + strlen(log) - 11, "line 19999\n");
}

static void any_bytes_at_all_are_survived(void **state)
{
    static const char *const pieces[] = { "{",   "}",         "\"",    "\\",   "\n",      "[",
                                          "]",   ":",         ",",     "step", "metrics", "info",
                                          "NaN", "-Infinity", "1e999", "\"a\"" };
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct world *world = *state;
        struct rng rng;
        rng_init(&rng, seed, RNG_TEST, 0);
        for (int i = 0; i < 300; i++) {
            char noise[32];
            size_t length = rng_below(&rng, sizeof noise);
            for (size_t k = 0; k < length; k++)
                noise[k] = (char)rng_below(&rng, 256);
            if (rng_below(&rng, 4) == 0)
                child_output_stdout(world->output, noise, length);
            else
                write_text(world, pieces[rng_below(&rng, sizeof pieces / sizeof *pieces)]);
            child_output_stderr(world->output, noise, length);
        }
        const char *log = log_of(world);
        if (!text_is_utf8(log, strlen(log)))
            fail_msg("seed %d: the log is not UTF-8", (int)seed);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_report_becomes_points),
        TEST(odd_numbers_are_values),
        TEST(so_is_an_integer_that_no_machine_word_holds),
        TEST(lines_may_come_in_pieces_and_the_last_without_its_end),
        TEST(whatever_is_no_report_is_log),
        TEST(a_report_with_a_fault_is_log_with_a_note),
        TEST(why_nothing_was_taken_is_told_by_the_first_note),
        TEST(one_bad_metric_does_not_spoil_the_others),
        TEST(a_line_without_end_does_not_grow_the_memory),
        TEST(too_many_metrics_in_a_line_are_refused),
        TEST(the_number_of_different_metrics_is_bounded),
        TEST(deep_nesting_is_log),
        TEST(facts_are_merged_and_bounded),
        TEST(divergence_is_a_fact),
        TEST(the_last_errors_are_the_last_lines_that_say_something),
        TEST(marks_under_a_line_of_code_are_no_last_error),
        TEST(errors_of_marks_alone_say_nothing),
        TEST(the_end_of_a_long_log_is_kept_from_a_line_start),
        TEST(any_bytes_at_all_are_survived),
    };
    return cmocka_run_group_tests_name("child output", tests, NULL, NULL);
}
