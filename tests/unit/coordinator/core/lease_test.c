/* Leases and places in line, where two things happen to them. */
#include "tests/unit/coordinator/core/world.h"

#include "coordinator/core/heap.h"
#include "coordinator/core/index.h"

static size_t trials_when_asked(struct world *world, uint64_t peer, uint64_t session, int32_t free,
                                int64_t received)
{
    ask(world, peer, session, free, received);
    return times_told(world, MESSAGE_TRIAL);
}

static void a_trial_that_was_heard_of_is_in_flight_until_the_worker_counts_it(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    beat_one(world, 1, session, ref); /* so it did arrive */
    time_passes(world, LEASE_MS);
    assert_int_equal(trials_when_asked(world, 1, session, 1, 0), 0); /* asked before it arrived */
    assert_int_equal(trials_when_asked(world, 1, session, 1, 1), 1);
    world_destroy(world);
}

static void a_second_attempt_that_never_arrived_frees_its_slot_too(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    beat_one(world, 1, session, ref);
    struct message message = { .type = MESSAGE_RELEASE, .session = session };
    message.release.ref = ref;
    message.release.reason = "";
    say(world, 1, message);
    assert_int_equal(trials_when_asked(world, 1, session, 1, 1), 1);
    for (int i = 0; i < 7; i++) { /* the worker lives, and never speaks of attempt 2 */
        time_passes(world, 5000);
        beat(world, 1, session, NULL, 0);
    }
    assert_int_equal(trials_when_asked(world, 1, session, 1, 1), 1);
    world_destroy(world);
}

static void of_lapsed_trials_the_first_goes_first_whoever_says_hello_meanwhile(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2"));
    uint64_t session, other;
    struct attempt_ref first = worker_takes_trial(world, 1, &session);
    time_passes(world, 1);
    worker_takes_trial(world, 2, &other);
    time_passes(world, LEASE_MS);
    worker_joins(world, 1, 1); /* holding nothing */
    uint64_t third = worker_joins(world, 3, 1);
    ask(world, 3, third, 1, 0);
    assert_int_equal(told(world, 3, MESSAGE_TRIAL)->trial.ref.trial, first.trial);
    world_destroy(world);
}

/* One event of a turn that goes on. */
static void step_only(struct world *world, uint64_t peer, struct message message)
{
    struct event event = { .type = EVENT_MESSAGE, .now_ms = world->now_ms, .peer = peer,
                           .wall_ms = world_wall(world), .message = &message };
    struct error error = { "" };
    core_step(world->core, &event, &world->actions);
    if (!core_check(world->core, &error))
        fail_msg("%s", error.text);
}

/* Its worker comes back without it, and in the same turn somebody has the study go on. */
static void what_a_stopped_study_lost_is_not_cancelled_if_it_goes_on_in_that_turn(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"max_attempts\":1"));
    uint64_t session = worker_joins(world, 1, 2), other = worker_joins(world, 2, 1);
    ask(world, 1, session, 2, 0);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, "no");
    stop(world, "s", false);
    struct message retry = { .type = MESSAGE_RETRY };
    retry.retry.name = "s";
    retry.retry.failed = true;
    actions_clear(&world->actions);
    step_only(world, 1, hello(1, 2));
    step_only(world, CLIENT, retry);
    core_assign(world->core, world->now_ms, world_wall(world), &world->actions);
    world_end_turn(world);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_RUNNING);
    ask(world, 2, other, 1, 0);
    struct attempt_ref second = { 1, 1, 2 };
    assert_true(attempt_ref_equal(told(world, 2, MESSAGE_TRIAL)->trial.ref, second));
    world_destroy(world);
}

static void a_full_disk_does_not_end_a_session_nor_a_single_lease(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    int64_t pause_ms = 5 * LEASE_MS;
    world->now_ms += pause_ms;
    world_step(world, (struct event){ .type = EVENT_PAUSE, .pause_ms = pause_ms });
    time_passes(world, LEASE_MS - 1);
    beat_one(world, 1, session, ref);
    told(world, 1, MESSAGE_BEAT_OK); /* the session is known */
    uint64_t other = worker_joins(world, 2, 1);
    assert_int_equal(trials_when_asked(world, 2, other, 1, 0), 0);
    world_destroy(world);
}

static void a_lease_that_lapsed_just_before_the_disk_was_full_stays_lapsed(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    uint64_t session;
    worker_takes_trial(world, 1, &session);
    time_passes(world, LEASE_MS);
    world->now_ms += 1000;
    world_step(world, (struct event){ .type = EVENT_PAUSE, .pause_ms = 1000 });
    uint64_t other = worker_joins(world, 2, 1);
    assert_int_equal(trials_when_asked(world, 2, other, 1, 0), 1);
    world_destroy(world);
}

/* 10,000 running trials, heard of in no order, and a disk that is full for more than a minute: if
 * each lease had to look for its place this would take half a minute. */
static void a_full_disk_costs_a_large_fleet_no_search(void **state)
{
    enum { WORKERS = 20, SLOTS = 500, PAUSES = 300 };
    struct world *world = world_create();
    uint64_t sessions[WORKERS];
    world->quick = true;
    world->suggestions_per_turn = SLOTS;
    core_destroy(&world->core);
    world->core = world_core(world);
    submit(world, SPEC("\"trials\":10000"));
    for (uint64_t i = 0; i < WORKERS; i++) {
        sessions[i] = worker_joins(world, i + 1, SLOTS);
        assert_int_equal(trials_when_asked(world, i + 1, sessions[i], SLOTS, 0), SLOTS);
    }
    for (int i = 0; i < WORKERS; i++) {
        struct held_attempt held[SLOTS];
        int who = i * 7 % WORKERS;
        for (int k = 0; k < SLOTS; k++)
            held[k].ref = (struct attempt_ref){ 1, who * SLOTS + k, 1 };
        time_passes(world, 10);
        beat(world, (uint64_t)who + 1, sessions[who], held, SLOTS);
    }
    for (int i = 0; i < PAUSES; i++) {
        world->now_ms += 250;
        world_step(world, (struct event){ .type = EVENT_PAUSE, .pause_ms = 250 });
    }
    struct error error = { "" };
    if (!core_check(world->core, &error)) /* in the order of their deadlines, too */
        fail_msg("%s", error.text);
    time_passes(world, LEASE_MS - 300);
    uint64_t other = worker_joins(world, WORKERS + 1, SLOTS);
    assert_int_equal(trials_when_asked(world, WORKERS + 1, other, SLOTS, 0), 0);
    world_destroy(world);
}

/* Taken out from every place, the others still come in order: a hole in one branch may be filled by
 * a node of another that has to rise. */
static void a_heap_stays_in_order_whoever_leaves_it(void **state)
{
    enum { NODES = 7 };
    static const int64_t loads[NODES] = { 1, 10, 2, 11, 12, 3, 4 };
    for (int out = 0; out < NODES; out++) {
        struct heap_node nodes[NODES] = { 0 };
        struct heap heap = { 0 };
        for (int i = 0; i < NODES; i++)
            heap_put(&heap, &nodes[i], loads[i], 0);
        heap_remove(&heap, &nodes[out]);
        heap_remove(&heap, &nodes[out]); /* it has left already */
        int64_t before = 0;
        for (int left = NODES - 1; left > 0; left--) {
            struct heap_node *least = heap_least(&heap);
            assert_true(least->load > before);
            before = least->load;
            heap_remove(&heap, least);
        }
        assert_null(heap_least(&heap));
        heap_free(&heap);
    }
}

static void nothing_can_be_taken_out_of_an_empty_index(void **state)
{
    struct index index = { 0 };
    int item;
    index_remove(&index, 5);
    index_put(&index, 5, &item);
    index_remove(&index, 5);
    index_remove(&index, 5);
    assert_int_equal(index.count, 0);
    index_put(&index, 6, &item);
    index_put(&index, 6, &item);
    assert_int_equal(index.count, 1);
    index_free(&index);
}

/* However the names of a small table fall, the search for one that is not there ends. */
static void a_name_that_is_missing_is_missed_in_every_small_table(void **state)
{
    enum { TABLES = 4000, NAMES = 8 };
    char names[NAMES][24];
    for (int table = 0; table < TABLES; table++) {
        struct name_index index = { 0 };
        for (int i = 0; i < NAMES; i++) {
            snprintf(names[i], sizeof names[i], "%d-%d", table, i);
            name_index_put(&index, names[i], names[i]);
        }
        assert_null(name_index_find(&index, "missing"));
        for (int i = 0; i < NAMES; i++)
            assert_ptr_equal(name_index_find(&index, names[i]), names[i]);
        name_index_free(&index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_that_was_heard_of_is_in_flight_until_the_worker_counts_it),
        cmocka_unit_test(a_second_attempt_that_never_arrived_frees_its_slot_too),
        cmocka_unit_test(of_lapsed_trials_the_first_goes_first_whoever_says_hello_meanwhile),
        cmocka_unit_test(what_a_stopped_study_lost_is_not_cancelled_if_it_goes_on_in_that_turn),
        cmocka_unit_test(a_full_disk_does_not_end_a_session_nor_a_single_lease),
        cmocka_unit_test(a_lease_that_lapsed_just_before_the_disk_was_full_stays_lapsed),
        cmocka_unit_test(a_full_disk_costs_a_large_fleet_no_search),
        cmocka_unit_test(a_heap_stays_in_order_whoever_leaves_it),
        cmocka_unit_test(a_name_that_is_missing_is_missed_in_every_small_table),
        cmocka_unit_test(nothing_can_be_taken_out_of_an_empty_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
