/* Random streams: recorded bits, independence of keys, and fair draws. */
#include "common/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void a_stream_depends_on_nothing_but_its_key(void **state)
{
    struct rng a, b;
    rng_init(&a, 7, RNG_SUGGEST, 3);
    rng_init(&b, 7, RNG_SUGGEST, 3);
    for (int i = 0; i < 100; i++)
        assert_true(rng_u64(&a) == rng_u64(&b));
}

static void seed_purpose_and_index_each_name_another_stream(void **state)
{
    struct rng streams[6];
    rng_init(&streams[0], 7, RNG_SUGGEST, 3);
    rng_init(&streams[1], 8, RNG_SUGGEST, 3);
    rng_init(&streams[2], 7, RNG_TRIAL_SEED, 3);
    rng_init(&streams[3], 7, RNG_SUGGEST, 4);
    rng_init(&streams[4], 7, RNG_SUGGEST, (uint64_t)3 + (1ull << 32));
    rng_init(&streams[5], 7 + (1ull << 40), RNG_SUGGEST, 3);
    uint64_t first[6];
    for (int i = 0; i < 6; i++) {
        first[i] = rng_u64(&streams[i]);
        for (int j = 0; j < i; j++)
            assert_true(first[i] != first[j]);
    }
}

/* If this changes, every recorded search and data set changes with it. */
static void the_bits_are_the_recorded_ones(void **state)
{
    struct rng rng;
    uint64_t sum = 0;
    rng_init(&rng, 12345, RNG_DATA_TRAIN, 17);
    for (int i = 0; i < 1000; i++)
        sum = (sum << 1 | sum >> 63) ^ rng_u64(&rng);
    print_message("# sum: %016llx\n", (unsigned long long)sum);
    assert_true(sum == 0xb4d06d474a7ae5b5u);
}

static void below_is_in_range_and_fair(void **state)
{
    struct rng rng;
    int count[7] = { 0 };
    rng_init(&rng, 1, RNG_TEST, 0);
    for (int i = 0; i < 70000; i++)
        count[rng_below(&rng, 7)]++;
    double chi_square = 0;
    for (int i = 0; i < 7; i++)
        chi_square += pow(count[i] - 10000, 2) / 10000;
    assert_true(chi_square <
                22.5); /* 6 degrees of freedom: passed by 999 seeds in 1000; this one is fixed */
    assert_true(rng_below(&rng, 1) == 0);
    for (int i = 0; i < 100; i++)
        assert_true(rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}

static void uniform_stays_inside_its_open_interval(void **state)
{
    struct rng rng;
    double sum = 0, squares = 0;
    rng_init(&rng, 2, RNG_TEST, 0);
    for (int i = 0; i < 100000; i++) {
        double u = rng_uniform(&rng);
        assert_true(u > 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    assert_true(fabs(sum / 1e5 - 0.5) < 0.004);
    assert_true(fabs(squares / 1e5 - 1.0 / 3) < 0.004);
}

static void normal_has_mean_0_and_variance_1(void **state)
{
    struct rng rng;
    double sum = 0, squares = 0;
    rng_init(&rng, 3, RNG_TEST, 0);
    for (int i = 0; i < 100000; i++) {
        double x = rng_normal(&rng);
        sum += x;
        squares += x * x;
    }
    assert_true(fabs(sum / 1e5) < 0.013);
    assert_true(fabs(squares / 1e5 - 1) < 0.018);
}

static void shuffle_keeps_every_item(void **state)
{
    struct rng rng;
    int items[50], seen[50] = { 0 }, moved = 0;
    for (int i = 0; i < 50; i++)
        items[i] = i;
    rng_init(&rng, 4, RNG_TEST, 0);
    rng_shuffle(&rng, items, 50);
    for (int i = 0; i < 50; i++) {
        seen[items[i]]++;
        moved += items[i] != i;
    }
    for (int i = 0; i < 50; i++)
        assert_int_equal(seen[i], 1);
    assert_true(moved > 25);
    rng_shuffle(&rng, items, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_depends_on_nothing_but_its_key),
        cmocka_unit_test(seed_purpose_and_index_each_name_another_stream),
        cmocka_unit_test(the_bits_are_the_recorded_ones),
        cmocka_unit_test(below_is_in_range_and_fair),
        cmocka_unit_test(uniform_stays_inside_its_open_interval),
        cmocka_unit_test(normal_has_mean_0_and_variance_1),
        cmocka_unit_test(shuffle_keeps_every_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
