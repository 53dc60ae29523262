/* The test of the simulator: each bug that sim_bugs.h can plant is found, and soon.
 * LDT_SIM_SEED=n LDT_SIM_BUG=k of simulation_test shows one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/runner.h"

enum { SEEDS_TO_FIND_A_BUG = 500 };

static void every_planted_bug_is_found(void **state)
{
    static struct found found;
    for (enum planted_bug bug = BUG_NONE + 1; bug < PLANTED_BUGS; bug++) {
        run_seeds(&found,
                  &(struct runs){ .first = 1, .last = SEEDS_TO_FIND_A_BUG, .jobs = 1, .bug = bug });
        if (found.failed_seed == 0)
            fail_msg("planted bug %d is not found in %d seeds", bug, SEEDS_TO_FIND_A_BUG);
        printf("# planted bug %d is found by seed %d: %.*s\n", bug, (int)found.failed_seed,
               (int)strcspn(found.failure, "\n"), found.failure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_planted_bug_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
