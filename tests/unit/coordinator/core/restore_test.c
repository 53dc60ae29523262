/* Rows that contradict each other are refused with a sentence, each in its own way. */
#include "tests/unit/coordinator/core/world.h"

/* A world with every kind of row: a finished trial, a running one, a waiting one. */
static struct world *world_with_rows(void)
{
    struct world *world = world_create();
    submit(world, SPEC("\"trials\":2,\"repeat\":2"));
    uint64_t session;
    struct attempt_ref ref = worker_takes_trial(world, 1, &session);
    worker_finishes(world, 1, session, ref, 1);
    ask(world, 1, session, 1, 1);
    uint64_t other = worker_joins(world, 2, 1);
    ask(world, 2, other, 1, 0);
    assert_int_equal(world->disk.n_trials, 4);
    assert_int_equal(trial_on_disk(world, 3)->state, TRIAL_WAITING);
    return world;
}

/* The sentence with which the rows, as they are now, are refused. */
static void assert_refused(struct world *world, const char *sentence)
{
    struct error error = { "" };
    struct core *core = world_core(world);
    assert_false(disk_restore(&world->disk, core, world->now_ms, &error));
    if (strstr(error.text, sentence) == NULL)
        fail_msg("`%s` does not say `%s`", error.text, sentence);
    core_destroy(&core);
}

static void sound_rows_are_restored_and_running_trials_keep_running(void **state)
{
    struct world *world = world_with_rows();
    coordinator_restarts(world);
    check_restored(world);
    time_passes(world, LEASE_MS - 1);
    uint64_t session = worker_joins(world, 9, 4);
    ask(world, 9, session, 1, 0);
    assert_int_equal(told(world, 9, MESSAGE_TRIAL)->trial.ref.trial, 3); /* the waiting one */
    time_passes(world, 2);
    ask(world, 9, session, 3, 1);
    assert_int_equal(times_told(world, MESSAGE_TRIAL), 2); /* now their leases are over */
    world_destroy(world);
}

static void a_lost_row_is_noticed(void **state)
{
    struct world *world = world_with_rows();
    struct disk whole = world->disk;
    world->disk.n_outcomes = 0;
    assert_refused(world, "it is final without an outcome");
    world->disk = whole;
    world->disk.n_attempts--;
    assert_refused(world, "attempt 1 is missing");
    world->disk = whole;
    world->disk.n_trials--;
    assert_refused(world, "trials and configurations do not match");
    world->disk = whole;
    world->disk.n_workers = 1;
    assert_refused(world, "its worker does not exist");
    world->disk = whole;
    world->disk.n_studies = 0;
    assert_refused(world, "its study does not exist");
    world->disk = whole;
    world->disk.n_searches = 0;
    assert_refused(world, "its search does not exist");
    world->disk = whole;
    world_destroy(world);
}

static void a_changed_row_is_noticed(void **state)
{
    struct world *world = world_with_rows();
    struct trial_row *trial = &world->disk.trials[2], sound = *trial;
    trial->state = 99;
    assert_refused(world, "its state is unknown");
    *trial = sound;
    trial->parameters = "{\"x\":-3}";
    assert_refused(world, "its parameters are no point of the study's space");
    *trial = sound;
    world->disk.trials[1].parameters = trial->parameters; /* a repetition of another point */
    assert_refused(world, "its parameters are no point of the study's space");
    world->disk.trials[1].parameters = world->disk.trials[0].parameters;
    trial->charged = 9;
    assert_refused(world, "I6");
    *trial = sound;
    trial->attempts = 0;
    assert_refused(world, "I3: it has a state beyond waiting");
    *trial = sound;
    trial->number = 7;
    assert_refused(world, "a trial before it is missing");
    *trial = sound;
    trial->history_seq = -1;
    assert_refused(world, "its history is older");
    *trial = sound;
    trial->state = TRIAL_DONE;
    assert_refused(world, "I2");
    *trial = sound;
    world->disk.attempts[1].state = ATTEMPT_LOST;
    assert_refused(world, "I3");
    world->disk.attempts[1].state = ATTEMPT_RUNNING;
    world->disk.attempts[1].finished_ms = 7;
    assert_refused(world, "it runs and has an end");
    world->disk.attempts[1].finished_ms = 0;
    world->disk.outcomes[0].seq = 2;
    assert_refused(world, "one before it is missing");
    world->disk.outcomes[0].seq = 1;
    world->disk.studies[0].seed++;
    assert_refused(world, "its name or seed is not that of the definition");
    world->disk.studies[0].seed--;
    world->disk.searches[0].definition = "{}";
    assert_refused(world, "its definition is not valid here");
    world_destroy(world);
}

static void a_changed_audit_is_noticed(void **state)
{
    struct world *world = world_with_rows();
    say(world, CLIENT, (struct message){ .type = MESSAGE_AUDIT, .audit = { "s", 1, 0, 1 } });
    struct study_row *audit = disk_study(&world->disk, 2), kept_audit = *audit;
    struct trial_row *trial = disk_trial(&world->disk, 2, 0), kept = *trial;
    audit->parent = 7;
    assert_refused(world, "it audits what is no study of its search, or an audit");
    audit->parent = 1;
    audit->repeat = 2;
    assert_refused(world, "its trials do not run once each");
    *audit = kept_audit;
    trial->source = 4;
    assert_refused(world, "the trial that it repeats does not exist");
    trial->source = -1;
    assert_refused(world, "the trial that it repeats does not exist");
    trial->source = 1; /* another repetition of the same point */
    assert_refused(world, "its seed is not that of the trial that it repeats");
    *trial = kept;
    trial->parameters = disk_trial(&world->disk, 1, 2)->parameters;
    assert_refused(world, "its parameters are no point of the study's space");
    *trial = kept;
    world->disk.trials[0].source = 0;
    assert_refused(world, "it repeats a trial, and its study is no audit");
    world->disk.trials[0].source = -1;
    coordinator_restarts(world);
    check_restored(world);
    world_destroy(world);
}

static void deaths_and_drains_that_cannot_be_are_noticed(void **state)
{
    struct world *world = world_with_rows();
    struct trial_row *trial = &world->disk.trials[3], sound = *trial;
    trial->attempts = 0;
    trial->deaths = 1;
    assert_refused(world, "I6: more deaths than charged attempts");
    *trial = sound;
    trial->death_worker = 1;
    assert_refused(world, "it died nowhere");
    *trial = sound;
    world->disk.workers[0].drain = 3;
    assert_refused(world, "what was asked of it is unknown");
    world->disk.workers[0].drain = DRAIN_NO;
    coordinator_restarts(world);
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_rows_are_restored_and_running_trials_keep_running),
        cmocka_unit_test(a_lost_row_is_noticed),
        cmocka_unit_test(a_changed_row_is_noticed),
        cmocka_unit_test(a_changed_audit_is_noticed),
        cmocka_unit_test(deaths_and_drains_that_cannot_be_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
