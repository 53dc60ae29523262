/* What a turn leaves to be carried out is its own: whoever asked for it, and the core itself, may
 * be gone by then. */
#include "coordinator/core/state.h"
#include "tests/unit/coordinator/core/world.h"

static const struct action *only(const struct actions *actions, enum action_type type)
{
    const struct action *found = NULL;
    for (size_t i = 0; i < actions->count; i++) {
        if (actions->list[i].type != type)
            continue;
        assert_null(found);
        found = &actions->list[i];
    }
    assert_non_null(found);
    return found;
}

static void hear(struct world *world, struct message message)
{
    message.id = 5;
    core_step(world->core,
              &(struct event){ .type = EVENT_MESSAGE,
                               .now_ms = world->now_ms,
                               .wall_ms = world_wall(world),
                               .peer = 1,
                               .key = "",
                               .message = &message },
              &world->actions);
}

static void a_search_to_be_saved_outlives_its_message_and_the_core(void **state)
{
    struct world *world = world_create();
    char key[] = "the key of the submission", spec[] = "the text that a person wrote";
    char definition[] = SPEC("\"trials\":1");
    struct message message = { .type = MESSAGE_SUBMIT };
    message.submit.submit_key = key;
    message.submit.definition = definition;
    message.submit.spec = spec;
    hear(world, message);
    memset(key, 'X', sizeof key - 1);
    memset(spec, 'X', sizeof spec - 1);
    memset(definition, 'X', sizeof definition - 1);
    const struct search_row *row = &only(&world->actions, SAVE_SEARCH)->search;
    const struct search *search = world->core->searches[0];
    assert_ptr_not_equal(row->name, search->row.name);
    assert_ptr_not_equal(row->name, search->definition->name);
    core_destroy(&world->core);
    assert_string_equal(row->name, "s");
    assert_string_equal(row->submit_key, "the key of the submission");
    assert_string_equal(row->definition, SPEC("\"trials\":1"));
    assert_string_equal(row->spec, "the text that a person wrote");
    assert_string_equal(only(&world->actions, SAVE_STUDY)->study.note, "");
    world_destroy(world);
}

static void a_worker_to_be_saved_outlives_its_message_and_the_core(void **state)
{
    struct world *world = world_create();
    char name[] = "anna, who has a long name", host[] = "anna.example, a host";
    char cpu[] = "a CPU with a long name too", version[] = "version 1.0 of the program";
    struct message message = hello(3, 2);
    message.hello.name = name;
    message.hello.host = host;
    message.hello.cpu = cpu;
    message.hello.version = version;
    hear(world, message);
    memset(name, 'X', sizeof name - 1);
    memset(host, 'X', sizeof host - 1);
    memset(cpu, 'X', sizeof cpu - 1);
    memset(version, 'X', sizeof version - 1);
    core_destroy(&world->core);
    const struct worker_row *row = &only(&world->actions, SAVE_WORKER)->worker;
    assert_string_equal(row->name, "anna, who has a long name");
    assert_string_equal(row->host, "anna.example, a host");
    assert_string_equal(row->cpu, "a CPU with a long name too");
    assert_string_equal(row->version, "version 1.0 of the program");
    assert_string_equal(row->key, "");
    world_destroy(world);
}

static void saves_are_counted_and_messages_are_not(void **state)
{
    struct world *world = world_create();
    size_t saves = 0;
    submit(world, SPEC("\"trials\":2"));
    for (size_t i = 0; i < world->actions.count; i++)
        saves += world->actions.list[i].type != SEND;
    assert_int_equal(world->actions.saves, saves);
    assert_int_equal(saves, 2);
    ask_status(world, "");
    assert_int_equal(world->actions.saves, 0);
    assert_int_equal(world->actions.count, 1);
    world_destroy(world);
}

static void status_knows_since_when_and_which_version(void **state)
{
    struct world *world = world_create();
    world->now_ms = 0;
    time_passes(world, 0);
    time_passes(world, 4000);
    world->now_ms += 1;
    ask_status(world, "");
    const struct message *status = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_int_equal(status->status_reply.uptime_ms, 4001);
    assert_string_equal(status->status_reply.version, "1.0");
    say(world, 1, hello(1, 1));
    assert_string_equal(told(world, 1, MESSAGE_WELCOME)->welcome.version, "1.0");
    assert_int_equal(told(world, 1, MESSAGE_WELCOME)->welcome.lease_ms, LEASE_MS);
    world_destroy(world);
}

static void the_time_counts_from_the_first_event(void **state)
{
    struct world *world = world_create();
    world->now_ms = 70000;
    time_passes(world, 0);
    world->now_ms = 75000;
    ask_status(world, "");
    assert_int_equal(told(world, CLIENT, MESSAGE_STATUS_REPLY)->status_reply.uptime_ms, 5000);
    world_destroy(world);
}

/* A coordinator that was stopped for a while hears what has arrived before it looks at the time. */
static void leases_lapse_with_ticks_and_not_with_messages(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session, other = worker_joins(world, 2, 1);
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    world->now_ms += 2 * LEASE_MS;
    ask(world, 2, other, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    beat_one(world, 1, session, ref);
    time_passes(world, LEASE_MS - 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    time_passes(world, 1);
    assert_int_equal(told(world, 2, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

static struct message drain(const char **names, size_t count)
{
    struct message message = { .type = MESSAGE_DRAIN };
    message.drain.workers = names;
    message.drain.n_workers = count;
    return message;
}

static void a_worker_that_is_away_with_a_trial_can_be_drained_and_twice_is_once(void **state)
{
    static const char *names[] = { "anna" };
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    worker_takes_trial(world, 1, &session);
    world_step(world, (struct event){ .type = EVENT_PEER_GONE, .peer = 1 });
    say(world, CLIENT, drain(names, 1));
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.workers, 1);
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.running, 1);
    assert_int_equal(world->actions.saves, 1);
    say(world, CLIENT, drain(names, 1));
    assert_int_equal(told(world, CLIENT, MESSAGE_DRAINED)->drained.workers, 1);
    assert_int_equal(world->actions.saves, 0);
    world_destroy(world);
}

static void a_misspelt_study_is_told_the_nearest(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"matrix\":{\"y\":[\"first\",\"second\"]}"));
    stop(world, "s/secund", false);
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_NOT_FOUND), "`s/second`"));
    stop(world, "s/firts", false);
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_NOT_FOUND), "`s/first`"));
    world_destroy(world);
}

static void a_misspelt_worker_is_told_the_nearest(void **state)
{
    static const char *names[] = { "ana" };
    struct world *world = world_create();
    worker_joins(world, 1, 1);
    say(world, CLIENT, drain(names, 1));
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_NOT_FOUND), "`anna`"));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_to_be_saved_outlives_its_message_and_the_core),
        cmocka_unit_test(a_worker_to_be_saved_outlives_its_message_and_the_core),
        cmocka_unit_test(saves_are_counted_and_messages_are_not),
        cmocka_unit_test(status_knows_since_when_and_which_version),
        cmocka_unit_test(the_time_counts_from_the_first_event),
        cmocka_unit_test(leases_lapse_with_ticks_and_not_with_messages),
        cmocka_unit_test(a_worker_that_is_away_with_a_trial_can_be_drained_and_twice_is_once),
        cmocka_unit_test(a_misspelt_study_is_told_the_nearest),
        cmocka_unit_test(a_misspelt_worker_is_told_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
