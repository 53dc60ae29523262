/* Ladders: one rung after the other, and none above the one that reached the stop. */
#include "tests/unit/coordinator/core/world.h"

#define LADDER(more)                                                                               \
    SPEC("\"trials\":1,\"matrix\":{\"m\":[\"a\",\"b\"],\"n\":[1,2,3]},\"ladder\":{\"over\":\"n\"," \
         "\"stop\":{\"at_most\":0.5}}" more)

/* The next trial that is handed out, to a new worker each time. */
struct taken {
    uint64_t peer, session;
    struct attempt_ref ref;
};

static struct taken take(struct world *world)
{
    static uint64_t peers = 100;
    struct taken taken = { .peer = ++peers };
    taken.ref = worker_takes_trial(world, taken.peer, &taken.session);
    return taken;
}

static void end(struct world *world, struct taken taken, double value)
{
    worker_finishes(world, taken.peer, taken.session, taken.ref, value);
}

static void a_rung_waits_for_the_one_before_it(void **state)
{
    struct world *world = world_create();
    submit(world, LADDER(""));
    struct taken a1 = take(world), b1 = take(world);
    assert_int_equal(a1.ref.study, 1);
    assert_int_equal(b1.ref.study, 4);
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    assert_string_equal(status_of(world, "s/b,2")->note, "waits for `s/b,1` to finish");
    end(world, b1, 1);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.study, 5);
    world_destroy(world);
}

static void the_rungs_above_one_that_reached_the_stop_are_left_out(void **state)
{
    struct world *world = world_create();
    submit(world, LADDER(""));
    end(world, take(world), 0.5);
    for (int64_t study = 2; study <= 3; study++) {
        assert_int_equal(disk_study(&world->disk, study)->state, SEARCH_DONE);
        assert_int_equal(disk_study(&world->disk, study)->budget, 0);
        assert_string_equal(disk_study(&world->disk, study)->note,
                            "left out: `s/a,1` reached loss 0.5, at most 0.5 is the ladder's stop");
    }
    assert_int_equal(disk_study(&world->disk, 4)->state, SEARCH_OPEN); /* the other method */
    assert_int_equal(take(world).ref.study, 4);
    world_destroy(world);
}

static void a_ladder_goes_on_past_rungs_that_failed_or_were_stopped(void **state)
{
    struct world *world = world_create();
    submit(world, LADDER(",\"max_attempts\":1"));
    struct taken a1 = take(world);
    worker_fails(world, a1.peer, a1.session, a1.ref, "no");
    stop(world, "s/a,2", true);
    assert_int_equal(disk_study(&world->disk, 3)->state, SEARCH_OPEN);
    assert_string_equal(status_of(world, "s/a,3")->note, "");
    world_destroy(world);
}

static void a_rung_that_was_left_out_does_not_run_again(void **state)
{
    struct world *world = world_create();
    submit(world, LADDER(",\"rerun\":{\"seeds\":1}"));
    struct taken a1 = take(world);
    end(world, a1, 0);
    assert_int_equal(disk_study(&world->disk, 7)->state, SEARCH_OPEN); /* s/a,1/rerun */
    for (int64_t study = 8; study <= 9; study++) {
        assert_int_equal(disk_study(&world->disk, study)->state, SEARCH_DONE);
        assert_int_equal(disk_study(&world->disk, study)->budget, 0);
    }
    world_destroy(world);
}

static void a_ladder_goes_on_after_a_restart(void **state)
{
    struct world *world = world_create();
    submit(world, LADDER(""));
    end(world, take(world), 1);
    struct taken b1 = take(world); /* of the method that was served longest ago */
    assert_int_equal(b1.ref.study, 4);
    end(world, b1, 0.1);
    coordinator_restarts(world);
    assert_int_equal(take(world).ref.study, 2);
    world_destroy(world);
}

static void stopping_the_search_stops_every_rung(void **state)
{
    struct world *world = world_create();
    submit(world, LADDER(""));
    struct taken a1 = take(world);
    stop(world, "s", false);
    for (int64_t study = 1; study <= 6; study++)
        assert_int_equal(disk_study(&world->disk, study)->state, SEARCH_STOPPED);
    end(world, a1, 1);
    assert_true(disk_study(&world->disk, 1)->finished_ms != 0);
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rung_waits_for_the_one_before_it),
        cmocka_unit_test(the_rungs_above_one_that_reached_the_stop_are_left_out),
        cmocka_unit_test(a_ladder_goes_on_past_rungs_that_failed_or_were_stopped),
        cmocka_unit_test(a_rung_that_was_left_out_does_not_run_again),
        cmocka_unit_test(a_ladder_goes_on_after_a_restart),
        cmocka_unit_test(stopping_the_search_stops_every_rung),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
