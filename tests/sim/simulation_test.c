/* Whole fleets, a seed each. LDT_SIM_SEED=n runs one seed with a trace on standard error,
 * LDT_SIM_SEEDS=n that many. LDT_SIM_BUG=k plants bug k in the traced seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/sim_run.h"

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 300 }; /* several times slower, and there to look at memory */
#else
enum { SEEDS = 1000 };
#endif
enum { SEEDS_TO_FIND_A_BUG = 200 };

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* What the runs have met, so that good weather is not taken for a good coordinator. */
struct met {
    int64_t turns, crashes, deaths, full_disks;
    int64_t trials[TRIAL_CANCELLED + 1], attempts[ATTEMPT_CANCELLED + 1];
    int64_t rerun, left_out; /* studies: that ran something again; that had nothing to run */
};

static void note_what_was_met(struct met *met, const struct sim *sim)
{
    met->turns += sim->turns;
    met->crashes += sim->crashes;
    met->deaths += sim->deaths;
    met->full_disks += sim->full_disks;
    for (size_t i = 0; i < sim->disk.n_trials; i++)
        met->trials[sim->disk.trials[i].state]++;
    for (size_t i = 0; i < sim->disk.n_attempts; i++)
        met->attempts[sim->disk.attempts[i].state]++;
    for (size_t i = 0; i < sim->disk.n_studies; i++) {
        const struct study_row *study = &sim->disk.studies[i];
        met->rerun += study->parent != 0 && disk_trial(&sim->disk, study->id, 0) != NULL;
        met->left_out += study->state == SEARCH_DONE && study->budget == 0;
    }
}

static void print_met(const struct met *met)
{
    printf(
        "# %lld turns; %lld crashes of the coordinator, %lld full disks, %lld ends of workers\n#",
        (long long)met->turns, (long long)met->crashes, (long long)met->full_disks,
        (long long)met->deaths);
    for (int i = TRIAL_DONE; i <= TRIAL_CANCELLED; i++)
        printf(" %lld %s,", (long long)met->trials[i], trial_state_name((enum trial_state)i));
    printf(" by %lld attempts that were lost, %lld released, %lld failed\n",
           (long long)met->attempts[ATTEMPT_LOST], (long long)met->attempts[ATTEMPT_RELEASED],
           (long long)met->attempts[ATTEMPT_FAILED]);
    printf("# %lld studies ran the best of another again, %lld were left out\n",
           (long long)met->rerun, (long long)met->left_out);
}

static void check_met(const struct met *met, int64_t seeds)
{
    assert_true(met->crashes > seeds / 10 && met->deaths > seeds / 10);
    assert_true(met->full_disks > seeds / 50);
    assert_true(met->trials[TRIAL_DONE] > seeds && met->trials[TRIAL_FAILED] > seeds / 10);
    assert_true(met->trials[TRIAL_DIVERGED] > seeds / 10);
    assert_true(met->trials[TRIAL_CANCELLED] > seeds / 10);
    assert_true(met->attempts[ATTEMPT_LOST] > seeds / 10);
    assert_true(met->attempts[ATTEMPT_RELEASED] > seeds / 50);
    assert_true(met->rerun > seeds / 10 && met->left_out > seeds / 50);
}

static void every_search_ends_and_nothing_is_lost_whatever_happens(void **state)
{
    uint64_t only = number_from_environment("LDT_SIM_SEED", 0);
    uint64_t seeds = number_from_environment("LDT_SIM_SEEDS", SEEDS);
    enum planted_bug bug = (enum planted_bug)number_from_environment("LDT_SIM_BUG", BUG_NONE);
    struct met met = { 0 };
    static struct sim sim;
    for (uint64_t seed = only ? only : 1; seed <= (only ? only : seeds); seed++) {
        sim_create(&sim, seed, bug, only != 0);
        bool ok = sim_run(&sim);
        note_what_was_met(&met, &sim);
        sim_destroy(&sim);
        if (!ok)
            fail_msg("seed %llu (LDT_SIM_SEED=%llu shows it): %s", (unsigned long long)seed,
                     (unsigned long long)seed, sim.failure);
    }
    print_met(&met);
    if (only == 0)
        check_met(&met, (int64_t)seeds);
}

static void every_planted_bug_is_found(void **state)
{
    if (getenv("LDT_SIM_SEED") != NULL)
        skip();
    static struct sim sim;
    for (enum planted_bug bug = BUG_NONE + 1; bug < PLANTED_BUGS; bug++) {
        bool found = false;
        uint64_t seed = 1;
        for (; seed <= SEEDS_TO_FIND_A_BUG && !found; seed++) {
            sim_create(&sim, seed, bug, false);
            found = !sim_run(&sim);
            sim_destroy(&sim);
        }
        if (!found)
            fail_msg("planted bug %d is not found in %d seeds", bug, SEEDS_TO_FIND_A_BUG);
        printf("# planted bug %d is found by seed %d: %.100s\n", bug, (int)seed - 1, sim.failure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_search_ends_and_nothing_is_lost_whatever_happens),
        cmocka_unit_test(every_planted_bug_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
