#include "worker/agent/fence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define KEY "one database"

static int create(void **state)
{
    *state = fence_create();
    return 0;
}

static int destroy(void **state)
{
    fence_destroy((struct fence **)state);
    return 0;
}

static void only_a_newer_attempt_passes(void **state)
{
    struct fence *fence = *state;
    assert_true(fence_pass(fence, (struct attempt_ref){ 1, 5, 2 }, KEY));
    assert_false(fence_pass(fence, (struct attempt_ref){ 1, 5, 2 }, KEY));
    assert_false(fence_pass(fence, (struct attempt_ref){ 1, 5, 1 }, KEY));
    assert_true(fence_pass(fence, (struct attempt_ref){ 1, 5, 3 }, KEY));
    assert_true(fence_pass(fence, (struct attempt_ref){ 2, 5, 1 }, KEY));
    assert_true(fence_pass(fence, (struct attempt_ref){ 1, 6, 1 }, KEY));
}

static void another_database_has_other_trials_of_the_same_numbers(void **state)
{
    struct fence *fence = *state;
    struct attempt_ref ref = { 1, 5, 1 };
    assert_true(fence_pass(fence, ref, KEY));
    assert_true(fence_pass(fence, ref, "another database"));
    assert_true(fence_pass(fence, ref, ""));
    assert_false(fence_pass(fence, ref, KEY));
    assert_false(fence_pass(fence, ref, "another database"));
    assert_false(fence_pass(fence, ref, ""));
}

static void an_attempt_that_cannot_be_does_not_pass(void **state)
{
    assert_false(fence_pass(*state, (struct attempt_ref){ 1, 5, 0 }, KEY));
    assert_false(fence_pass(*state, (struct attempt_ref){ 1, 5, -1 }, KEY));
}

static void a_whole_generation_is_remembered_and_memory_is_bounded(void **state)
{
    struct fence *fence = *state;
    for (int64_t trial = 0; trial < 5 * FENCE_GENERATION; trial++) {
        assert_true(fence_pass(fence, (struct attempt_ref){ 1, trial, 2 }, KEY));
        if (trial >= FENCE_GENERATION - 1 && trial % 997 == 0) {
            int64_t oldest = trial - FENCE_GENERATION + 1;
            assert_false(fence_pass(fence, (struct attempt_ref){ 1, oldest, 2 }, KEY));
        }
    }
    assert_true(fence_pass(fence, (struct attempt_ref){ 1, 0, 2 }, KEY)); /* forgotten long ago */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_a_newer_attempt_passes, create, destroy),
        cmocka_unit_test_setup_teardown(another_database_has_other_trials_of_the_same_numbers,
                                        create, destroy),
        cmocka_unit_test_setup_teardown(an_attempt_that_cannot_be_does_not_pass, create, destroy),
        cmocka_unit_test_setup_teardown(a_whole_generation_is_remembered_and_memory_is_bounded,
                                        create, destroy),
    };
    return cmocka_run_group_tests_name("fence", tests, NULL, NULL);
}
