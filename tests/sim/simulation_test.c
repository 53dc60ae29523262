/* Whole fleets, a seed each. LDT_SIM_SEED=n runs one seed, in this process and with a trace on
 * standard error; LDT_SIM_BUG=k plants bug k in it. LDT_SIM_SEEDS=n runs that many from
 * LDT_SIM_FIRST (1) on, LDT_SIM_SECONDS=n as many of them as begin in that time, LDT_SIM_JOBS=n in
 * so many processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/runner.h"

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 300 }; /* several times slower, and there to look at memory */
#else
enum { SEEDS = 1000 };
#endif

static void print_met(const struct met *met, double seconds)
{
    printf("# %lld seeds, %.0f a second; %lld turns; %lld crashes of the coordinator, %lld full "
           "disks, %lld ends of workers\n",
           (long long)met->seeds, (double)met->seeds / seconds, (long long)met->turns,
           (long long)met->crashes, (long long)met->full_disks, (long long)met->deaths);
    printf("# %lld stopped processes, %lld steps of the wall clock, %lld hostile messages, %lld "
           "attempts from a checkpoint, %lld verbs, %lld trials tried again\n#",
           (long long)met->stops, (long long)met->steps, (long long)met->hostile_messages,
           (long long)met->resumed, (long long)met->kept, (long long)met->retried);
    for (int i = TRIAL_DONE; i <= TRIAL_CANCELLED; i++)
        printf(" %lld %s,", (long long)met->trials[i], trial_state_name((enum trial_state)i));
    printf(" by %lld attempts that were lost, %lld released, %lld failed\n",
           (long long)met->attempts[ATTEMPT_LOST], (long long)met->attempts[ATTEMPT_RELEASED],
           (long long)met->attempts[ATTEMPT_FAILED]);
    printf("# %lld studies ran the best of another again, %lld were audited, %lld left out; "
           "%lld goodbyes, %lld renewed connections\n",
           (long long)met->rerun, (long long)met->audited, (long long)met->left_out,
           (long long)met->goodbyes, (long long)met->renewals);
}

static void check_met(const struct met *met)
{
    int64_t seeds = met->seeds;
    assert_true(met->crashes > seeds / 10 && met->deaths > seeds / 10);
    assert_true(met->full_disks > seeds / 50 && met->stops > seeds / 10);
    assert_true(met->steps > seeds / 50 && met->resumed > seeds / 10);
    assert_true(met->hostile_messages > seeds && met->kept > seeds / 10);
    assert_true(met->retried > seeds / 100 && met->goodbyes > seeds / 10);
    assert_true(met->renewals > seeds);
    assert_true(met->trials[TRIAL_DONE] > seeds && met->trials[TRIAL_FAILED] > seeds / 10);
    assert_true(met->trials[TRIAL_DIVERGED] > seeds / 10);
    assert_true(met->trials[TRIAL_CANCELLED] > seeds / 10);
    assert_true(met->attempts[ATTEMPT_LOST] > seeds / 10);
    assert_true(met->attempts[ATTEMPT_RELEASED] > seeds / 50);
    assert_true(met->rerun > seeds / 10 && met->audited > seeds / 50 && met->left_out > seeds / 50);
}

static void fail_by(const struct found *found)
{
    fail_msg("seed %llu (LDT_SIM_SEED=%llu shows it): %s", (unsigned long long)found->failed_seed,
             (unsigned long long)found->failed_seed, found->failure);
}

static struct runs asked_runs(void)
{
    uint64_t first = number_from_environment("LDT_SIM_FIRST", 1);
    uint64_t jobs = number_from_environment("LDT_SIM_JOBS", 1);
    return (struct runs){
        .first = first,
        .last = first + number_from_environment("LDT_SIM_SEEDS", SEEDS) - 1,
        .jobs = jobs < 1                 ? 1
                : jobs < RUNNER_MAX_JOBS ? (int)jobs
                                         : RUNNER_MAX_JOBS,
        .seconds = (int64_t)number_from_environment("LDT_SIM_SECONDS", 0),
    };
}

static void every_search_ends_and_nothing_is_lost_whatever_happens(void **state)
{
    uint64_t only = number_from_environment("LDT_SIM_SEED", 0);
    enum planted_bug bug = (enum planted_bug)number_from_environment("LDT_SIM_BUG", BUG_NONE);
    struct runs runs = asked_runs();
    static struct found found;
    static struct sim sim;
    double start = seconds_now();
    if (only != 0)
        run_seed(&sim, only, bug, true, &found);
    else
        run_seeds(&found, &runs);
    print_met(&found.met, seconds_now() - start);
    if (found.failed_seed != 0)
        fail_by(&found);
    if (only != 0)
        return;
    if (runs.seconds == 0)
        assert_int_equal(found.met.seeds, runs.last - runs.first + 1);
    check_met(&found.met);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_search_ends_and_nothing_is_lost_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
