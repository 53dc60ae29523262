/* The coordinator asks for another connection: the worker withdraws what it asked for, waits until
 * nothing can be under way to it, and comes over the new one. */
#include "tests/unit/worker/agent/world.h"

static const struct attempt_ref NOTHING = { 0 };

static bool says(const struct world *world, const char *text)
{
    for (size_t i = 0; i < world->out.count; i++)
        if (world->out.list[i].type == AGENT_LOG && strstr(world->out.list[i].text, text) != NULL)
            return true;
    return false;
}

/* Where in the list the message of this kind is; -1: nowhere. */
static int place_of(const struct world *world, enum message_type type)
{
    for (int i = 0; i < (int)world->out.count; i++)
        if (world->out.list[i].type == AGENT_SEND && world->out.list[i].message.type == type)
            return i;
    return -1;
}

static void ask_to_renew(struct world *world, const struct message *beat)
{
    struct message answer = { .id = beat->id, .type = MESSAGE_BEAT_OK };
    answer.beat_ok.renew = true;
    hear(world, answer);
}

/* Returns the BEAT that it sends behind its withdrawal. */
static struct message withdraws(struct world *world)
{
    ask_to_renew(world, wait_for(world, MESSAGE_BEAT, BEAT_MS));
    assert_false(acted(world, AGENT_RENEW, NOTHING));
    assert_non_null(sent(world, MESSAGE_BEAT));
    return *sent(world, MESSAGE_BEAT);
}

static void is_welcomed_again(struct world *world)
{
    step(world, (struct agent_event){ .type = AGENT_MOVED }); /* there is the new connection */
    assert_non_null(sent(world, MESSAGE_HELLO));
    welcome(world, sent(world, MESSAGE_HELLO), NULL, 0);
    assert_true(agent_connected(world->agent));
}

static void it_takes_back_what_it_asked_for_and_waits_for_the_answer_to_a_beat(void **state)
{
    struct world *world = *state;
    const struct message beat = withdraws(world);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 0);
    assert_true(place_of(world, MESSAGE_BEAT) > place_of(world, MESSAGE_ASK));
    beat_ok(world, &beat);
    assert_true(acted(world, AGENT_RENEW, NOTHING));
    assert_false(agent_connected(world->agent));
}

static void the_answer_to_a_beat_of_before_is_not_enough(void **state)
{
    struct world *world = *state;
    const struct message before = *wait_for(world, MESSAGE_BEAT, BEAT_MS);
    const struct message beat = withdraws(world);
    beat_ok(world, &before);
    assert_false(acted(world, AGENT_RENEW, NOTHING));
    beat_ok(world, &beat);
    assert_true(acted(world, AGENT_RENEW, NOTHING));
}

static void being_asked_again_meanwhile_changes_nothing(void **state)
{
    struct world *world = *state;
    const struct message before = *wait_for(world, MESSAGE_BEAT, BEAT_MS);
    const struct message beat = withdraws(world);
    ask_to_renew(world, &before);
    assert_null(sent(world, MESSAGE_BEAT));
    ask_to_renew(world, &beat);
    assert_true(acted(world, AGENT_RENEW, NOTHING));
    is_welcomed_again(world);
    assert_false(acted(world, AGENT_RENEW, NOTHING));
}

static void a_trial_that_was_under_way_is_started(void **state)
{
    struct world *world = *state;
    const struct message beat = withdraws(world);
    give(world, FIRST);
    assert_true(acted(world, AGENT_START, FIRST));
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 0); /* the other slot has to wait */
    beat_ok(world, &beat);
    assert_true(acted(world, AGENT_RENEW, NOTHING));
    const struct message *hello = sent(world, MESSAGE_HELLO);
    assert_int_equal(hello->hello.n_held, 1);
    assert_true(attempt_ref_equal(hello->hello.held[0].ref, FIRST));
}

static void over_the_new_connection_it_asks_again(void **state)
{
    struct world *world = *state;
    const struct message beat = withdraws(world);
    beat_ok(world, &beat);
    is_welcomed_again(world);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, SLOTS);
    assert_false(says(world, "connected")); /* nothing that a person need know */
}

static void a_connection_that_is_lost_meanwhile_is_a_lost_one(void **state)
{
    struct world *world = *state;
    withdraws(world);
    is_welcomed_again(world);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, SLOTS);
    assert_true(says(world, "connected"));
}

static void a_coordinator_that_is_gone_by_then_is_a_lost_one(void **state)
{
    struct world *world = *state;
    const struct message beat = withdraws(world);
    beat_ok(world, &beat);
    tick(world, 10 * BEAT_MS);
    is_welcomed_again(world);
    assert_true(says(world, "connected"));
}

static int start_restless(void **state)
{
    return start_connected_with(state, (struct agent_options){ .idle_exit_ms = 10 * BEAT_MS });
}

static void a_new_connection_is_no_work(void **state)
{
    struct world *world = *state;
    int64_t begun_ms = world->now_ms;
    for (bool finished = false; !finished;) {
        assert_true(world->now_ms - begun_ms <= 10 * BEAT_MS);
        tick(world, agent_next_deadline(world->agent) - world->now_ms);
        finished = acted(world, AGENT_FINISHED, NOTHING);
        if (finished || sent(world, MESSAGE_BEAT) == NULL)
            continue;
        ask_to_renew(world, sent(world, MESSAGE_BEAT));
        beat_ok(world, sent(world, MESSAGE_BEAT));
        assert_true(acted(world, AGENT_RENEW, NOTHING));
        is_welcomed_again(world);
    }
    assert_int_equal(world->now_ms - begun_ms, 10 * BEAT_MS);
}

static void whoever_stops_does_so_over_the_connection_that_it_has(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    step(world, (struct agent_event){ .type = AGENT_STOP });
    ask_to_renew(world, wait_for(world, MESSAGE_BEAT, BEAT_MS));
    assert_null(sent(world, MESSAGE_BEAT));
    beat_ok(world, wait_for(world, MESSAGE_BEAT, BEAT_MS));
    assert_false(acted(world, AGENT_RENEW, NOTHING));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, start_connected, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(it_takes_back_what_it_asked_for_and_waits_for_the_answer_to_a_beat),
        CONNECTED(the_answer_to_a_beat_of_before_is_not_enough),
        CONNECTED(being_asked_again_meanwhile_changes_nothing),
        CONNECTED(a_trial_that_was_under_way_is_started),
        CONNECTED(over_the_new_connection_it_asks_again),
        CONNECTED(a_connection_that_is_lost_meanwhile_is_a_lost_one),
        CONNECTED(a_coordinator_that_is_gone_by_then_is_a_lost_one),
        cmocka_unit_test_setup_teardown(a_new_connection_is_no_work, start_restless, stop),
        CONNECTED(whoever_stops_does_so_over_the_connection_that_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
