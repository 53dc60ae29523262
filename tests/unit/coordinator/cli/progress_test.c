/* progress.h: the sum over studies, and one line that says it. */
#include "coordinator/cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct study_status study(const char *name, enum search_state state,
                                 struct trial_counts counts)
{
    return (struct study_status){
        .search = "toy",
        .name = name,
        .state = state,
        .trials = 10,
        .counts = counts,
        .metric = "loss",
        .note = "",
    };
}

static struct message reply_of(struct study_status *studies, size_t n)
{
    return (struct message){
        .type = MESSAGE_STATUS_REPLY,
        .status_reply = { .studies = studies, .n_studies = n, .version = "", .note = "" },
    };
}

static void trials_of_all_studies_are_added_up(void **state)
{
    struct study_status studies[] = {
        study("toy/a", SEARCH_OPEN, (struct trial_counts){ 1, 2, 3, 0, 0, 1, 0 }),
        study("toy/b", SEARCH_DONE, (struct trial_counts){ 0, 0, 4, 3, 2, 0, 1 }),
    };
    struct message reply = reply_of(studies, 2);
    struct progress progress = progress_of(&reply);
    assert_int_equal(progress.total, 20);
    assert_int_equal(progress.finished, 14);
    assert_int_equal(progress.running, 2);
    assert_int_equal(progress.failed, 1);
    assert_false(progress.done);
    assert_false(progress.stopped);
    assert_null(progress.best);
}

static void the_best_follows_the_goal(void **state)
{
    struct study_status studies[] = {
        study("toy/a", SEARCH_OPEN, (struct trial_counts){ 0 }),
        study("toy/b", SEARCH_OPEN, (struct trial_counts){ 0 }),
        study("toy/c", SEARCH_OPEN, (struct trial_counts){ 0 }),
    };
    struct message reply = reply_of(studies, 3);
    studies[0].has_best = studies[1].has_best = true;
    studies[0].best_value = 2;
    studies[1].best_value = 1; /* the third has 0 and no best */
    assert_ptr_equal(progress_of(&reply).best, &studies[1]);
    studies[0].maximize = studies[1].maximize = true;
    assert_ptr_equal(progress_of(&reply).best, &studies[0]);
}

static void a_search_is_done_when_nothing_of_it_moves(void **state)
{
    struct study_status studies[] = {
        study("toy/a", SEARCH_DONE, (struct trial_counts){ .done = 10 }),
        study("toy/b", SEARCH_STOPPED, (struct trial_counts){ .running = 1, .done = 2 }),
    };
    struct message reply = reply_of(studies, 2);
    assert_false(progress_of(&reply).done); /* what runs may finish */
    studies[1].counts.running = 0;
    assert_true(progress_of(&reply).done);
    assert_true(progress_of(&reply).stopped);
    studies[1].state = SEARCH_DONE;
    assert_false(progress_of(&reply).stopped);
    assert_string_equal(progress_of(&reply).barren, "toy/a");
    studies[0].trials = 0; /* it was left out: nobody wants a value of it */
    assert_string_equal(progress_of(&reply).barren, "toy/b");
    studies[0].has_best = studies[1].has_best = true;
    assert_null(progress_of(&reply).barren);
    reply.status_reply.n_studies = 0;
    assert_false(progress_of(&reply).done); /* of no study nothing is known */
}

static void assert_line(const struct progress *progress, int64_t at_start, int64_t ms, int columns,
                        const char *expected)
{
    struct buf line;
    buf_init(&line, 1000);
    progress_line(&line, progress, at_start, ms, columns);
    assert_string_equal(line.bytes, expected);
    buf_free(&line);
}

static void one_line_says_it_all(void **state)
{
    struct study_status best = study("toy/a", SEARCH_OPEN, (struct trial_counts){ 0 });
    best.best_value = 0.012345678;
    best.best_trial = 7;
    struct progress progress = {
        .total = 48, .finished = 12, .running = 2, .failed = 1, .best = &best, .note = ""
    };
    assert_line(&progress, 12, 1000, 0,
                "12/48 done, 2 running, 1 failed, best loss 0.0123457 (toy/a, trial 7)");
    assert_line(
        &progress, 6, 120000, 0,
        "12/48 done, 2 running, 1 failed, best loss 0.0123457 (toy/a, trial 7), 3/min, 12m left");
    assert_line(
        &progress, 0, 6000, 0,
        "12/48 done, 2 running, 1 failed, best loss 0.0123457 (toy/a, trial 7), 2.0/s, 18s left");
    progress.best = NULL;
    progress.total = -1;
    progress.note = "disk\nfull\xc2\x9b!";
    assert_line(&progress, 12, 1000, 0, "12 done, 2 running, 1 failed; disk full !");
}

static void a_line_never_wraps_nor_ends_inside_a_character(void **state)
{
    struct progress progress = {
        .total = 48, .finished = 12, .running = 2, .failed = 1, .note = "caf\xc3\xa9"
    };
    assert_line(&progress, 12, 0, 5, "12/48");
    assert_line(&progress, 12, 0, 37, "12/48 done, 2 running, 1 failed; caf");
    assert_line(&progress, 12, 0, 38, "12/48 done, 2 running, 1 failed; caf\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trials_of_all_studies_are_added_up),
        cmocka_unit_test(the_best_follows_the_goal),
        cmocka_unit_test(a_search_is_done_when_nothing_of_it_moves),
        cmocka_unit_test(one_line_says_it_all),
        cmocka_unit_test(a_line_never_wraps_nor_ends_inside_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
