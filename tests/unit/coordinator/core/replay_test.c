/* A recorded study proves itself; a study that was changed is found out, at the trial that is
 * wrong. */
#include "coordinator/core/replay.h"
#include "tests/unit/coordinator/core/world.h"

#define TPE                                                                                        \
    "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":40,"            \
    "\"repeat\":2,\"seed\":11,\"parameters\":{\"x\":{\"distribution\":\"log_uniform_values\","     \
    "\"min\":1e-4,\"max\":1},\"n\":{\"distribution\":\"int_uniform\",\"min\":1,\"max\":9},"        \
    "\"kind\":{\"values\":[\"a\",\"b\"]}}}"

/* Runs the whole search on five workers that end in random order, with failures and divergences. */
static struct world *run_search(uint64_t seed)
{
    struct world *world = world_create();
    world->quick = true;
    struct rng rng;
    rng_init(&rng, seed, RNG_TEST, 0);
    submit(world, TPE);
    enum { SLOTS = 10 };
    uint64_t session = worker_joins(world, 1, SLOTS);
    struct attempt_ref held[SLOTS];
    int n_held = 0, received = 0;
    while (disk_study(&world->disk, 1)->finished_ms == 0) {
        ask(world, 1, session, SLOTS - n_held, received);
        for (size_t i = 0; i < world->n_sent; i++) {
            if (world->sent[i].message.type == MESSAGE_TRIAL)
                held[n_held++] = world->sent[i].message.trial.ref;
        }
        received = (int)world->disk.n_attempts;
        ask(world, 1, session, 0, received); /* nothing comes unasked */
        int which = (int)rng_below(&rng, (uint64_t)n_held);
        struct attempt_ref ref = held[which];
        held[which] = held[--n_held];
        double luck = rng_uniform(&rng);
        if (luck < 0.1)
            worker_fails(world, 1, session, ref, "no");
        else
            worker_finishes(world, 1, session, ref, luck < 0.2 ? NAN : luck);
    }
    return world;
}

static bool replays(struct world *world, int64_t *mismatch, struct error *error)
{
    json_t *document = json_loads(TPE, 0, NULL);
    struct problems problems;
    problems_init(&problems);
    struct definition *definition;
    assert_true(definition_parse(&definition, document, &problems));
    struct recorded_study study = { .definition = definition,
                                    .trials = world->disk.trials,
                                    .n_trials = world->disk.n_trials,
                                    .outcomes = world->disk.outcomes,
                                    .n_outcomes = world->disk.n_outcomes };
    bool ok = replay_study(&study, mismatch, error);
    definition_destroy(&definition);
    problems_free(&problems);
    json_decref(document);
    return ok;
}

static void every_suggestion_of_a_parallel_search_replays(void **state)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct world *world = run_search(seed);
        int64_t mismatch;
        struct error error = { "" };
        if (!replays(world, &mismatch, &error))
            fail_msg("seed %d, trial %d: %s", (int)seed, (int)mismatch, error.text);
        assert_int_equal(world->disk.n_trials, 80);
        world_destroy(world);
    }
}

static void a_changed_parameter_is_found_at_its_trial(void **state)
{
    struct world *world = run_search(1);
    world->disk.trials[50].parameters = world->disk.trials[0].parameters;
    int64_t mismatch;
    struct error error = { "" };
    assert_false(replays(world, &mismatch, &error));
    assert_int_equal(mismatch, 50);
    assert_non_null(strstr(error.text, "recorded {"));
    world->disk.trials[50].parameters = "{\"x\":7}";
    assert_false(replays(world, &mismatch, &error));
    assert_non_null(strstr(error.text, "no point of the study's space"));
    world_destroy(world);
}

static void a_changed_value_is_found_by_a_later_suggestion(void **state)
{
    struct world *world = run_search(1);
    for (size_t i = 10; i < 30; i++)
        world->disk.outcomes[i].value = -world->disk.outcomes[i].value - 1;
    int64_t mismatch;
    struct error error = { "" };
    assert_false(replays(world, &mismatch, &error));
    assert_true(mismatch > 10);
    world_destroy(world);
}

static void a_changed_seed_history_or_order_is_found(void **state)
{
    struct world *world = run_search(1);
    int64_t mismatch;
    struct error error = { "" };
    world->disk.trials[21].seed++;
    assert_false(replays(world, &mismatch, &error));
    assert_int_equal(mismatch, 20);
    world->disk.trials[21].seed--;
    world->disk.trials[30].history_seq += 1000;
    world->disk.trials[31].history_seq += 1000;
    assert_false(replays(world, &mismatch, &error));
    assert_int_equal(mismatch, 30);
    world->disk.trials[30].history_seq -= 1000;
    world->disk.trials[31].history_seq -= 1000;
    world->disk.outcomes[5].seq = 9;
    assert_false(replays(world, &mismatch, &error));
    world->disk.outcomes[5].seq = 6;
    assert_true(replays(world, &mismatch, &error));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suggestion_of_a_parallel_search_replays),
        cmocka_unit_test(a_changed_parameter_is_found_at_its_trial),
        cmocka_unit_test(a_changed_value_is_found_by_a_later_suggestion),
        cmocka_unit_test(a_changed_seed_history_or_order_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
