/* The session at its edges: what a TRIAL leaves behind, how a reconnect settles what is held, and
 * when nothing is asked for. */
#include "tests/unit/worker/agent/world.h"

static const struct message *reconnect(struct world *world, struct kept_attempt *kept, size_t n)
{
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    const struct message *hello = sent(world, MESSAGE_HELLO);
    assert_non_null(hello);
    struct message copy = *hello;
    welcome(world, &copy, kept, n);
    assert_true(agent_connected(world->agent));
    return sent(world, MESSAGE_RESULT);
}

static void answer_with_error(struct world *world, enum error_code code, uint64_t id)
{
    struct message error = { .id = id, .type = MESSAGE_ERROR };
    error.error.code = code;
    error.error.text = "";
    hear(world, error);
}

/* ---- TRIAL ----------------------------------------------------------------------------------- */

static void a_started_trial_has_copies_of_all_its_texts(void **state)
{
    struct world *world = *state;
    char name[] = "study", parameters[] = "{\"x\":1}", workdir[] = "/data", key[] = "key-1";
    char words[3][8] = { "python3", "a.py", "-v" }, entries[2][8] = { "A=1", "B=2" };
    const char *command[] = { words[0], words[1], words[2] };
    const char *environment[] = { entries[0], entries[1] };
    struct message trial = a_trial(FIRST, PROGRAM_LDT);
    trial.trial.study_name = name;
    trial.trial.parameters = parameters;
    trial.trial.workdir = workdir;
    trial.trial.checkpoint_key = key;
    trial.trial.command = command;
    trial.trial.n_command = 3;
    trial.trial.environment = environment;
    trial.trial.n_environment = 2;
    hear(world, trial);
    memset(words, 'X', sizeof words);
    memset(entries, 'X', sizeof entries);
    name[0] = parameters[0] = workdir[0] = key[0] = 'X';
    assert_int_equal(world->out.list[0].type, AGENT_START);
    const struct message *started = &world->out.list[0].message;
    assert_string_equal(started->trial.study_name, "study");
    assert_string_equal(started->trial.parameters, "{\"x\":1}");
    assert_string_equal(started->trial.workdir, "/data");
    assert_string_equal(started->trial.checkpoint_key, "key-1");
    assert_int_equal(started->trial.n_command, 3);
    assert_string_equal(started->trial.command[0], "python3");
    assert_string_equal(started->trial.command[1], "a.py");
    assert_string_equal(started->trial.command[2], "-v");
    assert_int_equal(started->trial.n_environment, 2);
    assert_string_equal(started->trial.environment[0], "A=1");
    assert_string_equal(started->trial.environment[1], "B=2");
}

static void a_refused_command_has_no_facts_and_no_log(void **state)
{
    struct world *world = *state;
    hear(world, a_trial(FIRST, PROGRAM_COMMAND));
    const struct message *result = sent(world, MESSAGE_RESULT);
    assert_string_equal(result->result.info, "{}");
    assert_string_equal(result->result.log, "");
}

static void more_attempts_than_can_be_named_are_not_taken(void **state)
{
    struct world *world = *state;
    for (int64_t trial = 0; trial < MESSAGE_MAX_HELD; trial++) {
        give(world, (struct attempt_ref){ 1, trial, 1 });
        if (trial >= SLOTS)
            assert_non_null(sent(world, MESSAGE_RELEASE));
    }
    give(world, (struct attempt_ref){ 1, MESSAGE_MAX_HELD, 1 });
    assert_null(sent(world, MESSAGE_RELEASE));
}

static void a_worker_that_cannot_deliver_stops_asking(void **state)
{
    struct world *world = *state;
    int32_t asked = SLOTS;
    for (int64_t trial = 0; trial < 260; trial++) {
        struct attempt_ref ref = { 1, trial, 1 };
        give(world, ref);
        child_exits(world, ref, RESULT_DONE);
        if (sent(world, MESSAGE_ASK) != NULL)
            asked = sent(world, MESSAGE_ASK)->ask.free;
        assert_int_equal(asked, trial + 1 < 256 ? SLOTS : 0);
    }
    acknowledge_result(world, 0, (struct attempt_ref){ 1, 0, 1 }, VERDICT_RECORDED, 0);
    for (int64_t trial = 1; trial < 5; trial++)
        acknowledge_result(world, 0, (struct attempt_ref){ 1, trial, 1 }, VERDICT_RECORDED, 0);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, SLOTS);
}

/* ---- BEAT ------------------------------------------------------------------------------------ */

static int64_t gap_between_beats(struct world *world, int64_t beat_ms)
{
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    struct message message = { .id = sent(world, MESSAGE_HELLO)->id, .type = MESSAGE_WELCOME };
    message.session = ++world->session;
    message.welcome.beat_ms = beat_ms;
    message.welcome.version = "1";
    hear(world, message);
    assert_null(sent(world, MESSAGE_BEAT)); /* a fleet shall not beat in step */
    beat_ok(world, wait_for(world, MESSAGE_BEAT, 120000));
    int64_t before_ms = world->now_ms;
    assert_non_null(wait_for(world, MESSAGE_BEAT, 240000));
    return world->now_ms - before_ms;
}

static void a_beat_is_kept_within_sense(void **state)
{
    struct world *world = *state;
    assert_int_equal(gap_between_beats(world, 1), 10);
    assert_int_equal(gap_between_beats(world, 11), 11);
    assert_int_equal(gap_between_beats(world, 59999), 59999);
    assert_int_equal(gap_between_beats(world, 1000000), 60000);
    for (int i = 0; i < 200; i++)
        assert_int_equal(gap_between_beats(world, 12), 12);
}

static void stale_attempts_are_killed_and_only_those(void **state)
{
    struct world *world = *state;
    struct attempt_ref stale[] = { { 9, 9, 9 }, SECOND };
    struct message message = { .type = MESSAGE_BEAT_OK };
    give(world, FIRST);
    give(world, SECOND);
    message.beat_ok.stale = stale;
    message.beat_ok.n_stale = 2;
    hear(world, message);
    assert_true(acted(world, AGENT_KILL, SECOND));
    assert_false(acted(world, AGENT_KILL, FIRST));
}

static void pruning_what_is_not_here_or_has_ended_does_nothing(void **state)
{
    struct world *world = *state;
    struct attempt_ref prune[] = { { 9, 9, 9 }, FIRST, SECOND };
    struct message message = { .type = MESSAGE_BEAT_OK };
    give(world, FIRST);
    give(world, SECOND);
    child_exits(world, FIRST, RESULT_DONE);
    message.beat_ok.prune = prune;
    message.beat_ok.n_prune = 3;
    hear(world, message);
    assert_false(acted(world, AGENT_PRUNE, FIRST));
    assert_true(acted(world, AGENT_PRUNE, SECOND));
    hear(world, message);
    assert_false(acted(world, AGENT_PRUNE, SECOND)); /* it was told */
}

static void told_twice_to_leave_when_done_it_still_lets_its_trials_finish(void **state)
{
    struct world *world = *state;
    struct message message = { .type = MESSAGE_BEAT_OK };
    message.beat_ok.drain = 1;
    give(world, FIRST);
    for (int i = 0; i < 3; i++) {
        hear(world, message);
        assert_false(acted(world, AGENT_PREEMPT, FIRST));
    }
    message.beat_ok.drain = 2;
    hear(world, message);
    assert_true(acted(world, AGENT_PREEMPT, FIRST));
}

static void the_step_of_a_beat_is_that_of_the_latest_point(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 8);
    const struct message *beat = wait_for(world, MESSAGE_BEAT, BEAT_MS);
    assert_int_equal(beat->beat.held[0].step, 7);
}

static void answers_of_another_session_are_not_heard(void **state)
{
    struct world *world = *state;
    struct attempt_ref third = { 1, 2, 1 }, refs[] = { FIRST };
    give(world, FIRST);
    give(world, SECOND);
    give(world, third); /* no slot: it is being handed back */
    child_exits(world, SECOND, RESULT_DONE);
    struct message message = { .session = world->session + 1, .type = MESSAGE_RESULT_ACK };
    message.result_ack.ref = SECOND;
    message.result_ack.verdict = VERDICT_RECORDED;
    hear(world, message);
    message.type = MESSAGE_POINTS_ACK;
    message.points_ack.ref = FIRST;
    message.points_ack.stale = true;
    hear(world, message);
    assert_false(acted(world, AGENT_KILL, FIRST));
    message.type = MESSAGE_BEAT_OK;
    memset(&message.beat_ok, 0, sizeof message.beat_ok);
    message.beat_ok.cancel = refs;
    message.beat_ok.n_cancel = 1;
    hear(world, message);
    assert_false(acted(world, AGENT_KILL, FIRST));
    message.type = MESSAGE_RELEASE_ACK;
    message.release_ack.ref = third;
    hear(world, message);
    assert_non_null(wait_for(world, MESSAGE_RESULT, 2000));
    assert_non_null(wait_for(world, MESSAGE_RELEASE, 2000));
}

/* ---- reconnecting ---------------------------------------------------------------------------- */

static void a_new_session_counts_its_trials_from_the_start(void **state)
{
    struct world *world = *state;
    struct kept_attempt kept[] = { { .ref = FIRST } };
    give(world, FIRST);
    child_exits(world, FIRST, RESULT_DONE);
    reconnect(world, kept, 1);
    assert_non_null(sent(world, MESSAGE_ASK));
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.received, 0);
}

/* Beats are a minute apart here, so that they wake nobody. */
static void an_idle_worker_wakes_when_it_is_time_to_leave(void **state)
{
    struct world *world = *state;
    tick(world, 0);
    struct message message = { .id = sent(world, MESSAGE_HELLO)->id, .type = MESSAGE_WELCOME };
    message.session = ++world->session;
    message.welcome.beat_ms = 60000;
    message.welcome.version = "1";
    hear(world, message);
    assert_int_equal(agent_next_deadline(world->agent), world->now_ms + 700);
    tick(world, 699);
    assert_false(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
    tick(world, 1);
    assert_true(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
}

static void idleness_begins_anew_with_a_session(void **state)
{
    struct world *world = *state;
    tick(world, 0);
    const struct message hello = { .id = sent(world, MESSAGE_HELLO)->id };
    tick(world, 500); /* on its way to a coordinator that is far away */
    welcome(world, &hello, NULL, 0);
    tick(world, 699);
    assert_false(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
    tick(world, 1);
    assert_true(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
}

static int start_with_short_patience(void **state)
{
    return start_with(state, (struct agent_options){ .idle_exit_ms = 700 });
}

static void after_a_reconnect_a_result_goes_at_once_and_patience_starts_over(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    give(world, SECOND);
    child_exits(world, FIRST, RESULT_DONE);
    for (int i = 0; i < 5; i++)
        assert_non_null(wait_connected(world, MESSAGE_RESULT));
    struct kept_attempt kept[] = { { .ref = FIRST }, { .ref = SECOND } };
    assert_non_null(reconnect(world, kept, 2));
    int64_t before_ms = world->now_ms;
    assert_non_null(wait_for(world, MESSAGE_RESULT, 4000));
    assert_in_range(world->now_ms - before_ms, 1000, 2000);
}

static void after_a_reconnect_the_points_of_a_running_trial_go_at_once(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 10);
    assert_non_null(wait_for(world, MESSAGE_POINTS, 200));
    struct kept_attempt kept[] = { { .ref = FIRST, .points = 4 } };
    reconnect(world, kept, 1);
    assert_int_equal(sent(world, MESSAGE_POINTS)->points.first, 4);
    int64_t before_ms = world->now_ms;
    assert_non_null(wait_for(world, MESSAGE_POINTS, 4000));
    assert_in_range(world->now_ms - before_ms, 1000, 2000);
}

static void what_is_given_back_on_a_reconnect_has_no_points_to_send(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    report_points(world, FIRST, 0, 10);
    assert_non_null(wait_for(world, MESSAGE_POINTS, 200));
    acknowledge_points(world, FIRST, 10);
    struct kept_attempt kept[] = { { .ref = FIRST, .points = 4 } };
    reconnect(world, kept, 1);
    assert_non_null(sent(world, MESSAGE_RELEASE));
    assert_true(agent_next_deadline(world->agent) > world->now_ms);
    assert_null(wait_for(world, MESSAGE_POINTS, 3000));
}

static void a_welcome_may_name_what_is_not_held_or_dies(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    struct message cancel = { .type = MESSAGE_BEAT_OK };
    struct attempt_ref cancelled[] = { FIRST };
    cancel.beat_ok.cancel = cancelled;
    cancel.beat_ok.n_cancel = 1;
    hear(world, cancel);
    struct kept_attempt kept[] = { { .ref = { 9, 9, 9 }, .points = 7 }, { .ref = FIRST } };
    reconnect(world, kept, 2);
    assert_null(sent(world, MESSAGE_RELEASE));
    child_exits(world, FIRST, RESULT_DIED);
    assert_null(sent(world, MESSAGE_RESULT));
}

static void short_verdicts_of_an_earlier_session_are_forgiven(void **state)
{
    struct world *world = *state;
    struct kept_attempt kept[] = { { .ref = FIRST } };
    give(world, FIRST);
    child_exits(world, FIRST, RESULT_DONE);
    for (int i = 0; i < 30; i++) {
        acknowledge_result(world, sent(world, MESSAGE_RESULT)->id, FIRST, VERDICT_SHORT, 0);
        assert_null(sent(world, MESSAGE_RELEASE));
        assert_non_null(reconnect(world, kept, 1));
    }
}

static void a_lost_session_is_greeted_without_long_waits_again(void **state)
{
    struct world *world = *state;
    for (int round = 0; round < 2; round++) {
        step(world, (struct agent_event){ .type = AGENT_MOVED });
        for (int i = 0; i < 5; i++) {
            int64_t before_ms = world->now_ms;
            assert_non_null(wait_for(world, MESSAGE_HELLO, 31000));
            if (i == 0)
                assert_in_range(world->now_ms - before_ms, 1000, 2000);
        }
    }
}

static void nothing_but_hello_is_said_before_the_welcome(void **state)
{
    struct world *world = *state;
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    for (int i = 0; i < 60; i++) {
        tick(world, 1000);
        assert_null(sent(world, MESSAGE_BEAT));
        assert_null(sent(world, MESSAGE_ASK));
    }
}

static void every_attempt_that_a_welcome_names_is_settled(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    give(world, SECOND);
    struct kept_attempt kept[] = { { .ref = FIRST }, { .ref = SECOND, .stale = true } };
    reconnect(world, kept, 2);
    assert_false(acted(world, AGENT_KILL, FIRST));
    assert_true(acted(world, AGENT_KILL, SECOND));
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void an_error_about_the_hello_itself_does_not_end_the_session(void **state)
{
    struct world *world = *state;
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    struct message hello = *sent(world, MESSAGE_HELLO);
    welcome(world, &hello, NULL, 0);
    answer_with_error(world, ERROR_UNKNOWN_SESSION, hello.id);
    assert_true(agent_connected(world->agent));
}

static void a_worker_whose_number_was_taken_comes_back_under_another(void **state)
{
    struct world *world = *state;
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    struct message hello = *sent(world, MESSAGE_HELLO);
    answer_with_error(world, ERROR_FORBIDDEN, hello.id - 1); /* of an earlier HELLO */
    struct message again = *wait_for(world, MESSAGE_HELLO, 4000);
    assert_int_equal(again.hello.instance, hello.hello.instance);
    answer_with_error(world, ERROR_FORBIDDEN, again.id);
    assert_null(sent(world, MESSAGE_HELLO)); /* not as fast as it is refused */
    struct message other = *wait_for(world, MESSAGE_HELLO, 8000);
    assert_true(other.hello.instance != hello.hello.instance && other.hello.instance != 0);
    welcome(world, &other, NULL, 0);
    answer_with_error(world, ERROR_FORBIDDEN, other.id); /* what is said twice, or of a trial */
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    assert_int_equal(sent(world, MESSAGE_HELLO)->hello.instance, other.hello.instance);
}

static void a_worker_that_holds_something_stays_who_it_is(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    struct message hello = *sent(world, MESSAGE_HELLO);
    answer_with_error(world, ERROR_FORBIDDEN, hello.id);
    assert_int_equal(wait_for(world, MESSAGE_HELLO, 4000)->hello.instance, hello.hello.instance);
}

static void a_coordinator_of_another_protocol_is_not_spoken_to(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    answer_with_error(world, ERROR_UNSUPPORTED, 1);
    assert_false(agent_connected(world->agent));
    assert_int_equal(agent_next_deadline(world->agent), world->now_ms + AGENT_STOP_MS);
    assert_null(wait_for(world, MESSAGE_HELLO, AGENT_STOP_MS - 1));
}

static void a_coordinator_that_moved_may_speak_the_right_protocol(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    answer_with_error(world, ERROR_UNSUPPORTED, 1);
    step(world, (struct agent_event){ .type = AGENT_MOVED });
    assert_non_null(sent(world, MESSAGE_HELLO));
    child_exits(world, FIRST, RESULT_DONE);
    assert_false(acted(world, AGENT_FINISHED, (struct attempt_ref){ 0 }));
}

static void a_busy_coordinator_and_a_refusal_change_nothing(void **state)
{
    struct world *world = *state;
    answer_with_error(world, ERROR_BUSY, 1);
    assert_int_equal(world->out.count, 0);
    answer_with_error(world, ERROR_REFUSED, 1);
    assert_int_equal(world->out.count, 1);
    assert_int_equal(world->out.list[0].type, AGENT_LOG);
    assert_true(agent_connected(world->agent));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, start_connected, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_started_trial_has_copies_of_all_its_texts),
        CONNECTED(a_refused_command_has_no_facts_and_no_log),
        CONNECTED(more_attempts_than_can_be_named_are_not_taken),
        CONNECTED(a_worker_that_cannot_deliver_stops_asking),
        CONNECTED(a_beat_is_kept_within_sense),
        CONNECTED(stale_attempts_are_killed_and_only_those),
        CONNECTED(pruning_what_is_not_here_or_has_ended_does_nothing),
        CONNECTED(told_twice_to_leave_when_done_it_still_lets_its_trials_finish),
        CONNECTED(the_step_of_a_beat_is_that_of_the_latest_point),
        CONNECTED(answers_of_another_session_are_not_heard),
        CONNECTED(a_new_session_counts_its_trials_from_the_start),
        cmocka_unit_test_setup_teardown(idleness_begins_anew_with_a_session,
                                        start_with_short_patience, stop),
        cmocka_unit_test_setup_teardown(an_idle_worker_wakes_when_it_is_time_to_leave,
                                        start_with_short_patience, stop),
        CONNECTED(after_a_reconnect_a_result_goes_at_once_and_patience_starts_over),
        CONNECTED(after_a_reconnect_the_points_of_a_running_trial_go_at_once),
        CONNECTED(what_is_given_back_on_a_reconnect_has_no_points_to_send),
        CONNECTED(a_welcome_may_name_what_is_not_held_or_dies),
        CONNECTED(short_verdicts_of_an_earlier_session_are_forgiven),
        CONNECTED(a_lost_session_is_greeted_without_long_waits_again),
        CONNECTED(nothing_but_hello_is_said_before_the_welcome),
        CONNECTED(every_attempt_that_a_welcome_names_is_settled),
        CONNECTED(an_error_about_the_hello_itself_does_not_end_the_session),
        CONNECTED(a_worker_whose_number_was_taken_comes_back_under_another),
        CONNECTED(a_worker_that_holds_something_stays_who_it_is),
        CONNECTED(a_coordinator_of_another_protocol_is_not_spoken_to),
        CONNECTED(a_coordinator_that_moved_may_speak_the_right_protocol),
        CONNECTED(a_busy_coordinator_and_a_refusal_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
