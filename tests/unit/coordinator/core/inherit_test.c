/* `from`: constants that the coordinator looks up when a search is submitted. */
#include "tests/unit/coordinator/core/world.h"

#define SOURCE                                                                                     \
    "{\"name\":\"a\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"sampler\":{\"name\":"    \
    "\"grid\"},\"parameters\":{\"x\":{\"values\":[10,20,30]},\"y\":{\"value\":\"word\"}}}"
#define TAKER(from, more)                                                                          \
    "{\"name\":\"b\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":1,"             \
    "\"from\":" from more "}"

static void run_source(struct world *world, const double *values)
{
    submit(world, SOURCE);
    uint64_t session = worker_joins(world, 1, 3);
    ask(world, 1, session, 3, 0);
    for (int64_t i = 0; i < 3; i++)
        worker_finishes(world, 1, session, (struct attempt_ref){ 1, i, 1 }, values[i]);
}

static const char *first_parameters(struct world *world, uint64_t peer)
{
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, peer, &session);
    return disk_trial(&world->disk, ref.study, ref.trial)->parameters;
}

static const char *refused(struct world *world, enum error_code code, const char *definition)
{
    submit_with_key(world, definition, definition);
    return error_told(world, CLIENT, code);
}

static void constants_come_from_the_best_and_are_recorded(void **state)
{
    struct world *world = world_create();
    run_source(world, (double[]){ 2, 1, 3 });
    submit(world, TAKER("{\"study\":\"a\"}", ""));
    assert_string_equal(disk_search(&world->disk, 2)->definition,
                        TAKER("{\"study\":\"a\",\"parameters\":{\"x\":20,\"y\":\"word\"}}", ""));
    assert_string_equal(disk_study(&world->disk, 2)->name, "b");
    assert_string_equal(first_parameters(world, 2), "{\"x\":20,\"y\":\"word\"}");
    world_destroy(world);
}

static void best_is_a_rank(void **state)
{
    struct world *world = world_create();
    run_source(world, (double[]){ 2, 1, 3 });
    submit(world, TAKER("{\"study\":\"a\",\"best\":3}", ""));
    assert_string_equal(first_parameters(world, 2), "{\"x\":30,\"y\":\"word\"}");
    world_destroy(world);
}

static void what_the_search_says_itself_wins(void **state)
{
    struct world *world = world_create();
    run_source(world, (double[]){ 2, 1, 3 });
    submit(world, TAKER("{\"study\":\"a\"}", ",\"matrix\":{\"y\":[\"u\",\"v\"]},\"parameters\":"
                                             "{\"z\":{\"value\":5}}"));
    assert_string_equal(disk_study(&world->disk, 2)->name, "b/u");
    assert_string_equal(first_parameters(world, 2), "{\"y\":\"u\",\"x\":20,\"z\":5}");
    world_destroy(world);
}

static void a_setting_that_a_method_lacks_is_left_out_for_it(void **state)
{
    struct world *world = world_create();
    submit(world,
           "{\"name\":\"a\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},\"trials\":"
           "1,\"parameters\":{\"task\":{\"value\":\"task-b\"},\"meta_lr\":{\"value\":0.002},"
           "\"student_lr\":{\"value\":0.003}}}");
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    struct point point = { .step = 1, .epoch = 1, .metric = "test_kl", .value = 1 };
    send_points(world, 1, session, ref, 0, &point, 1);
    send_result(world, 1, session, result(ref, RESULT_DONE, &point, 1));
    submit(world,
           "{\"name\":\"b\",\"program\":\"ldt\",\"metric\":{\"name\":\"test_kl\"},\"trials\":"
           "1,\"from\":{\"study\":\"a\"},\"matrix\":{\"method\":[\"no-teacher\"]}}");
    assert_string_equal(first_parameters(world, 2),
                        "{\"method\":\"no-teacher\",\"task\":\"task-b\","
                        "\"student_lr\":0.003}");
    world_destroy(world);
}

static void a_missing_or_unfinished_study_is_refused_with_what_to_do(void **state)
{
    struct world *world = world_create();
    submit(world, SOURCE);
    assert_string_equal(refused(world, ERROR_REFUSED, TAKER("{\"study\":\"a\"}", "")),
                        "`from` names `a`, which has not finished: wait until it is done (`ldt "
                        "status a`), or stop it with `ldt stop a`");
    assert_string_equal(refused(world, ERROR_NOT_FOUND, TAKER("{\"study\":\"aa\"}", "")),
                        "`from` names the study `aa`, which does not exist; did you mean `a`? "
                        "(submit its search first, and wait until it is done)");
    assert_int_equal(world->disk.n_searches, 1);
    world_destroy(world);
}

static void a_rank_that_no_configuration_has_is_refused(void **state)
{
    struct world *world = world_create();
    run_source(world, (double[]){ NAN, 1, NAN });
    assert_string_equal(refused(world, ERROR_REFUSED, TAKER("{\"study\":\"a\",\"best\":2}", "")),
                        "`from` wants configuration 2 of `a` by rank, and 1 of them have a value "
                        "(`ldt best a`)");
    world_destroy(world);
}

static void a_search_of_several_studies_is_no_source(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"matrix\":{\"k\":[1,2]}"));
    assert_string_equal(
        refused(world, ERROR_REFUSED, TAKER("{\"study\":\"s\"}", "")),
        "`from` names `s`, a search with 2 studies: name one of them, such as `s/1`");
    world_destroy(world);
}

/* Only what is complete may be stored. */
static void a_search_that_was_never_looked_up_is_not_restored(void **state)
{
    struct error error = { "" };
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1"));
    disk_search(&world->disk, 1)->definition = TAKER("{\"study\":\"a\"}", "");
    struct core *copy = world_core(world);
    assert_false(disk_restore(&world->disk, copy, 0, &error));
    assert_string_equal(error.text, "search 1 (s): its `from` was never looked up");
    core_destroy(&copy);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constants_come_from_the_best_and_are_recorded),
        cmocka_unit_test(best_is_a_rank),
        cmocka_unit_test(what_the_search_says_itself_wins),
        cmocka_unit_test(a_setting_that_a_method_lacks_is_left_out_for_it),
        cmocka_unit_test(a_missing_or_unfinished_study_is_refused_with_what_to_do),
        cmocka_unit_test(a_rank_that_no_configuration_has_is_refused),
        cmocka_unit_test(a_search_of_several_studies_is_no_source),
        cmocka_unit_test(a_search_that_was_never_looked_up_is_not_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
