#include "../report/scene.h"
#include "capture.h"

static struct context context_of(struct fixture *f, enum output_format format)
{
    return (struct context){ .format = format, .database = f->path };
}

#define run(f, command, format, ...) \
    run_command(command, (struct context[]){ context_of(f, format) }, \
                (const char *const[]){ __VA_ARGS__, NULL })

static void runs_with_the_same_seed_are_compared(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_compare, OUTPUT_CSV, "grid/ours,10", "grid/plain,10");
    assert_int_equal(got->status, EXIT_OK);
    assert_string_equal(got->err, "");
    /* differences 0.1 and 0.3: a resample of two has mean 0.1, 0.2 or 0.3 */
    assert_contains(got->out, "a,b,metric,goal,n,mean_a,mean_b,difference,low,high,ratio,win_rate");
    assert_contains(got->out, "\"grid/ours,10\",\"grid/plain,10\",test_score,maximize,2,0.6,0.4,");
    got = run(f, command_compare, OUTPUT_TABLE, "grid/ours,10", "grid/plain,10");
    assert_contains(got->out, "2    0.6    0.4        0.2 0.1  0.3   1.5        1");
}

static void the_better_one_of_a_goal_to_minimize_is_the_smaller(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_compare, OUTPUT_JSON, "figure-3d/ldt", "figure-3d/no-teacher");
    assert_int_equal(got->status, EXIT_OK);
    assert_contains(got->out, "\"goal\":\"minimize\",\"n\":2,");
    assert_contains(got->out, "\"win_rate\":1");
    got = run(f, command_compare, OUTPUT_JSON, "figure-3d/no-teacher", "figure-3d/ldt");
    assert_contains(got->out, "\"win_rate\":0");
}

static void a_tie_is_half_a_win(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_compare, OUTPUT_CSV, "grid/ours,20", "grid/ours,20");
    assert_contains(got->out, ",0,0,0,1,0.5");
}

static void one_pair_has_no_interval_and_the_others_are_counted(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_compare, OUTPUT_JSON, "grid/ours,20", "grid/plain,20:0");
    assert_int_equal(got->status, EXIT_OK);
    assert_contains(got->out, "\"n\":1,");
    assert_contains(got->out, "\"low\":null,\"high\":null");
    assert_contains(got->err, "1 runs of grid/ours,20, 0 of grid/plain,20:0");
}

static void a_trial_names_its_configuration(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_compare, OUTPUT_JSON, "figure-3d/ldt:1", "figure-3d/ldt:2");
    assert_contains(got->out, "\"mean_a\":0.4,");
    assert_contains(got->out, "\"mean_b\":0.15");
    got = run(f, command_compare, OUTPUT_JSON, "figure-3d/ldt:9", "figure-3d/ldt");
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "has no trial 9");
}

static void without_a_common_seed_nothing_is_compared(void **state)
{
    struct fixture *f = *state;
    run_sql(f, "UPDATE trial SET seed = seed + 1000 WHERE study = 1");
    const struct captured *got =
        run(f, command_compare, OUTPUT_TABLE, "grid/ours,10", "grid/plain,10");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_string_equal(got->out, "");
    assert_contains(got->err, "have no seed in common");
    assert_contains(got->err, "run both with `repeat`");
}

static void values_of_different_metrics_are_not_compared(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_compare, OUTPUT_TABLE, "grid/ours,10", "figure-3d/ldt");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "judged by test_score");
}

static void a_study_without_a_whole_configuration_says_so(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_compare, OUTPUT_TABLE, "grid/plain,40", "grid/ours,10");
    assert_int_equal(got->status, EXIT_FAILED);
    assert_contains(got->err, "grid/plain,40 has no configuration whose runs have all ended well");
    got = run(f, command_compare, OUTPUT_TABLE, "grid/plan,10", "grid/ours,10");
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "did you mean `grid/plain,10`?");
}

/* ---- ldt report, as far as it is not the report's own */

static void a_report_needs_a_directory(void **state)
{
    const struct captured *got = run(*state, command_report, OUTPUT_TABLE, "grid");
    assert_int_equal(got->status, EXIT_USAGE);
    assert_contains(got->err, "-o DIR names the directory");
}

static void a_report_of_an_unknown_search_names_the_nearest(void **state)
{
    struct fixture *f = *state;
    const struct captured *got = run(f, command_report, OUTPUT_TABLE, "gird", "-o", f->directory);
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "did you mean `grid`?");
}

static void a_report_of_an_unknown_metric_names_the_nearest(void **state)
{
    struct fixture *f = *state;
    const struct captured *got =
        run(f, command_report, OUTPUT_TABLE, "grid", "-m", "test_scroe", "-o", f->directory);
    assert_int_equal(got->status, EXIT_NOT_FOUND);
    assert_contains(got->err, "reported a metric `test_scroe`; did you mean `test_score`?");
}

static void a_report_says_where_its_page_is(void **state)
{
    struct fixture *f = *state;
    char directory[128], remove[160];
    snprintf(directory, sizeof directory, "%s/report", f->directory);
    const struct captured *got =
        run(f, command_report, OUTPUT_TABLE, "grid/ours,10", "grid", "-o", directory);
    snprintf(remove, sizeof remove, "rm -r %s", directory);
    assert_int_equal(system(remove), 0);
    assert_int_equal(got->status, EXIT_OK);
    assert_contains(got->out, "/report/index.html\n");
    assert_contains(got->err, "4 figures and tables of 1 search\n"); /* a study means its search */
}

int main(void)
{
#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, make_scene, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_SCENE(runs_with_the_same_seed_are_compared),
        WITH_SCENE(the_better_one_of_a_goal_to_minimize_is_the_smaller),
        WITH_SCENE(a_tie_is_half_a_win),
        WITH_SCENE(one_pair_has_no_interval_and_the_others_are_counted),
        WITH_SCENE(a_trial_names_its_configuration),
        WITH_SCENE(without_a_common_seed_nothing_is_compared),
        WITH_SCENE(values_of_different_metrics_are_not_compared),
        WITH_SCENE(a_study_without_a_whole_configuration_says_so),
        WITH_SCENE(a_report_needs_a_directory),
        WITH_SCENE(a_report_of_an_unknown_search_names_the_nearest),
        WITH_SCENE(a_report_of_an_unknown_metric_names_the_nearest),
        WITH_SCENE(a_report_says_where_its_page_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
