/* What is kept of the points of an attempt, and of its end. */
#include "tests/unit/coordinator/core/world.h"

static const struct attempt_row *latest_on_disk(const struct world *world, struct attempt_ref ref)
{
    const struct attempt_row *row = disk_attempt(&world->disk, ref);
    assert_non_null(row);
    return row;
}

static void the_last_step_is_the_largest(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(5, 1), loss(9, 1), loss(7, 1) };
    send_points(world, 1, session, ref, 0, points, 1);
    assert_int_equal(latest_on_disk(world, ref)->last_step, 5);
    send_points(world, 1, session, ref, 1, points + 1, 2);
    assert_int_equal(latest_on_disk(world, ref)->last_step, 9);
    world_destroy(world);
}

/* The sign of a zero shows which of two equal values was taken. */
static double best_of_zeros(const char *goal, double first, double second)
{
    struct world *world = world_create();
    char spec[512];
    snprintf(spec, sizeof spec,
             "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\",\"goal\":\"%s\"},"
             "\"sampler\":{\"name\":\"random\"},\"trials\":1,\"parameters\":{\"x\":"
             "{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}",
             goal);
    submit(world, spec);
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, first), loss(2, second) };
    send_points(world, 1, session, ref, 0, points, 2);
    double best = latest_on_disk(world, ref)->best;
    world_destroy(world);
    return best;
}

static void of_equal_values_the_first_stays_the_best(void **state)
{
    assert_false(signbit(best_of_zeros("minimize", 0.0, -0.0)));
    assert_true(signbit(best_of_zeros("minimize", -0.0, 0.0)));
    assert_false(signbit(best_of_zeros("maximize", 0.0, -0.0)));
    assert_true(signbit(best_of_zeros("maximize", -0.0, 0.0)));
}

static void points_may_be_counted_up_to_the_end_of_numbers(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point point = loss(1, 1);
    send_points(world, 1, session, ref, INT64_MAX - MESSAGE_MAX_POINTS, &point, 1);
    assert_int_equal(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.points, 0);
    send_points(world, 1, session, ref, INT64_MAX - MESSAGE_MAX_POINTS + 1, &point, 1);
    error_told(world, 1, ERROR_MALFORMED);
    world_destroy(world);
}

static void what_is_stale_has_no_points(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point point = loss(1, 1);
    send_points(world, 1, session, ref, 0, &point, 1);
    struct attempt_ref other = ref;
    other.attempt = 2;
    send_points(world, 1, session, other, 0, &point, 1);
    assert_true(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.stale);
    assert_int_equal(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.points, 0);
    send_result(world, 1, session, result(other, RESULT_DONE, &point, 1));
    assert_int_equal(verdict(world, 1), VERDICT_STALE);
    assert_int_equal(told(world, 1, MESSAGE_RESULT_ACK)->result_ack.points, 0);
    world_destroy(world);
}

static void what_a_run_took_is_recorded(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct message message = result(ref, RESULT_FAILED, NULL, 0);
    message.result.exit_status = 3;
    message.result.duration_ms = 1234;
    message.result.cpu_ms = 567;
    message.result.peak_memory_bytes = 89;
    message.result.log = "the log";
    message.result.info = "{\"core\":\"Zen\"}";
    send_result(world, 1, session, message);
    const struct attempt_row *row = latest_on_disk(world, ref);
    assert_int_equal(row->exit_status, 3);
    assert_int_equal(row->duration_ms, 1234);
    assert_int_equal(row->cpu_ms, 567);
    assert_int_equal(row->peak_memory_bytes, 89);
    assert_string_equal(row->log, "the log");
    assert_string_equal(row->info, "{\"core\":\"Zen\"}");
    world_destroy(world);
}

static void a_diverged_trial_has_no_last_value(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\",\"over_time\":"
                  "\"last\"},\"sampler\":{\"name\":\"random\"},\"trials\":1,\"parameters\":{\"x\":"
                  "{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}");
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 3), loss(2, NAN) };
    send_points(world, 1, session, ref, 0, points, 2);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 2));
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_DIVERGED);
    assert_false(trial_on_disk(world, 0)->has_value);
    world_destroy(world);
}

static void a_trial_without_a_value_has_zero_there(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point point = loss(1, NAN);
    send_points(world, 1, session, ref, 0, &point, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, &point, 1));
    assert_false(trial_on_disk(world, 0)->has_value);
    assert_true(trial_on_disk(world, 0)->value == 0);
    world_destroy(world);
}

static struct point other_metric(const char *name)
{
    return (struct point){ .step = 1, .epoch = NAN, .metric = name, .value = 1 };
}

static void names_of_other_metrics_are_listed_once_and_up_to_a_limit(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"max_attempts\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    static char names[20][8];
    struct point points[40];
    for (int i = 0; i < 40; i++) {
        snprintf(names[i % 20], sizeof names[0], "m%d", i % 20);
        points[i] = other_metric(names[i % 20]);
    }
    send_points(world, 1, session, ref, 0, points, 40);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 40));
    assert_string_equal(trial_on_disk(world, 0)->reason,
                        "metric `loss` was never reported; got `m0`, `m1`, `m2`, `m3`, `m4`, `m5`, "
                        "`m6`, `m7`, `m8`, `m9`, `m10`, `m11`, `m12`, `m13`, `m14`, `m15`");
    world_destroy(world);
}

static void a_name_that_comes_again_in_a_later_message_is_listed_once(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"max_attempts\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { other_metric("a"), other_metric("b"), other_metric("a"),
                              other_metric("b") };
    for (int64_t i = 0; i < 4; i++)
        send_points(world, 1, session, ref, i, &points[i], 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 4));
    assert_string_equal(trial_on_disk(world, 0)->reason,
                        "metric `loss` was never reported; got `a`, `b`");
    world_destroy(world);
}

static void the_metric_that_others_reported_is_not_among_them(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"max_attempts\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 0.5);
    ask(world, 1, session, 1, 1);
    ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    struct point point = other_metric("a");
    send_points(world, 1, session, ref, 0, &point, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, &point, 1));
    assert_string_equal(trial_on_disk(world, 1)->reason,
                        "metric `loss` was never reported; got `a`");
    world_destroy(world);
}

static void refuse_points(struct world *world, uint64_t peer, uint64_t session,
                          struct attempt_ref ref)
{
    struct point point = loss(2, 1);
    const struct message message = {
        .type = MESSAGE_POINTS,
        .session = session,
        .points = { .ref = ref, .first = 1, .points = &point, .n_points = 1 }
    };
    world_step(world, (struct event){ .type = EVENT_MESSAGE,
                                      .peer = peer,
                                      .message = &message,
                                      .key = world->key,
                                      .refusal = "there is no room for them" });
}

static void points_that_cannot_be_saved_fail_their_attempt(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"max_attempts\":2"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point point = loss(1, 1);
    send_points(world, 1, session, ref, 0, &point, 1);
    refuse_points(world, 1, session, ref);
    assert_true(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.stale);
    const struct attempt_row *row = latest_on_disk(world, ref);
    assert_int_equal(row->state, ATTEMPT_FAILED);
    assert_string_equal(row->reason, "there is no room for them");
    assert_int_equal(row->points, 1);
    assert_int_equal(trial_on_disk(world, 0)->charged, 1);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING); /* to be tried again */
    world_destroy(world);
}

static void points_that_are_stale_and_cannot_be_saved_change_nothing(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session), other = ref;
    other.attempt = 2;
    refuse_points(world, 1, session, other);
    assert_true(told(world, 1, MESSAGE_POINTS_ACK)->points_ack.stale);
    assert_int_equal(latest_on_disk(world, ref)->state, ATTEMPT_RUNNING);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_step_is_the_largest),
        cmocka_unit_test(of_equal_values_the_first_stays_the_best),
        cmocka_unit_test(points_may_be_counted_up_to_the_end_of_numbers),
        cmocka_unit_test(what_is_stale_has_no_points),
        cmocka_unit_test(points_that_cannot_be_saved_fail_their_attempt),
        cmocka_unit_test(points_that_are_stale_and_cannot_be_saved_change_nothing),
        cmocka_unit_test(what_a_run_took_is_recorded),
        cmocka_unit_test(a_diverged_trial_has_no_last_value),
        cmocka_unit_test(a_trial_without_a_value_has_zero_there),
        cmocka_unit_test(a_name_that_comes_again_in_a_later_message_is_listed_once),
        cmocka_unit_test(names_of_other_metrics_are_listed_once_and_up_to_a_limit),
        cmocka_unit_test(the_metric_that_others_reported_is_not_among_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
