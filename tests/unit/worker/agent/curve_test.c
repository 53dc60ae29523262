#include "worker/agent/curve.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "common/rng.h"

static void add(struct curve *curve, int64_t first, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", (int)((first + i) % 37));
        curve_add(curve, &(struct point){ first + i, NAN, name, (double)(first + i) }, 1);
    }
}

static void batches_are_bounded_and_in_order(void **state)
{
    struct curve curve;
    int64_t first = -1, expected = 0;
    struct point *points;
    curve_init(&curve);
    add(&curve, 0, 2500);
    for (size_t count; (count = curve_take_batch(&curve, &first, &points)) > 0;) {
        assert_true(count <= CURVE_BATCH);
        assert_int_equal(first, expected);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(points[i].step, expected++);
    }
    assert_int_equal(expected, 2500);
    curve_free(&curve);
}

static void no_more_than_a_window_is_in_flight(void **state)
{
    struct curve curve;
    int64_t first, taken = 0;
    struct point *points;
    curve_init(&curve);
    add(&curve, 0, 3 * CURVE_WINDOW);
    for (size_t count; (count = curve_take_batch(&curve, &first, &points)) > 0;)
        taken += (int64_t)count;
    assert_int_equal(taken, CURVE_WINDOW);
    assert_true(curve_acknowledge(&curve, CURVE_WINDOW / 2));
    assert_true(curve_take_batch(&curve, &first, &points) > 0);
    assert_int_equal(first, CURVE_WINDOW);
    curve_free(&curve);
}

static void acknowledging_more_than_there_is_is_refused(void **state)
{
    struct curve curve;
    curve_init(&curve);
    add(&curve, 0, 10);
    assert_false(curve_acknowledge(&curve, 11));
    assert_int_equal(curve.acknowledged, 0);
    assert_true(curve_acknowledge(&curve, 10));
    assert_true(curve_acknowledge(&curve, 3)); /* overtaken */
    assert_int_equal(curve.acknowledged, 10);
    curve_free(&curve);
}

static void whatever_is_lost_and_acknowledged_each_point_arrives_unchanged(void **state)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct curve curve;
        struct rng rng;
        int64_t first, recorded = 0, made = 0;
        uint64_t digest = 0;
        struct point *points;
        rng_init(&rng, seed, RNG_TEST, 0);
        curve_init(&curve);
        while (recorded < 5000) {
            int64_t more = (int64_t)rng_below(&rng, 300);
            more = made + more > 5000 ? 5000 - made : more;
            add(&curve, made, more);
            made += more;
            size_t count = curve_take_batch(&curve, &first, &points);
            bool arrives = rng_below(&rng, 3) > 0;
            for (size_t i = 0; arrives && i < count; i++)
                if (first + (int64_t)i == recorded) {
                    if (points[i].step != recorded)
                        fail_msg("seed %d: point %d is wrong", (int)seed, (int)recorded);
                    digest = point_digest(digest, &points[i]);
                    recorded++;
                }
            if (rng_below(&rng, 2) == 0 && !curve_acknowledge(&curve, recorded))
                fail_msg("seed %d: %d recorded points were refused", (int)seed, (int)recorded);
            if (rng_below(&rng, 4) == 0)
                curve_rewind(&curve);
        }
        assert_true(digest == curve.digest);
        curve_free(&curve);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_bounded_and_in_order),
        cmocka_unit_test(no_more_than_a_window_is_in_flight),
        cmocka_unit_test(acknowledging_more_than_there_is_is_refused),
        cmocka_unit_test(whatever_is_lost_and_acknowledged_each_point_arrives_unchanged),
    };
    return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
