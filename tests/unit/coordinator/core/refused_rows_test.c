/* Each sentence with which a row is refused, one by one: the rows are sound but for one cell. */
#include "tests/unit/coordinator/core/world.h"

#define OF(name, more)                                                                             \
    "{\"name\":\"" name "\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":2,"      \
    "\"sampler\":{\"name\":\"random\"},\"parameters\":{\"x\":{\"distribution\":\"uniform\","       \
    "\"min\":0,\"max\":1}}" more "}"

/* Two searches: studies 1, 2 (of a matrix) and 3, 4 (its re-run). Worker 1 has run all of study 3
 * and is in the middle of the others; studies 5 and 6 are audits of study 3. */
static struct world *world_with_rows(void)
{
    struct world *world = world_create();
    submit(world, OF("m", ",\"repeat\":2,\"matrix\":{\"k\":[1,2]}"));
    uint64_t session = worker_joins(world, 1, 3);
    ask(world, 1, session, 3, 0);
    worker_joins(world, 2, 1);
    submit(world, OF("s", ",\"rerun\":{\"best\":1,\"seeds\":1}"));
    session = worker_joins(world, 3, 2);
    ask(world, 3, session, 2, 0);
    for (size_t i = 0; i < world->disk.n_trials; i++) {
        struct trial_row row = world->disk.trials[i];
        const struct attempt_row *attempt =
            disk_attempt(&world->disk, (struct attempt_ref){ row.study, row.number, 1 });
        if (attempt != NULL && attempt->worker == 3)
            worker_finishes(world, 3, session, attempt->ref, 1);
    }
    return world;
}

static void assert_refused(struct world *world, const char *sentence)
{
    struct error error = { "" };
    struct core *core = world_core(world);
    assert_false(disk_restore(&world->disk, core, world->now_ms, &error));
    if (strstr(error.text, sentence) == NULL)
        fail_msg("`%s` does not say `%s`", error.text, sentence);
    core_destroy(&core);
}

/* Changes one cell, and mends it again. */
#define REFUSED(cell, wrong, sentence)                                                             \
    do {                                                                                           \
        __typeof__(cell) sound = cell;                                                             \
        cell = wrong;                                                                              \
        assert_refused(world, sentence);                                                           \
        cell = sound;                                                                              \
    } while (0)

static void close_sound(struct world *world)
{
    coordinator_restarts(world);
    check_restored(world);
    world_destroy(world);
}

static void a_search_that_comes_twice_is_refused(void **state)
{
    struct world *world = world_with_rows();
    struct search_row *rows = world->disk.searches;
    REFUSED(rows[1].id, 1, "its id, name or submit key occurs twice");
    REFUSED(rows[1].name, "m", "its id, name or submit key occurs twice");
    REFUSED(rows[1].submit_key, rows[0].submit_key, "its id, name or submit key occurs twice");
    close_sound(world);
}

static void a_study_that_its_definition_does_not_know_is_refused(void **state)
{
    struct world *world = world_with_rows();
    struct study_row *rows = world->disk.studies;
    REFUSED(rows[1].name, "m/3", "its name or seed is not that of the definition");
    REFUSED(rows[1].seed, rows[1].seed + 1, "its name or seed is not that of the definition");
    REFUSED(rows[1].repeat, 1, "its repeat is not that of the definition");
    REFUSED(rows[1].position, 0, "the studies of its search are not complete and in order");
    REFUSED(rows[1].position, 2, "the studies of its search are not complete and in order");
    REFUSED(rows[1].search, 9, "its search does not exist");
    REFUSED(rows[1].id, 1, "its id or name occurs twice");
    REFUSED(rows[3].name, "s", "its id or name occurs twice");
    REFUSED(rows[1].state, SEARCH_OPEN - 1, "its state is unknown");
    REFUSED(rows[1].state, SEARCH_DONE + 1, "its state is unknown");
    REFUSED(rows[3].parent, 0, "it is no study of the definition");
    close_sound(world);
}

static void a_rerun_of_what_cannot_run_again_is_refused(void **state)
{
    struct world *world = world_with_rows();
    struct study_row *rows = world->disk.studies;
    REFUSED(rows[3].parent, 1, "it runs again what is no study of its search");
    REFUSED(rows[3].parent, 9, "it runs again what is no study of its search");
    REFUSED(rows[3].repeat, 0, "it runs no configuration at all");
    REFUSED(rows[1].parent, 1, "it stands where a study of the definition should");
    say(world, CLIENT, (struct message){ .type = MESSAGE_STOP, .stop = { "s", true } });
    say(world, CLIENT, (struct message){ .type = MESSAGE_RERUN, .rerun = { "s", 1, 3 } });
    rows = world->disk.studies;
    REFUSED(rows[4].parent, 4, "it runs again what is no study of its search");
    close_sound(world);
}

static void an_audit_of_what_cannot_be_audited_is_refused(void **state)
{
    struct world *world = world_with_rows();
    for (int64_t seed = 1; seed <= 2; seed++)
        say(world, CLIENT, (struct message){ .type = MESSAGE_AUDIT, .audit = { "s", 1, 0, seed } });
    struct study_row *rows = world->disk.studies;
    assert_int_equal(world->disk.n_studies, 6);
    REFUSED(rows[5].parent, 1, "it audits what is no study of its search, or an audit");
    REFUSED(rows[5].parent, 9, "it audits what is no study of its search, or an audit");
    REFUSED(rows[5].parent, 5, "it audits what is no study of its search, or an audit");
    REFUSED(rows[5].repeat, 0, "it is an audit, and its trials do not run once each");
    rows[1].parent = 1;
    REFUSED(rows[1].audit, true, "it stands where a study of the definition should");
    rows[1].parent = 0;
    close_sound(world);
}

static void a_worker_that_comes_twice_is_refused(void **state)
{
    struct world *world = world_with_rows();
    struct worker_row *rows = world->disk.workers;
    REFUSED(rows[1].id, 1, "its id or instance occurs twice");
    REFUSED(rows[1].instance, 1, "its id or instance occurs twice");
    close_sound(world);
}

static void a_trial_out_of_its_place_is_refused(void **state)
{
    struct world *world = world_with_rows();
    struct trial_row *row = disk_trial(&world->disk, 1, 1);
    REFUSED(row->number, 0, "a trial before it is missing, or it occurs twice");
    REFUSED(row->configuration, 1, "its configuration does not follow from its number");
    REFUSED(row->repetition, 0, "its configuration does not follow from its number");
    REFUSED(row->state, TRIAL_WAITING - 1, "its state is unknown");
    REFUSED(row->state, TRIAL_CANCELLED + 1, "its state is unknown");
    REFUSED(row->study, 99, "its study does not exist");
    REFUSED(row->source, 0, "it repeats a trial, and its study is no audit");
    REFUSED(row->parameters, "{\"x\":0.5,\"x\":0.5}", "its parameters are no point");
    REFUSED(row->parameters, "no JSON", "its parameters are no point");
    close_sound(world);
}

static void an_attempt_of_nothing_is_refused(void **state)
{
    struct world *world = world_with_rows();
    struct attempt_row *row = &world->disk.attempts[0];
    REFUSED(row->ref.study, 99, "its trial does not exist");
    REFUSED(row->ref.trial, -1, "its trial does not exist");
    REFUSED(row->ref.trial, 99, "its trial does not exist");
    REFUSED(row->worker, 99, "its worker does not exist");
    REFUSED(row->state, ATTEMPT_DONE, "I3");
    close_sound(world);
}

static void the_latest_attempt_comes_once(void **state)
{
    struct world *world = world_with_rows();
    struct error error = { "" };
    struct core *core = world_core(world);
    assert_true(disk_restore(&world->disk, core, world->now_ms, &error));
    struct attempt_row row = world->disk.attempts[0];
    assert_false(core_restore_attempt(core, &row, &error));
    assert_non_null(strstr(error.text, "it occurs twice"));
    row.ref.attempt = 2;
    assert_false(core_restore_attempt(core, &row, &error));
    assert_non_null(strstr(error.text, "it is not the latest"));
    core_destroy(&core);
    world_destroy(world);
}

static void an_outcome_of_nothing_is_refused(void **state)
{
    struct world *world = world_with_rows();
    struct outcome_row *row = &world->disk.outcomes[0];
    REFUSED(row->study, 99, "its trial does not exist");
    REFUSED(row->trial, -1, "its trial does not exist");
    REFUSED(row->trial, 2, "its trial does not exist");
    REFUSED(row->seq, 0, "one before it is missing");
    REFUSED(row->seq, 2, "one before it is missing");
    REFUSED(row->state, TRIAL_RUNNING, "it is not final");
    close_sound(world);
}

static void a_search_without_all_its_studies_is_refused(void **state)
{
    struct world *world = world_create();
    submit(world, OF("m", ",\"matrix\":{\"k\":[1,2,3]}"));
    REFUSED(world->disk.n_studies, 1, "search m: 2 of its 3 studies are missing");
    REFUSED(world->disk.n_studies, 0, "search m: 3 of its 3 studies are missing");
    close_sound(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_that_comes_twice_is_refused),
        cmocka_unit_test(a_study_that_its_definition_does_not_know_is_refused),
        cmocka_unit_test(a_rerun_of_what_cannot_run_again_is_refused),
        cmocka_unit_test(an_audit_of_what_cannot_be_audited_is_refused),
        cmocka_unit_test(a_worker_that_comes_twice_is_refused),
        cmocka_unit_test(a_trial_out_of_its_place_is_refused),
        cmocka_unit_test(an_attempt_of_nothing_is_refused),
        cmocka_unit_test(the_latest_attempt_comes_once),
        cmocka_unit_test(an_outcome_of_nothing_is_refused),
        cmocka_unit_test(a_search_without_all_its_studies_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
