/* What a fleet's keeper can see and ask of a worker: benched, drained, checkpoints that can go. */
#include "tests/unit/worker/agent/world.h"

enum { AFTER = 3 };
static const struct attempt_ref NOTHING = { 0 };

static int start_with_breaker(void **state)
{
    return start_connected_with(state, (struct agent_options){ .bench_after = AFTER });
}

static void give_key(struct world *world, struct attempt_ref ref, const char *key)
{
    struct message trial = a_trial(ref, PROGRAM_LDT);
    trial.trial.checkpoint_key = key;
    hear(world, trial);
}

static const struct agent_action *settled(const struct world *world)
{
    for (size_t i = 0; i < world->out.count; i++)
        if (world->out.list[i].type == AGENT_SETTLED)
            return &world->out.list[i];
    return NULL;
}

static void run(struct world *world, int64_t trial, enum result_kind kind)
{
    struct attempt_ref ref = { 1, trial, 1 };
    give(world, ref);
    assert_true(acted(world, AGENT_START, ref));
    child_exits(world, ref, kind);
}

static void hand_back(struct world *world, struct attempt_ref ref)
{
    step(world,
         (struct agent_event){ .type = AGENT_HANDED_BACK, .ref = ref, .reason = "exit status 75" });
}

/* One answered beat after the other, so that the session lives on. */
static const struct message *after(struct world *world, int64_t ms, enum message_type type)
{
    int64_t end_ms = world->now_ms + ms;
    while (world->now_ms < end_ms) {
        beat_ok(world, wait_for(world, MESSAGE_BEAT, BEAT_MS));
        tick(world, 1);
    }
    wait_for(world, MESSAGE_BEAT, BEAT_MS);
    return sent(world, type);
}

/* ---- the bench ------------------------------------------------------------------------------- */

static void failures_died_and_refused_trials_bench_it(void **state)
{
    struct world *world = *state;
    run(world, 0, RESULT_FAILED);
    run(world, 1, RESULT_DIED);
    run(world, 2, RESULT_REFUSED);
    assert_non_null(sent(world, MESSAGE_ASK));
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 0);
    const struct message *beat = wait_for(world, MESSAGE_BEAT, BEAT_MS);
    assert_non_null(strstr(beat->beat.note, "3 failures in a row, the last: exit status 1"));
}

static void done_resets_and_a_timeout_is_neither(void **state)
{
    struct world *world = *state;
    run(world, 0, RESULT_FAILED);
    run(world, 1, RESULT_FAILED);
    run(world, 2, RESULT_TIMEOUT);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, SLOTS);
    run(world, 3, RESULT_DONE);
    run(world, 4, RESULT_FAILED);
    run(world, 5, RESULT_TIMEOUT);
    run(world, 6, RESULT_FAILED);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, SLOTS);
    assert_string_equal(wait_for(world, MESSAGE_BEAT, BEAT_MS)->beat.note, "");
    run(world, 7, RESULT_FAILED);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 0);
}

static void a_trial_that_was_on_its_way_to_a_benched_worker_is_handed_back(void **state)
{
    struct world *world = *state;
    struct attempt_ref late = { 1, 9, 1 };
    for (int64_t trial = 0; trial < AFTER; trial++)
        run(world, trial, RESULT_FAILED);
    give(world, late);
    assert_false(acted(world, AGENT_START, late));
    assert_non_null(sent(world, MESSAGE_RELEASE));
    assert_non_null(strstr(sent(world, MESSAGE_RELEASE)->release.reason, "benched"));
}

static void after_the_pause_one_trial_is_tried_and_a_success_ends_it(void **state)
{
    struct world *world = *state;
    for (int64_t trial = 0; trial < AFTER; trial++) {
        run(world, trial, RESULT_FAILED);
        acknowledge_result(world, 0, (struct attempt_ref){ 1, trial, 1 }, VERDICT_RECORDED, 0);
    }
    assert_null(after(world, 50000, MESSAGE_ASK));
    assert_non_null(after(world, 30000, MESSAGE_ASK));
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 1);
    give(world, (struct attempt_ref){ 1, 20, 1 });
    assert_true(acted(world, AGENT_START, (struct attempt_ref){ 1, 20, 1 }));
    assert_null(sent(world, MESSAGE_ASK)); /* the other slot stays free */
    give(world, (struct attempt_ref){ 1, 21, 1 });
    assert_false(acted(world, AGENT_START, (struct attempt_ref){ 1, 21, 1 }));
    child_exits(world, (struct attempt_ref){ 1, 20, 1 }, RESULT_DONE);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, SLOTS);
}

static void a_probe_that_is_cancelled_makes_room_for_another(void **state)
{
    struct world *world = *state;
    struct attempt_ref probe = { 1, 20, 1 };
    for (int64_t trial = 0; trial < AFTER; trial++)
        run(world, trial, RESULT_FAILED);
    after(world, 80000, MESSAGE_ASK);
    give(world, probe);
    struct message answer = { .type = MESSAGE_BEAT_OK };
    answer.beat_ok.cancel = &probe;
    answer.beat_ok.n_cancel = 1;
    hear(world, answer);
    assert_null(sent(world, MESSAGE_ASK));
    child_exits(world, probe, RESULT_FAILED); /* nobody wants to know: not counted either */
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 1);
}

static void a_probe_that_is_handed_back_makes_room_for_another(void **state)
{
    struct world *world = *state;
    struct attempt_ref probe = { 1, 20, 1 };
    for (int64_t trial = 0; trial < AFTER; trial++)
        run(world, trial, RESULT_FAILED);
    after(world, 80000, MESSAGE_ASK);
    give(world, probe);
    hand_back(world, probe);
    assert_non_null(after(world, 4000, MESSAGE_ASK));
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 1);
}

/* ---- drain ----------------------------------------------------------------------------------- */

static void tell_drain(struct world *world, int32_t drain)
{
    struct message answer = { .type = MESSAGE_BEAT_OK };
    answer.beat_ok.drain = drain;
    hear(world, answer);
}

static void a_drained_worker_takes_nothing_new_and_leaves_when_all_is_acknowledged(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    tell_drain(world, 1);
    assert_int_equal(sent(world, MESSAGE_ASK)->ask.free, 0);
    assert_false(acted(world, AGENT_PREEMPT, FIRST));
    tell_drain(world, 0); /* late: a drain is never taken back */
    assert_null(sent(world, MESSAGE_ASK));
    give(world, SECOND); /* was on its way */
    assert_false(acted(world, AGENT_START, SECOND));
    assert_non_null(sent(world, MESSAGE_RELEASE));
    struct message released = { .type = MESSAGE_RELEASE_ACK };
    released.release_ack.ref = SECOND;
    hear(world, released);
    child_exits(world, FIRST, RESULT_DONE);
    assert_false(acted(world, AGENT_FINISHED, NOTHING));
    acknowledge_result(world, 0, FIRST, VERDICT_RECORDED, 0);
    assert_true(acted(world, AGENT_FINISHED, NOTHING));
}

static void an_idle_worker_that_is_drained_leaves_at_once(void **state)
{
    struct world *world = *state;
    tell_drain(world, 1);
    assert_true(acted(world, AGENT_FINISHED, NOTHING));
}

static void a_worker_that_is_drained_now_hands_everything_back(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    tell_drain(world, 1);
    tell_drain(world, 2);
    assert_true(acted(world, AGENT_PREEMPT, FIRST));
    tell_drain(world, 2);
    assert_false(acted(world, AGENT_PREEMPT, FIRST)); /* said once */
    hand_back(world, FIRST);
    assert_non_null(sent(world, MESSAGE_RELEASE));
    struct message released = { .type = MESSAGE_RELEASE_ACK };
    released.release_ack.ref = FIRST;
    hear(world, released);
    assert_true(acted(world, AGENT_FINISHED, NOTHING));
}

/* ---- checkpoints ----------------------------------------------------------------------------- */

static void a_recorded_result_settles_the_checkpoint(void **state)
{
    struct world *world = *state;
    give_key(world, FIRST, "k-1");
    assert_string_equal(world->out.list[0].message.trial.checkpoint_key, "k-1");
    child_exits(world, FIRST, RESULT_DONE);
    assert_null(settled(world));
    acknowledge_result(world, 0, FIRST, VERDICT_RECORDED, 0);
    const struct agent_action *action = settled(world);
    assert_non_null(action);
    assert_true(attempt_ref_equal(action->ref, FIRST));
    assert_string_equal(action->text, "k-1");
    assert_false(action->superseded);
}

static void a_failure_keeps_it_for_another_try(void **state)
{
    struct world *world = *state;
    give_key(world, FIRST, "k-1");
    child_exits(world, FIRST, RESULT_DIED);
    acknowledge_result(world, 0, FIRST, VERDICT_RECORDED, 0);
    assert_null(settled(world));
}

static void so_does_a_cancelled_trial(void **state)
{
    struct world *world = *state;
    struct attempt_ref ref = FIRST;
    struct message answer = { .type = MESSAGE_BEAT_OK };
    answer.beat_ok.cancel = &ref;
    answer.beat_ok.n_cancel = 1;
    give_key(world, FIRST, "k-1");
    hear(world, answer);
    assert_true(acted(world, AGENT_KILL, FIRST));
    assert_null(settled(world));
    hand_back(world, FIRST);
    assert_null(settled(world));
}

static void a_stale_attempt_leaves_time_for_the_newer_one(void **state)
{
    struct world *world = *state;
    struct attempt_ref ref = FIRST;
    struct message answer = { .type = MESSAGE_BEAT_OK };
    answer.beat_ok.stale = &ref;
    answer.beat_ok.n_stale = 1;
    give_key(world, FIRST, "k-1");
    hear(world, answer);
    hand_back(world, FIRST);
    assert_non_null(settled(world));
    assert_true(settled(world)->superseded);
}

static void a_stale_result_does_so_too(void **state)
{
    struct world *world = *state;
    give_key(world, FIRST, "k-1");
    child_exits(world, FIRST, RESULT_DONE);
    acknowledge_result(world, 0, FIRST, VERDICT_STALE, 0);
    assert_non_null(settled(world));
    assert_true(settled(world)->superseded);
}

static void what_is_handed_back_keeps_its_checkpoint(void **state)
{
    struct world *world = *state;
    give_key(world, FIRST, "k-1");
    hand_back(world, FIRST);
    assert_null(settled(world));
    struct message released = { .type = MESSAGE_RELEASE_ACK };
    released.release_ack.ref = FIRST;
    hear(world, released);
    assert_null(settled(world));
}

static void a_newer_attempt_on_the_same_worker_takes_the_checkpoint_over(void **state)
{
    struct world *world = *state;
    struct attempt_ref newer = { FIRST.study, FIRST.trial, 2 };
    give_key(world, FIRST, "k-1");
    give_key(world, newer, "k-1");
    assert_true(acted(world, AGENT_KILL, FIRST));
    assert_true(acted(world, AGENT_START, newer));
    child_exits(world, FIRST, RESULT_FAILED);
    assert_null(settled(world));
    child_exits(world, newer, RESULT_DONE);
    acknowledge_result(world, 0, newer, VERDICT_RECORDED, 0);
    assert_int_equal(settled(world)->ref.attempt, 2);
}

static void a_trial_without_a_key_has_nothing_to_settle(void **state)
{
    struct world *world = *state;
    give(world, FIRST);
    child_exits(world, FIRST, RESULT_DONE);
    acknowledge_result(world, 0, FIRST, VERDICT_RECORDED, 0);
    assert_null(settled(world));
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, start_connected, stop)
#define BREAKER(test)   cmocka_unit_test_setup_teardown(test, start_with_breaker, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BREAKER(failures_died_and_refused_trials_bench_it),
        BREAKER(done_resets_and_a_timeout_is_neither),
        BREAKER(a_trial_that_was_on_its_way_to_a_benched_worker_is_handed_back),
        BREAKER(after_the_pause_one_trial_is_tried_and_a_success_ends_it),
        BREAKER(a_probe_that_is_handed_back_makes_room_for_another),
        BREAKER(a_probe_that_is_cancelled_makes_room_for_another),
        CONNECTED(a_drained_worker_takes_nothing_new_and_leaves_when_all_is_acknowledged),
        CONNECTED(an_idle_worker_that_is_drained_leaves_at_once),
        CONNECTED(a_worker_that_is_drained_now_hands_everything_back),
        CONNECTED(a_recorded_result_settles_the_checkpoint),
        CONNECTED(a_failure_keeps_it_for_another_try),
        CONNECTED(so_does_a_cancelled_trial),
        CONNECTED(a_stale_attempt_leaves_time_for_the_newer_one),
        CONNECTED(a_stale_result_does_so_too),
        CONNECTED(what_is_handed_back_keeps_its_checkpoint),
        CONNECTED(a_newer_attempt_on_the_same_worker_takes_the_checkpoint_over),
        CONNECTED(a_trial_without_a_key_has_nothing_to_settle),
    };
    return cmocka_run_group_tests_name("fleet", tests, NULL, NULL);
}
