/* Limits, exactly at and just beyond them. */
#include "tests/unit/coordinator/core/world.h"

static struct attempt_ref take(struct world *world, uint64_t session, int64_t received)
{
    ask(world, 1, session, 8, received);
    return told(world, 1, MESSAGE_TRIAL)->trial.ref;
}

static void as_many_trials_may_fail_as_the_spec_says_and_not_one_more(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_attempts\":1,\"max_failed_trials\":1,"
                       "\"max_concurrent_trials\":1"));
    uint64_t session = worker_joins(world, 1, 8);
    worker_fails(world, 1, session, take(world, session, 0), "first");
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    worker_fails(world, 1, session, told(world, 1, MESSAGE_TRIAL)->trial.ref, "second");
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_STOPPED);
    world_destroy(world);
}

static void the_failure_that_stops_a_study_lets_the_others_finish(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_attempts\":1,\"max_failed_trials\":0,"
                       "\"max_concurrent_trials\":2"));
    uint64_t session = worker_joins(world, 1, 8);
    ask(world, 1, session, 8, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
    struct attempt_ref first = { 1, 0, 1 }, second = { 1, 1, 1 };
    worker_fails(world, 1, session, first, "no");
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_RUNNING);
    worker_finishes(world, 1, session, second, 3);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_DONE);
    world_destroy(world);
}

static void a_failure_in_a_stopped_study_does_not_change_why_it_was_stopped(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_attempts\":1,\"max_failed_trials\":0,"
                       "\"max_concurrent_trials\":1"));
    uint64_t session = worker_joins(world, 1, 8);
    struct attempt_ref ref = take(world, session, 0);
    stop(world, "s", false);
    worker_fails(world, 1, session, ref, "no");
    assert_string_equal(disk_study(&world->disk, 1)->note, "stopped by request");
    world_destroy(world);
}

static void a_budget_is_cut_while_trials_run(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":3,"
                  "\"sampler\":{\"name\":\"random\"},\"parameters\":{\"x\":{\"distribution\":"
                  "\"uniform\",\"min\":1,\"max\":1.0000000000000004}}}");
    uint64_t session = worker_joins(world, 1, 8);
    struct attempt_ref ref = take(world, session, 0); /* three were asked for, one there is */
    assert_int_equal(disk_study(&world->disk, 1)->budget, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    coordinator_restarts(world);
    session = worker_joins(world, 1, 8);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_RUNNING);
    worker_finishes(world, 1, session, ref, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    world_destroy(world);
}

/* The ladder's rung for n = 2 is left out once that for n = 1 has reached the stop. */
static const char *note_of_second_rung(struct world *world, const char *stop_at, double value)
{
    char spec[512];
    snprintf(
        spec, sizeof spec,
        "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\",\"goal\":"
        "\"maximize\"},\"sampler\":{\"name\":\"random\"},\"trials\":1,\"matrix\":{\"n\":[1,2]},"
        "\"ladder\":{\"over\":\"n\",\"stop\":{\"at_least\":%s}},"
        "\"parameters\":{\"x\":{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}",
        stop_at);
    submit(world, spec);
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, value);
    return disk_study(&world->disk, 2)->note;
}

static void a_ladder_stops_at_its_value_and_not_below_it(void **state)
{
    static const struct {
        double value;
        bool reached;
    } cases[] = { { 4.9, false }, { 5, true }, { 5.1, true } };
    for (size_t i = 0; i < 3; i++) {
        struct world *world = world_create();
        const char *note = note_of_second_rung(world, "5", cases[i].value);
        assert_int_equal(strstr(note, "left out") != NULL, cases[i].reached);
        world_destroy(world);
    }
}

/* Its study begins once the one before it is done; that one is opened again before it has. */
static void whoever_has_not_begun_waits_again_when_the_study_before_is_tried_again(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"max_attempts\":1,\"rerun\":{\"best\":1,\"seeds\":1},"
                       "\"repeat\":2"));
    uint64_t session = worker_joins(world, 1, 1);
    for (int64_t i = 0; i < 2; i++) {
        ask(world, 1, session, 1, i);
        struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
        if (i == 0)
            worker_finishes(world, 1, session, ref, 1);
        else
            worker_fails(world, 1, session, ref, "no");
    }
    struct message message = { .type = MESSAGE_RETRY };
    message.retry.name = "s";
    message.retry.failed = true;
    say(world, CLIENT, message);
    ask(world, 1, session, 1, 2);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.study, 1);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_trials_may_fail_as_the_spec_says_and_not_one_more),
        cmocka_unit_test(the_failure_that_stops_a_study_lets_the_others_finish),
        cmocka_unit_test(a_failure_in_a_stopped_study_does_not_change_why_it_was_stopped),
        cmocka_unit_test(a_budget_is_cut_while_trials_run),
        cmocka_unit_test(a_ladder_stops_at_its_value_and_not_below_it),
        cmocka_unit_test(whoever_has_not_begun_waits_again_when_the_study_before_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
