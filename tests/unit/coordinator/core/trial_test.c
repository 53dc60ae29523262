/* The life of a trial, arrow by arrow. */
#include "tests/unit/coordinator/core/world.h"

static void a_trial_is_saved_before_it_is_sent(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    bool trial_saved = false, attempt_saved = false;
    for (size_t i = 0; i < world->actions.count; i++) {
        const struct action *action = &world->actions.list[i];
        trial_saved |= action->type == SAVE_TRIAL && action->trial.state == TRIAL_RUNNING;
        attempt_saved |= action->type == SAVE_ATTEMPT && trial_saved;
        if (action->type == SEND && action->send.message.type == MESSAGE_TRIAL)
            assert_true(attempt_saved);
    }
    const struct message *message = told(world, 1, MESSAGE_TRIAL);
    assert_int_equal(message->trial.ref.trial, 0);
    assert_int_equal(message->trial.ref.attempt, 1);
    assert_string_equal(message->trial.study_name, "s");
    assert_string_equal(message->trial.parameters, trial_on_disk(world, 0)->parameters);
    assert_int_equal(message->trial.seed, trial_on_disk(world, 0)->seed);
    assert_string_equal(message->trial.command[0], "train");
    world_destroy(world);
}

static void a_result_ends_its_trial_with_the_best_value(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 3), loss(2, 1), loss(3, 2) };
    send_points(world, 1, session, ref, 0, points, 3);
    assert_int_equal(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.points, 3);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 3));
    assert_int_equal(verdict(world, 1), VERDICT_RECORDED);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DONE);
    assert_true(trial_on_disk(world, 0)->has_value);
    assert_true(trial_on_disk(world, 0)->value == 1);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    world_destroy(world);
}

static void the_last_point_counts_where_the_spec_says_so(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"t\"],\"trials\":1,\"metric\":{\"name\":\"loss\","
                  "\"goal\":\"maximize\",\"over_time\":\"last\"},\"parameters\":{\"x\":"
                  "{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}");
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 3), loss(2, 5), loss(3, 4) };
    send_points(world, 1, session, ref, 0, points, 3);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 3));
    assert_true(trial_on_disk(world, 0)->value == 4);
    assert_true(disk_attempt(&world->disk, ref)->best == 5);
    world_destroy(world);
}

static void the_same_result_again_is_acknowledged_and_recorded_once(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 1);
    struct point point = loss(1, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, &point, 1));
    assert_int_equal(verdict(world, 1), VERDICT_RECORDED);
    assert_int_equal(world->actions.saves, 0);
    coordinator_restarts(world); /* it is known from the rows, too */
    session = worker_joins(world, 1, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, &point, 1));
    assert_int_equal(verdict(world, 1), VERDICT_RECORDED);
    assert_int_equal(world->disk.n_outcomes, 1);
    world_destroy(world);
}

static void a_lapsed_lease_takes_nothing_until_another_worker_asks(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    time_passes(world, LEASE_MS + 1);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_RUNNING);
    worker_finishes(world, 1, session, ref, 1);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DONE);
    assert_int_equal(trial_on_disk(world, 0)->attempts, 1);
    world_destroy(world);
}

static void a_lapsed_trial_goes_to_the_next_who_asks_and_the_old_attempt_is_stale(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t first, second;
    struct attempt_ref old = worker_takes_trial(world, 1, &first);
    time_passes(world, LEASE_MS + 1);
    struct attempt_ref ref = worker_takes_trial(world, 2, &second);
    assert_int_equal(ref.trial, old.trial);
    assert_int_equal(ref.attempt, 2);
    assert_int_equal(disk_attempt(&world->disk, old)->state, ATTEMPT_LOST);
    assert_int_equal(trial_on_disk(world, 0)->charged, 0);

    send_result(world, 1, first, result(old, RESULT_DONE, NULL, 0));
    assert_int_equal(verdict(world, 1), VERDICT_STALE);
    assert_int_equal(world->actions.saves, 0);
    struct point point = loss(1, 1);
    send_points(world, 1, first, old, 0, &point, 1);
    assert_true(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.stale);
    beat_one(world, 1, first, old);
    assert_int_equal(told(world, 1, MESSAGE_BEAT_OK)->beat_ok.n_stale, 1);
    worker_finishes(world, 2, second, ref, 1);
    world_destroy(world);
}

static void a_beat_makes_a_lapsed_lease_whole(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    time_passes(world, LEASE_MS + 1);
    beat_one(world, 1, session, ref);
    uint64_t other = worker_joins(world, 2, 1);
    ask(world, 2, other, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world_destroy(world);
}

static void a_beat_extends_exactly_the_attempts_it_lists(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    uint64_t session = worker_joins(world, 1, 2);
    ask(world, 1, session, 2, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
    struct attempt_ref listed = { 1, 1, 1 };
    for (int i = 0; i < 7; i++) {
        time_passes(world, 5000);
        beat_one(world, 1, session, listed);
    }
    uint64_t other = worker_joins(world, 2, 2);
    ask(world, 2, other, 2, 0);
    assert_int_equal(told(world, 2, MESSAGE_TRIAL)->trial.ref.trial, 0);
    world_destroy(world);
}

static void a_trial_handed_back_waits_again_and_is_not_charged(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct message message = { .type = MESSAGE_RELEASE, .session = session };
    message.release.ref = ref;
    message.release.reason = "the worker leaves";
    say(world, 1, message);
    assert_int_equal(told(world, 1, MESSAGE_RELEASE_ACK)->release_ack.ref.attempt, 1);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
    assert_int_equal(trial_on_disk(world, 0)->charged, 0);
    assert_string_equal(disk_attempt(&world->disk, ref)->reason, "the worker leaves");

    say(world, 1, message); /* the acknowledgement was lost */
    assert_int_equal(told(world, 1, MESSAGE_RELEASE_ACK)->release_ack.ref.attempt, 1);
    assert_int_equal(world->actions.saves, 0);
    send_result(world, 1, session, result(ref, RESULT_DONE, NULL, 0));
    assert_int_equal(verdict(world, 1), VERDICT_STALE);
    ask(world, 1, session, 1, 1);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

static void a_failure_is_charged_and_tried_again_until_the_attempts_are_used_up(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session = worker_joins(world, 1, 1);
    for (int attempt = 1; attempt <= 3; attempt++) { /* max_attempts of a command */
        ask(world, 1, session, 1, attempt - 1);
        struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
        assert_int_equal(ref.attempt, attempt);
        worker_fails(world, 1, session, ref, "no such file");
        assert_int_equal(trial_on_disk(world, 0)->charged, attempt);
        assert_int_equal(trial_on_disk(world, 0)->state,
                         attempt < 3 ? TRIAL_WAITING : TRIAL_FAILED);
    }
    assert_string_equal(trial_on_disk(world, 0)->reason, "no such file");
    assert_int_equal(world->disk.n_outcomes, 1);
    world_destroy(world);
}

static void a_failed_result_is_acknowledged_again_while_its_trial_waits(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_fails(world, 1, session, ref, "no such file");
    worker_fails(world, 1, session, ref, "no such file");
    assert_int_equal(world->actions.saves, 0);
    assert_int_equal(trial_on_disk(world, 0)->charged, 1);
    world_destroy(world);
}

static void a_trial_whose_metric_was_not_finite_has_diverged_and_is_not_tried_again(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 3), loss(2, NAN), loss(3, 7) };
    send_points(world, 1, session, ref, 0, points, 3);
    send_result(world, 1, session, result(ref, RESULT_FAILED, points, 3));
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DIVERGED);
    assert_true(trial_on_disk(world, 0)->value == 3);
    assert_int_equal(trial_on_disk(world, 0)->charged, 0);
    assert_string_equal(trial_on_disk(world, 0)->reason, "metric `loss` was not a finite number");
    assert_false(status_of(world, "s")->has_best); /* it ranks worst, whatever it was before */
    world_destroy(world);
}

static void a_trial_without_its_metric_fails_and_the_reason_names_what_came(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { { 1, NAN, "accuracy", 0.5 }, { 1, NAN, "time", 3 } };
    send_points(world, 1, session, ref, 0, points, 2);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 2));
    assert_string_equal(trial_on_disk(world, 0)->reason,
                        "metric `loss` was never reported; got `accuracy`, `time`");
    assert_int_equal(trial_on_disk(world, 0)->charged, 1);
    world_destroy(world);
}

static void a_trial_whose_reports_were_ignored_fails_with_what_was_wrong_with_them(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct message message = result(ref, RESULT_DONE, NULL, 0);
    message.result.reason = "line 1: a report needs \"step\"";
    send_result(world, 1, session, message);
    assert_string_equal(trial_on_disk(world, 0)->reason,
                        "metric `loss` was never reported, nor any other metric; line 1: a report "
                        "needs \"step\"");
    world_destroy(world);
}

static void the_reason_is_honest_when_a_restart_has_forgotten_the_names(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point point = { 1, NAN, "accuracy", 0.5 };
    send_points(world, 1, session, ref, 0, &point, 1);
    coordinator_restarts(world);
    session = worker_joins(world, 1, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, &point, 1));
    assert_string_equal(disk_attempt(&world->disk, ref)->reason,
                        "metric `loss` was never reported, only other metrics");
    ask(world, 1, session, 1, 0);
    ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    send_result(world, 1, session, result(ref, RESULT_DONE, NULL, 0));
    assert_string_equal(disk_attempt(&world->disk, ref)->reason,
                        "metric `loss` was never reported, nor any other metric: a report is a "
                        "line of standard output, {\"step\": 1, \"metrics\": {\"loss\": 0.5}}");
    world_destroy(world);
}

static void a_failure_without_a_reason_gets_one_that_people_understand(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    static const struct {
        enum result_kind kind;
        const char *reason;
    } cases[] = { { RESULT_FAILED, "it ended with exit status 3" },
                  { RESULT_DIED, "its process was killed" },
                  { RESULT_TIMEOUT, "it ran longer than max_trial_duration" },
                  { RESULT_REFUSED, "the worker could not start it" } };
    uint64_t session = worker_joins(world, 1, 1);
    for (int i = 0; i < 4; i++) {
        ask(world, 1, session, 1, i);
        struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
        struct message message = result(ref, cases[i].kind, NULL, 0);
        message.result.exit_status = 3;
        send_result(world, 1, session, message);
        assert_int_equal(disk_attempt(&world->disk, ref)->state, ATTEMPT_FAILED);
        assert_string_equal(disk_attempt(&world->disk, ref)->reason, cases[i].reason);
    }
    world_destroy(world);
}

static void a_result_that_comes_before_its_points_is_told_how_many_are_there(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 3), loss(2, 1) };
    send_points(world, 1, session, ref, 0, points, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 2));
    assert_int_equal(verdict(world, 1), VERDICT_SHORT);
    assert_int_equal(told(world, 1, MESSAGE_RESULT_ACK)->result_ack.points, 1);
    assert_int_equal(world->actions.saves, 0);
    send_points(world, 1, session, ref, 1, points + 1, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 2));
    assert_int_equal(verdict(world, 1), VERDICT_RECORDED);
    world_destroy(world);
}

static void a_curve_that_is_not_the_recorded_one_fails_its_attempt(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 3) }, others[] = { loss(1, 2) };
    send_points(world, 1, session, ref, 0, points, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, others, 1));
    assert_int_equal(verdict(world, 1), VERDICT_RECORDED);
    assert_int_equal(disk_attempt(&world->disk, ref)->state, ATTEMPT_FAILED);
    assert_non_null(strstr(disk_attempt(&world->disk, ref)->reason, "is not the recorded one"));
    world_destroy(world);
}

static void points_that_overlap_are_skipped_and_a_gap_is_refused(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 4), loss(2, 3), loss(3, 2) };
    send_points(world, 1, session, ref, 2, points + 2, 1);
    assert_int_equal(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.points, 0);
    assert_int_equal(world->actions.saves, 0);
    send_points(world, 1, session, ref, 0, points, 2);
    send_points(world, 1, session, ref, 1, points + 1, 2);
    assert_int_equal(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.points, 3);
    send_points(world, 1, session, ref, 0, points, 3);
    assert_int_equal(world->actions.saves, 0);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 3));
    assert_int_equal(verdict(world, 1), VERDICT_RECORDED);
    world_destroy(world);
}

static void points_that_cannot_be_counted_are_malformed(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    static struct point points[MESSAGE_MAX_POINTS + 1];
    for (int i = 0; i <= MESSAGE_MAX_POINTS; i++)
        points[i] = loss(i, 1);
    send_points(world, 1, session, ref, 0, points, MESSAGE_MAX_POINTS + 1);
    error_told(world, 1, ERROR_MALFORMED);
    send_points(world, 1, session, ref, -1, points, 2);
    error_told(world, 1, ERROR_MALFORMED);
    send_points(world, 1, session, ref, INT64_MAX, points, 1);
    error_told(world, 1, ERROR_MALFORMED);
    assert_int_equal(world->disk.n_points, 0);
    send_points(world, 1, session, ref, 0, points, MESSAGE_MAX_POINTS);
    assert_int_equal(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.points, MESSAGE_MAX_POINTS);
    world_destroy(world);
}

static void another_workers_attempt_is_out_of_reach(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    uint64_t intruder = worker_joins(world, 2, 1);
    struct point point = loss(1, -1e9);
    send_points(world, 2, intruder, ref, 0, &point, 1);
    assert_true(told(world, 2, MESSAGE_POINTS_ACK)->points_ack.stale);
    send_result(world, 2, intruder, result(ref, RESULT_DONE, NULL, 0));
    assert_int_equal(verdict(world, 2), VERDICT_STALE);
    beat_one(world, 2, intruder, ref);
    assert_int_equal(told(world, 2, MESSAGE_BEAT_OK)->beat_ok.n_stale, 1);
    assert_int_equal(world->actions.saves, 0);
    world_destroy(world);
}

static void nonsense_references_are_stale(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    worker_takes_trial(world, 1, &session);
    struct attempt_ref nonsense[] = { { 0, 0, 0 },  { 1, -1, 1 }, { 1, 0, 2 },
                                      { 99, 0, 1 }, { 1, 7, 1 },  { INT64_MIN, INT64_MAX, -1 },
                                      { 1, 1, 1 } };
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        send_result(world, 1, session, result(nonsense[i], RESULT_DONE, NULL, 0));
        assert_int_equal(verdict(world, 1), VERDICT_STALE);
    }
    world_destroy(world);
}

static void a_worker_that_never_sends_the_points_it_tells_of_does_not_hold_its_trial(void **state)
{
    struct world *world = world_create();
    uint64_t session;
    submit(world, SPEC("\"trials\":1,\"max_attempts\":1"));
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 1), loss(2, 2), loss(3, 3) };
    struct message lacking = result(ref, RESULT_DONE, points, 3);
    for (int i = 0; i < 99; i++) {
        send_result(world, 1, session, lacking);
        assert_int_equal(verdict(world, 1), VERDICT_SHORT);
    }
    send_points(world, 1, session, ref, 0, points, 1); /* one came: patience begins anew */
    for (int i = 0; i < 100; i++) {
        send_result(world, 1, session, lacking);
        assert_int_equal(verdict(world, 1), VERDICT_SHORT);
    }
    send_result(world, 1, session, lacking);
    assert_int_equal(verdict(world, 1), VERDICT_RECORDED);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_FAILED);
    assert_string_equal(trial_on_disk(world, 0)->reason,
                        "its worker told of 3 points and sent no more than 1");
    world_destroy(world);
}

/* ---- trials that kill ------------------------------------------------------------------------ */

static void worker_dies_of(struct world *world, uint64_t peer, uint64_t session,
                           struct attempt_ref ref)
{
    struct message message = result(ref, RESULT_DIED, NULL, 0);
    message.result.reason = "killed by signal 9";
    send_result(world, peer, session, message);
    assert_int_equal(verdict(world, peer), VERDICT_RECORDED);
}

/* The only trial runs and kills its process on these workers, in turn. */
static struct world *deaths_on(const uint64_t *peers, size_t count)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"max_attempts\":100"));
    uint64_t sessions[3] = { worker_joins(world, 1, 1), worker_joins(world, 2, 1),
                             worker_joins(world, 3, 1) };
    int64_t received[3] = { 0 };
    for (size_t i = 0; i < count; i++) {
        uint64_t session = sessions[peers[i] - 1];
        int64_t *so_far = &received[peers[i] - 1];
        if (i > 0)
            assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
        ask(world, peers[i], session, 1, (*so_far)++);
        worker_dies_of(world, peers[i], session, told(world, peers[i], MESSAGE_TRIAL)->trial.ref);
    }
    return world;
}
#define DEATHS_ON(...)                                                                             \
    deaths_on((const uint64_t[]){ __VA_ARGS__ },                                                   \
              sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static void three_deaths_on_two_workers_quarantine_a_trial(void **state)
{
    struct world *world = DEATHS_ON(1, 2);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
    world_destroy(world);
    world = DEATHS_ON(1, 1, 2);
    const struct trial_row *row = trial_on_disk(world, 0);
    assert_int_equal(row->state, TRIAL_FAILED);
    assert_int_equal(row->deaths, 3);
    assert_int_equal(row->death_worker, 1);
    assert_true(row->deaths_spread);
    assert_string_equal(row->reason, "quarantined: its process died 3 times, on more than one "
                                     "worker; the last time: killed by signal 9");
    world_destroy(world);
}

static void five_deaths_on_one_worker_quarantine_a_trial_and_four_do_not(void **state)
{
    struct world *world = DEATHS_ON(3, 3, 3, 3);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
    assert_false(trial_on_disk(world, 0)->deaths_spread);
    world_destroy(world);
    world = DEATHS_ON(3, 3, 3, 3, 3);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_FAILED);
    assert_non_null(strstr(trial_on_disk(world, 0)->reason, "died 5 times; the last"));
    world_destroy(world);
    world = DEATHS_ON(3, 3, 3, 3, 1); /* the fifth is the first elsewhere */
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_FAILED);
    world_destroy(world);
}

static void failures_that_are_no_deaths_do_not_quarantine(void **state)
{
    struct world *world = DEATHS_ON(1, 2);
    uint64_t session = worker_joins(world, 3, 1);
    for (int64_t i = 0; i < 6; i++) {
        ask(world, 3, session, 1, i);
        worker_fails(world, 3, session, told(world, 3, MESSAGE_TRIAL)->trial.ref, "no");
    }
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
    assert_int_equal(trial_on_disk(world, 0)->deaths, 2);
    world_destroy(world);
}

static void a_quarantined_trial_that_is_retried_has_all_its_lives_again(void **state)
{
    struct world *world = DEATHS_ON(1, 2, 1);
    struct message message = { .type = MESSAGE_RETRY, .retry = { .name = "s", .failed = true } };
    say(world, CLIENT, message);
    const struct trial_row *row = trial_on_disk(world, 0);
    assert_int_equal(row->state, TRIAL_WAITING);
    assert_int_equal(row->deaths, 0);
    assert_int_equal(row->death_worker, 0);
    assert_false(row->deaths_spread);
    uint64_t session = worker_joins(world, 3, 1);
    ask(world, 3, session, 1, 0);
    worker_dies_of(world, 3, session, told(world, 3, MESSAGE_TRIAL)->trial.ref);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
    assert_int_equal(trial_on_disk(world, 0)->death_worker, 3);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_is_saved_before_it_is_sent),
        cmocka_unit_test(a_result_ends_its_trial_with_the_best_value),
        cmocka_unit_test(the_last_point_counts_where_the_spec_says_so),
        cmocka_unit_test(the_same_result_again_is_acknowledged_and_recorded_once),
        cmocka_unit_test(a_lapsed_lease_takes_nothing_until_another_worker_asks),
        cmocka_unit_test(a_lapsed_trial_goes_to_the_next_who_asks_and_the_old_attempt_is_stale),
        cmocka_unit_test(a_beat_makes_a_lapsed_lease_whole),
        cmocka_unit_test(a_beat_extends_exactly_the_attempts_it_lists),
        cmocka_unit_test(a_trial_handed_back_waits_again_and_is_not_charged),
        cmocka_unit_test(a_failure_is_charged_and_tried_again_until_the_attempts_are_used_up),
        cmocka_unit_test(a_failed_result_is_acknowledged_again_while_its_trial_waits),
        cmocka_unit_test(a_trial_whose_metric_was_not_finite_has_diverged_and_is_not_tried_again),
        cmocka_unit_test(a_trial_without_its_metric_fails_and_the_reason_names_what_came),
        cmocka_unit_test(a_trial_whose_reports_were_ignored_fails_with_what_was_wrong_with_them),
        cmocka_unit_test(the_reason_is_honest_when_a_restart_has_forgotten_the_names),
        cmocka_unit_test(a_failure_without_a_reason_gets_one_that_people_understand),
        cmocka_unit_test(a_result_that_comes_before_its_points_is_told_how_many_are_there),
        cmocka_unit_test(a_curve_that_is_not_the_recorded_one_fails_its_attempt),
        cmocka_unit_test(points_that_overlap_are_skipped_and_a_gap_is_refused),
        cmocka_unit_test(points_that_cannot_be_counted_are_malformed),
        cmocka_unit_test(another_workers_attempt_is_out_of_reach),
        cmocka_unit_test(nonsense_references_are_stale),
        cmocka_unit_test(a_worker_that_never_sends_the_points_it_tells_of_does_not_hold_its_trial),
        cmocka_unit_test(three_deaths_on_two_workers_quarantine_a_trial),
        cmocka_unit_test(five_deaths_on_one_worker_quarantine_a_trial_and_four_do_not),
        cmocka_unit_test(failures_that_are_no_deaths_do_not_quarantine),
        cmocka_unit_test(a_quarantined_trial_that_is_retried_has_all_its_lives_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
