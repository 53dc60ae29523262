/* DRAIN: a worker that shall leave is told so and is given nothing any more. */
#include "tests/unit/coordinator/core/world.h"

static void drain_workers(struct world *world, const char **names, size_t n_names, bool now)
{
    struct message message = { .type = MESSAGE_DRAIN };
    message.drain.workers = names;
    message.drain.n_workers = n_names;
    message.drain.all = n_names == 0;
    message.drain.now = now;
    say(world, CLIENT, message);
}

static void drain_one(struct world *world, const char *name, bool now)
{
    drain_workers(world, &name, 1, now);
}

static uint64_t joins_as(struct world *world, uint64_t peer, const char *name)
{
    struct message message = hello(peer, 2);
    message.hello.name = name;
    say(world, peer, message);
    return told(world, peer, MESSAGE_WELCOME)->session;
}

static int32_t drain_told(struct world *world, uint64_t peer, uint64_t session)
{
    beat(world, peer, session, NULL, 0);
    return told(world, peer, MESSAGE_BEAT_OK)->beat_ok.drain;
}

static void a_draining_worker_gets_nothing_and_is_told_with_the_next_beat(void **state)
{
    struct world *world = world_create();
    uint64_t session = joins_as(world, 1, "anna");
    assert_int_equal(drain_told(world, 1, session), DRAIN_NO);
    ask(world, 1, session, 2, 0);
    drain_one(world, "anna", false);
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.workers, 1);
    submit(world, SPEC("\"trials\":3"));
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    ask(world, 1, session, 2, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    assert_int_equal(drain_told(world, 1, session), DRAIN_FINISH);
    assert_int_equal(disk_worker(&world->disk, 1)->drain, DRAIN_FINISH);
    assert_non_null(strstr(status_of(world, "s")->note, "all workers are leaving"));
    world_destroy(world);
}

static void what_a_draining_worker_runs_is_recorded_or_handed_back(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    uint64_t session = joins_as(world, 1, "anna");
    ask(world, 1, session, 2, 0);
    drain_one(world, "anna", true);
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.running, 2);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, 1);
    say(world, 1,
        (struct message){
            .type = MESSAGE_RELEASE, .session = session, .release = { { 1, 1, 1 }, "it drains" } });
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DONE);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_WAITING);
    world_destroy(world);
}

static void a_drain_holds_for_the_process_and_survives_a_restart(void **state)
{
    struct world *world = world_create();
    joins_as(world, 1, "anna");
    drain_one(world, "anna", false);
    coordinator_restarts(world);
    assert_int_equal(drain_told(world, 1, joins_as(world, 1, "anna")), DRAIN_FINISH);
    assert_int_equal(drain_told(world, 2, joins_as(world, 2, "anna")), DRAIN_NO);
    world_destroy(world);
}

static void a_drain_grows_more_urgent_and_never_less(void **state)
{
    struct world *world = world_create();
    uint64_t session = joins_as(world, 1, "anna");
    drain_one(world, "anna", true);
    drain_one(world, "anna", false);
    assert_int_equal(world->actions.saves, 0);
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.workers, 1);
    assert_int_equal(drain_told(world, 1, session), DRAIN_NOW);
    world_destroy(world);
}

static void several_or_all_can_be_drained_and_an_unknown_name_drains_nobody(void **state)
{
    struct world *world = world_create();
    const char *names[] = { "anna", "berta", "anna" }, *wrong[] = { "anna", "bertha" };
    joins_as(world, 1, "anna");
    joins_as(world, 2, "anna");
    joins_as(world, 3, "berta");
    joins_as(world, 4, "carla");
    drain_workers(world, wrong, 2, false);
    assert_string_equal(error_told(world, CLIENT, ERROR_NOT_FOUND),
                        "no worker called `bertha` is here; did you mean `berta`?");
    assert_int_equal(world->actions.saves, 0);
    drain_workers(world, names, 3, false);
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.workers, 3);
    assert_int_equal(disk_worker(&world->disk, 4)->drain, DRAIN_NO);
    drain_workers(world, NULL, 0, false);
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.workers, 4);
    assert_int_equal(disk_worker(&world->disk, 4)->drain, DRAIN_FINISH);
    world_step(world, (struct event){ .type = EVENT_PEER_GONE, .peer = 4 });
    drain_one(world, "carla", false);
    error_told(world, CLIENT, ERROR_NOT_FOUND);
    world_destroy(world);
}

static void workers_say_why_they_take_nothing_and_status_shows_it(void **state)
{
    struct world *world = world_create();
    uint64_t session = joins_as(world, 1, "anna");
    struct message message = { .type = MESSAGE_BEAT, .session = session };
    message.beat.note = "benched: 3 trials failed in a row";
    say(world, 1, message);
    drain_one(world, "anna", false);
    ask_status(world, "");
    const struct message *answer = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_int_equal(answer->status_reply.n_workers, 1);
    assert_int_equal(answer->status_reply.workers[0].drain, DRAIN_FINISH);
    assert_string_equal(answer->status_reply.workers[0].note, message.beat.note);
    message.beat.note = "";
    say(world, 1, message);
    ask_status(world, "");
    answer = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_string_equal(answer->status_reply.workers[0].note, "");
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draining_worker_gets_nothing_and_is_told_with_the_next_beat),
        cmocka_unit_test(what_a_draining_worker_runs_is_recorded_or_handed_back),
        cmocka_unit_test(a_drain_holds_for_the_process_and_survives_a_restart),
        cmocka_unit_test(a_drain_grows_more_urgent_and_never_less),
        cmocka_unit_test(several_or_all_can_be_drained_and_an_unknown_name_drains_nobody),
        cmocka_unit_test(workers_say_why_they_take_nothing_and_status_shows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
