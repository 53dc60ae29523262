#include "tests/unit/worker/agent/world.h"

static int start_connected_and_idle_exit(void **state)
{
    return start_connected_with(state, (struct agent_options){ .idle_exit_ms = 60000 });
}

/* ---- session --------------------------------------------------------------------------------- */

static void hello_is_said_again_until_somebody_answers(void **state)
{
    struct world *world = *state;
    tick(world, 0);
    assert_non_null(sent(world, MESSAGE_HELLO));
    int64_t before_ms = world->now_ms, longest_ms = 0;
    for (int i = 0; i < 12; i++) {
        assert_non_null(wait_for(world, MESSAGE_HELLO, 31000));
        int64_t gap_ms = world->now_ms - before_ms;
        assert_in_range(gap_ms, 1000, 30000);
        longest_ms = gap_ms > longest_ms ? gap_ms : longest_ms;
        before_ms = world->now_ms;
    }
    assert_true(longest_ms > 15000);
    assert_false(agent_connected(world->agent));
}

static void only_the_latest_hello_is_answered(void **state)
{
    struct world *world = *state;
    tick(world, 0);
    struct message old = *sent(world, MESSAGE_HELLO);
    const struct message *latest = wait_for(world, MESSAGE_HELLO, 5000);
    struct message latest_copy = *latest;
    welcome(world, &old, NULL, 0);
    assert_false(agent_connected(world->agent));
    welcome(world, &latest_copy, NULL, 0);
    assert_true(agent_connected(world->agent));
}

static void work_is_asked_for_at_once_with_absolute_numbers(void **state)
{
    struct world *world = *state;
    const struct message *ask = sent(world, MESSAGE_ASK);
    assert_non_null(ask);
    assert_int_equal(ask->ask.free, SLOTS);
    assert_int_equal(ask->ask.received, 0);
    assert_int_equal(ask->session, world->session);
    give(world, FIRST);
    assert_null(sent(world, MESSAGE_ASK)); /* both sides can count */
    child_exits(world, FIRST, RESULT_DONE);
    ask = sent(world, MESSAGE_ASK);
    assert_non_null(ask);
    assert_int_equal(ask->ask.free, SLOTS);
    assert_int_equal(ask->ask.received, 1);
}

static void an_ask_that_got_lost_is_repeated_with_the_beat(void **state)
{
    struct world *world = *state;
    assert_non_null(wait_for(world, MESSAGE_BEAT, BEAT_MS));
    assert_non_null(sent(world, MESSAGE_ASK));
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, SLOTS);
}

static void a_beat_tells_the_progress_of_what_is_held(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    give(world, SECOND);
    const struct point point = { .step = 40, .metric = "loss" };
    step(world, (struct agent_event){
                    .type = AGENT_POINTS, .ref = FIRST, .points = &point, .n_points = 1 });
    child_exits(world, SECOND, RESULT_DONE);
    const struct message *beat = wait_for(world, MESSAGE_BEAT, BEAT_MS);
    assert_non_null(beat);
    assert_int_equal(beat->beat.n_held, 2);
    assert_int_equal(beat->beat.held[0].step, 40);
    assert_false(beat->beat.held[0].has_result);
    assert_int_equal(beat->beat.held[1].step, -1);
    assert_true(beat->beat.held[1].has_result);
}

static void unanswered_beats_lead_to_a_new_hello_and_children_run_on(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    beat_ok(world, wait_for(world, MESSAGE_BEAT, BEAT_MS));
    const struct message *hello = wait_for(world, MESSAGE_HELLO, 4 * BEAT_MS);
    assert_non_null(hello);
    assert_int_equal(hello->hello.n_held, 1);
    assert_true(attempt_ref_equal(hello->hello.held[0].ref, FIRST));
    assert_int_equal(hello->session, 0);
    assert_false(acted(world, AGENT_KILL, FIRST));
}

static void an_unknown_session_leads_to_a_new_hello_at_once(void **state)
{
    struct world *world = *state;
    struct message error = { .type = MESSAGE_ERROR };
    error.error.code = ERROR_UNKNOWN_SESSION;
    error.error.text = "";
    error.id = wait_for(world, MESSAGE_BEAT, BEAT_MS)->id;
    hear(world, error);
    assert_non_null(sent(world, MESSAGE_HELLO));
    welcome(world, sent(world, MESSAGE_HELLO), NULL, 0);
    hear(world, error); /* about the old session: late */
    assert_true(agent_connected(world->agent));
}

static void a_move_of_the_coordinator_leads_to_a_new_hello_at_once(void **state)
{
    struct world *world = *state;
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    assert_non_null(sent(world, MESSAGE_HELLO));
}

static void messages_of_another_session_are_not_heard(void **state)
{
    struct world *world = *state;
    struct message trial = a_trial(FIRST, PROGRAM_LDT);
    trial.session = world->session + 1;
    hear(world, trial);
    assert_int_equal(world->out.count, 0);
}

static void another_protocol_makes_the_worker_leave(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    struct message error = { .type = MESSAGE_ERROR };
    error.error.code = ERROR_UNSUPPORTED;
    error.error.text = "it speaks 2, you speak 1";
    hear(world, error);
    assert_true(acted(world, AGENT_PREEMPT, FIRST));
    assert_false(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
    child_exits(world, FIRST, RESULT_FAILED);
    assert_true(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
}

/* ---- trials ---------------------------------------------------------------------------------- */

static void a_trial_starts_a_child(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    assert_true(acted(world, AGENT_START, FIRST));
}

static void an_attempt_that_is_not_newer_is_refused(void **state)
{
    struct world *world = *state;
    give(world, (struct attempt_ref){ 1, 0, 3 });
    give(world, (struct attempt_ref){ 1, 0, 3 });
    assert_int_equal(world->out.count, 1); /* the counters differ: it asks */
    assert_non_null(sent(world, MESSAGE_ASK));
    child_exits(world, (struct attempt_ref){ 1, 0, 3 }, RESULT_DONE);
    acknowledge_result(world, 0, (struct attempt_ref){ 1, 0, 3 }, VERDICT_RECORDED, 0);
    give(world, (struct attempt_ref){ 1, 0, 2 });
    assert_false(acted(world, AGENT_START, (struct attempt_ref){ 1, 0, 2 }));
    give(world, (struct attempt_ref){ 1, 0, 4 });
    assert_true(acted(world, AGENT_START, (struct attempt_ref){ 1, 0, 4 }));
}

static void a_newer_attempt_replaces_the_one_that_is_held(void **state)
{
    struct world *world = *state;
    struct attempt_ref newer = { 1, 0, 2 };
    give(world, FIRST);
    give(world, newer);
    assert_true(acted(world, AGENT_KILL, FIRST));
    assert_true(acted(world, AGENT_START, newer));
    child_exits(world, FIRST, RESULT_DIED);
    assert_null(sent(world, MESSAGE_RESULT));
}

static void without_a_free_slot_a_trial_is_handed_back_until_acknowledged(void **state)
{
    struct world *world = *state;
    struct attempt_ref third = { 1, 2, 1 };
    give(world, FIRST);
    give(world, SECOND);
    give(world, third);
    assert_false(acted(world, AGENT_START, third));
    assert_non_null(sent(world, MESSAGE_RELEASE));
    const struct message *release = wait_for(world, MESSAGE_RELEASE, 2000);
    assert_non_null(release);
    assert_true(attempt_ref_equal(release->release.ref, third));
    struct message ack = { .type = MESSAGE_RELEASE_ACK };
    ack.release_ack.ref = third;
    hear(world, ack);
    assert_null(wait_for(world, MESSAGE_RELEASE, 40000));
}

static void a_command_needs_permission(void **state)
{
    struct world *world = *state;
    hear(world, a_trial(FIRST, PROGRAM_COMMAND));
    assert_false(acted(world, AGENT_START, FIRST));
    const struct message *result = sent(world, MESSAGE_RESULT);
    assert_non_null(result);
    assert_int_equal(result->result.kind, RESULT_REFUSED);
    assert_non_null(strstr(result->result.reason, "--allow-command"));
}

static void a_cancelled_attempt_is_killed_without_a_report(void **state)
{
    struct world *world = *state;
    struct attempt_ref cancelled = FIRST;
    give(world, FIRST);
    struct message ok = { .type = MESSAGE_BEAT_OK };
    ok.beat_ok.cancel = &cancelled;
    ok.beat_ok.n_cancel = 1;
    hear(world, ok);
    assert_true(acted(world, AGENT_KILL, FIRST));
    assert_null(sent(world, MESSAGE_ASK)); /* the slot is taken until the child is gone */
    child_exits(world, FIRST, RESULT_DIED);
    assert_null(sent(world, MESSAGE_RESULT));
    assert_non_null(sent(world, MESSAGE_ASK));
}

static void a_pruned_attempt_is_ended_once_and_reported(void **state)
{
    struct world *world = *state;
    struct attempt_ref pruned = FIRST;
    give(world, FIRST);
    struct message ok = { .type = MESSAGE_BEAT_OK };
    ok.beat_ok.prune = &pruned;
    ok.beat_ok.n_prune = 1;
    hear(world, ok);
    assert_true(acted(world, AGENT_PRUNE, FIRST));
    hear(world, ok);
    assert_false(acted(world, AGENT_PRUNE, FIRST));
    child_exits(world, FIRST, RESULT_DONE);
    assert_non_null(sent(world, MESSAGE_RESULT));
}

static void who_hands_back_unasked_makes_the_worker_pause(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    step(world, (struct agent_event){ .type = AGENT_HANDED_BACK, .ref = FIRST, .reason = "75" });
    assert_non_null(sent(world, MESSAGE_RELEASE));
    const struct message *ask = sent(world, MESSAGE_ASK);
    assert_non_null(ask);
    assert_int_equal(ask->ask.free, 0);
    ask = wait_for(world, MESSAGE_ASK, 2 * BEAT_MS);
    assert_non_null(ask);
    assert_int_equal(ask->ask.free, SLOTS);
}

/* ---- points and results ---------------------------------------------------------------------- */

static void a_few_points_wait_a_moment_for_company(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 3);
    assert_null(sent(world, MESSAGE_POINTS));
    tick(world, 100);
    report_points(world, FIRST, 3, 2);
    tick(world, 100);
    const struct message *points = sent(world, MESSAGE_POINTS);
    assert_non_null(points);
    assert_int_equal(points->points.first, 0);
    assert_int_equal(points->points.n_points, 5);
    assert_int_equal(points->points.points[4].step, 4);
    assert_string_equal(points->points.points[4].metric, "loss");
}

static void points_are_sent_again_from_the_first_that_is_missing(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 1500);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.n_points, 1000);
    acknowledge_points(world, FIRST, 1000);
    const struct message *again = wait_for(world, MESSAGE_POINTS, 2000);
    assert_non_null(again);
    assert_int_equal(again->points.first, 1000);
    assert_int_equal(again->points.n_points, 500);
    acknowledge_points(world, FIRST, 1500);
    assert_null(wait_for(world, MESSAGE_POINTS, 10000));
}

static void a_child_that_reports_faster_than_is_recorded_has_to_wait(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    for (int64_t i = 0; i < AGENT_MAX_UNSENT_POINTS; i += 1000) {
        assert_true(agent_accepts_points(world->agent, FIRST));
        report_points(world, FIRST, i, 1000);
    }
    assert_false(agent_accepts_points(world->agent, FIRST));
    acknowledge_points(world, FIRST, 1000);
    assert_true(agent_accepts_points(world->agent, FIRST));
}

static void who_is_gone_or_has_ended_need_not_wait(void **state)
{
    struct world *world = *state;
    assert_true(agent_accepts_points(world->agent, FIRST)); /* never heard of */
    give(world, FIRST);
    for (int64_t i = 0; i < AGENT_MAX_UNSENT_POINTS; i += 1000)
        report_points(world, FIRST, i, 1000);
    child_exits(world, FIRST, RESULT_DONE);
    assert_true(agent_accepts_points(world->agent, FIRST));
}

static void a_result_follows_its_points_and_counts_them(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 4);
    child_exits(world, FIRST, RESULT_DONE);
    assert_int_equal(world->out.list[0].message.type, MESSAGE_POINTS);
    assert_int_equal(world->out.list[1].message.type, MESSAGE_RESULT);
    uint64_t digest = 0;
    for (int64_t i = 0; i < 4; i++)
        digest = point_digest(digest, &(struct point){ i, 0.5, "loss", 1.0 });
    assert_int_equal(world->out.list[1].message.result.points, 4);
    assert_true(world->out.list[1].message.result.points_digest == digest);
}

static void a_result_waits_until_the_window_lets_its_points_go(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 12000);
    child_exits(world, FIRST, RESULT_DONE);
    assert_null(sent(world, MESSAGE_RESULT));
    assert_true(agent_next_deadline(world->agent) > world->now_ms); /* and does not spin */
    acknowledge_points(world, FIRST, 5000);
    assert_non_null(sent(world, MESSAGE_RESULT));
}

static void a_result_is_sent_again_until_it_is_acknowledged(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    child_exits(world, FIRST, RESULT_FAILED);
    assert_non_null(sent(world, MESSAGE_RESULT));
    const struct message *again = wait_for(world, MESSAGE_RESULT, 2000);
    assert_non_null(again);
    assert_string_equal(again->result.reason, "exit status 1");
    acknowledge_result(world, again->id, FIRST, VERDICT_RECORDED, 0);
    assert_null(wait_for(world, MESSAGE_RESULT, 40000));
}

static void a_short_verdict_brings_the_missing_points_and_the_result_again(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 9);
    child_exits(world, FIRST, RESULT_DONE);
    acknowledge_result(world, sent(world, MESSAGE_RESULT)->id, FIRST, VERDICT_SHORT, 2);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.first, 2);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.n_points, 7);
    assert_non_null(sent(world, MESSAGE_RESULT));
}

/* The id of the next RESULT; beats are answered meanwhile. 0: none within a minute. */
static uint64_t next_result(struct world *world)
{
    uint64_t id = sent(world, MESSAGE_RESULT) != NULL ? sent(world, MESSAGE_RESULT)->id : 0;
    for (int seconds = 0; id == 0 && seconds < 60; seconds++) {
        tick(world, 1000);
        id = sent(world, MESSAGE_RESULT) != NULL ? sent(world, MESSAGE_RESULT)->id : 0;
        if (sent(world, MESSAGE_BEAT) != NULL)
            beat_ok(world, sent(world, MESSAGE_BEAT));
    }
    return id;
}

static void endless_disagreement_about_points_gives_the_attempt_back(void **state)
{
    struct world *world = *state;
    int rounds = 0;
    give(world, FIRST);
    report_points(world, FIRST, 0, 9);
    child_exits(world, FIRST, RESULT_DONE);
    while (sent(world, MESSAGE_RELEASE) == NULL && rounds++ < 30) {
        uint64_t id = next_result(world);
        assert_true(id != 0);
        acknowledge_result(world, id, FIRST, VERDICT_SHORT, 9);
    }
    assert_in_range(rounds, 3, 29);
}

static void a_stale_result_is_dropped(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    child_exits(world, FIRST, RESULT_DONE);
    acknowledge_result(world, sent(world, MESSAGE_RESULT)->id, FIRST, VERDICT_STALE, 0);
    const struct message *beat = wait_for(world, MESSAGE_BEAT, BEAT_MS);
    assert_int_equal(beat->beat.n_held, 0);
}

/* ---- reconnecting ---------------------------------------------------------------------------- */

static void after_a_reconnect_points_go_on_from_what_is_recorded(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 6);
    tick(world, 200);
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    report_points(world, FIRST, 6, 2);
    assert_null(sent(world, MESSAGE_POINTS));
    struct kept_attempt kept = { FIRST, false, 4 };
    welcome(world, wait_for(world, MESSAGE_HELLO, 3000), &kept, 1);
    const struct message *points = sent(world, MESSAGE_POINTS);
    assert_non_null(points);
    assert_int_equal(points->points.first, 4);
    assert_int_equal(points->points.n_points, 4);
}

static void after_a_reconnect_a_stale_attempt_is_killed(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    struct kept_attempt kept = { FIRST, true, 0 };
    welcome(world, sent(world, MESSAGE_HELLO), &kept, 1);
    assert_true(acted(world, AGENT_KILL, FIRST));
}

static void after_a_reconnect_a_waiting_result_is_sent_at_once(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    struct message hello = *sent(world, MESSAGE_HELLO);
    child_exits(world, FIRST, RESULT_DONE);
    assert_null(sent(world, MESSAGE_RESULT));
    struct kept_attempt kept = { FIRST, false, 0 };
    welcome(world, &hello, &kept, 1);
    assert_non_null(sent(world, MESSAGE_RESULT));
}

static void give_of(struct world *world, struct attempt_ref ref, const char *key)
{
    struct message trial = a_trial(ref, PROGRAM_LDT);
    trial.trial.checkpoint_key = key;
    hear(world, trial);
}

/* Its coordinator began anew with an empty database, or it moved to another one. */
static void another_database_has_other_trials_of_the_same_numbers(void **state)
{
    struct world *world = *state;
    give_of(world, FIRST, "one-1-0");
    child_exits(world, FIRST, RESULT_DONE);
    acknowledge_result(world, sent(world, MESSAGE_RESULT)->id, FIRST, VERDICT_RECORDED, 0);
    give_of(world, FIRST, "one-1-0");
    assert_false(acted(world, AGENT_START, FIRST));
    give_of(world, FIRST, "two-1-0");
    assert_true(acted(world, AGENT_START, FIRST));
}

/* Until then there would be two children of one name. */
static void a_trial_of_the_same_numbers_does_not_start_before_the_dying_one_is_gone(void **state)
{
    struct world *world = *state;
    struct kept_attempt stale = { FIRST, true, 0 };
    struct attempt_ref next = { FIRST.study, FIRST.trial, 2 };
    give_of(world, FIRST, "one-1-0");
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    welcome(world, sent(world, MESSAGE_HELLO), &stale, 1);
    assert_true(acted(world, AGENT_KILL, FIRST));
    give_of(world, FIRST, "two-1-0");
    assert_false(acted(world, AGENT_START, FIRST));
    give_of(world, next, "two-1-0"); /* its lease has lapsed */
    assert_true(acted(world, AGENT_START, next));
}

static void a_database_that_forgot_acknowledged_points_gets_the_attempt_back(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 500);
    acknowledge_points(world, FIRST, 500);
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    struct kept_attempt kept = { FIRST, false, 100 };
    welcome(world, sent(world, MESSAGE_HELLO), &kept, 1);
    assert_true(acted(world, AGENT_KILL, FIRST));
    assert_non_null(sent(world, MESSAGE_RELEASE));
    struct message ack = { .type = MESSAGE_RELEASE_ACK };
    ack.release_ack.ref = FIRST;
    hear(world, ack);
    child_exits(world, FIRST, RESULT_DIED);
    assert_null(sent(world, MESSAGE_RESULT));
}

/* ---- leaving --------------------------------------------------------------------------------- */

static void leaving_hands_everything_back_and_then_finishes(void **state)
{
    struct world *world = *state;
    const struct attempt_ref none = { 0 };
    give(world, FIRST);
    step(world, (struct agent_event){ .type = AGENT_STOP });
    assert_true(acted(world, AGENT_PREEMPT, FIRST));
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 0);
    give(world, SECOND);
    assert_true(attempt_ref_equal(sent(world, MESSAGE_RELEASE)->release.ref, SECOND));
    step(world, (struct agent_event){ .type = AGENT_HANDED_BACK, .ref = FIRST, .reason = "stop" });
    struct message ack = { .type = MESSAGE_RELEASE_ACK };
    ack.release_ack.ref = SECOND;
    hear(world, ack);
    assert_false(acted(world, AGENT_FINISHED, none));
    ack.release_ack.ref = FIRST;
    hear(world, ack);
    assert_true(acted(world, AGENT_FINISHED, none));
}

static void leaving_ends_every_child(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    give(world, SECOND);
    step(world, (struct agent_event){ .type = AGENT_STOP });
    assert_true(acted(world, AGENT_PREEMPT, FIRST));
    assert_true(acted(world, AGENT_PREEMPT, SECOND));
}

static void leaving_does_not_wait_for_ever(void **state)
{
    struct world *world = *state;
    const struct attempt_ref none = { 0 };
    give(world, FIRST);
    child_exits(world, FIRST, RESULT_DONE);
    step(world, (struct agent_event){ .type = AGENT_STOP });
    int64_t end_ms = world->now_ms + AGENT_STOP_MS;
    while (world->now_ms < end_ms && !acted(world, AGENT_FINISHED, none))
        tick(world, 500);
    assert_int_equal(world->now_ms, end_ms);
    assert_true(acted(world, AGENT_FINISHED, none));
}

static void a_hand_back_is_not_worth_waiting_for_but_a_result_is(void **state)
{
    struct world *world = *state;
    const struct attempt_ref none = { 0 };
    give(world, FIRST);
    give(world, SECOND);
    step(world, (struct agent_event){ .type = AGENT_HANDED_BACK, .ref = FIRST, .reason = "75" });
    child_exits(world, SECOND, RESULT_DONE);
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    step(world, (struct agent_event){ .type = AGENT_STOP });
    assert_false(acted(world, AGENT_FINISHED, none)); /* the second of them still counts */
    struct kept_attempt kept[] = { { .ref = SECOND } };
    welcome(world, wait_for(world, MESSAGE_HELLO, 4000), kept, 1);
    acknowledge_result(world, sent(world, MESSAGE_RESULT)->id, SECOND, VERDICT_RECORDED, 0);
    assert_false(acted(world, AGENT_FINISHED, none)); /* it can be told as well */
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    assert_true(acted(world, AGENT_FINISHED, none));
}

static void leaving_with_nothing_held_is_immediate(void **state)
{
    struct world *world = *state;
    step(world, (struct agent_event){ .type = AGENT_STOP });
    assert_true(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
    tick(world, 60000); /* and that was all */
    assert_int_equal(world->out.count, 0);
}

static void an_idle_worker_leaves_if_asked_to(void **state)
{
    struct world *world = *state;
    const struct attempt_ref none = { 0 };
    tick(world, 50000);
    give(world, FIRST); /* its session is gone by now: not heard */
    welcome(world, wait_for(world, MESSAGE_HELLO, 30000) ? sent(world, MESSAGE_HELLO) : NULL, NULL,
            0);
    give(world, FIRST);
    tick(world, 70000);
    assert_false(acted(world, AGENT_FINISHED, none));
    child_exits(world, FIRST, RESULT_DONE);
    struct kept_attempt kept = { FIRST, true, 0 };
    welcome(world, wait_for(world, MESSAGE_HELLO, 30000), &kept, 1);
    tick(world, 59000);
    assert_false(acted(world, AGENT_FINISHED, none));
    tick(world, 1000);
    assert_true(acted(world, AGENT_FINISHED, none));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, start_connected, stop)
#define NEW(test)       cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NEW(hello_is_said_again_until_somebody_answers),
        NEW(only_the_latest_hello_is_answered),
        CONNECTED(work_is_asked_for_at_once_with_absolute_numbers),
        CONNECTED(an_ask_that_got_lost_is_repeated_with_the_beat),
        CONNECTED(a_beat_tells_the_progress_of_what_is_held),
        CONNECTED(unanswered_beats_lead_to_a_new_hello_and_children_run_on),
        CONNECTED(an_unknown_session_leads_to_a_new_hello_at_once),
        CONNECTED(a_move_of_the_coordinator_leads_to_a_new_hello_at_once),
        CONNECTED(messages_of_another_session_are_not_heard),
        CONNECTED(another_protocol_makes_the_worker_leave),
        CONNECTED(a_trial_starts_a_child),
        CONNECTED(an_attempt_that_is_not_newer_is_refused),
        CONNECTED(a_newer_attempt_replaces_the_one_that_is_held),
        CONNECTED(without_a_free_slot_a_trial_is_handed_back_until_acknowledged),
        CONNECTED(a_command_needs_permission),
        CONNECTED(a_cancelled_attempt_is_killed_without_a_report),
        CONNECTED(a_pruned_attempt_is_ended_once_and_reported),
        CONNECTED(who_hands_back_unasked_makes_the_worker_pause),
        CONNECTED(a_few_points_wait_a_moment_for_company),
        CONNECTED(points_are_sent_again_from_the_first_that_is_missing),
        CONNECTED(a_child_that_reports_faster_than_is_recorded_has_to_wait),
        CONNECTED(who_is_gone_or_has_ended_need_not_wait),
        CONNECTED(a_result_follows_its_points_and_counts_them),
        CONNECTED(a_result_waits_until_the_window_lets_its_points_go),
        CONNECTED(a_result_is_sent_again_until_it_is_acknowledged),
        CONNECTED(a_short_verdict_brings_the_missing_points_and_the_result_again),
        CONNECTED(endless_disagreement_about_points_gives_the_attempt_back),
        CONNECTED(a_stale_result_is_dropped),
        CONNECTED(after_a_reconnect_points_go_on_from_what_is_recorded),
        CONNECTED(after_a_reconnect_a_stale_attempt_is_killed),
        CONNECTED(after_a_reconnect_a_waiting_result_is_sent_at_once),
        CONNECTED(another_database_has_other_trials_of_the_same_numbers),
        CONNECTED(a_trial_of_the_same_numbers_does_not_start_before_the_dying_one_is_gone),
        CONNECTED(a_database_that_forgot_acknowledged_points_gets_the_attempt_back),
        CONNECTED(leaving_hands_everything_back_and_then_finishes),
        CONNECTED(leaving_ends_every_child),
        CONNECTED(leaving_does_not_wait_for_ever),
        CONNECTED(a_hand_back_is_not_worth_waiting_for_but_a_result_is),
        CONNECTED(leaving_with_nothing_held_is_immediate),
        cmocka_unit_test_setup_teardown(an_idle_worker_leaves_if_asked_to,
                                        start_connected_and_idle_exit, stop),
    };
    return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
