/* Budgets, repeats, limits, stopping, and what the sampler learns. */
#include "tests/unit/coordinator/core/world.h"

/* A worker with many slots asks for as many trials as it can get; how many came. */
static size_t flood(struct world *world, uint64_t *session)
{
    *session = worker_joins(world, 1, 100);
    ask(world, 1, *session, 100, 0);
    return times_told(world, MESSAGE_TRIAL);
}

static void a_study_is_done_when_its_budget_is_spent_and_all_is_final(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    uint64_t session;
    assert_int_equal(flood(world, &session), 2);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 1, 1 }, 5);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, 6);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    assert_true(disk_study(&world->disk, 1)->finished_ms != 0);
    assert_int_equal(world->disk.outcomes[0].trial, 1);
    assert_int_equal(world->disk.outcomes[0].seq, 1);
    assert_int_equal(world->disk.outcomes[1].seq, 2);
    world_destroy(world);
}

static void repeats_share_a_point_and_count_by_their_mean(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"repeat\":2"));
    uint64_t session;
    assert_int_equal(flood(world, &session), 4);
    assert_string_equal(trial_on_disk(world, 0)->parameters, trial_on_disk(world, 1)->parameters);
    assert_string_not_equal(trial_on_disk(world, 0)->parameters,
                            trial_on_disk(world, 2)->parameters);
    assert_true(trial_on_disk(world, 0)->seed != trial_on_disk(world, 1)->seed);
    assert_int_equal(trial_on_disk(world, 0)->seed, trial_on_disk(world, 2)->seed);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, 1);
    assert_false(status_of(world, "s")->has_best);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 1, 1 }, 2);
    assert_true(status_of(world, "s")->best_value == 1.5);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 2, 1 }, 1.4);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 3, 1 }, 1.4);
    assert_true(status_of(world, "s")->best_value == 1.4);
    assert_int_equal(status_of(world, "s")->best_trial, 2);
    assert_int_equal(status_of(world, "s")->trials, 4);
    world_destroy(world);
}

static void a_trial_remembers_how_much_its_suggestion_had_seen(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    ask(world, 1, session, 0, 1);
    worker_finishes(world, 1, session, ref, 1);
    ask(world, 1, session, 1, 1);
    assert_int_equal(trial_on_disk(world, 0)->history_seq, 0);
    assert_int_equal(trial_on_disk(world, 1)->history_seq, 1);
    world_destroy(world);
}

static void no_more_trials_run_at_once_than_may(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_concurrent_trials\":2"));
    uint64_t session;
    assert_int_equal(flood(world, &session), 2);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    ask(world, 1, session, 99, 2);
    assert_int_equal(world->disk.n_trials, 3);
    world_destroy(world);
}

static void a_lapsed_trial_may_be_taken_though_the_limit_is_reached(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_concurrent_trials\":1"));
    uint64_t session, other;
    worker_takes_trial(world, 1, &session);
    time_passes(world, LEASE_MS + 1);
    assert_int_equal(worker_takes_trial(world, 2, &other).attempt, 2);
    world_destroy(world);
}

static void too_many_failures_stop_the_study_and_the_note_has_the_last_reason(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_failed_trials\":0"));
    uint64_t session = worker_joins(world, 1, 1);
    for (int attempt = 1; attempt <= 3; attempt++) {
        ask(world, 1, session, 1, attempt - 1);
        worker_fails(world, 1, session, told(world, 1, MESSAGE_TRIAL)->trial.ref,
                     "train: command not found");
    }
    const struct study_row *study = disk_study(&world->disk, 1);
    assert_int_equal(study->state, SEARCH_STOPPED);
    assert_string_equal(study->note, "stopped after 1 failed trials (max_failed_trials is 0); the "
                                     "last was trial 0: train: command not found");
    ask(world, 1, session, 1, 3);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world_destroy(world);
}

static void a_small_space_ends_its_study_early_and_no_point_comes_twice(void **state)
{
    struct world *world = world_create();
    submit(world,
           "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":50,"
           "\"parameters\":{\"x\":{\"values\":[1,2,3]},\"y\":{\"values\":[1,2]}}}");
    uint64_t session;
    assert_int_equal(flood(world, &session), 6);
    for (int64_t i = 0; i < 6; i++) {
        for (int64_t k = 0; k < i; k++)
            assert_string_not_equal(trial_on_disk(world, i)->parameters,
                                    trial_on_disk(world, k)->parameters);
        worker_finishes(world, 1, session, (struct attempt_ref){ 1, i, 1 }, (double)i);
    }
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    world_destroy(world);
}

/* Values have 15 significant digits, so this range, continuous by its name, is a single point. */
static void a_space_that_turns_out_smaller_than_the_budget_ends_its_study_with_a_note(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":3,"
                  "\"sampler\":{\"name\":\"random\"},\"parameters\":{\"x\":{\"distribution\":"
                  "\"uniform\",\"min\":1,\"max\":1.0000000000000004}}}");
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    ask(world, 1, session, 1, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    assert_int_equal(disk_study(&world->disk, 1)->budget, 1);
    assert_string_equal(disk_study(&world->disk, 1)->note,
                        "its space ran out of points after 1 of 3 configurations");
    world_destroy(world);
}

static void stop_lets_running_trials_finish_and_cancels_waiting_ones(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"repeat\":2"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    stop(world, "s", false);
    assert_int_equal(told(world, CLIENT, MESSAGE_STOPPED)->stopped.studies, 1);
    assert_int_equal(told(world, CLIENT, MESSAGE_STOPPED)->stopped.cancelled, 1);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_CANCELLED);
    assert_int_equal(disk_study(&world->disk, 1)->finished_ms, 0);
    worker_finishes(world, 1, session, ref, 1);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DONE);
    assert_true(disk_study(&world->disk, 1)->finished_ms != 0);
    assert_string_equal(disk_study(&world->disk, 1)->note, "stopped by request");
    stop(world, "s", true);
    assert_int_equal(told(world, CLIENT, MESSAGE_STOPPED)->stopped.studies, 0);
    world_destroy(world);
}

static void stop_now_cancels_everything(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    uint64_t session;
    flood(world, &session);
    stop(world, "s", false);
    stop(world, "s", true);
    assert_int_equal(told(world, CLIENT, MESSAGE_STOPPED)->stopped.cancelled, 9);
    assert_true(disk_study(&world->disk, 1)->finished_ms != 0);
    assert_int_equal(world->disk.n_outcomes, 9);
    world_destroy(world);
}

static void stop_does_not_wait_for_what_has_lapsed_already(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    time_passes(world, LEASE_MS);
    stop(world, "s", false);
    assert_int_equal(told(world, CLIENT, MESSAGE_STOPPED)->stopped.cancelled, 1);
    assert_int_equal(disk_attempt(&world->disk, ref)->state, ATTEMPT_CANCELLED);
    world_destroy(world);
}

static void a_stopped_study_does_not_wait_for_a_worker_that_fell_silent(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    uint64_t session;
    worker_takes_trial(world, 1, &session);
    stop(world, "s", false);
    coordinator_restarts(world);
    time_passes(world, LEASE_MS);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_CANCELLED);
    assert_true(disk_study(&world->disk, 1)->finished_ms != 0);
    world_destroy(world);
}

static void in_a_stopped_study_nothing_waits_again(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    uint64_t session = worker_joins(world, 1, 2);
    ask(world, 1, session, 2, 0);
    stop(world, "s", false);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, "no"); /* retry left */
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_FAILED);
    struct message message = { .type = MESSAGE_RELEASE, .session = session };
    message.release.ref = (struct attempt_ref){ 1, 1, 1 };
    message.release.reason = "leaving";
    say(world, 1, message);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_CANCELLED);
    world_destroy(world);
}

static void stop_and_status_name_the_nearest_when_a_name_is_wrong(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"task-b\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},"
                  "\"trials\":1,\"matrix\":{\"k\":[1,2]},"
                  "\"parameters\":{\"x\":{\"values\":[1,2,3]}}}");
    stop(world, "task-c", false);
    assert_string_equal(error_told(world, CLIENT, ERROR_NOT_FOUND),
                        "no search or study is called `task-c`; did you mean `task-b`?");
    ask_status(world, "nothing like it");
    assert_string_equal(error_told(world, CLIENT, ERROR_NOT_FOUND),
                        "no search or study is called `nothing like it`");
    stop(world, "task-b/2", false);
    assert_int_equal(told(world, CLIENT, MESSAGE_STOPPED)->stopped.studies, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_STOPPED);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_study_is_done_when_its_budget_is_spent_and_all_is_final),
        cmocka_unit_test(repeats_share_a_point_and_count_by_their_mean),
        cmocka_unit_test(a_trial_remembers_how_much_its_suggestion_had_seen),
        cmocka_unit_test(no_more_trials_run_at_once_than_may),
        cmocka_unit_test(a_lapsed_trial_may_be_taken_though_the_limit_is_reached),
        cmocka_unit_test(too_many_failures_stop_the_study_and_the_note_has_the_last_reason),
        cmocka_unit_test(a_small_space_ends_its_study_early_and_no_point_comes_twice),
        cmocka_unit_test(a_space_that_turns_out_smaller_than_the_budget_ends_its_study_with_a_note),
        cmocka_unit_test(stop_lets_running_trials_finish_and_cancels_waiting_ones),
        cmocka_unit_test(stop_now_cancels_everything),
        cmocka_unit_test(stop_does_not_wait_for_what_has_lapsed_already),
        cmocka_unit_test(a_stopped_study_does_not_wait_for_a_worker_that_fell_silent),
        cmocka_unit_test(in_a_stopped_study_nothing_waits_again),
        cmocka_unit_test(stop_and_status_name_the_nearest_when_a_name_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
