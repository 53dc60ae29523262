/* What the core asks to have saved, and what is fed to it again, through a real file. */
#include "fixture.h"
#include "tests/unit/coordinator/core/world.h"

/* Saves the last turn of the world in the store too. */
static void keep(struct fixture *f, struct world *world)
{
    if (store_save(f->store, &world->actions, &f->error) != STORE_OK)
        fail_msg("%s", f->error.text);
}

/* A core restored from the file is the one that was saved. */
static void assert_restored(struct fixture *f, struct world *world)
{
    struct core *copy = world_core(world);
    reopen(f);
    if (!store_restore(f->store, copy, world->now_ms, &f->error))
        fail_msg("%s", f->error.text);
    char *here = core_dump(world->core), *there = core_dump(copy);
    assert_string_equal(here, there);
    free(here);
    free(there);
    core_destroy(&copy);
}

static void an_empty_file_restores_an_empty_core(void **state)
{
    struct world *world = world_create();
    assert_restored(*state, world);
    world_destroy(world);
}

/* One worker takes trial after trial; the outcome of each follows from its number. */
static void ends_trial(struct fixture *f, struct world *world, uint64_t session,
                       struct attempt_ref ref)
{
    struct point points[] = { loss(1, 0.1 * (double)ref.trial), loss(2, 1.0 / 3), loss(3, NAN) };
    size_t count = ref.trial % 3 == 0 ? 3 : ref.trial % 3 == 1 ? 2 : 0;
    points[0].epoch = 0.1;
    if (count > 0) {
        send_points(world, 7, session, ref, 0, points, count);
        keep(f, world);
    }
    struct message message = result(ref, count > 0 ? RESULT_DONE : RESULT_FAILED, points, count);
    message.result.reason = count > 0 ? "" : "no such file";
    message.result.log = "a log\nwith \"two\" lines";
    message.result.info = "{\"version\":\"1\"}";
    message.result.duration_ms = 1234;
    message.result.cpu_ms = 1200;
    message.result.peak_memory_bytes = INT64_C(1) << 33;
    send_result(world, 7, session, message);
    keep(f, world);
}

static void every_turn_of_a_search_survives_a_restart(void **state)
{
    struct fixture *f = *state;
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9,\"repeat\":2,\"max_attempts\":2"));
    keep(f, world);
    assert_restored(f, world);
    uint64_t session = worker_joins(world, 7, 1);
    keep(f, world);
    for (int i = 0; i < 12; i++) {
        ask(world, 7, session, 1, i);
        keep(f, world);
        assert_restored(f, world);
        ends_trial(f, world, session, told(world, 7, MESSAGE_TRIAL)->trial.ref);
        assert_restored(f, world);
    }
    stop(world, "s", true);
    keep(f, world);
    assert_restored(f, world);
    assert_string_equal(answer(f, "SELECT count(*) > 0 FROM v_trial WHERE state = 'diverged'"),
                        "1");
    assert_string_equal(answer(f, "SELECT count(*) > 0 FROM v_trial WHERE state = 'done'"), "1");
    assert_string_equal(answer(f, "SELECT count(*) = max(seq) FROM outcome"), "1");
    assert_string_equal(answer(f, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
    world_destroy(world);
}

static void the_best_of_the_views_is_the_best_of_the_core(void **state)
{
    struct fixture *f = *state;
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":5"));
    keep(f, world);
    uint64_t session = worker_joins(world, 7, 1);
    keep(f, world);
    for (int i = 0; i < 5; i++) {
        ask(world, 7, session, 1, i);
        keep(f, world);
        ends_trial(f, world, session, told(world, 7, MESSAGE_TRIAL)->trial.ref);
    }
    const struct study_status *status = status_of(world, "s");
    char expected[64];
    snprintf(expected, sizeof expected, "%lld|%.15g|%lld|%lld|%lld", (long long)status->best_trial,
             status->best_value, (long long)status->counts.done, (long long)status->counts.diverged,
             (long long)status->counts.failed);
    assert_true(status->has_best);
    assert_string_equal(answer(f, "SELECT best_trial, best, done, diverged, failed FROM v_study"),
                        expected);
    world_destroy(world);
}

static void a_contradiction_in_the_rows_is_told(void **state)
{
    struct fixture *f = *state;
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":9"));
    keep(f, world);
    uint64_t session = worker_joins(world, 7, 1);
    keep(f, world);
    ask(world, 7, session, 1, 0);
    keep(f, world);
    struct action trial = trial_action(1, 1);
    trial.trial.configuration = 5;
    assert_int_equal(save(f, trial), STORE_OK);
    struct core *copy = world_core(world);
    assert_false(store_restore(f->store, copy, world->now_ms, &f->error));
    assert_non_null(strstr(f->error.text, "configuration does not follow"));
    core_destroy(&copy);
    world_destroy(world);
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_all)
    const struct CMUnitTest tests[] = {
        WITH_STORE(an_empty_file_restores_an_empty_core),
        WITH_STORE(every_turn_of_a_search_survives_a_restart),
        WITH_STORE(the_best_of_the_views_is_the_best_of_the_core),
        WITH_STORE(a_contradiction_in_the_rows_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
