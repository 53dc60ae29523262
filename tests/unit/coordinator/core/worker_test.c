/* Sessions, what a worker holds, and credit. */
#include "tests/unit/coordinator/core/world.h"

static void a_worker_is_welcomed_with_a_session_and_saved(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 2);
    assert_true(session != 0);
    const struct message *welcome = told(world, 1, MESSAGE_WELCOME);
    assert_int_equal(welcome->id, 77);
    assert_int_equal(welcome->welcome.lease_ms, LEASE_MS);
    assert_int_equal(welcome->welcome.beat_ms, 5000);
    assert_int_equal(disk_worker(&world->disk, 1)->slots, 2);
    world_destroy(world);
}

/* ---- renewed connections */

enum { CROWD = 2, MESSAGES = 5 };

static struct world *world_with_a_crowd(void)
{
    struct world *world = world_create();
    core_destroy(&world->core);
    world->crowd = CROWD;
    world->renew_messages = MESSAGES;
    world->core = world_core(world);
    return world;
}

static bool is_asked_to_renew(struct world *world, uint64_t peer, uint64_t session)
{
    say(world, peer, (struct message){ .type = MESSAGE_BEAT, .session = session });
    return told(world, peer, MESSAGE_BEAT_OK)->beat_ok.renew;
}

static void in_a_crowd_whoever_said_much_is_asked_for_a_new_connection(void **state)
{
    struct world *world = world_with_a_crowd();
    uint64_t session = 0;
    for (uint64_t peer = 1; peer <= CROWD + 1; peer++)
        session = worker_joins(world, peer, 1);
    for (int i = 2; i < MESSAGES; i++)
        assert_false(is_asked_to_renew(world, CROWD + 1, session));
    assert_true(is_asked_to_renew(world, CROWD + 1, session));
    session = worker_joins(world, CROWD + 1, 1);
    world->now_ms += 1000;
    assert_false(is_asked_to_renew(world, CROWD + 1, session));
    world_destroy(world);
}

static void they_are_asked_one_after_another(void **state)
{
    struct world *world = world_with_a_crowd();
    uint64_t session = 0;
    for (uint64_t peer = 1; peer <= CROWD + 1; peer++)
        session = worker_joins(world, peer, 1);
    for (int i = 2; i < MESSAGES; i++)
        is_asked_to_renew(world, CROWD + 1, session);
    for (int i = 0; i <= 16; i++) /* now, and for each of the 20 ms before */
        assert_true(is_asked_to_renew(world, CROWD + 1, session));
    assert_false(is_asked_to_renew(world, CROWD + 1, session));
    world->now_ms += 19;
    assert_false(is_asked_to_renew(world, CROWD + 1, session));
    world->now_ms += 1;
    assert_true(is_asked_to_renew(world, CROWD + 1, session));
    assert_false(is_asked_to_renew(world, CROWD + 1, session));
    world_destroy(world);
}

static void a_few_workers_keep_their_connections(void **state)
{
    struct world *world = world_with_a_crowd();
    uint64_t session = 0;
    for (uint64_t peer = 1; peer <= CROWD; peer++)
        session = worker_joins(world, peer, 1);
    for (int i = 0; i < 3 * MESSAGES; i++)
        assert_false(is_asked_to_renew(world, CROWD, session));
    world_destroy(world);
}

static void workers_of_one_name_are_told_apart_by_their_instance(void **state)
{
    struct world *world = world_create();
    assert_true(worker_joins(world, 1, 1) != worker_joins(world, 2, 1));
    assert_int_equal(world->disk.n_workers, 2);
    world_destroy(world);
}

static void a_message_of_no_session_is_told_to_say_hello(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    enum message_type types[] = { MESSAGE_ASK, MESSAGE_BEAT, MESSAGE_POINTS, MESSAGE_RESULT,
                                  MESSAGE_RELEASE };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        say(world, 1, (struct message){ .type = types[i], .session = 5 });
        error_told(world, 1, ERROR_UNKNOWN_SESSION);
        say(world, 1, (struct message){ .type = types[i] });
        error_told(world, 1, ERROR_UNKNOWN_SESSION);
    }
    world_destroy(world);
}

static void a_session_belongs_to_the_peer_that_said_hello(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 2, session, 1, 0);
    error_told(world, 2, ERROR_UNKNOWN_SESSION);
    ask(world, 1, session, 1, 0);
    assert_int_equal(world->n_sent, 0);
    world_destroy(world);
}

static void a_new_hello_of_a_worker_replaces_its_session(void **state)
{
    struct world *world = world_create();
    uint64_t old = worker_joins(world, 1, 1);
    say(world, 2, hello(1, 1)); /* the same instance, from another connection */
    uint64_t session = told(world, 2, MESSAGE_WELCOME)->session;
    ask(world, 1, old, 1, 0);
    error_told(world, 1, ERROR_UNKNOWN_SESSION);
    ask(world, 2, session, 1, 0);
    assert_int_equal(world->n_sent, 0);
    assert_int_equal(world->disk.n_workers, 1);
    world_destroy(world);
}

static void sessions_of_before_a_restart_are_unknown_after_it(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 1);
    coordinator_restarts(world);
    ask(world, 1, session, 1, 0);
    error_told(world, 1, ERROR_UNKNOWN_SESSION);
    world->now_ms++;
    assert_true(worker_joins(world, 1, 1) != session);
    world_destroy(world);
}

static void hello_keeps_what_is_current_and_drops_what_is_not(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    uint64_t session = worker_joins(world, 1, 2);
    ask(world, 1, session, 2, 0);
    struct point point = loss(1, 1);
    struct attempt_ref mine = { 1, 0, 1 };
    send_points(world, 1, session, mine, 0, &point, 1);
    coordinator_restarts(world);

    struct held_attempt held[] = { { .ref = mine, .step = 1 },
                                   { .ref = { 1, 1, 7 }, .step = 1 },
                                   { .ref = { 1, 1, 1 }, .step = -1 } };
    struct message message = hello(1, 2);
    message.hello.held = held;
    message.hello.n_held = 3;
    say(world, 5, message);
    const struct message *welcome = told(world, 5, MESSAGE_WELCOME);
    assert_int_equal(welcome->welcome.n_kept, 3);
    assert_false(welcome->welcome.kept[0].stale);
    assert_int_equal(welcome->welcome.kept[0].points, 1);
    assert_true(welcome->welcome.kept[1].stale);
    assert_false(welcome->welcome.kept[2].stale);
    world_destroy(world);
}

static void a_result_whose_acknowledgement_was_lost_is_sent_again_and_acknowledged(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 0.5);
    coordinator_restarts(world);

    struct held_attempt finished = { .ref = ref, .step = 1, .has_result = true };
    struct held_attempt unfinished = { .ref = ref, .step = 1 };
    struct message message = hello(1, 1);
    message.hello.n_held = 1;
    message.hello.held = &unfinished;
    say(world, 2, message);
    assert_true(told(world, 2, MESSAGE_WELCOME)->welcome.kept[0].stale);
    message.hello.held = &finished;
    say(world, 3, message);
    const struct message *welcome = told(world, 3, MESSAGE_WELCOME);
    session = welcome->session;
    assert_false(welcome->welcome.kept[0].stale);
    assert_int_equal(welcome->welcome.kept[0].points, 1);
    send_result(world, 3, session, result(ref, RESULT_DONE, NULL, 0));
    assert_int_equal(told(world, 3, MESSAGE_RESULT_ACK)->result_ack.verdict, VERDICT_RECORDED);
    world_destroy(world);
}

static void what_hello_does_not_name_may_go_to_others_at_once(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_joins(world, 1, 1); /* the TRIAL was lost with the connection */
    uint64_t other;
    assert_int_equal(worker_takes_trial(world, 2, &other).trial, ref.trial);
    world_destroy(world);
}

static void trials_in_flight_are_taken_off_the_free_slots(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    uint64_t session = worker_joins(world, 1, 2);
    ask(world, 1, session, 2, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
    ask(world, 1, session, 2, 0); /* sent before they arrived */
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    ask(world, 1, session, 1, 1); /* one arrived, the other has not */
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    ask(world, 1, session, 1, 2); /* both arrived, one has ended */
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 1);
    world_destroy(world);
}

static void an_ask_that_was_overtaken_changes_nothing(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 2);
    submit(world, SPEC("\"trials\":9"));
    ask(world, 1, session, 2, 0);
    ask(world, 1, session, 0, 2);
    ask(world, 1, session, 2, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world_destroy(world);
}

static void nobody_gets_more_trials_than_its_slots(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    uint64_t session = worker_joins(world, 1, 2);
    ask(world, 1, session, INT32_MAX, INT64_MAX);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
    ask(world, 1, session, -5, INT64_MAX);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world_destroy(world);
}

static void a_trial_that_never_arrived_does_not_hold_its_slot_for_ever(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    worker_takes_trial(world, 1, &session);
    for (int i = 0; i < 7; i++) { /* the worker lives, and never speaks of the trial */
        time_passes(world, 5000);
        beat(world, 1, session, NULL, 0);
    }
    ask(world, 1, session, 1, 0);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

#define SECOND_SPEC                                                                                \
    "{\"name\":\"t\",\"command\":[\"train\"],\"metric\":{\"name\":\"loss\"},\"trials\":1,"         \
    "\"sampler\":{\"name\":\"random\"},\"parameters\":{\"x\":{\"min\":0.0,\"max\":1.0}}}"

static void nor_does_one_that_was_cancelled_before_it_arrived(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    worker_takes_trial(world, 1, &session);
    stop(world, "s", true);
    submit_with_key(world, "another", SECOND_SPEC);
    ask(world, 1, session, 1, 0);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.study, 2);
    world_destroy(world);
}

static void a_worker_that_left_is_not_counted_on(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    world_step(world, (struct event){ .type = EVENT_PEER_GONE, .peer = 1 });
    submit(world, SPEC("\"trials\":1"));
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world_step(world, (struct event){ .type = EVENT_PEER_GONE, .peer = 1 }); /* no harm */
    world_destroy(world);
}

static void a_silent_session_is_forgotten(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 1);
    uint64_t other = worker_joins(world, 2, 1);
    time_passes(world, 4 * LEASE_MS - 1);
    beat(world, 2, other, NULL, 0);
    time_passes(world, 2);
    beat(world, 2, other, NULL, 0);
    told(world, 2, MESSAGE_BEAT_OK);
    beat(world, 1, session, NULL, 0);
    error_told(world, 1, ERROR_UNKNOWN_SESSION);
    world_destroy(world);
}

static void a_worker_is_told_to_drop_what_was_cancelled(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    stop(world, "s", true);
    beat_one(world, 1, session, ref);
    const struct message *answer = told(world, 1, MESSAGE_BEAT_OK);
    assert_int_equal(answer->beat_ok.n_cancel, 1);
    assert_true(attempt_ref_equal(answer->beat_ok.cancel[0], ref));
    assert_int_equal(answer->beat_ok.n_stale, 0);
    send_result(world, 1, session, result(ref, RESULT_DONE, NULL, 0));
    assert_int_equal(verdict(world, 1), VERDICT_STALE);
    world_destroy(world);
}

static void a_pause_of_the_disk_extends_every_lease(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session, other = worker_joins(world, 2, 1);
    worker_takes_trial(world, 1, &session);
    time_passes(world, LEASE_MS + 1000); /* lapsed, because nothing could be heard */
    world_step(world, (struct event){ .type = EVENT_PAUSE, .pause_ms = LEASE_MS });
    ask(world, 2, other, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    time_passes(world, LEASE_MS);
    assert_int_equal(told(world, 2, MESSAGE_TRIAL)->trial.ref.attempt, 2);
    world_destroy(world);
}

static void a_senseless_hello_is_refused_with_the_reason(void **state)
{
    struct world *world = world_create();
    say(world, 1, hello(0, 1));
    error_told(world, 1, ERROR_REFUSED);
    say(world, 1, hello(1, 0));
    error_told(world, 1, ERROR_REFUSED);
    say(world, 1, hello(1, MESSAGE_MAX_HELD));
    told(world, 1, MESSAGE_WELCOME);
    say(world, 1, hello(1, MESSAGE_MAX_HELD + 1));
    assert_string_equal(error_told(world, 1, ERROR_REFUSED), "a worker has 1 to 1024 slots");
    world_destroy(world);
}

static void
messages_that_only_a_coordinator_sends_are_refused_and_errors_never_answered(void **state)
{
    struct world *world = world_create();
    say(world, 1, (struct message){ .type = MESSAGE_WELCOME });
    error_told(world, 1, ERROR_REFUSED);
    say(world, 1, (struct message){ .type = 999 });
    error_told(world, 1, ERROR_REFUSED);
    say(world, 1, (struct message){ .type = MESSAGE_ERROR, .error.text = "" });
    assert_int_equal(world->n_sent, 0);
    world_destroy(world);
}

/* What the loop steps while the disk is full. The other direction is checked after every step of
 * every test. */
static void only_messages_that_change_rows_count_as_saving(void **state)
{
    for (int type = MESSAGE_NONE; type < MESSAGE_TYPES + 1; type++) {
        struct message message = { .type = (enum message_type)type };
        struct event event = { .type = EVENT_MESSAGE, .message = &message };
        bool saves = type == MESSAGE_HELLO || type == MESSAGE_POINTS || type == MESSAGE_RESULT ||
                     type == MESSAGE_RELEASE || type == MESSAGE_SUBMIT || type == MESSAGE_STOP ||
                     type == MESSAGE_RERUN || type == MESSAGE_PAUSE || type == MESSAGE_RESUME ||
                     type == MESSAGE_DRAIN || type == MESSAGE_RETRY || type == MESSAGE_AUDIT;
        assert_int_equal(core_event_saves(&event), saves);
    }
    assert_false(core_event_saves(&(struct event){ .type = EVENT_TICK }));
    assert_false(core_event_saves(&(struct event){ .type = EVENT_PEER_GONE }));
}

/* ---- keys and rows --------------------------------------------------------------------------- */

static void an_instance_belongs_to_the_key_that_it_first_came_with(void **state)
{
    struct world *world = world_create();
    world->key = "Alice";
    worker_joins(world, 1, 1);
    assert_string_equal(disk_worker(&world->disk, 1)->key, "Alice");
    world->key = "Bob";
    say(world, 2, hello(1, 3));
    assert_non_null(strstr(error_told(world, 2, ERROR_FORBIDDEN), "another key"));
    assert_int_equal(world->actions.saves, 0);
    assert_int_equal(disk_worker(&world->disk, 1)->slots, 1);
    coordinator_restarts(world);
    say(world, 2, hello(1, 3));
    error_told(world, 2, ERROR_FORBIDDEN);
    world->key = NULL; /* no key is another one, too */
    say(world, 2, hello(1, 3));
    error_told(world, 2, ERROR_FORBIDDEN);
    world->key = "Alice";
    say(world, 3, hello(1, 1));
    told(world, 3, MESSAGE_WELCOME);
    assert_string_equal(disk_worker(&world->disk, 1)->key, "Alice");
    world_destroy(world);
}

static void a_session_is_used_by_its_key_alone(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    world->key = "Alice";
    uint64_t session = worker_joins(world, 1, 1);
    world->key = "Bob";
    ask(world, 1, session, 1, 0);
    error_told(world, 1, ERROR_FORBIDDEN);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world->key = "Alice";
    ask(world, 1, session, 1, 0);
    told(world, 1, MESSAGE_TRIAL);
    world_destroy(world);
}

static void whoever_comes_under_ever_new_names_leaves_one_row(void **state)
{
    struct world *world = world_create();
    for (uint64_t instance = 1; instance <= 20; instance++) {
        say(world, 1, hello(instance, 1));
        told(world, 1, MESSAGE_WELCOME);
    }
    assert_int_equal(world->disk.n_workers, 2); /* the one here, and the one that it was before */
    assert_int_equal(disk_worker(&world->disk, 2)->instance, 20);
    coordinator_restarts(world);
    worker_joins(world, 1, 1); /* row 1 or 2 may be named by attempts, for all we know now */
    assert_int_equal(world->disk.n_workers, 3);
    world_destroy(world);
}

static void the_row_of_a_worker_that_was_given_a_trial_stays_its_own(void **state)
{
    struct world *world = world_create();
    uint64_t session;
    submit(world, SPEC("\"trials\":3"));
    worker_takes_trial(world, 1, &session);
    say(world, 1, hello(2, 1));
    say(world, 1, hello(3, 1));
    say(world, 1, hello(4, 1));
    assert_int_equal(disk_worker(&world->disk, 1)->instance, 1);
    assert_int_equal(world->disk.n_workers, 3);
    world_destroy(world);
}

static void the_number_of_workers_is_bounded(void **state)
{
    struct world *world = world_create();
    core_destroy(&world->core);
    world->max_workers = 2;
    world->core = world_core(world);
    worker_joins(world, 1, 1);
    worker_joins(world, 2, 1);
    say(world, 3, hello(3, 1));
    error_told(world, 3, ERROR_REFUSED);
    worker_joins(world, 2, 1); /* it is known */
    world_step(world, (struct event){ .type = EVENT_PEER_GONE, .peer = 1 });
    worker_joins(world, 3, 1);
    assert_int_equal(disk_worker(&world->disk, 1)->instance, 3);
    world_destroy(world);
}

/* ---- the end of a worker --------------------------------------------------------------------- */

static void says_goodbye(struct world *world, uint64_t peer, uint64_t session)
{
    struct message message = { .type = MESSAGE_BEAT, .session = session };
    message.beat.note = "left: drained";
    message.beat.leaving = true;
    say(world, peer, message);
}

static void a_goodbye_ends_the_session_at_once_and_is_not_answered(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 2);
    ask(world, 1, session, 2, 0);
    says_goodbye(world, 1, session);
    assert_int_equal(world->n_sent, 0);
    submit(world, SPEC("\"trials\":1"));
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0); /* what it asked for is forgotten */
    says_goodbye(world, 1, session);                       /* repeated by the network */
    error_told(world, 1, ERROR_UNKNOWN_SESSION);
    world_destroy(world);
}

static void a_goodbye_of_another_peer_or_session_ends_nothing(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 1), other = worker_joins(world, 2, 1);
    says_goodbye(world, 2, session);
    error_told(world, 2, ERROR_UNKNOWN_SESSION);
    says_goodbye(world, 1, other);
    error_told(world, 1, ERROR_UNKNOWN_SESSION);
    beat(world, 1, session, NULL, 0);
    told(world, 1, MESSAGE_BEAT_OK);
    world_destroy(world);
}

static void whoever_says_goodbye_and_has_trials_stays_and_keeps_them(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct held_attempt held = { .ref = ref, .step = -1 };
    struct message message = { .type = MESSAGE_BEAT, .session = session };
    message.beat.leaving = true;
    message.beat.held = &held;
    message.beat.n_held = 1;
    say(world, 1, message); /* it names the trial: a beat like any other */
    told(world, 1, MESSAGE_BEAT_OK);
    says_goodbye(world, 1, session); /* now it does not, but has spoken of it before */
    told(world, 1, MESSAGE_BEAT_OK);
    uint64_t other = worker_joins(world, 2, 1);
    ask(world, 2, other, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    worker_finishes(world, 1, session, ref, 0.5);
    assert_int_equal(disk_trial(&world->disk, 1, 0)->state, TRIAL_DONE);
    world_destroy(world);
}

static void a_trial_on_its_way_to_a_worker_that_left_goes_to_the_next_at_once(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session, other;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    says_goodbye(world, 1, session);
    struct attempt_ref again = worker_takes_trial(world, 2, &other);
    assert_int_equal(again.trial, ref.trial);
    assert_int_equal(again.attempt, ref.attempt + 1);
    assert_int_equal(disk_trial(&world->disk, 1, 0)->charged, 0);
    world_destroy(world);
}

static void whoever_said_goodbye_may_come_back(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    uint64_t session;
    worker_finishes(world, 1, session, worker_takes_trial(world, 1, &session), 0.5);
    says_goodbye(world, 1, session);
    worker_takes_trial(world, 1, &session); /* the same process */
    assert_int_equal(world->disk.n_workers, 1);
    beat(world, 1, session, NULL, 0);
    told(world, 1, MESSAGE_BEAT_OK);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_is_welcomed_with_a_session_and_saved),
        cmocka_unit_test(in_a_crowd_whoever_said_much_is_asked_for_a_new_connection),
        cmocka_unit_test(they_are_asked_one_after_another),
        cmocka_unit_test(a_few_workers_keep_their_connections),
        cmocka_unit_test(workers_of_one_name_are_told_apart_by_their_instance),
        cmocka_unit_test(a_message_of_no_session_is_told_to_say_hello),
        cmocka_unit_test(a_session_belongs_to_the_peer_that_said_hello),
        cmocka_unit_test(a_new_hello_of_a_worker_replaces_its_session),
        cmocka_unit_test(sessions_of_before_a_restart_are_unknown_after_it),
        cmocka_unit_test(hello_keeps_what_is_current_and_drops_what_is_not),
        cmocka_unit_test(
            a_result_whose_acknowledgement_was_lost_is_sent_again_and_acknowledged),
        cmocka_unit_test(what_hello_does_not_name_may_go_to_others_at_once),
        cmocka_unit_test(trials_in_flight_are_taken_off_the_free_slots),
        cmocka_unit_test(an_ask_that_was_overtaken_changes_nothing),
        cmocka_unit_test(nobody_gets_more_trials_than_its_slots),
        cmocka_unit_test(a_trial_that_never_arrived_does_not_hold_its_slot_for_ever),
        cmocka_unit_test(nor_does_one_that_was_cancelled_before_it_arrived),
        cmocka_unit_test(a_worker_that_left_is_not_counted_on),
        cmocka_unit_test(a_silent_session_is_forgotten),
        cmocka_unit_test(a_worker_is_told_to_drop_what_was_cancelled),
        cmocka_unit_test(a_pause_of_the_disk_extends_every_lease),
        cmocka_unit_test(a_senseless_hello_is_refused_with_the_reason),
        cmocka_unit_test(an_instance_belongs_to_the_key_that_it_first_came_with),
        cmocka_unit_test(a_session_is_used_by_its_key_alone),
        cmocka_unit_test(whoever_comes_under_ever_new_names_leaves_one_row),
        cmocka_unit_test(the_row_of_a_worker_that_was_given_a_trial_stays_its_own),
        cmocka_unit_test(the_number_of_workers_is_bounded),
        cmocka_unit_test(a_goodbye_ends_the_session_at_once_and_is_not_answered),
        cmocka_unit_test(a_goodbye_of_another_peer_or_session_ends_nothing),
        cmocka_unit_test(whoever_says_goodbye_and_has_trials_stays_and_keeps_them),
        cmocka_unit_test(a_trial_on_its_way_to_a_worker_that_left_goes_to_the_next_at_once),
        cmocka_unit_test(whoever_said_goodbye_may_come_back),
        cmocka_unit_test(only_messages_that_change_rows_count_as_saving),
        cmocka_unit_test(
            messages_that_only_a_coordinator_sends_are_refused_and_errors_never_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
