/* How long to wait before the next try. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/agent/backoff.h"

static void check_doubling(struct backoff *backoff, struct rng *jitter)
{
    static const int64_t bases[] = { 1000, 2000, 4000, 8000, 15000, 15000, 15000 };
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        assert_in_range(backoff_next(backoff, jitter), bases[i], 2 * bases[i] - 1);
}

static void waits_double_from_a_second_to_half_a_minute_and_a_success_starts_over(void **state)
{
    struct backoff backoff = { 0 };
    struct rng jitter;
    for (uint64_t seed = 0; seed < 200; seed++) {
        rng_init(&jitter, seed, RNG_BACKOFF, 0);
        check_doubling(&backoff, &jitter);
        backoff_reset(&backoff);
    }
}

static void waits_differ(void **state)
{
    int64_t longest = 0, shortest = INT64_MAX;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct backoff backoff = { 0 };
        struct rng jitter;
        rng_init(&jitter, seed, RNG_BACKOFF, 0);
        int64_t wait = backoff_next(&backoff, &jitter);
        longest = wait > longest ? wait : longest;
        shortest = wait < shortest ? wait : shortest;
    }
    assert_true(shortest < 1100 && longest > 1900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_double_from_a_second_to_half_a_minute_and_a_success_starts_over),
        cmocka_unit_test(waits_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
