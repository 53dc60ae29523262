/* The best configurations of a study again, on other seeds: planned by the search, or asked for. */
#include "coordinator/core/replay.h"
#include "tests/unit/coordinator/core/world.h"

#define MATRIX "\"matrix\":{\"k\":[1,2]}"

/* One worker takes and ends every trial there is; the value of a trial is that of its configuration
 * in the list (NaN: diverged), plus a hundredth of its repetition. */
static void run_all(struct world *world, const double *values)
{
    static uint64_t peer;
    uint64_t session = worker_joins(world, ++peer, 1);
    for (int64_t taken = 0;; taken++) {
        ask(world, peer, session, 1, taken);
        if (times_told(world, MESSAGE_TRIAL) == 0) {
            ask(world, peer, session, 0, taken);
            return;
        }
        struct attempt_ref ref = told(world, peer, MESSAGE_TRIAL)->trial.ref;
        const struct trial_row *row = disk_trial(&world->disk, ref.study, ref.trial);
        worker_finishes(world, peer, session, ref,
                        values[row->configuration] + 0.01 * row->repetition);
    }
}

static void ask_rerun(struct world *world, const char *name, int64_t best, int64_t seeds)
{
    struct message message = { .type = MESSAGE_RERUN };
    message.rerun.name = name;
    message.rerun.best = best;
    message.rerun.seeds = seeds;
    say(world, CLIENT, message);
}

static const char *parameters(const struct world *world, int64_t study, int64_t number)
{
    return disk_trial(&world->disk, study, number)->parameters;
}

static void the_best_run_again_in_the_order_of_their_rank(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":4,\"rerun\":{\"best\":2,\"seeds\":3}"));
    assert_int_equal(told(world, CLIENT, MESSAGE_SUBMITTED)->submitted.studies, 2);
    assert_int_equal(told(world, CLIENT, MESSAGE_SUBMITTED)->submitted.trials, 10);
    run_all(world, (double[]){ 5, 1, 7, 3 });
    assert_string_equal(disk_study(&world->disk, 2)->name, "s/rerun");
    assert_int_equal(disk_study(&world->disk, 2)->parent, 1);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_DONE);
    for (int64_t k = 0; k < 3; k++) {
        assert_string_equal(parameters(world, 2, k), parameters(world, 1, 1));
        assert_string_equal(parameters(world, 2, 3 + k), parameters(world, 1, 3));
    }
    assert_null(disk_trial(&world->disk, 2, 6));
    world_destroy(world);
}

static void
the_best_of_a_goal_to_maximize_is_the_largest_and_diverged_ones_do_not_count(void **state)
{
    struct world *world = world_create();
    submit(world, "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\",\"goal\":"
                  "\"maximize\"},\"sampler\":{\"name\":\"grid\"},\"parameters\":{\"x\":{\"values\":"
                  "[10,11,12,13]}},\"rerun\":{\"best\":1,\"seeds\":1}}");
    run_all(world, (double[]){ 1, 9, NAN, 9 }); /* of equals the elder */
    assert_string_equal(parameters(world, 2, 0), "{\"x\":11}");
    world_destroy(world);
}

static void nothing_runs_again_before_its_study_is_done(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"rerun\":{}"));
    uint64_t session = worker_joins(world, 1, 9);
    ask(world, 1, session, 9, 0);
    struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
    assert_string_equal(status_of(world, "s/rerun")->note, "waits for `s` to finish");
    assert_int_equal(status_of(world, "s/rerun")->trials, 8);
    worker_finishes(world, 1, session, ref, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 8);
    world_destroy(world);
}

static void seeds_are_the_same_in_all_reruns_and_no_search_has_them(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"repeat\":2,\"rerun\":{\"best\":2,\"seeds\":4}," MATRIX));
    run_all(world, (double[]){ 1, 2 });
    for (int64_t k = 0; k < 8; k++) {
        int64_t seed = disk_trial(&world->disk, 3, k)->seed;
        assert_int_equal(seed & 1, 1);
        assert_int_equal(seed, disk_trial(&world->disk, 4, k)->seed);
        assert_int_equal(seed, disk_trial(&world->disk, 3, k % 4)->seed);
        for (int64_t i = 0; i < k % 4; i++)
            assert_true(seed != disk_trial(&world->disk, 3, i)->seed);
    }
    for (size_t i = 0; i < world->disk.n_trials; i++)
        assert_int_equal(world->disk.trials[i].seed & 1, world->disk.trials[i].study > 2);
    world_destroy(world);
}

static void a_rerun_outlives_the_coordinator(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"rerun\":{\"best\":3,\"seeds\":2}"));
    uint64_t session = worker_joins(world, 1, 1);
    for (int64_t i = 0; i < 5; i++) { /* the search, and one configuration of the re-run */
        ask(world, 1, session, 1, i);
        worker_finishes(world, 1, session, told(world, 1, MESSAGE_TRIAL)->trial.ref, (double)-i);
    }
    coordinator_restarts(world);
    run_all(world, (double[]){ 0, 0, 0 });
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_DONE);
    assert_string_equal(parameters(world, 2, 0), parameters(world, 1, 2));
    assert_string_equal(parameters(world, 2, 2), parameters(world, 1, 1));
    assert_string_equal(parameters(world, 2, 4), parameters(world, 1, 0));
    world_destroy(world);
}

static void fewer_run_again_where_fewer_have_a_value(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"rerun\":{\"best\":3,\"seeds\":1}"));
    run_all(world, (double[]){ NAN, 1, NAN });
    assert_int_equal(disk_study(&world->disk, 2)->budget, 1);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_DONE);
    submit(world, "{\"name\":\"t\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":1,"
                  "\"parameters\":{\"x\":{\"values\":[1]}},\"rerun\":{}}");
    run_all(world, (double[]){ NAN });
    assert_int_equal(disk_study(&world->disk, 4)->state, SEARCH_DONE);
    assert_int_equal(disk_study(&world->disk, 4)->budget, 0);
    assert_string_equal(disk_study(&world->disk, 4)->note,
                        "left out: no configuration of `t` has a value");
    world_destroy(world);
}

static void a_study_that_was_stopped_does_not_run_again_unless_asked_to(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"rerun\":{\"best\":1,\"seeds\":1}"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 1);
    stop(world, "s", true);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_STOPPED);
    assert_string_equal(disk_study(&world->disk, 2)->note,
                        "`s` was stopped before its end; `ldt rerun s` runs the best of it again "
                        "all the same");
    ask_rerun(world, "s", 1, 1);
    assert_string_equal(told(world, CLIENT, MESSAGE_RERUNNING)->rerunning.name, "s/rerun-2");
    run_all(world, (double[]){ 2 });
    assert_int_equal(disk_study(&world->disk, 3)->state, SEARCH_DONE);
    world_destroy(world);
}

static void asking_for_a_rerun_twice_is_one_rerun(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2," MATRIX));
    run_all(world, (double[]){ 1, 2 });
    ask_rerun(world, "s", 5, 3);
    const struct message *answer = told(world, CLIENT, MESSAGE_RERUNNING);
    assert_string_equal(answer->rerunning.name, "s/1/rerun");
    assert_int_equal(answer->rerunning.studies, 2);
    assert_int_equal(answer->rerunning.trials, 12); /* two configurations are all there are */
    assert_false(answer->rerunning.already);
    ask_rerun(world, "s", 5, 3);
    assert_true(told(world, CLIENT, MESSAGE_RERUNNING)->rerunning.already);
    assert_int_equal(world->disk.n_studies, 4);
    ask_rerun(world, "s/2", 1, 3);
    assert_string_equal(told(world, CLIENT, MESSAGE_RERUNNING)->rerunning.name, "s/2/rerun-2");
    run_all(world, (double[]){ 1, 2 });
    for (int64_t study = 3; study <= 5; study++)
        assert_int_equal(disk_study(&world->disk, study)->state, SEARCH_DONE);
    world_destroy(world);
}

static void what_cannot_run_again_is_refused_with_what_to_do(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"rerun\":{\"seeds\":1}"));
    ask_rerun(world, "s", 1, 8);
    assert_string_equal(error_told(world, CLIENT, ERROR_REFUSED),
                        "`s` has not finished: wait until it is done (`ldt status s`), or stop it "
                        "with `ldt stop s`");
    ask_rerun(world, "t", 1, 8);
    error_told(world, CLIENT, ERROR_NOT_FOUND);
    run_all(world, (double[]){ NAN });
    ask_rerun(world, "s", 1, 8);
    assert_string_equal(error_told(world, CLIENT, ERROR_REFUSED),
                        "no configuration of `s` has a value: there is nothing to run again");
    ask_rerun(world, "s/rerun", 1, 8);
    assert_string_equal(error_told(world, CLIENT, ERROR_REFUSED),
                        "`s/rerun` is a re-run itself: name the study, `s`");
    world_destroy(world);
}

static void a_rerun_that_was_stopped_is_left_as_it_is(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":3,\"rerun\":{\"best\":3,\"seeds\":1}"));
    stop(world, "s/rerun", true);
    run_all(world, (double[]){ 1, NAN, NAN });
    assert_int_equal(disk_study(&world->disk, 1)->state, SEARCH_DONE);
    assert_int_equal(disk_study(&world->disk, 2)->state, SEARCH_STOPPED);
    assert_int_equal(disk_study(&world->disk, 2)->budget, 3);
    assert_string_equal(disk_study(&world->disk, 2)->note, "stopped by request");
    world_destroy(world);
}

static void a_name_that_is_too_long_for_a_rerun_is_refused(void **state)
{
    struct world *world = world_create();
    submit_long_name(world, 'a', 244);
    submit_long_name(world, 'b', 245);
    run_all(world, (double[]){ 1 });
    ask_rerun(world, "a", 1, 1);
    assert_int_equal(strlen(told(world, CLIENT, MESSAGE_RERUNNING)->rerunning.name), 244 + 6);
    ask_rerun(world, "b", 1, 1);
    assert_non_null(strstr(error_told(world, CLIENT, ERROR_REFUSED), "too long for a re-run"));
    world_destroy(world);
}

/* ---- replay ---------------------------------------------------------------------------------- */

static bool replays(const struct world *world, const char *text, struct error *error)
{
    json_t *document = json_loads(text, 0, NULL);
    struct problems problems;
    struct definition *definition;
    int64_t mismatch;
    size_t split = 0, outcomes = 0;
    problems_init(&problems);
    assert_true(definition_parse(&definition, document, &problems));
    while (world->disk.trials[split].study == 1)
        split++;
    while (world->disk.outcomes[outcomes].study == 1)
        outcomes++;
    struct recorded_study parent = { .definition = definition,
                                     .trials = world->disk.trials,
                                     .n_trials = split,
                                     .outcomes = world->disk.outcomes,
                                     .n_outcomes = outcomes };
    struct recorded_study rerun = { .definition = definition,
                                    .trials = world->disk.trials + split,
                                    .n_trials = world->disk.n_trials - split,
                                    .outcomes = world->disk.outcomes + outcomes,
                                    .n_outcomes = world->disk.n_outcomes - outcomes,
                                    .parent = &parent,
                                    .repeat = 2 };
    bool same = replay_study(&rerun, &mismatch, error);
    definition_destroy(&definition);
    problems_free(&problems);
    json_decref(document);
    return same;
}

static void a_rerun_replays_from_its_parents_rows(void **state)
{
    static const char text[] = SPEC("\"trials\":3,\"rerun\":{\"best\":2,\"seeds\":2}");
    struct error error = { "" };
    struct world *world = world_create();
    submit(world, text);
    run_all(world, (double[]){ 3, 2, 1 });
    if (!replays(world, text, &error))
        fail_msg("%s", error.text);
    world->disk.outcomes[2].value = 4; /* then the third would not have been the best */
    assert_false(replays(world, text, &error));
    world->disk.outcomes[2].value = 1;
    world->disk.trials[3].seed ^= 2;
    assert_false(replays(world, text, &error));
    world_destroy(world);
}

/* ---- rows that cannot be --------------------------------------------------------------------- */

static void a_rerun_without_its_parent_is_not_restored(void **state)
{
    static const int64_t parents[] = { 7, 2 }; /* nobody, and itself */
    for (size_t i = 0; i < 2; i++) {
        struct error error = { "" };
        struct world *world = world_create();
        submit(world, SPEC("\"trials\":1,\"rerun\":{}"));
        disk_study(&world->disk, 2)->parent = parents[i];
        struct core *copy = world_core(world);
        assert_false(disk_restore(&world->disk, copy, 0, &error));
        assert_string_equal(error.text, "study 2 (s/rerun): it runs again what is no study of its "
                                        "search");
        core_destroy(&copy);
        world_destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_run_again_in_the_order_of_their_rank),
        cmocka_unit_test(
            the_best_of_a_goal_to_maximize_is_the_largest_and_diverged_ones_do_not_count),
        cmocka_unit_test(nothing_runs_again_before_its_study_is_done),
        cmocka_unit_test(seeds_are_the_same_in_all_reruns_and_no_search_has_them),
        cmocka_unit_test(a_rerun_outlives_the_coordinator),
        cmocka_unit_test(fewer_run_again_where_fewer_have_a_value),
        cmocka_unit_test(a_study_that_was_stopped_does_not_run_again_unless_asked_to),
        cmocka_unit_test(asking_for_a_rerun_twice_is_one_rerun),
        cmocka_unit_test(a_rerun_that_was_stopped_is_left_as_it_is),
        cmocka_unit_test(a_name_that_is_too_long_for_a_rerun_is_refused),
        cmocka_unit_test(what_cannot_run_again_is_refused_with_what_to_do),
        cmocka_unit_test(a_rerun_replays_from_its_parents_rows),
        cmocka_unit_test(a_rerun_without_its_parent_is_not_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
