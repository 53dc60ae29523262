/* A trial that takes its worker down with it: one after another falls silent, and nobody is left to
 * say why. */
#include "tests/unit/coordinator/core/world.h"

enum { SUSPECT = 3, MOST = 30 }; /* losses in a row */

/* A new worker takes what it is given, tells of no point, and is never heard of again. */
static struct attempt_ref worker_is_lost(struct world *world, uint64_t peer)
{
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, peer, &session);
    time_passes(world, LEASE_MS + 1);
    return ref;
}

/* Its first trial has been lost with so many workers: the peers 1, 2 and so on. */
static struct world *world_after(const char *definition, uint64_t losses)
{
    struct world *world = world_create();
    submit(world, definition);
    for (uint64_t peer = 1; peer <= losses; peer++)
        assert_int_equal(worker_is_lost(world, peer).trial, 0);
    return world;
}

static void a_trial_that_thirty_workers_in_a_row_did_not_survive_is_given_up(void **state)
{
    struct world *world = world_after(SPEC("\"trials\":1"), MOST - 1);
    struct attempt_ref last = worker_is_lost(world, MOST);
    assert_int_equal(last.attempt, MOST);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_RUNNING); /* it may come back yet */
    uint64_t session = worker_joins(world, MOST + 1, 1);
    ask(world, MOST + 1, session, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    const struct trial_row *row = trial_on_disk(world, 0);
    assert_int_equal(row->state, TRIAL_FAILED);
    assert_int_equal(row->charged, 0);
    assert_string_equal(row->reason,
                        "quarantined: 30 workers in a row fell silent while they ran it, and it "
                        "never got further; if they were lost for other reasons, `ldt retry` tries "
                        "it again");
    assert_int_equal(disk_attempt(&world->disk, last)->state, ATTEMPT_LOST);
    assert_int_equal(status_of(world, "s")->state, SEARCH_DONE);
    world_destroy(world);
}

static void the_result_of_one_that_comes_back_in_time_counts(void **state)
{
    struct world *world = world_after(SPEC("\"trials\":1"), MOST - 1);
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, MOST, &session);
    time_passes(world, LEASE_MS + 1);
    worker_finishes(world, MOST, session, ref, 0.5);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DONE);
    world_destroy(world);
}

static void the_result_of_one_that_comes_back_too_late_is_stale(void **state)
{
    struct world *world = world_after(SPEC("\"trials\":1"), MOST - 1);
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, MOST, &session);
    time_passes(world, LEASE_MS + 1);
    ask(world, MOST + 1, worker_joins(world, MOST + 1, 1), 1, 0);
    send_result(world, MOST, session, result(ref, RESULT_FAILED, NULL, 0));
    assert_int_equal(verdict(world, MOST), VERDICT_STALE);
    world_destroy(world);
}

static void a_suspect_comes_after_all_that_is_new_and_all_that_waits(void **state)
{
    struct world *world = world_after(SPEC("\"trials\":2,\"repeat\":2"), SUSPECT);
    uint64_t session = worker_joins(world, 9, 4);
    const int64_t order[] = { 1, 2, 3, 0 };
    for (int i = 0; i < 4; i++) {
        ask(world, 9, session, 1, i);
        assert_int_equal(told(world, 9, MESSAGE_TRIAL)->trial.ref.trial, order[i]);
    }
    world_destroy(world);
}

static void who_lapsed_for_the_first_time_comes_before_a_suspect(void **state)
{
    struct world *world = world_after(SPEC("\"trials\":2"), SUSPECT - 1);
    uint64_t session;
    assert_int_equal(worker_takes_trial(world, 8, &session).trial, 0);
    assert_int_equal(worker_takes_trial(world, 9, &session).trial, 1);
    time_passes(world, LEASE_MS + 1);
    assert_int_equal(worker_takes_trial(world, 10, &session).trial, 1);
    assert_int_equal(worker_takes_trial(world, 11, &session).trial, 0);
    world_destroy(world);
}

static void a_suspect_has_its_place_where_nothing_else_may_start(void **state)
{
    world_destroy(world_after(SPEC("\"trials\":9,\"max_concurrent_trials\":1"), SUSPECT + 1));
}

static void a_trial_that_gets_further_each_time_is_never_suspected(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    for (uint64_t peer = 1; peer <= MOST + 5; peer++) {
        uint64_t session;
        struct attempt_ref ref = worker_takes_trial(world, peer, &session);
        struct point point = loss((int64_t)peer, 0.5);
        assert_int_equal(ref.trial, 0);
        send_points(world, peer, session, ref, 0, &point, 1);
        time_passes(world, LEASE_MS + 1);
    }
    world_destroy(world);
}

static void a_trial_that_was_handed_back_is_no_suspect_any_more(void **state)
{
    struct world *world = world_after(SPEC("\"trials\":1"), MOST - 1);
    uint64_t session;
    struct message message = { .type = MESSAGE_RELEASE };
    message.release.ref = worker_takes_trial(world, MOST, &session);
    message.release.reason = "the machine is needed";
    message.session = session;
    say(world, MOST, message);
    assert_string_equal(trial_on_disk(world, 0)->reason, "the machine is needed");
    assert_int_equal(worker_is_lost(world, MOST + 1).trial, 0);
    assert_int_equal(worker_is_lost(world, MOST + 2).trial, 0);
    world_destroy(world);
}

static void one_that_was_given_up_and_retried_has_all_its_chances_again(void **state)
{
    struct world *world = world_after(SPEC("\"trials\":1"), MOST);
    ask(world, 99, worker_joins(world, 99, 1), 1, 0);
    struct message message = { .type = MESSAGE_RETRY, .retry = { .name = "s", .failed = true } };
    say(world, CLIENT, message); /* and the one that asked has it */
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_RUNNING);
    time_passes(world, LEASE_MS + 1);
    for (uint64_t peer = 101; peer < 100 + MOST; peer++)
        worker_is_lost(world, peer);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_RUNNING);
    ask(world, 199, worker_joins(world, 199, 1), 1, 0);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_FAILED);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_that_thirty_workers_in_a_row_did_not_survive_is_given_up),
        cmocka_unit_test(the_result_of_one_that_comes_back_in_time_counts),
        cmocka_unit_test(the_result_of_one_that_comes_back_too_late_is_stale),
        cmocka_unit_test(a_suspect_comes_after_all_that_is_new_and_all_that_waits),
        cmocka_unit_test(who_lapsed_for_the_first_time_comes_before_a_suspect),
        cmocka_unit_test(a_suspect_has_its_place_where_nothing_else_may_start),
        cmocka_unit_test(a_trial_that_gets_further_each_time_is_never_suspected),
        cmocka_unit_test(a_trial_that_was_handed_back_is_no_suspect_any_more),
        cmocka_unit_test(one_that_was_given_up_and_retried_has_all_its_chances_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
