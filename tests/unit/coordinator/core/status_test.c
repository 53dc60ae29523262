/* STATUS in its details: who is shown, what is counted, and how much fits into one answer. */
#include "coordinator/core/state.h"
#include "tests/unit/coordinator/core/world.h"

enum { DAY_MS = 86400000, ANSWER_BYTES = 3 << 20 };

static const struct worker_status *workers(struct world *world, size_t expected)
{
    ask_status(world, "");
    const struct message *message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_int_equal(message->status_reply.n_workers, expected);
    return message->status_reply.workers;
}

static void leaves(struct world *world, uint64_t peer)
{
    world_step(world, (struct event){ .type = EVENT_PEER_GONE, .peer = peer });
}

/* ---- workers --------------------------------------------------------------------------------- */

static void a_worker_that_left_is_shown_for_a_day(void **state)
{
    struct world *world = world_create();
    uint64_t session;
    submit(world, SPEC("\"trials\":3"));
    worker_finishes(world, 1, session, worker_takes_trial(world, 1, &session), 1);
    leaves(world, 1);
    time_passes(world, DAY_MS - 1);
    const struct worker_status *line = workers(world, 1);
    assert_false(line->connected);
    assert_int_equal(line->seen_ms_ago, DAY_MS - 1);
    assert_int_equal(line->done, 1);
    time_passes(world, 1);
    workers(world, 0);
    world_destroy(world);
}

static void a_worker_that_leaves_after_two_days_of_work_is_shown_for_a_day(void **state)
{
    struct world *world = world_create();
    uint64_t session;
    submit(world, SPEC("\"trials\":3"));
    worker_finishes(world, 1, session, worker_takes_trial(world, 1, &session), 1);
    for (int minute = 0; minute < 2 * 24 * 60; minute++) {
        time_passes(world, 60000);
        beat(world, 1, session, NULL, 0);
    }
    leaves(world, 1);
    time_passes(world, DAY_MS - 1);
    const struct worker_status *line = workers(world, 1);
    assert_false(line->connected);
    assert_int_equal(line->seen_ms_ago, DAY_MS - 1);
    time_passes(world, 1);
    workers(world, 0);
    world_destroy(world);
}

static void a_worker_that_still_has_a_trial_is_shown_however_long_it_is_away(void **state)
{
    struct world *world = world_create();
    uint64_t session;
    submit(world, SPEC("\"trials\":3"));
    worker_takes_trial(world, 1, &session);
    leaves(world, 1);
    time_passes(world, 2 * (int64_t)DAY_MS);
    const struct worker_status *line = workers(world, 1);
    assert_int_equal(line->busy, 1);
    assert_false(line->connected);
    world_destroy(world);
}

static void a_connected_worker_was_seen_when_it_was_last_heard(void **state)
{
    struct world *world = world_create();
    uint64_t session = worker_joins(world, 1, 1);
    time_passes(world, 2000);
    beat(world, 1, session, NULL, 0);
    time_passes(world, 3000);
    const struct worker_status *line = workers(world, 1);
    assert_true(line->connected);
    assert_int_equal(line->seen_ms_ago, 3000);
    ask_status(world, "");
    assert_int_equal(told(world, CLIENT, MESSAGE_STATUS_REPLY)->status_reply.uptime_ms, 5000);
    world_destroy(world);
}

static void the_note_of_a_worker_leaves_with_it(void **state)
{
    struct world *world = world_create();
    struct message message = { .type = MESSAGE_BEAT, .session = worker_joins(world, 1, 1) };
    message.beat.note = "benched";
    say(world, 1, message);
    assert_string_equal(workers(world, 1)->note, "benched");
    leaves(world, 1);
    assert_string_equal(workers(world, 1)->note, "");
    world_destroy(world);
}

static void a_worker_that_said_goodbye_is_gone_at_once_and_shows_its_last_words(void **state)
{
    struct world *world = world_create();
    struct message message = { .type = MESSAGE_BEAT, .session = worker_joins(world, 1, 1) };
    message.beat.note = "left: drained";
    message.beat.leaving = true;
    say(world, 1, message);
    time_passes(world, 3000);
    const struct worker_status *line = workers(world, 1);
    assert_false(line->connected);
    assert_int_equal(line->seen_ms_ago, 3000);
    assert_string_equal(line->note, "left: drained");
    message.session = worker_joins(world, 1, 1);
    assert_string_equal(workers(world, 1)->note, "left: drained"); /* until its first beat */
    message.beat.note = "";
    say(world, 1, message);
    assert_string_equal(workers(world, 1)->note, "left"); /* never none: that is to go silently */
    message.session = worker_joins(world, 1, 1);
    leaves(world, 1);
    assert_string_equal(workers(world, 1)->note, "");
    world_destroy(world);
}

static void the_latest_workers_come_first(void **state)
{
    struct world *world = world_create();
    worker_joins(world, 1, 1);
    worker_joins(world, 2, 2);
    worker_joins(world, 3, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(workers(world, 3)[i].slots, 3 - i);
    world_destroy(world);
}

/* The row counts what its worker has ended, well or not, also after a restart. */
static void what_a_worker_ended_is_counted_again_after_a_restart(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_attempts\":1"));
    uint64_t session = worker_joins(world, 1, 9);
    ask(world, 1, session, 9, 0);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, 1);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 1, 1 }, NAN);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 2, 1 }, "no");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(workers(world, 1)->done, 2);
        assert_int_equal(workers(world, 1)->failed, 1);
        assert_int_equal(workers(world, 1)->busy, 6);
        coordinator_restarts(world);
    }
    world_destroy(world);
}

/* ---- studies --------------------------------------------------------------------------------- */

static void the_best_trial_is_the_first_of_its_configuration(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"repeat\":3"));
    uint64_t session = worker_joins(world, 1, 6);
    ask(world, 1, session, 6, 0);
    assert_false(status_of(world, "s")->has_best);
    assert_int_equal(status_of(world, "s")->best_trial, 0);
    for (int64_t i = 0; i < 6; i++)
        worker_finishes(world, 1, session, (struct attempt_ref){ 1, i, 1 }, i < 3 ? 5 : 1);
    assert_true(status_of(world, "s")->has_best);
    assert_int_equal(status_of(world, "s")->best_trial, 3);
    assert_int_equal(status_of(world, "s")->trials, 6);
    world_destroy(world);
}

#define BUILT_IN                                                                                   \
    "{\"name\":\"l\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},\"trials\":1,"          \
    "\"sampler\":{\"name\":\"random\"},\"parameters\":{\"task\":{\"value\":\"task-b\"},"           \
    "\"student_lr\":{\"distribution\":\"log_uniform_values\",\"min\":1e-4,\"max\":1e-2}}}"

static void who_leaves_is_nobody_to_run_anything(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    submit(world, BUILT_IN);
    struct message careful = hello(1, 1);
    careful.hello.allow_command = false;
    careful.hello.name = "careful";
    say(world, 1, careful);
    worker_joins(world, 2, 1);
    assert_string_equal(status_of(world, "s")->note, "");
    const char *anna = "anna";
    struct message drain = { .type = MESSAGE_DRAIN, .drain = { .workers = &anna, .n_workers = 1 } };
    say(world, CLIENT, drain);
    assert_non_null(strstr(status_of(world, "s")->note, "no worker accepts commands"));
    assert_string_equal(status_of(world, "l")->note, "");
    drain.drain.all = true;
    drain.drain.n_workers = 0;
    say(world, CLIENT, drain);
    assert_non_null(strstr(status_of(world, "l")->note, "all workers are leaving"));
    world_destroy(world);
}

static void who_is_benched_is_nobody_to_run_anything_either(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3"));
    submit(world, BUILT_IN);
    struct message beat = { .type = MESSAGE_BEAT, .session = worker_joins(world, 1, 1) };
    beat.beat.note = "benched";
    say(world, 1, beat);
    assert_non_null(strstr(status_of(world, "s")->note, "`ldt workers` says why"));
    assert_non_null(strstr(status_of(world, "l")->note, "`ldt workers` says why"));
    struct message careful = hello(2, 1);
    careful.hello.allow_command = false;
    say(world, 2, careful);
    assert_non_null(strstr(status_of(world, "s")->note, "`ldt workers` says why"));
    assert_string_equal(status_of(world, "l")->note, "");
    beat.beat.note = "";
    say(world, 1, beat);
    assert_string_equal(status_of(world, "s")->note, "");
    world_destroy(world);
}

static void a_note_is_shown_whole_up_to_its_limit(void **state)
{
    struct world *world = world_create();
    char note[600];
    memset(note, 'n', sizeof note);
    submit(world, SPEC("\"trials\":1"));
    stop(world, "s", true);
    for (size_t length = 510; length < 514; length++) {
        note[length] = '\0';
        world->disk.studies[0].note = note;
        coordinator_restarts(world);
        const char *shown = status_of(world, "s")->note;
        assert_int_equal(strlen(shown), length < 512 ? length : 515);
        assert_int_equal(strstr(shown, "...") == NULL, length < 512);
        note[length] = 'n';
    }
    world_destroy(world);
}

/* A search of ten thousand studies. */
static void submit_grid(struct world *world, int number)
{
    char definition[512];
    snprintf(definition, sizeof definition,
             "{\"name\":\"s%d\",\"command\":[\"t\"],\"metric\":{\"name\":\"measure\"},"
             "\"trials\":1,\"matrix\":{\"a\":[1,2,3,4,5,6,7,8,9,10],"
             "\"b\":[1,2,3,4,5,6,7,8,9,10],\"c\":[1,2,3,4,5,6,7,8,9,10],"
             "\"d\":[1,2,3,4,5,6,7,8,9,10]},\"parameters\":{\"x\":{\"values\":[1]}}}",
             number);
    submit(world, definition);
}

static void an_answer_has_as_many_studies_as_fit_and_not_one_more(void **state)
{
    struct world *world = world_create();
    world->quick = true;
    submit_grid(world, 0);
    submit_grid(world, 1);
    core_set_note(world->core, "disk full");
    ask_status(world, "");
    const struct message *message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    size_t shown = message->status_reply.n_studies, bytes = 0;
    for (size_t i = 0; i < shown; i++) {
        const struct study_status *line = &message->status_reply.studies[i];
        bytes += 160 + strlen(line->search) + strlen(line->name) + strlen(line->metric) +
                 strlen(line->note);
    }
    assert_in_range(bytes, ANSWER_BYTES - 300, ANSWER_BYTES);
    char note[64];
    snprintf(note, sizeof note, "disk full; %zu older studies are not shown", 20000 - shown);
    assert_non_null(strstr(message->status_reply.note, note));
    world_destroy(world);
}

/* Ten thousand studies, and twenty thousand workers that tell why they take nothing. */
static void an_answer_has_as_many_workers_as_fit_and_says_so(void **state)
{
    enum { WORKERS = 20000, NOTE = 250 };
    struct world *world = world_create();
    world->quick = true;
    submit_grid(world, 0);
    char note[NOTE + 1];
    memset(note, 'b', NOTE);
    note[NOTE] = '\0';
    for (uint64_t i = 1; i <= WORKERS; i++) {
        struct message message = hello(i, 1);
        say(world, i, message);
        message = (struct message){ .type = MESSAGE_BEAT, .beat.note = note };
        message.session = told(world, i, MESSAGE_WELCOME)->session;
        say(world, i, message);
    }
    ask_status(world, "");
    const struct message *message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    size_t shown = message->status_reply.n_workers, bytes = 0;
    for (size_t i = 0; i < shown; i++) {
        const struct worker_status *line = &message->status_reply.workers[i];
        bytes += 96 + strlen(line->name) + strlen(line->host) + strlen(line->note);
    }
    assert_in_range(bytes, ANSWER_BYTES - 400, ANSWER_BYTES);
    size_t studies = message->status_reply.n_studies; /* what still fits beside them */
    assert_in_range(studies, 0, 2);
    char missing[96];
    snprintf(missing, sizeof missing,
             "%zu older studies are not shown: name a search; %zu older workers are not shown",
             10000 - studies, WORKERS - shown);
    assert_string_equal(message->status_reply.note, missing);
    world_destroy(world);
}

/* ---- trials that may hang -------------------------------------------------------------------- */

static void beats_go_on(struct world *world, uint64_t session, struct attempt_ref ref, int minutes)
{
    for (int i = 0; i < 3 * minutes; i++) {
        time_passes(world, 20000);
        beat_one(world, 1, session, ref);
    }
}

static void a_trial_without_a_new_point_for_an_hour_is_told_of(void **state)
{
    struct world *world = world_create();
    uint64_t session;
    struct point points[] = { loss(1, 0.5), loss(2, 0.4) };
    submit(world, SPEC("\"trials\":1"));
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    beats_go_on(world, session, ref, 59);
    send_points(world, 1, session, ref, 0, points, 2);
    beats_go_on(world, session, ref, 59);
    send_points(world, 1, session, ref, 0, points, 2); /* again is not new */
    assert_string_equal(workers(world, 1)->note, "");
    beats_go_on(world, session, ref, 2);
    assert_string_equal(workers(world, 1)->note, "trial 0 of s has reported nothing for 61 min");
    assert_string_equal(told(world, CLIENT, MESSAGE_STATUS_REPLY)->status_reply.note,
                        "1 of the running trials without a new point for an hour or more: `ldt "
                        "workers` says where, and max_trial_silence in a spec ends such trials");
    world_destroy(world);
}

/* ---- trials that are handed back again and again --------------------------------------------- */

enum { RETURNS_TOLD = 3 };
static const char told_of[] = "trial 0 was handed back 3 times in a row and got no further: `ldt "
                              "logs s 0 --all` says why";

/* By another worker each time, after a point at this step. */
static void is_handed_back(struct world *world, uint64_t peer, int64_t step)
{
    uint64_t session;
    struct message message = { .type = MESSAGE_RELEASE };
    struct point point = loss(step, 1);
    message.release.ref = worker_takes_trial(world, peer, &session);
    message.release.reason = "exit status 75";
    message.session = session;
    send_points(world, peer, session, message.release.ref, 0, &point, 1);
    say(world, peer, message);
}

static struct world *world_after_returns(uint64_t returns)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    for (uint64_t peer = 1; peer <= returns; peer++)
        is_handed_back(world, peer, 3);
    return world;
}

static void a_trial_that_is_handed_back_for_ever_is_told_of_until_it_is_over(void **state)
{
    struct world *world = world_after_returns(RETURNS_TOLD - 1);
    uint64_t session;
    assert_string_equal(status_of(world, "s")->note, "");
    is_handed_back(world, RETURNS_TOLD, 3);
    assert_string_equal(status_of(world, "s")->note, told_of);
    struct attempt_ref ref = worker_takes_trial(world, 9, &session);
    assert_string_equal(status_of(world, "s")->note, told_of); /* also while it runs once more */
    worker_finishes(world, 9, session, ref, 1);
    assert_string_equal(status_of(world, "s")->note, "");
    world_destroy(world);
}

static void one_that_gets_further_each_time_is_not(void **state)
{
    struct world *world = world_after_returns(RETURNS_TOLD - 1);
    is_handed_back(world, 9, 4);
    for (uint64_t peer = 10; peer < 10 + RETURNS_TOLD - 2; peer++)
        is_handed_back(world, peer, 4);
    assert_string_equal(status_of(world, "s")->note, "");
    is_handed_back(world, 20, 4);
    assert_string_equal(status_of(world, "s")->note, told_of);
    world_destroy(world);
}

static void a_failure_between_begins_the_count_anew(void **state)
{
    struct world *world = world_after_returns(RETURNS_TOLD);
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 9, &session);
    worker_fails(world, 9, session, ref, "exit status 1");
    assert_string_equal(status_of(world, "s")->note, "");
    for (uint64_t peer = 10; peer < 10 + RETURNS_TOLD; peer++)
        is_handed_back(world, peer, 3);
    assert_string_equal(status_of(world, "s")->note, told_of);
    world_destroy(world);
}

/* ---- names of states ------------------------------------------------------------------------- */

static void every_state_has_a_name_and_nothing_else_has(void **state)
{
    static const char *const trials[] = { "unknown",  "waiting", "running",   "done",   "pruned",
                                          "diverged", "failed",  "cancelled", "unknown" };
    static const char *const attempts[] = { "unknown", "running",  "done", "pruned",    "diverged",
                                            "failed",  "released", "lost", "cancelled", "unknown" };
    for (int i = 0; i < 9; i++) {
        assert_string_equal(trial_state_name((enum trial_state)i), trials[i]);
        assert_int_equal(trial_state_final((enum trial_state)i), i > 2 && i < 8);
    }
    for (int i = 0; i < 10; i++)
        assert_string_equal(attempt_state_name((enum attempt_state)i), attempts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_that_left_is_shown_for_a_day),
        cmocka_unit_test(a_worker_that_leaves_after_two_days_of_work_is_shown_for_a_day),
        cmocka_unit_test(a_worker_that_still_has_a_trial_is_shown_however_long_it_is_away),
        cmocka_unit_test(a_connected_worker_was_seen_when_it_was_last_heard),
        cmocka_unit_test(the_note_of_a_worker_leaves_with_it),
        cmocka_unit_test(
            a_worker_that_said_goodbye_is_gone_at_once_and_shows_its_last_words),
        cmocka_unit_test(the_latest_workers_come_first),
        cmocka_unit_test(what_a_worker_ended_is_counted_again_after_a_restart),
        cmocka_unit_test(the_best_trial_is_the_first_of_its_configuration),
        cmocka_unit_test(who_leaves_is_nobody_to_run_anything),
        cmocka_unit_test(who_is_benched_is_nobody_to_run_anything_either),
        cmocka_unit_test(a_note_is_shown_whole_up_to_its_limit),
        cmocka_unit_test(an_answer_has_as_many_studies_as_fit_and_not_one_more),
        cmocka_unit_test(an_answer_has_as_many_workers_as_fit_and_says_so),
        cmocka_unit_test(a_trial_without_a_new_point_for_an_hour_is_told_of),
        cmocka_unit_test(a_trial_that_is_handed_back_for_ever_is_told_of_until_it_is_over),
        cmocka_unit_test(one_that_gets_further_each_time_is_not),
        cmocka_unit_test(a_failure_between_begins_the_count_anew),
        cmocka_unit_test(every_state_has_a_name_and_nothing_else_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
