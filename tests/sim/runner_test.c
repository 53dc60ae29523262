/* The test of the runner: whoever reads "LDT_SIM_SEED=n shows it" must not look in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/runner.h"

#include <sys/resource.h>

/* A seed before the one that crashes, and more after it than there are jobs. */
static void run_around_the_crash(struct found *found, int jobs)
{
    const struct runs runs = { .first = SIM_CRASHING_SEED - 3,
                               .last = SIM_CRASHING_SEED + 5,
                               .jobs = jobs,
                               .bug = BUG_CRASH };
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
    run_seeds(found, &runs);
}

static void a_crash_names_its_seed_whatever_the_number_of_jobs(void **state)
{
    static struct found found;
    for (int jobs = 1; jobs <= 5; jobs++) {
        run_around_the_crash(&found, jobs);
        assert_int_equal(found.failed_seed, SIM_CRASHING_SEED);
        assert_non_null(strstr(found.failure, strsignal(SIGABRT)));
    }
}

static void the_other_jobs_come_to_their_end(void **state)
{
    static struct found found;
    run_around_the_crash(&found, 1);
    assert_int_equal(found.met.seeds, 3);
    run_around_the_crash(&found, 3); /* 3, then the crash; 4, 7, 10; 5, 8, 11 */
    assert_int_equal(found.met.seeds, 7);
}

static void a_violation_names_the_first_seed_that_has_it(void **state)
{
    static struct found alone, found;
    struct runs runs = { .first = 2, .last = 40, .jobs = 1, .bug = BUG_EMPTY_BEATS };
    run_seeds(&alone, &runs);
    assert_in_range(alone.failed_seed, runs.first, runs.last);
    for (runs.jobs = 2; runs.jobs <= 3; runs.jobs++) {
        run_seeds(&found, &runs);
        assert_int_equal(found.failed_seed, alone.failed_seed);
        assert_string_equal(found.failure, alone.failure);
    }
}

static void no_seed_begins_after_the_time_is_over(void **state)
{
    static struct found found;
    run_seeds(&found, &(struct runs){ .first = 1, .last = UINT64_MAX, .jobs = 2, .seconds = 1 });
    assert_int_equal(found.failed_seed, 0);
    assert_true(found.met.seeds > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_names_its_seed_whatever_the_number_of_jobs),
        cmocka_unit_test(the_other_jobs_come_to_their_end),
        cmocka_unit_test(a_violation_names_the_first_seed_that_has_it),
        cmocka_unit_test(no_seed_begins_after_the_time_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
