/* What the coordinator must have, at the edges: how soon, how often, and when no more. */
#include "tests/unit/worker/agent/world.h"
#include "worker/agent/state.h"

static const struct message *result_sent(struct world *world)
{
    const struct message *result = sent(world, MESSAGE_RESULT);
    assert_non_null(result);
    return result;
}

static void short_of(struct world *world, uint64_t id, int64_t points)
{
    acknowledge_result(world, id, FIRST, VERDICT_SHORT, points);
}

/* ---- points ---------------------------------------------------------------------------------- */

static void five_hundred_points_go_at_once_and_fewer_wait_for_company(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 499);
    assert_null(sent(world, MESSAGE_POINTS));
    report_points(world, FIRST, 499, 1);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.n_points, 500);
    report_points(world, FIRST, 500,
                  300); /* the others are on their way: these are counted alone */
    assert_null(sent(world, MESSAGE_POINTS));
    const struct message *rest = wait_for(world, MESSAGE_POINTS, 200);
    assert_non_null(rest);
    assert_int_equal(rest->points.first, 500);
    assert_int_equal(rest->points.n_points, 300);
}

static void every_point_carries_its_own_metric(void **state)
{
    static const char *const names[] = { "a", "a", "b", "a", "c" };
    struct world *world = *state;
    struct point points[5];
    char name[5][2] = { 0 };
    give(world, FIRST);
    for (int i = 0; i < 5; i++) {
        name[i][0] = names[i][0];
        points[i] = (struct point){ .step = i, .metric = name[i], .value = i };
    }
    step(world, (struct agent_event){
                    .type = AGENT_POINTS, .ref = FIRST, .points = points, .n_points = 5 });
    memset(name, 'x', sizeof name); /* the agent has copies */
    const struct message *message = wait_for(world, MESSAGE_POINTS, 200);
    const struct curve *curve = &world->agent->held[0]->curve;
    for (int i = 0; i < 5; i++) {
        assert_string_equal(message->points.points[i].metric, names[i]);
        assert_ptr_not_equal(message->points.points[i].metric, curve->points[i].metric);
        assert_true(message->points.points[i].value == i);
    }
}

static void a_few_points_are_sent_again_until_they_are_acknowledged(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    assert_non_null(wait_for(world, MESSAGE_POINTS, 200));
    for (int i = 0; i < 4; i++) {
        int64_t before_ms = world->now_ms;
        const struct message *again = wait_connected(world, MESSAGE_POINTS);
        assert_non_null(again);
        assert_int_equal(again->points.first, 0);
        assert_int_equal(again->points.n_points, 3);
        assert_true(world->now_ms - before_ms >= 1000);
    }
}

static void with_everything_acknowledged_only_the_next_beat_is_due(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    assert_non_null(wait_for(world, MESSAGE_POINTS, 200));
    acknowledge_points(world, FIRST, 3);
    assert_true(world->agent->held[0]->resend_due_ms == INT64_MAX);
    const struct message *beat = wait_for(world, MESSAGE_BEAT, BEAT_MS);
    beat_ok(world, beat);
    tick(world, 0);
    assert_int_equal(agent_next_deadline(world->agent), world->now_ms + BEAT_MS);
}

static void an_acknowledgement_that_says_nothing_new_does_not_delay_the_next_try(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    assert_non_null(wait_for(world, MESSAGE_POINTS, 200));
    int64_t sent_ms = world->now_ms;
    while (world->now_ms < sent_ms + 900) {
        tick(world, 300);
        acknowledge_points(world, FIRST, 0);
    }
    assert_non_null(wait_for(world, MESSAGE_POINTS, 1200));
    assert_true(world->now_ms - sent_ms < 2000);
}

static void when_the_window_moves_the_next_points_go_at_once(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 12300);
    tick(world, 300); /* all that may be in flight is */
    assert_null(sent(world, MESSAGE_POINTS));
    acknowledge_points(world, FIRST, 1000);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.first, 10000);
    acknowledge_points(world, FIRST, 10000);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.first, 11000);
}

static void a_few_points_that_the_window_held_back_go_with_its_acknowledgement(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 10010);
    acknowledge_points(world, FIRST, 10000);
    assert_non_null(sent(world, MESSAGE_POINTS));
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.first, 10000);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.n_points, 10);
}

static void a_stale_attempt_is_killed(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    struct message message = { .type = MESSAGE_POINTS_ACK };
    message.points_ack.ref = FIRST;
    message.points_ack.stale = true;
    hear(world, message);
    assert_true(acted(world, AGENT_KILL, FIRST));
    tick(world, 1000);
    assert_null(sent(world, MESSAGE_POINTS));
    assert_true(agent_next_deadline(world->agent) > world->now_ms); /* nothing is due for it */
}

/* ---- results --------------------------------------------------------------------------------- */

static void the_first_short_verdict_is_answered_at_once_and_the_next_ones_wait(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    child_exits(world, FIRST, RESULT_DONE);
    short_of(world, result_sent(world)->id, 1);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.first, 1);
    short_of(world, result_sent(world)->id, 1);
    assert_null(sent(world, MESSAGE_RESULT));
    int64_t before_ms = world->now_ms;
    assert_non_null(wait_connected(world, MESSAGE_RESULT));
    assert_true(world->now_ms - before_ms >= 1000);
}

static void points_that_were_short_have_their_time_from_then_on(void **state)
{
    struct world *world = *state;
    for (int64_t trial = 0; trial < 20; trial++) {
        struct attempt_ref ref = { 1, trial, 1 };
        give(world, ref);
        report_points(world, ref, 0, 3);
        child_exits(world, ref, RESULT_DONE);
        uint64_t id = result_sent(world)->id;
        tick(world, 900);
        struct message message = { .id = id, .type = MESSAGE_RESULT_ACK };
        message.result_ack.ref = ref;
        message.result_ack.verdict = VERDICT_SHORT;
        hear(world, message);
        assert_non_null(sent(world, MESSAGE_POINTS));
        for (int i = 0; i < 9; i++) {
            tick(world, 110);
            assert_null(sent(world, MESSAGE_POINTS));
        }
        acknowledge_result(world, 0, ref, VERDICT_RECORDED, 3);
        if (sent(world, MESSAGE_BEAT) != NULL)
            beat_ok(world, sent(world, MESSAGE_BEAT));
        hear(world, (struct message){ .type = MESSAGE_BEAT_OK });
    }
}

static void twelve_short_verdicts_in_a_row_are_enough(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    child_exits(world, FIRST, RESULT_DONE);
    uint64_t id = result_sent(world)->id;
    for (int i = 1; i <= 12; i++) {
        short_of(world, id, 0);
        assert_int_equal(sent(world, MESSAGE_RELEASE) != NULL, i == 12);
        if (i < 12 && sent(world, MESSAGE_RESULT) == NULL)
            assert_non_null(wait_connected(world, MESSAGE_RESULT));
        if (i < 12)
            id = result_sent(world)->id;
    }
}

static void a_short_verdict_about_an_earlier_copy_is_not_heard(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    child_exits(world, FIRST, RESULT_DONE);
    uint64_t first = result_sent(world)->id;
    assert_non_null(wait_for(world, MESSAGE_RESULT, 4000));
    for (int i = 0; i < 20; i++) {
        short_of(world, first, 0);
        assert_null(sent(world, MESSAGE_RESULT));
        assert_null(sent(world, MESSAGE_RELEASE));
    }
}

static void a_verdict_that_counts_more_points_than_there_are_is_not_heard(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    child_exits(world, FIRST, RESULT_DONE);
    short_of(world, result_sent(world)->id, 4);
    assert_null(sent(world, MESSAGE_RESULT));
    assert_true(agent_connected(world->agent));
}

static void points_that_are_gone_again_lead_to_a_new_hello(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    child_exits(world, FIRST, RESULT_DONE);
    uint64_t id = result_sent(world)->id;
    acknowledge_points(world, FIRST, 3);
    short_of(world, id, 1);
    assert_non_null(sent(world, MESSAGE_HELLO));
    assert_false(agent_connected(world->agent));
    assert_null(sent(world, MESSAGE_RESULT));
}

static void a_verdict_for_what_still_runs_is_not_heard(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    acknowledge_result(world, 0, FIRST, VERDICT_RECORDED, 0);
    child_exits(world, FIRST, RESULT_DONE);
    assert_non_null(sent(world, MESSAGE_RESULT));
}

static void a_result_says_all_that_the_child_left(void **state)
{
    struct world *world = *state;
    struct message result = { .type = MESSAGE_RESULT };
    char log[] = "the log", info[] = "{\"a\":1}", reason[] = "exit status 9";
    result.result.kind = RESULT_FAILED;
    result.result.reason = reason;
    result.result.log = log;
    result.result.info = info;
    result.result.exit_status = 9;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    step(world, (struct agent_event){ .type = AGENT_EXITED, .ref = FIRST, .message = &result });
    log[0] = info[0] = reason[0] = 'X'; /* the agent has copies */
    const struct message *again = wait_for(world, MESSAGE_RESULT, 4000);
    assert_string_equal(again->result.log, "the log");
    assert_string_equal(again->result.info, "{\"a\":1}");
    assert_string_equal(again->result.reason, "exit status 9");
    assert_int_equal(again->result.exit_status, 9);
    assert_int_equal(again->result.points, 3);
    assert_true(attempt_ref_equal(again->result.ref, FIRST));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, start_connected, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(five_hundred_points_go_at_once_and_fewer_wait_for_company),
        CONNECTED(every_point_carries_its_own_metric),
        CONNECTED(a_few_points_are_sent_again_until_they_are_acknowledged),
        CONNECTED(with_everything_acknowledged_only_the_next_beat_is_due),
        CONNECTED(an_acknowledgement_that_says_nothing_new_does_not_delay_the_next_try),
        CONNECTED(when_the_window_moves_the_next_points_go_at_once),
        CONNECTED(a_few_points_that_the_window_held_back_go_with_its_acknowledgement),
        CONNECTED(a_stale_attempt_is_killed),
        CONNECTED(the_first_short_verdict_is_answered_at_once_and_the_next_ones_wait),
        CONNECTED(points_that_were_short_have_their_time_from_then_on),
        CONNECTED(twelve_short_verdicts_in_a_row_are_enough),
        CONNECTED(a_short_verdict_about_an_earlier_copy_is_not_heard),
        CONNECTED(a_verdict_that_counts_more_points_than_there_are_is_not_heard),
        CONNECTED(points_that_are_gone_again_lead_to_a_new_hello),
        CONNECTED(a_verdict_for_what_still_runs_is_not_heard),
        CONNECTED(a_result_says_all_that_the_child_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
