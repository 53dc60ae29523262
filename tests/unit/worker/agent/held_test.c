/* What is kept of a report: whole where it fits, else cut where people can still read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/xalloc.h"
#include "worker/agent/held.h"

static const struct attempt_ref REF = { 3, 2, 1 };

/* `count` letters, and what follows them. */
static char *letters(size_t count, const char *then)
{
    char *text = xcalloc(1, count + strlen(then) + 1);
    memset(text, 'a', count);
    memcpy(text + count, then, strlen(then));
    return text;
}

static struct held *finished_with(const char *reason, const char *log, const char *info)
{
    struct message result = { .type = MESSAGE_RESULT };
    result.result.kind = RESULT_FAILED;
    result.result.reason = reason;
    result.result.log = log;
    result.result.info = info;
    struct held *held = held_create(REF, HELD_RUNNING);
    held_finish(held, &result, 50);
    return held;
}

static void assert_reason(char *text, size_t length)
{
    struct held *held = finished_with(text, "", "");
    assert_int_equal(strlen(held->report.result.reason), length);
    assert_memory_equal(held->report.result.reason, text, length);
    held_destroy(&held);
    free(text);
}

static void a_reason_is_cut_at_its_end_and_never_inside_a_character(void **state)
{
    enum { LIMIT = MESSAGE_MAX_REASON };
    assert_reason(letters(0, ""), 0);
    assert_reason(letters(0, "x"), 1);
    assert_reason(letters(LIMIT - 1, "x"), LIMIT);
    assert_reason(letters(LIMIT, "x"), LIMIT);
    assert_reason(letters(LIMIT - 2, "\xc3\xa9"), LIMIT);     /* two bytes that just fit */
    assert_reason(letters(LIMIT - 1, "\xc3\xa9"), LIMIT - 1); /* and that do not */
    assert_reason(letters(LIMIT - 2, "\xe2\x82\xac"), LIMIT - 2);
}

static void assert_log(char *text, size_t skipped)
{
    struct held *held = finished_with("", text, "");
    assert_string_equal(held->report.result.log, text + skipped);
    held_destroy(&held);
    free(text);
}

static void of_a_log_the_end_is_kept(void **state)
{
    enum { LIMIT = MESSAGE_MAX_LOG };
    assert_log(letters(0, ""), 0);
    assert_log(letters(LIMIT - 1, "x"), 0);
    assert_log(letters(LIMIT, "x"), 1);
    assert_log(letters(2 * LIMIT, "x"), LIMIT + 1);
    char *text = letters(0, "\xe2\x82\xac");
    text = xrealloc_array(text, LIMIT + 3, 1);
    memset(text + 3, 'b', LIMIT - 1);
    text[LIMIT + 2] = '\0';
    assert_log(text, 3); /* the limit falls into the first character */
}

static void texts_that_are_missing_are_empty(void **state)
{
    struct held *held = finished_with(NULL, NULL, NULL);
    assert_string_equal(held->report.result.reason, "");
    assert_string_equal(held->report.result.log, "");
    assert_string_equal(held->report.result.info, "");
    held_release(held, NULL, 60);
    assert_string_equal(held->report.release.reason, "");
    held_destroy(&held);
}

static void a_report_is_about_its_attempt_and_due_at_once(void **state)
{
    struct point points[2] = { { .metric = "a" }, { .metric = "b" } };
    struct message result = { .type = MESSAGE_RESULT };
    struct held *held = held_create(REF, HELD_RUNNING);
    curve_add(&held->curve, points, 2);
    held->report_backoff.base_ms = 8000;
    held_finish(held, &result, 70);
    assert_true(attempt_ref_equal(held->report.result.ref, REF));
    assert_int_equal(held->report.result.points, 2);
    assert_true(held->report.result.points_digest == held->curve.digest);
    assert_int_equal(held->report_due_ms, 70);
    assert_int_equal(held->report_backoff.base_ms, 0);
    held_release(held, "it was enough", 80);
    assert_true(attempt_ref_equal(held->report.release.ref, REF));
    assert_string_equal(held->report.release.reason, "it was enough");
    assert_int_equal(held->report_due_ms, 80);
    held_destroy(&held);
}

static void the_next_deadline_is_the_earliest_and_a_result_waits_for_its_points(void **state)
{
    struct held *held = held_create(REF, HELD_RUNNING);
    assert_true(held_next_deadline(held) == INT64_MAX);
    held->batch_due_ms = 30;
    held->resend_due_ms = 20;
    held->report_due_ms = 10;
    assert_int_equal(held_next_deadline(held), 10);
    held->report_due_ms = 25;
    assert_int_equal(held_next_deadline(held), 20);
    held->resend_due_ms = INT64_MAX;
    held->report_due_ms = 40;
    assert_int_equal(held_next_deadline(held), 30);
    held->state = HELD_FINISHED;
    held->report_due_ms = 5;
    assert_int_equal(held_next_deadline(held), 5);
    curve_add(&held->curve, &(struct point){ .metric = "a" }, 1);
    assert_int_equal(held_next_deadline(held), 30);
    held_destroy(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_is_cut_at_its_end_and_never_inside_a_character),
        cmocka_unit_test(of_a_log_the_end_is_kept),
        cmocka_unit_test(texts_that_are_missing_are_empty),
        cmocka_unit_test(a_report_is_about_its_attempt_and_due_at_once),
        cmocka_unit_test(the_next_deadline_is_the_earliest_and_a_result_waits_for_its_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
