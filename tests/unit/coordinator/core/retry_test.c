/* RETRY: trials that ended without success get another chance; what was recorded stays. */
#include "coordinator/core/replay.h"
#include "tests/unit/coordinator/core/world.h"

static void retry(struct world *world, const char *name, int64_t *trials, size_t n_trials)
{
    struct message message = { .type = MESSAGE_RETRY };
    message.retry.name = name;
    message.retry.trials = trials;
    message.retry.n_trials = n_trials;
    message.retry.failed = true;
    say(world, CLIENT, message);
}

static void retry_one(struct world *world, int64_t trial)
{
    retry(world, "s", &trial, 1);
}

static int64_t retried(struct world *world)
{
    return told(world, CLIENT, MESSAGE_RETRIED)->retried.trials;
}

/* A study of two trials: the first is done, the second failed on its only attempt. */
static struct world *one_failed(uint64_t *session)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"max_attempts\":1"));
    *session = worker_joins(world, 1, 1);
    ask(world, 1, *session, 1, 0);
    worker_finishes(world, 1, *session, (struct attempt_ref){ 1, 0, 1 }, 5);
    ask(world, 1, *session, 1, 1);
    worker_fails(world, 1, *session, (struct attempt_ref){ 1, 1, 1 }, "no disk");
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    return world;
}

static void a_failed_trial_runs_again_and_a_new_outcome_follows_the_old_one(void **state)
{
    uint64_t session;
    struct world *world = one_failed(&session);
    retry(world, "s", NULL, 0);
    assert_int_equal(retried(world), 1);
    const struct trial_row *row = trial_on_disk(world, 1);
    assert_int_equal(row->state, TRIAL_WAITING);
    assert_int_equal(row->charged, 0);
    assert_int_equal(row->attempts, 1);
    assert_int_equal(row->finished_ms, 0);
    assert_string_equal(row->reason, "");
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    assert_int_equal(disk_study(&world->disk, 1)->finished_ms, 0);
    ask(world, 1, session, 1, 2);
    struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    assert_int_equal(ref.trial, 1);
    assert_int_equal(ref.attempt, 2);
    worker_finishes(world, 1, session, ref, 3);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    assert_int_equal(world->disk.n_outcomes, 3);
    assert_int_equal(world->disk.outcomes[1].state, TRIAL_FAILED);
    assert_int_equal(world->disk.outcomes[2].trial, 1);
    assert_int_equal(world->disk.outcomes[2].state, TRIAL_DONE);
    assert_int_equal(status_of(world, "s")->best_trial, 1);
    assert_int_equal(status_of(world, "s")->counts.failed, 0);
    world_destroy(world);
}

static void a_retry_survives_a_restart_and_asked_twice_it_is_one(void **state)
{
    uint64_t session;
    struct world *world = one_failed(&session);
    retry_one(world, 1);
    retry_one(world, 1);
    assert_int_equal(retried(world), 0);
    assert_int_equal(world->actions.saves, 0);
    coordinator_restarts(world);
    session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    worker_fails(world, 1, session, told(world, 1, MESSAGE_TRIAL)->trial.ref, "again");
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_FAILED);
    assert_int_equal(world->disk.n_outcomes, 3);
    retry_one(world, 1); /* as often as one likes */
    assert_int_equal(retried(world), 1);
    world_destroy(world);
}

static void the_same_result_sent_again_is_not_taken_for_the_new_one(void **state)
{
    uint64_t session;
    struct world *world = one_failed(&session);
    retry_one(world, 1);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 1, 1 }, "no disk");
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_WAITING);
    assert_int_equal(world->actions.saves, 0);
    world_destroy(world);
}

static void only_what_ended_without_success_can_be_tried_again(void **state)
{
    uint64_t session;
    struct world *world = one_failed(&session);
    retry(world, "s", (int64_t[]){ 1, 0 }, 2);
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_REFUSED), "trial 0 of `s` is done"));
    retry_one(world, 7);
    assert_string_equal(error_told(world, CLIENT, ERROR_NOT_FOUND),
                        "`s` has no trial 7: they go from 0 to 1");
    retry(world, "t", NULL, 0);
    error_told(world, CLIENT, ERROR_NOT_FOUND);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_FAILED);
    world_destroy(world);
}

static void states_are_chosen_one_by_one(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"max_attempts\":1"));
    uint64_t session = worker_joins(world, 1, 3);
    ask(world, 1, session, 3, 0);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, NAN);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 1, 1 }, "no");
    stop(world, "s", true);
    assert_string_equal(disk_study(&world->disk, 1)->note, "stopped by request");
    struct message message = { .type = MESSAGE_RETRY, .retry = { .name = "s", .diverged = true } };
    say(world, CLIENT, message);
    assert_int_equal(trial_on_disk(world, 0)->state, TRIAL_WAITING);
    assert_int_equal(trial_on_disk(world, 1)->state, TRIAL_FAILED);
    message.retry.cancelled = true;
    say(world, CLIENT, message);
    assert_int_equal(retried(world), 1);
    assert_int_equal(trial_on_disk(world, 2)->state, TRIAL_WAITING);
    assert_string_equal(disk_study(&world->disk, 1)->note,
                        "stopped by request; since then only what is tried again runs");
    beat_one(world, 1, session, (struct attempt_ref){ 1, 2, 1 }); /* still killed where it runs */
    assert_int_equal(told(world, 1, MESSAGE_BEAT_OK)->beat_ok.n_cancel, 1);
    world_destroy(world);
}

static void after_a_stop_by_request_only_what_is_tried_again_runs(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_attempts\":1"));
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    stop(world, "s", false);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, "no");
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_STOPPED);
    retry_one(world, 0);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    assert_int_equal(disk_study(&world->disk, 1)->budget, 1);
    ask(world, 1, session, 1, 1);
    worker_finishes(world, 1, session, told(world, 1, MESSAGE_TRIAL)->trial.ref, 3);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    ask(world, 1, session, 1, 2);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 0);
    world_destroy(world);
}

static void a_study_that_its_failures_stopped_goes_on_once_they_are_forgiven(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"max_attempts\":1,\"max_failed_trials\":0"));
    uint64_t session = worker_joins(world, 1, 1);
    ask(world, 1, session, 1, 0);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, "no");
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_STOPPED);
    retry(world, "s", NULL, 0);
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_OPEN);
    assert_int_equal(disk_study(&world->disk, 1)->budget, 9);
    assert_string_equal(disk_study(&world->disk, 1)->note, ""); /* it is not stopped any more */
    ask(world, 1, session, 1, 1);
    worker_finishes(world, 1, session, told(world, 1, MESSAGE_TRIAL)->trial.ref, 3);
    ask(world, 1, session, 1, 2);
    assert_int_equal(told(world, 1, MESSAGE_TRIAL)->trial.ref.trial, 1);
    world_destroy(world);
}

static void the_answer_counts_studies_and_trials(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"max_attempts\":1,\"matrix\":{\"k\":[1,2,3]}"));
    uint64_t session = worker_joins(world, 1, 6);
    ask(world, 1, session, 6, 0);
    for (int64_t study = 1; study <= 3; study++) {
        for (int64_t trial = 0; trial < 2; trial++) {
            struct attempt_ref ref = { study, trial, 1 };
            if (study == 2 || (study == 3 && trial == 1))
                worker_finishes(world, 1, session, ref, 1);
            else
                worker_fails(world, 1, session, ref, "no");
        }
    }
    retry(world, "s", NULL, 0);
    assert_int_equal(retried(world), 3);
    assert_int_equal(told(world, CLIENT, MESSAGE_RETRIED)->retried.studies, 2);
    retry(world, "s", NULL, 0);
    assert_int_equal(retried(world), 0);
    assert_int_equal(told(world, CLIENT, MESSAGE_RETRIED)->retried.studies, 0);
    world_destroy(world);
    world = one_failed(&session);
    retry_one(world, 1);
    assert_int_equal(told(world, CLIENT, MESSAGE_RETRIED)->retried.studies, 1);
    retry_one(world, 1);
    assert_int_equal(told(world, CLIENT, MESSAGE_RETRIED)->retried.studies, 0);
    world_destroy(world);
}

static void what_is_tried_again_has_no_value_yet(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"max_attempts\":1"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point points[] = { loss(1, 5), loss(2, NAN) };
    send_points(world, 1, session, ref, 0, points, 2);
    send_result(world, 1, session, result(ref, RESULT_DONE, points, 2));
    assert_true(trial_on_disk(world, 0)->has_value && trial_on_disk(world, 0)->value == 5);
    struct message message = { .type = MESSAGE_RETRY, .retry = { .name = "s", .diverged = true } };
    say(world, CLIENT, message);
    assert_false(trial_on_disk(world, 0)->has_value);
    assert_true(trial_on_disk(world, 0)->value == 0);
    world_destroy(world);
}

static void numbers_need_one_study(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":2,"
                  "\"matrix\":{\"k\":[1,2]},\"parameters\":{\"x\":{\"values\":[1,2]}}}");
    retry_one(world, 0);
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_REFUSED), "such as `s/1`"));
    retry(world, "s/1", (int64_t[]){ 0 }, 1);
    assert_string_equal(error_told(world, CLIENT, ERROR_NOT_FOUND), "`s/1` has no trials yet");
    world_destroy(world);
}

/* ---- re-runs --------------------------------------------------------------------------------- */

static bool replays(struct world *world, const char *definition_text, int64_t study_id,
                    struct error *error)
{
    json_t *document = json_loads(definition_text, 0, NULL);
    struct problems problems;
    problems_init(&problems);
    struct definition *definition;
    assert_true(definition_parse(&definition, document, &problems));
    struct outcome_row *outcomes = xcalloc(world->disk.n_outcomes + 1, sizeof *outcomes);
    struct recorded_study studies[3] = { 0 };
    size_t used = 0;
    for (int64_t id = 1; id <= study_id; id++) {
        struct recorded_study *study = &studies[id];
        const struct study_row *row = disk_study(&world->disk, id);
        *study = (struct recorded_study){ .definition = definition, .outcomes = outcomes + used };
        study->parent = row->parent != 0 ? &studies[row->parent] : NULL;
        study->repeat = row->repeat;
        study->trials = disk_trial(&world->disk, id, 0);
        for (int64_t i = 0; disk_trial(&world->disk, id, i) != NULL; i++)
            study->n_trials++;
        for (size_t i = 0; i < world->disk.n_outcomes; i++)
            if (world->disk.outcomes[i].study == id)
                outcomes[used++] = world->disk.outcomes[i];
        study->n_outcomes = (size_t)(outcomes + used - study->outcomes);
    }
    int64_t mismatch;
    bool ok = replay_study(&studies[study_id], &mismatch, error);
    free(outcomes);
    definition_destroy(&definition);
    problems_free(&problems);
    json_decref(document);
    return ok;
}

#define AGAIN SPEC("\"trials\":3,\"max_attempts\":1,\"rerun\":{\"best\":2,\"seeds\":1}")

/* The re-run of two configurations has handed out one, the third of its parent, when the second
 * one is tried again and becomes the best. */
static void a_re_run_that_has_begun_goes_on_with_what_is_best_now(void **state)
{
    struct world *world = world_create();
    struct error error = { "" };
    submit(world, AGAIN);
    uint64_t session = worker_joins(world, 1, 3);
    ask(world, 1, session, 3, 0);
    worker_fails(world, 1, session, (struct attempt_ref){ 1, 1, 1 }, "no");
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 0, 1 }, 9);
    worker_finishes(world, 1, session, (struct attempt_ref){ 1, 2, 1 }, 5);
    ask(world, 1, session, 1, 3);
    assert_int_equal(disk_trial(&world->disk, 2, 0)->history_seq, 3);
    retry_one(world, 1); /* `s` is a search of one study, and a re-run */
    assert_int_equal(retried(world), 1);
    ask(world, 1, session, 1, 4);
    struct attempt_ref again = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    if (again.study == 2) { /* whose turn it is; the other one is next */
        worker_finishes(world, 1, session, again, 1);
        ask(world, 1, session, 1, 5);
        again = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    }
    assert_int_equal(again.study, 1);
    worker_finishes(world, 1, session, again, 1);
    ask(world, 1, session, 3, world->disk.n_attempts);
    assert_true(replays(world, AGAIN, 1, &error));
    if (!replays(world, AGAIN, 2, &error))
        fail_msg("%s", error.text);
    const char *first = disk_trial(&world->disk, 2, 0)->parameters;
    const char *second = disk_trial(&world->disk, 2, 1)->parameters;
    assert_string_equal(first, trial_on_disk(world, 2)->parameters);
    assert_string_not_equal(first, second);
    disk_trial(&world->disk, 2, 1)->parameters = first; /* forged: it ran already */
    assert_false(replays(world, AGAIN, 2, &error));
    world_destroy(world);
}

/* Searches of several suggestions after a retry, by a sampler that learns from each outcome. */
#define LEARNS                                                                                     \
    "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":30,"            \
    "\"max_attempts\":1,\"seed\":5,\"parameters\":{\"x\":{\"distribution\":\"uniform\","           \
    "\"min\":0,\"max\":1}}}"

static void suggestions_around_a_retry_replay(void **state)
{
    struct world *world = world_create();
    struct error error = { "" };
    world->quick = true;
    submit(world, LEARNS);
    uint64_t session = worker_joins(world, 1, 1);
    for (int64_t done = 0; disk_study(&world->disk, 1)->finished_ms == 0; done++) {
        ask(world, 1, session, 1, done);
        struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
        if (ref.trial % 5 == 2 && ref.attempt == 1)
            worker_fails(world, 1, session, ref, "no");
        else
            worker_finishes(world, 1, session, ref, 1.0 / (double)(1 + ref.trial));
        if (ref.trial == 14 || ref.trial == 23)
            retry(world, "s", NULL, 0);
        if (ref.trial == 20)
            coordinator_restarts(world), session = worker_joins(world, 1, 1), done = -1;
    }
    assert_int_equal(world->disk.n_outcomes, 35);
    if (!replays(world, LEARNS, 1, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < world->disk.n_outcomes; i++) { /* a second outcome of what went well */
        struct outcome_row former = world->disk.outcomes[i];
        if (former.state != TRIAL_FAILED)
            continue;
        world->disk.outcomes[i].state = TRIAL_DONE;
        assert_false(replays(world, LEARNS, 1, &error));
        world->disk.outcomes[i] = former;
        break;
    }
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_trial_runs_again_and_a_new_outcome_follows_the_old_one),
        cmocka_unit_test(a_retry_survives_a_restart_and_asked_twice_it_is_one),
        cmocka_unit_test(the_same_result_sent_again_is_not_taken_for_the_new_one),
        cmocka_unit_test(only_what_ended_without_success_can_be_tried_again),
        cmocka_unit_test(states_are_chosen_one_by_one),
        cmocka_unit_test(after_a_stop_by_request_only_what_is_tried_again_runs),
        cmocka_unit_test(a_study_that_its_failures_stopped_goes_on_once_they_are_forgiven),
        cmocka_unit_test(the_answer_counts_studies_and_trials),
        cmocka_unit_test(what_is_tried_again_has_no_value_yet),
        cmocka_unit_test(numbers_need_one_study),
        cmocka_unit_test(a_re_run_that_has_begun_goes_on_with_what_is_best_now),
        cmocka_unit_test(suggestions_around_a_retry_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
