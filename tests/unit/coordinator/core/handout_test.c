/* What is handed out, to whom, and in which order. */
#include "tests/unit/coordinator/core/world.h"

static struct message asking(uint64_t session, int32_t free, int64_t received)
{
    struct message message = { .type = MESSAGE_ASK, .session = session };
    message.ask.free = free;
    message.ask.received = received;
    return message;
}

static void a_trial_says_all_that_its_definition_says(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"python3\",\"train.py\"],\"workdir\":\"/data\","
                  "\"env\":{\"MODE\":\"quick\",\"LEVEL\":\"2\"},\"max_trial_duration\":\"90s\","
                  "\"max_trial_silence\":\"7s\","
                  "\"metric\":{\"name\":\"loss\"},\"sampler\":{\"name\":\"random\"},\"trials\":2,"
                  "\"parameters\":{\"x\":{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}");
    uint64_t session = worker_joins(world, 1, 2);
    say(world, 1, asking(session, 2, 0));
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
    const struct message *first = &world->sent[world->n_sent - 2].message;
    const struct message *second = &world->sent[world->n_sent - 1].message;
    assert_string_equal(first->trial.study_name, "s");
    assert_int_equal(first->trial.program, PROGRAM_COMMAND);
    assert_int_equal(first->trial.n_command, 2);
    assert_string_equal(first->trial.command[0], "python3");
    assert_string_equal(first->trial.command[1], "train.py");
    assert_string_equal(first->trial.workdir, "/data");
    assert_int_equal(first->trial.n_environment, 2);
    for (size_t i = 0; i < 2; i++)
        assert_non_null(strchr(first->trial.environment[i], '='));
    assert_int_equal(first->trial.max_duration_ms, 90000);
    assert_int_equal(first->trial.max_silence_ms, 7000);
    assert_string_equal(first->trial.parameters, trial_on_disk(world, 0)->parameters);
    assert_int_equal(first->trial.seed, trial_on_disk(world, 0)->seed);
    assert_true(first->trial.checkpoint_key[0] != '\0');
    assert_string_not_equal(first->trial.checkpoint_key, second->trial.checkpoint_key);
    world_destroy(world);
}

static void every_attempt_of_a_trial_has_the_same_checkpoint_key(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session = worker_joins(world, 1, 1);
    say(world, 1, asking(session, 1, 0));
    const struct message *first = told(world, 1, MESSAGE_TRIAL);
    char key[256];
    snprintf(key, sizeof key, "%s", first->trial.checkpoint_key);
    worker_fails(world, 1, session, first->trial.ref, "once");
    say(world, 1, asking(session, 1, 1));
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    assert_string_equal(told(world, 1, MESSAGE_TRIAL)->trial.checkpoint_key, key);
    world_destroy(world);
}

static void a_new_trial_starts_with_nothing_reported(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    assert_int_equal(trial_on_disk(world, 0)->source, -1);
    const struct attempt_row *attempt = disk_attempt(&world->disk, ref);
    assert_int_equal(attempt->last_step, -1);
    assert_int_equal(attempt->points, 0);
    assert_false(attempt->has_best || attempt->has_last || attempt->metric_seen);
    world_destroy(world);
}

/* Each takes a trial and ends it; returns the id of the study that it was of. */
static int64_t next_study(struct world *world, uint64_t session, int64_t received)
{
    say(world, 1, asking(session, 1, received));
    struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    worker_finishes(world, 1, session, ref, 1);
    return ref.study;
}

static void searches_take_turns_and_so_do_the_studies_of_one(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":4,\"matrix\":{\"y\":[1,2]}"));
    submit(world, "{\"name\":\"t\",\"command\":[\"train\"],\"metric\":{\"name\":\"loss\"},"
                  "\"sampler\":{\"name\":\"random\"},\"trials\":4,\"parameters\":{\"x\":"
                  "{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}");
    uint64_t session = worker_joins(world, 1, 1);
    static const int64_t expected[] = { 1, 3, 2, 3, 1, 3 };
    for (int64_t i = 0; i < 6; i++)
        assert_int_equal(next_study(world, session, i), expected[i]);
    world_destroy(world);
}

static void there_is_more_only_while_the_suggestions_of_a_turn_were_too_few(void **state)
{
    struct world *world = world_create();
    world->suggestions_per_turn = 2;
    core_destroy(&world->core);
    world->core = world_core(world);
    submit(world, SPEC("\"trials\":3"));
    uint64_t session = worker_joins(world, 1, 5);
    assert_false(world->more);
    say(world, 1, asking(session, 5, 0));
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
    assert_true(world->more);
    time_passes(world, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 1);
    assert_false(world->more); /* somebody is hungry, and there is nothing left */
    world_destroy(world);
}

/* ---- after a failure ----------------------------------------------------------------------- */

/* Of the built-in trainer, which any worker may run. */
#define BUILT_IN                                                                                   \
    "{\"name\":\"s\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},"                       \
    "\"sampler\":{\"name\":\"random\"},\"trials\":1,\"max_attempts\":3,\"parameters\":{"           \
    "\"task\":{\"value\":\"task-b\"},\"student_lr\":{\"distribution\":\"uniform\",\"min\":0.1,"    \
    "\"max\":1}}}"

/* With a slot more than it needs, so it is first in line when its trial has ended. */
static uint64_t joins_first(struct world *world, bool allow_command, struct attempt_ref *ref)
{
    struct message greeting = hello(1, 2);
    greeting.hello.allow_command = allow_command;
    say(world, 1, greeting);
    uint64_t session = told(world, 1, MESSAGE_WELCOME)->session;
    say(world, 1, asking(session, 2, 0));
    *ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    return session;
}

static void what_a_worker_failed_goes_to_the_next_who_is_hungry(void **state)
{
    struct world *world = world_create();
    struct attempt_ref ref;
    submit(world, SPEC("\"trials\":1,\"max_attempts\":3"));
    uint64_t sick = joins_first(world, true, &ref), well = worker_joins(world, 2, 1);
    say(world, 2, asking(well, 1, 0));
    worker_fails(world, 1, sick, ref, "no disk");
    ref = told(world, 2, MESSAGE_TRIAL)->trial.ref;
    assert_int_equal(ref.attempt, 2);
    worker_fails(world, 2, well, ref, "no luck"); /* the sick one is hungry, and not its last */
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.attempt, 3);
    world_destroy(world);
}

static void what_a_worker_failed_comes_back_to_it_if_nobody_else_is_hungry(void **state)
{
    struct world *world = world_create();
    struct attempt_ref ref;
    submit(world, SPEC("\"trials\":1,\"max_attempts\":3"));
    uint64_t only = joins_first(world, true, &ref);
    worker_joins(world, 2, 1); /* and does not ask */
    worker_fails(world, 1, only, ref, "no luck");
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

static void what_a_worker_failed_may_go_to_one_that_may_do_more(void **state)
{
    struct world *world = world_create();
    struct attempt_ref ref;
    submit(world, BUILT_IN);
    uint64_t sick = joins_first(world, false, &ref), able = worker_joins(world, 2, 1);
    say(world, 2, asking(able, 1, 0));
    worker_fails(world, 1, sick, ref, "no memory");
    assert_int_equal(told(world, 2, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

static void a_command_that_failed_does_not_go_to_one_that_runs_none(void **state)
{
    struct world *world = world_create();
    struct attempt_ref ref;
    submit(world, SPEC("\"trials\":1,\"max_attempts\":3"));
    uint64_t able = joins_first(world, true, &ref);
    struct message greeting = hello(2, 1);
    greeting.hello.allow_command = false;
    say(world, 2, greeting);
    say(world, 2, asking(told(world, 2, MESSAGE_WELCOME)->session, 1, 0));
    worker_fails(world, 1, able, ref, "no luck");
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

/* Its first attempt was handed back: that says nothing against the worker. */
static void what_a_worker_handed_back_may_come_back_to_it(void **state)
{
    struct world *world = world_create();
    struct attempt_ref ref;
    submit(world, SPEC("\"trials\":1,\"max_attempts\":3"));
    uint64_t first = joins_first(world, true, &ref), second = worker_joins(world, 2, 1);
    say(world, 2, asking(second, 1, 0));
    struct message release = { .type = MESSAGE_RELEASE, .session = first };
    release.release.ref = ref;
    release.release.reason = "";
    say(world, 1, release);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_says_all_that_its_definition_says),
        cmocka_unit_test(every_attempt_of_a_trial_has_the_same_checkpoint_key),
        cmocka_unit_test(a_new_trial_starts_with_nothing_reported),
        cmocka_unit_test(searches_take_turns_and_so_do_the_studies_of_one),
        cmocka_unit_test(there_is_more_only_while_the_suggestions_of_a_turn_were_too_few),
        cmocka_unit_test(what_a_worker_failed_goes_to_the_next_who_is_hungry),
        cmocka_unit_test(what_a_worker_failed_comes_back_to_it_if_nobody_else_is_hungry),
        cmocka_unit_test(what_a_worker_failed_may_go_to_one_that_may_do_more),
        cmocka_unit_test(a_command_that_failed_does_not_go_to_one_that_runs_none),
        cmocka_unit_test(what_a_worker_handed_back_may_come_back_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
