/* Rows that cannot stand beside those before them: each is refused, whatever else is right. */
#include "tests/unit/coordinator/core/world.h"

/* A search of two studies, one of which has a trial that is done and a re-run. */
static struct world *world_with_rows(void)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":1,\"matrix\":{\"y\":[1,2]},\"rerun\":{\"best\":1,\"seeds\":1}"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 1);
    assert_int_equal(world->disk.n_studies, 4);
    return world;
}

/* A core with the first rows of every table. */
static struct core *core_with(const struct world *world, size_t searches, size_t studies,
                              size_t trials, size_t attempts)
{
    struct error error = { "" };
    const struct disk *disk = &world->disk;
    struct core *core = world_core(world);
    for (size_t i = 0; i < searches; i++)
        assert_true(core_restore_search(core, &disk->searches[i], &error));
    for (size_t i = 0; i < studies; i++)
        assert_true(core_restore_study(core, &disk->studies[i], &error));
    for (size_t i = 0; i < disk->n_workers; i++)
        assert_true(core_restore_worker(core, &disk->workers[i], &error));
    for (size_t i = 0; i < trials; i++)
        assert_true(core_restore_trial(core, &disk->trials[i], &error));
    for (size_t i = 0; i < attempts; i++)
        assert_true(core_restore_attempt(core, &disk->attempts[i], &error));
    return core;
}

/* The row is refused with this sentence, by a core that has the rows before it. */
#define ASSERT_REFUSED(before_, restore_, row_, sentence_)                                         \
    do {                                                                                           \
        struct error error_ = { "" };                                                              \
        struct core *core_ = (before_);                                                            \
        assert_false(restore_(core_, &(row_), &error_));                                           \
        if (strstr(error_.text, sentence_) == NULL)                                                \
            fail_msg("`%s` does not say `%s`", error_.text, sentence_);                            \
        core_destroy(&core_);                                                                      \
    } while (0)

static void a_search_has_an_id_a_name_and_a_key_of_its_own(void **state)
{
    struct world *world = world_with_rows();
    struct search_row fresh = world->disk.searches[0], row;
    fresh.id = 2;
    fresh.name = "other";
    fresh.submit_key = "other";
    row = fresh;
    row.id = 1;
    ASSERT_REFUSED(core_with(world, 1, 0, 0, 0), core_restore_search, row, "occurs twice");
    row = fresh;
    row.name = world->disk.searches[0].name;
    ASSERT_REFUSED(core_with(world, 1, 0, 0, 0), core_restore_search, row, "occurs twice");
    row = fresh;
    row.submit_key = world->disk.searches[0].submit_key;
    ASSERT_REFUSED(core_with(world, 1, 0, 0, 0), core_restore_search, row, "occurs twice");
    row = fresh;
    row.definition = "{\"name\":\"other\",\"command\":[\"train\"],\"metric\":{\"name\":\"loss\"},"
                     "\"sampler\":{\"name\":\"random\"},\"trials\":1,\"from\":{\"study\":\"s\","
                     "\"best\":1},\"parameters\":{\"x\":{\"distribution\":\"uniform\",\"min\":0,"
                     "\"max\":1}}}";
    ASSERT_REFUSED(core_with(world, 1, 0, 0, 0), core_restore_search, row, "never looked up");
    world_destroy(world);
}

static void a_study_is_one_of_its_definition_in_order(void **state)
{
    struct world *world = world_with_rows();
    struct study_row row = world->disk.studies[1];
    row.position = 0;
    ASSERT_REFUSED(core_with(world, 1, 1, 0, 0), core_restore_study, row, "complete and in order");
    row = world->disk.studies[1];
    row.repeat++;
    ASSERT_REFUSED(core_with(world, 1, 1, 0, 0), core_restore_study, row, "its repeat is not");
    row = world->disk.studies[1];
    row.id = world->disk.studies[0].id;
    ASSERT_REFUSED(core_with(world, 1, 1, 0, 0), core_restore_study, row, "occurs twice");
    row = world->disk.studies[1];
    row.state = 0;
    ASSERT_REFUSED(core_with(world, 1, 1, 0, 0), core_restore_study, row, "its state is unknown");
    row.state = SEARCH_DONE + 1;
    ASSERT_REFUSED(core_with(world, 1, 1, 0, 0), core_restore_study, row, "its state is unknown");
    row = world->disk.studies[1];
    row.id = 50;
    row.position = 2; /* the definition has two */
    ASSERT_REFUSED(core_with(world, 1, 2, 0, 0), core_restore_study, row,
                   "it is no study of the definition");
    world_destroy(world);
}

static void a_re_run_has_a_parent_in_its_search_that_is_none_itself(void **state)
{
    struct world *world = world_with_rows();
    struct study_row row = world->disk.studies[2];
    assert_int_equal(row.parent, 1);
    row.position = 1;
    ASSERT_REFUSED(core_with(world, 1, 1, 0, 0), core_restore_study, row,
                   "where a study of the definition should");
    row = world->disk.studies[2];
    row.repeat = 0;
    ASSERT_REFUSED(core_with(world, 1, 2, 0, 0), core_restore_study, row,
                   "no configuration at all");
    row = world->disk.studies[2];
    row.parent = 77;
    ASSERT_REFUSED(core_with(world, 1, 2, 0, 0), core_restore_study, row, "no study of its search");
    row = world->disk.studies[3];
    row.parent = world->disk.studies[2].id;
    ASSERT_REFUSED(core_with(world, 1, 3, 0, 0), core_restore_study, row, "no study of its search");
    world_destroy(world);
}

static void a_re_run_of_another_search_is_refused(void **state)
{
    struct world *world = world_with_rows();
    submit(world,
           "{\"name\":\"t\",\"command\":[\"train\"],\"metric\":{\"name\":\"loss\"},"
           "\"sampler\":{\"name\":\"random\"},\"trials\":1,\"rerun\":{\"best\":1,\"seeds\":1},"
           "\"parameters\":{\"x\":{\"distribution\":\"uniform\",\"min\":0,\"max\":1}}}");
    assert_int_equal(world->disk.n_studies, 6);
    struct study_row row = world->disk.studies[5];
    row.parent = 1;
    ASSERT_REFUSED(core_with(world, 2, 5, 0, 0), core_restore_study, row, "no study of its search");
    world_destroy(world);
}

static void a_study_name_occurs_once(void **state)
{
    struct world *world = world_with_rows();
    struct study_row row = world->disk.studies[3];
    row.name = world->disk.studies[2].name;
    ASSERT_REFUSED(core_with(world, 1, 3, 0, 0), core_restore_study, row, "occurs twice");
    world_destroy(world);
}

static void a_worker_has_an_id_and_an_instance_of_its_own(void **state)
{
    struct world *world = world_with_rows();
    struct worker_row row = world->disk.workers[0];
    row.instance++;
    ASSERT_REFUSED(core_with(world, 0, 0, 0, 0), core_restore_worker, row, "occurs twice");
    row = world->disk.workers[0];
    row.id++;
    ASSERT_REFUSED(core_with(world, 0, 0, 0, 0), core_restore_worker, row, "occurs twice");
    world_destroy(world);
}

static void a_trial_has_the_configuration_of_its_number(void **state)
{
    struct world *world = world_with_rows();
    struct trial_row row = world->disk.trials[0];
    row.configuration++;
    ASSERT_REFUSED(core_with(world, 1, 4, 0, 0), core_restore_trial, row, "does not follow");
    row = world->disk.trials[0];
    row.repetition++;
    ASSERT_REFUSED(core_with(world, 1, 4, 0, 0), core_restore_trial, row, "does not follow");
    row = world->disk.trials[0];
    row.state = 0;
    ASSERT_REFUSED(core_with(world, 1, 4, 0, 0), core_restore_trial, row, "its state is unknown");
    row.state = TRIAL_CANCELLED + 1;
    ASSERT_REFUSED(core_with(world, 1, 4, 0, 0), core_restore_trial, row, "its state is unknown");
    world_destroy(world);
}

static void an_attempt_is_the_latest_of_a_trial_and_comes_once(void **state)
{
    struct world *world = world_with_rows();
    struct attempt_row row = world->disk.attempts[0];
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 1), core_restore_attempt, row, "it occurs twice");
    row.ref.attempt = 2;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 0), core_restore_attempt, row, "not the latest");
    row = world->disk.attempts[0];
    row.ref.trial = 1;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 0), core_restore_attempt, row, "trial does not exist");
    row.ref.trial = -1;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 0), core_restore_attempt, row, "trial does not exist");
    row.ref.study = 99;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 0), core_restore_attempt, row, "trial does not exist");
    row = world->disk.attempts[0];
    row.worker = 99;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 0), core_restore_attempt, row,
                   "worker does not exist");
    world_destroy(world);
}

static void an_outcome_is_final_and_of_a_trial(void **state)
{
    struct world *world = world_with_rows();
    struct outcome_row row = world->disk.outcomes[0];
    row.trial = 1;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 1), core_restore_outcome, row, "trial does not exist");
    row = world->disk.outcomes[0];
    row.state = TRIAL_RUNNING;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 1), core_restore_outcome, row, "it is not final");
    row = world->disk.outcomes[0];
    row.seq = 2;
    ASSERT_REFUSED(core_with(world, 1, 4, 1, 1), core_restore_outcome, row, "missing");
    world_destroy(world);
}

static void a_search_without_all_its_studies_is_refused(void **state)
{
    struct world *world = world_create();
    struct error error = { "" };
    submit(world, SPEC("\"trials\":1,\"matrix\":{\"y\":[1,2]}"));
    struct core *core = core_with(world, 1, 1, 0, 0);
    assert_false(core_restore_finish(core, world->now_ms, &error));
    assert_non_null(strstr(error.text, "1 of its 2 studies are missing"));
    core_destroy(&core);
    world_destroy(world);
}

static void what_a_worker_has_done_is_counted_again_after_a_restart(void **state)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":4,\"max_attempts\":1"));
    uint64_t session = worker_joins(world, 1, 1);
    for (int64_t i = 0; i < 4; i++) {
        struct point bad = loss(1, NAN);
        ask(world, 1, session, 1, i);
        struct attempt_ref ref = told(world, 1, MESSAGE_TRIAL)->trial.ref;
        if (i == 0) {
            worker_fails(world, 1, session, ref, "no");
        } else if (i == 1) {
            send_points(world, 1, session, ref, 0, &bad, 1);
            send_result(world, 1, session, result(ref, RESULT_DONE, &bad, 1));
        } else {
            worker_finishes(world, 1, session, ref, 1);
        }
    }
    for (int i = 0; i < 2; i++) {
        ask_status(world, "");
        const struct message *status = told(world, CLIENT, MESSAGE_STATUS_REPLY);
        assert_int_equal(status->status_reply.workers[0].done, 3);
        assert_int_equal(status->status_reply.workers[0].failed, 1);
        coordinator_restarts(world);
    }
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_has_an_id_a_name_and_a_key_of_its_own),
        cmocka_unit_test(a_study_is_one_of_its_definition_in_order),
        cmocka_unit_test(a_re_run_has_a_parent_in_its_search_that_is_none_itself),
        cmocka_unit_test(a_re_run_of_another_search_is_refused),
        cmocka_unit_test(a_study_name_occurs_once),
        cmocka_unit_test(a_worker_has_an_id_and_an_instance_of_its_own),
        cmocka_unit_test(a_trial_has_the_configuration_of_its_number),
        cmocka_unit_test(an_attempt_is_the_latest_of_a_trial_and_comes_once),
        cmocka_unit_test(an_outcome_is_final_and_of_a_trial),
        cmocka_unit_test(a_search_without_all_its_studies_is_refused),
        cmocka_unit_test(what_a_worker_has_done_is_counted_again_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
