/* AUDIT: trials drawn at random run again on another worker of the same CPU type. */
#include "coordinator/core/replay.h"
#include "tests/unit/coordinator/core/world.h"

static void audit(struct world *world, const char *name, int64_t count, double percent,
                  int64_t seed)
{
    struct message message = { .type = MESSAGE_AUDIT, .audit = { name, count, percent, seed } };
    say(world, CLIENT, message);
}

static uint64_t joins_with_cpu(struct world *world, uint64_t peer, int32_t slots, const char *cpu)
{
    struct message message = hello(peer, slots);
    message.hello.cpu = cpu;
    say(world, peer, message);
    return told(world, peer, MESSAGE_WELCOME)->session;
}

#define TEN SPEC("\"trials\":10,\"max_attempts\":1,\"max_concurrent_trials\":10")

/* Worker 1 has run ten trials: the third failed, the fourth diverged, the others are done. */
static struct world *audited_world(uint64_t *session)
{
    struct world *world = world_create();
    submit(world, TEN);
    *session = worker_joins(world, 1, 10);
    ask(world, 1, *session, 10, 0);
    for (int64_t i = 0; i < 10; i++) {
        struct attempt_ref ref = { 1, i, 1 };
        if (i == 2)
            worker_fails(world, 1, *session, ref, "no");
        else
            worker_finishes(world, 1, *session, ref, i == 3 ? NAN : (double)i);
    }
    return world;
}

static const struct trial_row *audit_trial(const struct world *world, int64_t number)
{
    return disk_trial(&world->disk, 2, number);
}

static void an_audit_repeats_trials_that_have_a_curve_seeds_and_all(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    audit(world, "s", 0, 100, 7);
    const struct message *answer = told(world, CLIENT, MESSAGE_AUDITING);
    assert_string_equal(answer->auditing.name, "s/audit-7");
    assert_int_equal(answer->auditing.trials, 9);
    assert_false(answer->auditing.already);
    const struct study_row *study = disk_study(&world->disk, 2);
    assert_true(study->audit);
    assert_int_equal(study->parent, 1);
    assert_int_equal(study->seed, 7);
    for (int64_t i = 0, source = 0; i < 9; i++, source++) {
        source += source == 2; /* the one that failed */
        assert_int_equal(audit_trial(world, i)->source, source);
        assert_int_equal(audit_trial(world, i)->seed, trial_on_disk(world, source)->seed);
        assert_string_equal(audit_trial(world, i)->parameters,
                            trial_on_disk(world, source)->parameters);
    }
    audit(world, "s", 3, 0, 7); /* the seed names it */
    assert_true(told(world, CLIENT, MESSAGE_AUDITING)->auditing.already);
    assert_int_equal(told(world, CLIENT, MESSAGE_AUDITING)->auditing.trials, 9);
    assert_int_equal(world->actions.saves, 0);
    world_destroy(world);
}

static void another_seed_draws_other_trials(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    bool drawn[10] = { false };
    for (int64_t seed = 1; seed <= 20; seed++) {
        audit(world, "s", 2, 0, seed);
        const struct trial_row *first = disk_trial(&world->disk, 1 + seed, 0);
        const struct trial_row *second = disk_trial(&world->disk, 1 + seed, 1);
        assert_true(first->source < second->source);
        assert_null(disk_trial(&world->disk, 1 + seed, 2));
        drawn[first->source] = drawn[second->source] = true;
    }
    for (int i = 0; i < 10; i++)
        assert_int_equal(drawn[i], i != 2);
    audit(world, "s", 0, 12, 21);
    assert_int_equal(told(world, CLIENT, MESSAGE_AUDITING)->auditing.trials,
                     2); /* of 9, rounded up */
    world_destroy(world);
}

static void only_another_worker_of_the_same_cpu_may_run_it(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    audit(world, "s", 1, 0, 1);
    ask(world, 1, session, 10, 10);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    assert_string_equal(
        status_of(world, "s/audit-1")->note,
        "waits for a worker other than `anna` (process 1) with the same CPU, a CPU");
    uint64_t other = joins_with_cpu(world, 2, 1, "another CPU");
    ask(world, 2, other, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    uint64_t third = joins_with_cpu(world, 3, 1, "a CPU");
    assert_string_equal(status_of(world, "s/audit-1")->note, "");
    ask(world, 3, third, 1, 0);
    struct attempt_ref ref = told(world, 3, MESSAGE_TRIAL)->trial.ref;
    assert_int_equal(ref.study, 2);
    worker_finishes(world, 3, third, ref, 5);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_DONE);
    world_destroy(world);
}

static void an_audit_says_what_it_waits_for_until_somebody_could_run_it(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    audit(world, "s", 2, 0, 1);
    uint64_t other = joins_with_cpu(world, 2, 1, "a CPU");
    ask(world, 2, other, 1, 0);
    struct attempt_ref ref = told(world, 2, MESSAGE_TRIAL)->trial.ref;
    assert_string_equal(status_of(world, "s/audit-1")->note, ""); /* one runs */
    worker_finishes(world, 2, other, ref, 5);
    joins_with_cpu(world, 3, 1, "another CPU");
    assert_string_equal(status_of(world, "s/audit-1")->note, "");
    say(world, CLIENT, (struct message){ .type = MESSAGE_DRAIN, .drain.all = true });
    assert_non_null(strstr(status_of(world, "s/audit-1")->note, "waits for a worker other than"));
    joins_with_cpu(world, 4, 1, "another CPU"); /* stays, and is of no use */
    assert_non_null(strstr(status_of(world, "s/audit-1")->note, "waits for a worker other than"));
    joins_with_cpu(world, 5, 1, "a CPU");
    assert_string_equal(status_of(world, "s/audit-1")->note, "");
    world_destroy(world);
}

static void a_name_that_is_too_long_for_an_audit_is_refused(void **state)
{
    struct world *world = world_create();
    submit_long_name(world, 's', 237);
    uint64_t session;
    worker_finishes(world, 1, session, worker_takes_trial(world, 1, &session), 1);
    audit(world, "s", 1, 0, 1000000000000); /* 237 + 7 + 13 */
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_REFUSED), "too long for an audit"));
    assert_int_equal(world->disk.n_studies, 1);
    audit(world, "s", 1, 0, 100000000000);
    assert_int_equal(strlen(told(world, CLIENT, MESSAGE_AUDITING)->auditing.name),
                     MESSAGE_MAX_STUDY_NAME);
    world_destroy(world);
}

static void whoever_waits_longest_is_passed_over_for_one_who_may(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    uint64_t other = worker_joins(world, 2, 1);
    ask(world, 1, session, 10, 10);
    ask(world, 2, other, 1, 0);
    audit(world, "s", 1, 0, 1); /* both are hungry, the wrong one first */
    told(world, 2, MESSAGE_TRIAL);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 1);
    world_destroy(world);
}

/* Two workers that ran half of the study each audit each other. */
static void workers_audit_each_other(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":4"));
    uint64_t sessions[3] = { 0, worker_joins(world, 1, 2), worker_joins(world, 2, 2) };
    for (uint64_t peer = 1; peer <= 2; peer++) {
        ask(world, peer, sessions[peer], 2, 0);
        for (int64_t i = 0; i < 2; i++)
            worker_finishes(world, peer, sessions[peer],
                            (struct attempt_ref){ 1, 2 * (int64_t)peer - 2 + i, 1 }, 1);
    }
    audit(world, "s", 4, 0, 1);
    for (uint64_t peer = 1; peer <= 2; peer++) {
        ask(world, peer, sessions[peer], 2, 2);
        assert_int_equal(times_told(world, MESSAGE_TRIAL), 2);
        for (size_t i = 0; i < world->n_sent; i++)
            if (world->sent[i].message.type == MESSAGE_TRIAL)
                assert_int_equal(world->sent[i].message.trial.ref.trial / 2, peer == 1 ? 1 : 0);
    }
    world_destroy(world);
}

static void an_audit_of_commands_needs_a_worker_that_allows_them(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    struct message message = hello(2, 1);
    message.hello.allow_command = false;
    say(world, 2, message);
    uint64_t careful = told(world, 2, MESSAGE_WELCOME)->session;
    ask(world, 2, careful, 1, 0);
    audit(world, "s", 1, 0, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    assert_non_null(strstr(status_of(world, "s/audit-1")->note, "waits for a worker"));
    ask(world, 3, worker_joins(world, 3, 1), 1, 0);
    told(world, 3, MESSAGE_TRIAL);
    world_destroy(world);
}

static void an_audit_survives_restarts_pauses_lapses_and_retries(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    audit(world, "s", 3, 0, 1);
    say(world, CLIENT, (struct message){ .type = MESSAGE_PAUSE, .pause.name = "s/audit-1" });
    coordinator_restarts(world);
    uint64_t other = worker_joins(world, 2, 1);
    ask(world, 2, other, 1, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    say(world, CLIENT, (struct message){ .type = MESSAGE_RESUME, .resume.name = "s/audit-1" });
    struct attempt_ref ref = told(world, 2, MESSAGE_TRIAL)->trial.ref;
    time_passes(world, LEASE_MS + 1);
    session = worker_joins(world, 1, 10);
    ask(world, 1, session, 10, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0); /* lapsed, and still not for this one */
    beat_one(world, 2, other, ref);                        /* whole again */
    worker_fails(world, 2, other, ref, "no");
    say(world, CLIENT,
        (struct message){ .type = MESSAGE_RETRY,
                          .retry = { .name = "s/audit-1", .failed = true } });
    uint64_t third = worker_joins(world, 3, 3);
    ask(world, 3, third, 3, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 3);
    stop(world, "s/audit-1", true);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_STOPPED);
    world_destroy(world);
}

static void a_source_that_is_tried_again_does_not_disturb_its_audit(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    audit(world, "s", 9, 0, 1);
    uint64_t other = worker_joins(world, 2, 9);
    ask(world, 2, other, 9, 0);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 9);
    say(world, CLIENT,
        (struct message){ .type = MESSAGE_RETRY,
                          .retry = { .name = "s", .failed = true, .diverged = true } });
    worker_finishes(world, 2, other, (struct attempt_ref){ 2, 0, 1 }, 1);
    ask(world, 2, other, 1, 9); /* the same worker runs the source, too, and fails this time */
    worker_fails(world, 2, other, told(world, 2, MESSAGE_TRIAL)->trial.ref, "no");
    coordinator_restarts(world);
    world_destroy(world);
}

static void what_cannot_be_audited_is_refused(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    audit(world, "s", 1, 0, 1);
    audit(world, "s/audit-1", 1, 0, 1);
    assert_string_equal(error_told(world, CLIENT, ERROR_REFUSED),
                        "`s/audit-1` is an audit itself: name the study, `s`");
    audit(world, "t", 1, 0, 1);
    error_told(world, CLIENT, ERROR_NOT_FOUND);
    say(world, CLIENT, (struct message){ .type = MESSAGE_RERUN, .rerun = { "s/audit-1", 1, 1 } });
    error_told(world, CLIENT, ERROR_REFUSED);
    submit_with_key(world, "k",
                    "{\"name\":\"t\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},"
                    "\"trials\":2,\"parameters\":{\"x\":{\"values\":[1,2]}}}");
    audit(world, "t", 1, 0, 1);
    assert_string_equal(error_told(world, CLIENT, ERROR_REFUSED),
                        "no trial of `t` has ended with a curve yet");
    world_destroy(world);
}

/* ---- replay ---------------------------------------------------------------------------------- */

static bool replays(struct world *world, int64_t *mismatch, struct error *error)
{
    json_t *document = json_loads(TEN, 0, NULL);
    struct problems problems;
    problems_init(&problems);
    struct definition *definition;
    assert_true(definition_parse(&definition, document, &problems));
    struct recorded_study parent = { .definition = definition,
                                     .trials = disk_trial(&world->disk, 1, 0),
                                     .n_trials = 10,
                                     .outcomes = world->disk.outcomes,
                                     .n_outcomes = 10 };
    struct recorded_study study = { .definition = definition,
                                    .trials = disk_trial(&world->disk, 2, 0),
                                    .n_trials = 4,
                                    .parent = &parent,
                                    .audit = true,
                                    .seed = 3 };
    bool ok = replay_study(&study, mismatch, error);
    definition_destroy(&definition);
    problems_free(&problems);
    json_decref(document);
    return ok;
}

static void the_sample_of_an_audit_replays_and_a_chosen_one_is_found_out(void **state)
{
    uint64_t session;
    struct world *world = audited_world(&session);
    struct error error = { "" };
    int64_t mismatch;
    audit(world, "s", 4, 0, 3);
    if (!replays(world, &mismatch, &error))
        fail_msg("%s", error.text);
    struct trial_row *rows = disk_trial(&world->disk, 2, 0), kept = rows[2];
    rows[2].source = rows[2].source == 5 ? 6 : 5;
    assert_false(replays(world, &mismatch, &error));
    rows[2] = kept;
    rows[2].source = 10; /* there is no such trial */
    assert_false(replays(world, &mismatch, &error));
    rows[2].source = -1;
    assert_false(replays(world, &mismatch, &error));
    rows[2] = kept;
    rows[2].parameters = "no JSON";
    assert_false(replays(world, &mismatch, &error));
    rows[2] = kept;
    assert_true(replays(world, &mismatch, &error));
    rows[2].seed += 2;
    assert_false(replays(world, &mismatch, &error));
    assert_int_equal(mismatch, 2);
    rows[2] = kept;
    rows[2].parameters = rows[1].parameters;
    assert_false(replays(world, &mismatch, &error));
    rows[2] = kept;
    rows[0].history_seq = 9; /* one of the ten had not ended then */
    assert_false(replays(world, &mismatch, &error));
    world_destroy(world);
}

/* ---- cost ------------------------------------------------------------------------------------ */

static void thousands_of_audited_trials_and_of_hungry_workers_cost_no_search(void **state)
{
    enum { WORKERS = 2000 };
    struct world *world = world_create();
    world->quick = true;
    submit(world, SPEC("\"trials\":2000"));
    uint64_t *sessions = xcalloc(WORKERS + 1, sizeof *sessions);
    for (uint64_t peer = 1; peer <= WORKERS; peer++) {
        sessions[peer] = worker_joins(world, peer, 1);
        ask(world, peer, sessions[peer], 1, 0);
        worker_finishes(world, peer, sessions[peer], told(world, peer, MESSAGE_TRIAL)->trial.ref,
                        1);
    }
    audit(world, "s", WORKERS, 0, 1);
    assert_int_equal(world->disk.n_trials, 2 * WORKERS);
    for (uint64_t peer = 1; peer <= WORKERS; peer++) {
        ask(world, peer, sessions[peer], 1, 1);
        assert_int_equal(times_told(world, MESSAGE_TRIAL), 1);
    }
    struct error error = { "" };
    if (!core_check(world->core, &error))
        fail_msg("%s", error.text);
    free(sessions);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_audit_repeats_trials_that_have_a_curve_seeds_and_all),
        cmocka_unit_test(another_seed_draws_other_trials),
        cmocka_unit_test(only_another_worker_of_the_same_cpu_may_run_it),
        cmocka_unit_test(an_audit_says_what_it_waits_for_until_somebody_could_run_it),
        cmocka_unit_test(a_name_that_is_too_long_for_an_audit_is_refused),
        cmocka_unit_test(whoever_waits_longest_is_passed_over_for_one_who_may),
        cmocka_unit_test(workers_audit_each_other),
        cmocka_unit_test(an_audit_of_commands_needs_a_worker_that_allows_them),
        cmocka_unit_test(an_audit_survives_restarts_pauses_lapses_and_retries),
        cmocka_unit_test(a_source_that_is_tried_again_does_not_disturb_its_audit),
        cmocka_unit_test(what_cannot_be_audited_is_refused),
        cmocka_unit_test(the_sample_of_an_audit_replays_and_a_chosen_one_is_found_out),
        cmocka_unit_test(thousands_of_audited_trials_and_of_hungry_workers_cost_no_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
