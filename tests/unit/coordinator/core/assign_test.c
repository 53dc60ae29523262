/* Who gets what: shares, capabilities, and how much one turn does. */
#include "tests/unit/coordinator/core/world.h"

#define SEARCH(name, program, more, parameters)                                                    \
    "{\"name\":\"" name "\"," program ",\"metric\":{\"name\":\"test_kl\"},"                        \
    "\"sampler\":{\"name\":\"random\"},\"trials\":500," more "\"parameters\":{" parameters         \
    "\"student_lr\":{\"distribution\":\"uniform\",\"min\":0.001,\"max\":0.01}}}"
#define COMMAND(name, more) SEARCH(name, "\"command\":[\"t\"]", more, "")
#define TASK_B              "\"task\":{\"value\":\"task-b\"},"
#define BUILT_IN(name)      SEARCH(name, "\"program\":\"ldt\"", "", TASK_B)

static int64_t running(struct world *world, const char *study)
{
    return status_of(world, study)->counts.running;
}

static void searches_share_the_fleet_evenly(void **state)
{
    struct world *world = world_create();
    submit(world, COMMAND("a", ""));
    uint64_t session = worker_joins(world, 1, 12);
    ask(world, 1, session, 4, 0);
    submit(world, COMMAND("b", ""));
    submit(world, COMMAND("c", ""));
    assert_int_equal(running(world, "a"), 4);
    ask(world, 1, session, 8, 4);
    assert_int_equal(running(world, "a"), 4);
    assert_int_equal(running(world, "b"), 4);
    assert_int_equal(running(world, "c"), 4);
    world_destroy(world);
}

static void a_search_of_many_studies_gets_no_more_than_one_of_few(void **state)
{
    struct world *world = world_create();
    submit(world, COMMAND("a", "\"matrix\":{\"k\":[1,2,3,4]},"));
    submit(world, COMMAND("b", ""));
    uint64_t session = worker_joins(world, 1, 16);
    ask(world, 1, session, 16, 0);
    assert_int_equal(running(world, "b"), 8);
    assert_int_equal(running(world, "a/1"), 2);
    assert_int_equal(running(world, "a/4"), 2);
    world_destroy(world);
}

static void equally_loaded_studies_take_turns(void **state)
{
    struct world *world = world_create();
    submit(world, COMMAND("a", ""));
    submit(world, COMMAND("b", "\"matrix\":{\"k\":[1,2]},"));
    uint64_t session = worker_joins(world, 1, 1);
    const char *const order[] = { "a", "b/1", "a", "b/2", "a", "b/1" };
    for (int i = 0; i < 6; i++) {
        ask(world, 1, session, 1, i);
        const struct message *trial = told(world, 1, MESSAGE_TRIAL);
        assert_string_equal(trial->trial.study_name, order[i]);
        worker_fails(world, 1, session, trial->trial.ref, "no");
    }
    world_destroy(world);
}

static void trials_spread_over_workers_before_they_fill_one(void **state)
{
    struct world *world = world_create();
    uint64_t first = worker_joins(world, 1, 4), second = worker_joins(world, 2, 4);
    ask(world, 1, first, 4, 0);
    ask(world, 2, second, 4, 0);
    submit(world, COMMAND("a", "\"max_concurrent_trials\":4,"));
    size_t for_first = 0;
    for (size_t i = 0; i < world->n_sent; i++)
        for_first += world->sent[i].message.type == MESSAGE_TRIAL && world->sent[i].peer == 1;
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 4);
    assert_int_equal(for_first, 2);
    world_destroy(world);
}

static void commands_go_only_to_workers_that_allow_them(void **state)
{
    struct world *world = world_create();
    submit(world, COMMAND("a", ""));
    submit(world, BUILT_IN("b"));
    struct message careful = hello(1, 4);
    careful.hello.allow_command = false;
    say(world, 1, careful);
    uint64_t session = told(world, 1, MESSAGE_WELCOME)->session;
    ask(world, 1, session, 4, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 4);
    assert_int_equal(running(world, "a"), 0);
    assert_int_equal(running(world, "b"), 4);
    world_destroy(world);
}

static void a_worker_that_allows_commands_runs_the_built_in_trainer_too(void **state)
{
    struct world *world = world_create();
    submit(world, COMMAND("a", ""));
    submit(world, BUILT_IN("b"));
    uint64_t session = worker_joins(world, 1, 4);
    ask(world, 1, session, 4, 0);
    assert_int_equal(running(world, "a"), 2);
    assert_int_equal(running(world, "b"), 2);
    world_destroy(world);
}

static void a_turn_suggests_no_more_than_it_may_and_says_that_there_is_more(void **state)
{
    struct world *world = world_create();
    core_destroy(&world->core);
    world->suggestions_per_turn = 3;
    world->core = world_core(world);
    submit(world, COMMAND("a", ""));
    uint64_t session = worker_joins(world, 1, 8);
    ask(world, 1, session, 8, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 3);
    assert_true(world->more);
    time_passes(world, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 3);
    time_passes(world, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
    assert_false(world->more);
    world_destroy(world);
}

static void what_needs_no_suggestion_is_not_held_back_by_their_limit(void **state)
{
    struct world *world = world_create();
    core_destroy(&world->core);
    world->suggestions_per_turn = 1;
    world->core = world_core(world);
    submit(world, COMMAND("a", "\"repeat\":3,"));
    uint64_t session = worker_joins(world, 1, 8);
    ask(world, 1, session, 5, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 3);
    assert_true(world->more);
    world_destroy(world);
}

static void nothing_is_suggested_that_nobody_runs(void **state)
{
    struct world *world = world_create();
    submit(world, COMMAND("a", ""));
    worker_joins(world, 1, 8);
    time_passes(world, 1000);
    assert_int_equal(world->disk.n_trials, 0);
    world_destroy(world);
}

static void what_was_left_behind_comes_before_what_is_new(void **state)
{
    struct world *world = world_create();
    submit(world, COMMAND("a", "\"repeat\":3,"));
    uint64_t first, second = worker_joins(world, 2, 1);
    worker_takes_trial(world, 1, &first);
    time_passes(world, LEASE_MS + 1);
    ask(world, 2, second, 1, 0);
    assert_int_equal(told(world, 2, MESSAGE_TRIAL)->trial.ref.trial, 0); /* lapsed */
    ask(world, 1, first, 1, 1);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.trial, 1); /* waiting */
    world_destroy(world);
}

/* 10,000 workers and 100,000 trials: with any scan over all of them this would take hours. */
static void a_large_fleet_and_a_long_study_cost_no_scans(void **state)
{
    enum { WORKERS = 10000, TRIALS = 100000 };
    struct world *world = world_create();
    world->quick = true;
    disk_close(&world->disk); /* its own scans would dominate */
    char definition[512];
    snprintf(definition, sizeof definition,
             "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":%d,"
             "\"sampler\":{\"name\":\"random\"},\"parameters\":{\"x\":{\"distribution\":"
             "\"uniform\",\"min\":0,\"max\":1}}}",
             TRIALS);
    struct message message = { .type = MESSAGE_SUBMIT };
    message.submit.submit_key = message.submit.spec = "key";
    message.submit.definition = definition;
    struct event event = {
        .type = EVENT_MESSAGE, .now_ms = 1, .wall_ms = 1, .peer = CLIENT, .message = &message
    };
    core_step(world->core, &event, &world->actions);
    uint64_t *sessions = xcalloc(WORKERS, sizeof *sessions);
    for (int i = 0; i < WORKERS; i++) {
        actions_clear(&world->actions);
        message = hello((uint64_t)i + 1, 1);
        event.peer = (uint64_t)i + 1;
        core_step(world->core, &event, &world->actions);
        sessions[i] = world->actions.list[1].send.message.session;
    }
    for (int64_t t = 0; t < TRIALS; t++) {
        int i = (int)(t % WORKERS);
        event.peer = (uint64_t)i + 1;
        actions_clear(&world->actions);
        message = (struct message){ .type = MESSAGE_ASK, .session = sessions[i] };
        message.ask.free = 1;
        message.ask.received = t / WORKERS;
        core_step(world->core, &event, &world->actions);
        core_assign(world->core, 1, 1, &world->actions);
        const struct message *trial = &world->actions.list[world->actions.count - 1].send.message;
        assert_int_equal(trial->type, MESSAGE_TRIAL);
        struct attempt_ref ref = trial->trial.ref;
        assert_int_equal(ref.trial, t);
        struct point point = loss(1, (double)t);
        message = (struct message){ .type = MESSAGE_POINTS, .session = sessions[i] };
        message.points.ref = ref;
        message.points.points = &point;
        message.points.n_points = 1;
        core_step(world->core, &event, &world->actions);
        message = result(ref, RESULT_DONE, &point, 1);
        message.session = sessions[i];
        core_step(world->core, &event, &world->actions);
    }
    struct error error = { "" };
    assert_true(core_check(world->core, &error));
    free(sessions);
    disk_open(&world->disk);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches_share_the_fleet_evenly),
        cmocka_unit_test(a_search_of_many_studies_gets_no_more_than_one_of_few),
        cmocka_unit_test(equally_loaded_studies_take_turns),
        cmocka_unit_test(trials_spread_over_workers_before_they_fill_one),
        cmocka_unit_test(commands_go_only_to_workers_that_allow_them),
        cmocka_unit_test(a_worker_that_allows_commands_runs_the_built_in_trainer_too),
        cmocka_unit_test(a_turn_suggests_no_more_than_it_may_and_says_that_there_is_more),
        cmocka_unit_test(what_needs_no_suggestion_is_not_held_back_by_their_limit),
        cmocka_unit_test(nothing_is_suggested_that_nobody_runs),
        cmocka_unit_test(what_was_left_behind_comes_before_what_is_new),
        cmocka_unit_test(a_large_fleet_and_a_long_study_cost_no_scans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
