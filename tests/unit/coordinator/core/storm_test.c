/* Whatever a fleet's keeper asks for, in whatever order. LDT_STORMS says how many runs (40). */
#include "tests/unit/coordinator/core/storm.h"

static uint64_t running_seed;

static void nothing_that_is_asked_for_in_any_order_breaks_anything(void **state)
{
    const char *asked = getenv("LDT_STORMS");
    uint64_t seeds = asked != NULL ? strtoull(asked, NULL, 10) : 40;
    assert_true(seeds > 0);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct storm storm = { 0 };
        running_seed = seed;
        storm_run(&storm, seed, storm_definitions[seed % STORM_DEFINITIONS]);
    }
    running_seed = 0;
}

static int name_seed(void **state)
{
    if (running_seed != 0)
        print_message("# seed %d\n", (int)running_seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_that_is_asked_for_in_any_order_breaks_anything,
                                  name_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
