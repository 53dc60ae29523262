/* What is remembered is bounded, and lost nowhere before that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "worker/agent/curve.h"
#include "worker/agent/fence.h"

static struct attempt_ref trial(int64_t number)
{
    return (struct attempt_ref){ 1, number, 1 };
}

static void a_trial_is_remembered_while_a_whole_generation_follows_it(void **state)
{
    struct fence *fence = fence_create();
    for (int64_t i = 0; i < 2 * FENCE_GENERATION; i++)
        assert_true(fence_pass(fence, trial(i), ""));
    for (int64_t i = 0; i < 2 * FENCE_GENERATION; i++)
        assert_false(fence_pass(fence, trial(i), ""));
    assert_true(fence_pass(fence, trial(2 * FENCE_GENERATION), ""));
    assert_true(fence_pass(fence, trial(0), "")); /* the oldest generation is forgotten */
    assert_false(fence_pass(fence, trial(FENCE_GENERATION), ""));
    fence_destroy(&fence);
    assert_null(fence);
}

static void add(struct curve *curve, int64_t count, const char *metric)
{
    for (int64_t i = 0; i < count; i++)
        curve_add(curve, &(struct point){ .step = curve->total, .metric = metric }, 1);
}

static void points_acknowledged_after_a_rewind_are_not_sent_again(void **state)
{
    struct curve curve;
    int64_t first;
    struct point *points;
    curve_init(&curve);
    add(&curve, 10, "loss");
    assert_int_equal(curve_take_batch(&curve, &first, &points), 10);
    curve_rewind(&curve);
    assert_true(curve_acknowledge(&curve, 4)); /* the answer to the first copy */
    assert_int_equal(curve.sent, 4);
    assert_int_equal(curve_take_batch(&curve, &first, &points), 6);
    assert_int_equal(first, 4);
    assert_int_equal(points[0].step, 4);
    curve_free(&curve);
}

static void a_hundred_metrics_keep_their_names(void **state)
{
    struct curve curve;
    int64_t first;
    struct point *points;
    char name[24];
    curve_init(&curve);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "metric-%d", i);
            add(&curve, 1, name);
        }
    }
    assert_int_equal(curve_take_batch(&curve, &first, &points), 300);
    for (int k = 0; k < 300; k++) {
        snprintf(name, sizeof name, "metric-%d", k % 100);
        assert_string_equal(points[k].metric, name);
        assert_ptr_equal(points[k].metric, points[k % 100].metric); /* one copy of each */
    }
    curve_free(&curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_is_remembered_while_a_whole_generation_follows_it),
        cmocka_unit_test(points_acknowledged_after_a_rewind_are_not_sent_again),
        cmocka_unit_test(a_hundred_metrics_keep_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
