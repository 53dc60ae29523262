#include "scene.h"
#include "coordinator/report/results.h"
#include "coordinator/report/statistics.h"

static struct results *read_searches(struct fixture *f, const char *a, const char *b)
{
    struct results *results;
    struct error error;
    const char *names[] = { a, b };
    if (!results_read(&results, f->store->db, names, b != NULL ? 2 : 1, &error))
        fail_msg("%s", error.text);
    return results;
}

static void keys_are_those_of_the_matrix_numbers_ascending(void **state)
{
    struct results *results = read_searches(*state, "grid", NULL);
    assert_int_equal(results->n_studies, 6);
    assert_int_equal(results->n_keys, 2);
    assert_string_equal(results->keys[0].name, "method");
    assert_false(results->keys[0].numeric);
    assert_true(results->keys[1].numeric);
    assert_int_equal(results->keys[1].n_values, 3);
    assert_float_equal(results->keys[1].numbers[2], 40, 0);
    assert_string_equal(
        results_label(results, &results->studies[5], (bool[]){ true, true }), "plain, n 40");
    results_destroy(&results);
    assert_null(results);
}

static void a_run_that_diverged_is_counted_but_has_no_value(void **state)
{
    struct results *results = read_searches(*state, "grid", NULL);
    const struct study_result *study = &results->studies[4];
    assert_string_equal(study->name, "grid/plain,20");
    assert_int_equal(study->n_runs, 1);
    assert_int_equal(study->n_diverged, 1);
    assert_int_equal(results->studies[5].n_runs, 0);
    results_destroy(&results);
}

static void the_best_configuration_counts_and_its_rerun_before_it(void **state)
{
    struct results *results = read_searches(*state, "figure-3d", NULL);
    assert_int_equal(results->n_studies, 2);
    assert_string_equal(results->studies[0].name, "figure-3d/ldt/rerun");
    assert_int_equal(results->studies[0].n_runs, 3);
    assert_float_equal(results->studies[0].values[2], 0.25, 0);
    assert_string_equal(results->studies[1].name, "figure-3d/no-teacher");
    assert_int_equal(results->studies[1].n_runs, 2);
    assert_float_equal(results->studies[1].values[0], 0.6, 0); /* minimize: not 0.9 */
    assert_string_equal(results->studies[1].varied[0], "student_lr");
    assert_null(results->studies[1].varied[1]);
    results_destroy(&results);
}

static void the_mean_and_interval_are_those_of_the_views(void **state)
{
    struct fixture *f = *state;
    struct results *results = read_searches(f, "figure-3d", NULL);
    struct summary summary = summary_of(results->studies[0].values, 3);
    static const char *const columns[] = { "mean", "sd", "low", "high" };
    const double ours[] = { summary.mean, summary.sd, summary.low, summary.high };
    for (size_t i = 0; i < 4; i++) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "SELECT %s FROM v_seed_summary WHERE study = 'figure-3d/ldt/rerun' AND "
                 "quantity = 'value'",
                 columns[i]);
        assert_float_equal(ours[i], atof(answer(f, sql)), 1e-12);
    }
    results_destroy(&results);
}

static void searches_together_are_told_apart_by_what_differs(void **state)
{
    struct fixture *f = *state;
    static const char *const twins[] = {
        "{\"name\":\"one\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},\"trials\":1,"
        "\"matrix\":{\"epochs\":[1,2]},\"parameters\":{\"task\":{\"value\":\"task-b\"},"
        "\"method\":{\"value\":\"ldt\"},\"batch_size\":{\"value\":16}}}",
        "{\"name\":\"two\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},\"trials\":1,"
        "\"matrix\":{\"epochs\":[1,2]},\"parameters\":{\"task\":{\"value\":\"task-b\"},"
        "\"method\":{\"value\":\"no-teacher\"},\"batch_size\":{\"value\":32}}}",
    };
    add_search(f, 3, 20, twins[0]);
    add_search(f, 4, 22, twins[1]);
    struct results *results = read_searches(f, "one", "two");
    assert_int_equal(results->n_studies, 4);
    assert_int_equal(results->n_keys, 2); /* the batch size would tell nothing more */
    assert_string_equal(results->keys[0].name, "epochs");
    assert_string_equal(results->keys[1].name, "method");
    results_destroy(&results);
    results = read_searches(f, "one", "one");
    assert_int_equal(results->n_keys, 1); /* the same twice: nothing differs */
    results_destroy(&results);
}

static void searches_of_different_metrics_do_not_mix(void **state)
{
    struct fixture *f = *state;
    struct results *results;
    struct error error;
    const char *names[] = { "grid", "figure-3d" };
    assert_false(results_read(&results, f->store->db, names, 2, &error));
    assert_null(results);
    assert_non_null(strstr(error.text, "judged by test_score and `figure-3d` by test_kl"));
}

static void flags_and_none_are_left_out_of_labels_unless_needed(void **state)
{
    struct fixture *f = *state;
    add_search(f, 3, 20,
               "{\"name\":\"flags\",\"command\":[\"x\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
               "\"matrix\":{\"kind\":[\"none\",\"some\"],\"fast\":[false,true]},"
               "\"parameters\":{\"x\":{\"value\":1}}}");
    struct results *results = read_searches(f, "flags", NULL);
    const bool all[] = { true, true };
    assert_string_equal(results_label(results, &results->studies[0], all), "");
    assert_string_equal(results_label(results, &results->studies[1], all), "fast");
    assert_string_equal(results_label(results, &results->studies[2], all), "some");
    results_destroy(&results);
    add_search(f, 4, 24,
               "{\"name\":\"words\",\"command\":[\"x\"],\"metric\":{\"name\":\"m\"},\"trials\":1,"
               "\"matrix\":{\"kind\":[\"none\",\"no\"]},\"parameters\":{\"x\":{\"value\":1}}}");
    results = read_searches(f, "words", NULL);
    assert_string_equal(results_label(results, &results->studies[0], all), "none");
    assert_string_equal(results_label(results, &results->studies[1], all), "kind no");
    results_destroy(&results);
}

static void a_curve_has_each_epoch_once_in_order(void **state)
{
    struct fixture *f = *state;
    struct error error;
    struct curve curve;
    struct point points[] = { { 3, 2, "m", 5 }, { 1, 1, "m", 7 }, { 4, 2, "m", 6 },
                              { 4, 2, "other", 9 } };
    assert_int_equal(save(f, points_action((struct attempt_ref){ 7, 0, 1 }, 0, points, 4)),
                     STORE_OK);
    struct arena *arena = arena_create(1024);
    assert_true(curve_read(&curve, f->store->db, arena, "figure-3d/ldt", 0, "m", &error));
    assert_true(curve.is_epoch);
    assert_int_equal(curve.count, 2);
    assert_float_equal(curve.values[0], 7, 0);
    assert_float_equal(curve.values[1], 6, 0);
    assert_true(curve_read(&curve, f->store->db, arena, "figure-3d/ldt", 1, "m", &error));
    assert_int_equal(curve.count, 0);
    arena_destroy(&arena);
}

static void a_curve_without_epochs_goes_by_steps(void **state)
{
    struct fixture *f = *state;
    struct error error;
    struct curve curve;
    struct point points[] = { { 30, NAN, "m", 5 }, { 10, 1, "m", 7 } };
    assert_int_equal(save(f, points_action((struct attempt_ref){ 7, 0, 1 }, 0, points, 2)),
                     STORE_OK);
    struct arena *arena = arena_create(1024);
    assert_true(curve_read(&curve, f->store->db, arena, "figure-3d/ldt", 0, "m", &error));
    assert_false(curve.is_epoch);
    assert_float_equal(curve.x[0], 10, 0);
    assert_float_equal(curve.x[1], 30, 0);
    arena_destroy(&arena);
}

/* Told by a reader of its own: the store still remembers the pages. */
static void assert_unreadable(struct fixture *f, const char *search)
{
    sqlite3 *db;
    struct results *results;
    struct error error;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_false(results_read(&results, db, &search, 1, &error));
    assert_null(results);
    assert_string_equal(error.text, "the query failed: database disk image is malformed");
    sqlite3_close(db);
}

/* It would look like a search without runs, or like no search. */
static void what_cannot_be_read_is_not_what_is_missing(void **state)
{
    struct fixture *f = *state;
    ruin_table(f, "trial");
    assert_unreadable(f, "grid");
    ruin_table(f, "search");
    assert_unreadable(f, "grid");
}

int main(void)
{
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(keys_are_those_of_the_matrix_numbers_ascending),
        WITH_SCENE(a_run_that_diverged_is_counted_but_has_no_value),
        WITH_SCENE(the_best_configuration_counts_and_its_rerun_before_it),
        WITH_SCENE(the_mean_and_interval_are_those_of_the_views),
        WITH_SCENE(searches_together_are_told_apart_by_what_differs),
        WITH_SCENE(searches_of_different_metrics_do_not_mix),
        WITH_SCENE(flags_and_none_are_left_out_of_labels_unless_needed),
        WITH_SCENE(a_curve_has_each_epoch_once_in_order),
        WITH_SCENE(a_curve_without_epochs_goes_by_steps),
        WITH_SCENE(what_cannot_be_read_is_not_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
