/* PAUSE and RESUME: nothing new is handed out, nothing that runs is lost. */
#include "tests/unit/coordinator/core/world.h"

static void pause_by_name(struct world *world, const char *name)
{
    say(world, CLIENT, (struct message){ .type = MESSAGE_PAUSE, .pause.name = name });
}

static void resume_by_name(struct world *world, const char *name)
{
    say(world, CLIENT, (struct message){ .type = MESSAGE_RESUME, .resume.name = name });
}

static void a_paused_study_hands_out_nothing_until_it_is_resumed(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    pause_by_name(world, "s");
    const struct message *answer = told(world, CLIENT, MESSAGE_PAUSED);
    assert_int_equal(answer->paused.studies, 1);
    assert_int_equal(answer->paused.running, 1);
    assert_false(answer->paused.already);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_PAUSED);
    assert_string_equal(status_of(world, "s")->note, "paused: `ldt resume s` goes on");
    ask(world, 1, session, 1, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    worker_finishes(world, 1, session, ref, 1); /* what runs is recorded */
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DONE);
    resume_by_name(world, "s");
    assert_false(told(world, CLIENT, MESSAGE_RESUMED)->resumed.already);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.trial, 1); /* it was hungry still */
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    world_destroy(world);
}

static void asked_twice_nothing_changes(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    resume_by_name(world, "s");
    assert_true(told(world, CLIENT, MESSAGE_RESUMED)->resumed.already);
    assert_int_equal(world->actions.saves, 0);
    pause_by_name(world, "s");
    pause_by_name(world, "s");
    assert_true(told(world, CLIENT, MESSAGE_PAUSED)->paused.already);
    assert_int_equal(world->actions.saves, 0);
    world_destroy(world);
}

static void a_pause_survives_a_restart(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    pause_by_name(world, "s");
    coordinator_restarts(world);
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    resume_by_name(world, "s");
    told(world, 1, MESSAGE_TRIAL);
    world_destroy(world);
}

static void what_fails_lapses_or_is_handed_back_in_a_pause_waits_for_its_end(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"max_attempts\":3"));
    uint64_t session = worker_joins(world, 1, 3);
    ask(world, 1, session, 3, 0);
    pause_by_name(world, "s");
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, "no");
    say(world, 1,
        (struct message){ .type = MESSAGE_RELEASE,
                          .session = session,
                          .release = { { 1, 1, 1 }, "this machine shuts down" } });
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_WAITING);
    time_passes(world, LEASE_MS + 1);
    assert_int_equal(trial_on_disk(world, 2)->state, TRIAL_RUNNING);
    uint64_t other = worker_joins(world, 2, 3);
    ask(world, 2, other, 3, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    resume_by_name(world, "s");
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 3);
    assert_int_equal(trial_on_disk(world, 2)->attempts, 2);
    world_destroy(world);
}

static void a_paused_study_can_be_stopped_and_is_done_when_nothing_is_left(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    pause_by_name(world, "s");
    worker_finishes(world, 1, session, ref, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    pause_by_name(world, "s");
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_REFUSED), "`s` is done"));
    resume_by_name(world, "s");
    error_told(world, CLIENT, ERROR_REFUSED);
    world_destroy(world);

    world = world_create();
    submit(world, SPEC("\"trials\":9"));
    worker_takes_trial(world, 1, &session);
    pause_by_name(world, "s");
    time_passes(world, LEASE_MS + 1);
    stop(world, "s", false);
    assert_int_equal(told(world, CLIENT, MESSAGE_STOPPED)->stopped.cancelled, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_STOPPED);
    resume_by_name(world, "s");
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_REFUSED), "`s` was stopped"));
    world_destroy(world);
}

static void a_search_is_paused_with_all_its_studies_that_go_on(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":2,"
                  "\"matrix\":{\"k\":[1,2,3]},\"parameters\":{\"x\":{\"values\":[1,2]}}}");
    stop(world, "s/1", false);
    pause_by_name(world, "s");
    assert_int_equal(told(world, CLIENT, MESSAGE_PAUSED)->paused.studies, 2);
    resume_by_name(world, "s/2");
    assert_int_equal(told(world, CLIENT, MESSAGE_RESUMED)->resumed.studies, 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_STOPPED);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_OPEN);
    assert_int_equal(disk_study(&world->disk, 3)->state, SEARCH_PAUSED);
    pause_by_name(world, "t");
    error_told(world, CLIENT, ERROR_NOT_FOUND);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_paused_study_hands_out_nothing_until_it_is_resumed),
        cmocka_unit_test(asked_twice_nothing_changes),
        cmocka_unit_test(a_pause_survives_a_restart),
        cmocka_unit_test(what_fails_lapses_or_is_handed_back_in_a_pause_waits_for_its_end),
        cmocka_unit_test(a_paused_study_can_be_stopped_and_is_done_when_nothing_is_left),
        cmocka_unit_test(a_search_is_paused_with_all_its_studies_that_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
