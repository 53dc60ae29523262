/* The last word of a worker: when it is said, what it says, and that no answer is awaited. */
#include "tests/unit/worker/agent/world.h"

static const struct attempt_ref NOTHING = { 0 };

/* What was sent last, if that is a goodbye, and nothing came after it but the end. */
static const struct message *goodbye(const struct world *world)
{
    size_t count = world->out.count;
    if (count < 2 || world->out.list[count - 1].type != AGENT_FINISHED)
        return NULL;
    const struct agent_action *last = &world->out.list[count - 2];
    bool said = last->type == AGENT_SEND && last->message.type == MESSAGE_BEAT &&
                last->message.beat.leaving;
    return said ? &last->message : NULL;
}

static void tell_drain(struct world *world, int32_t drain)
{
    struct message answer = { .type = MESSAGE_BEAT_OK };
    answer.beat_ok.drain = drain;
    hear(world, answer);
}

static void hand_back_and_acknowledge(struct world *world, struct attempt_ref ref)
{
    struct message ack = { .type = MESSAGE_RELEASE_ACK };
    ack.release_ack.ref = ref;
    step(world, (struct agent_event){ .type = AGENT_HANDED_BACK, .ref = ref, .reason = "stop" });
    hear(world, ack);
}

static void a_worker_that_ends_says_so_in_its_session_and_awaits_nothing(void **state)
{
    struct world *world = *state;
    step(world, (struct agent_event){ .type = AGENT_STOP });
    const struct message *message = goodbye(world);
    assert_non_null(message);
    assert_int_equal(message->session, world->session);
    assert_int_equal(message->beat.n_held, 0);
    assert_string_equal(message->beat.note, "left: stopped");
    tick(world, 60000);
    assert_int_equal(world->out.count, 0);
}

static void a_usual_beat_is_no_goodbye(void **state)
{
    struct world *world = *state;
    assert_false(wait_for(world, MESSAGE_BEAT, BEAT_MS)->beat.leaving);
}

static void it_is_said_when_the_last_trial_is_acknowledged_and_not_before(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    give(world, SECOND);
    step(world, (struct agent_event){ .type = AGENT_STOP });
    assert_null(goodbye(world));
    hand_back_and_acknowledge(world, FIRST);
    assert_null(goodbye(world));
    child_exits(world, SECOND, RESULT_DONE);
    assert_null(goodbye(world));
    acknowledge_result(world, 0, SECOND, VERDICT_RECORDED, 0);
    assert_non_null(goodbye(world));
}

static void a_drained_worker_says_that_it_was_drained(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    tell_drain(world, 1);
    child_exits(world, FIRST, RESULT_DONE);
    assert_null(goodbye(world));
    acknowledge_result(world, 0, FIRST, VERDICT_RECORDED, 0);
    assert_string_equal(goodbye(world)->beat.note, "left: drained");
}

static void so_does_one_that_was_told_to_go_at_once(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    tell_drain(world, 2);
    hand_back_and_acknowledge(world, FIRST);
    assert_string_equal(goodbye(world)->beat.note, "left: drained");
}

static void an_idle_worker_says_for_how_long_it_had_no_work(void **state)
{
    struct world *world = *state;
    int64_t end_ms = world->now_ms + 60000;
    while (world->now_ms < end_ms && !acted(world, AGENT_FINISHED, NOTHING)) {
        tick(world, 1000);
        if (sent(world, MESSAGE_BEAT) != NULL && !sent(world, MESSAGE_BEAT)->beat.leaving)
            beat_ok(world, sent(world, MESSAGE_BEAT));
    }
    assert_string_equal(goodbye(world)->beat.note, "left: no work for 60 s");
}

/* What was promised is not given up by it: the lease of what is still held lapses as ever. */
static void whoever_still_holds_something_at_the_end_says_no_goodbye(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    child_exits(world, FIRST, RESULT_DONE);
    step(world, (struct agent_event){ .type = AGENT_STOP });
    int64_t end_ms = world->now_ms + AGENT_STOP_MS;
    while (world->now_ms < end_ms && !acted(world, AGENT_FINISHED, NOTHING)) {
        tick(world, 500);
        if (sent(world, MESSAGE_BEAT) != NULL)
            beat_ok(world, sent(world, MESSAGE_BEAT)); /* connected until the end */
    }
    assert_true(acted(world, AGENT_FINISHED, NOTHING));
    assert_true(agent_connected(world->agent));
    assert_null(goodbye(world));
}

static void where_nobody_listens_nothing_is_said(void **state)
{
    struct world *world = *state;
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    step(world, (struct agent_event){ .type = AGENT_STOP });
    assert_true(acted(world, AGENT_FINISHED, NOTHING));
    assert_null(sent(world, MESSAGE_BEAT));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, start_connected, stop)

static int start_restless(void **state)
{
    return start_connected_with(state, (struct agent_options){ .idle_exit_ms = 60000 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_worker_that_ends_says_so_in_its_session_and_awaits_nothing),
        CONNECTED(a_usual_beat_is_no_goodbye),
        CONNECTED(it_is_said_when_the_last_trial_is_acknowledged_and_not_before),
        CONNECTED(a_drained_worker_says_that_it_was_drained),
        CONNECTED(so_does_one_that_was_told_to_go_at_once),
        cmocka_unit_test_setup_teardown(an_idle_worker_says_for_how_long_it_had_no_work,
                                        start_restless, stop),
        CONNECTED(whoever_still_holds_something_at_the_end_says_no_goodbye),
        CONNECTED(where_nobody_listens_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
