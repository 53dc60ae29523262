/* Everything that a fleet's keeper may ask for, in random order, while workers come, go, finish,
 * fail, die and fall silent, and the coordinator is restarted. After every turn the invariants hold
 * and the rows say the same (world.h); at the end everything that may run has run. LDT_STORMS says
 * how many runs (40). */
#include "common/rng.h"
#include "tests/unit/coordinator/core/world.h"

enum { WORKERS = 6, SLOTS = 3, STEPS = 120, HELD_MAX = 64 };

struct storm {
    struct world *world;
    struct rng rng;
    struct storm_worker {
        uint64_t session, instance;
        int64_t received;
        struct attempt_ref held[HELD_MAX];
        int n_held;
    } workers[WORKERS];
    uint64_t instances;
};

static int running_seed;

static const char *const names[] = { "s", "s/1", "s/2", "s/1/rerun", "s/1/audit-1", "s/2/audit-2" };
enum { NAMES = sizeof names / sizeof *names };

static const char definition[] =
    "{\"name\":\"s\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":5,\"repeat\":2,"
    "\"max_attempts\":2,\"max_concurrent_trials\":4,\"rerun\":{\"best\":2,\"seeds\":2},"
    "\"matrix\":{\"k\":[1,2]},\"parameters\":{\"x\":{\"distribution\":\"uniform\",\"min\":0,"
    "\"max\":1}}}";

static int draw(struct storm *storm, int below)
{
    return (int)rng_below(&storm->rng, (uint64_t)below);
}

/* The TRIALs of the last turn, to whom they were sent. */
static void take_trials(struct storm *storm)
{
    for (size_t i = 0; i < storm->world->n_sent; i++) {
        const struct sent *sent = &storm->world->sent[i];
        if (sent->message.type != MESSAGE_TRIAL)
            continue;
        struct storm_worker *worker = &storm->workers[sent->peer - 1];
        assert_true(worker->n_held < HELD_MAX);
        worker->held[worker->n_held++] = sent->message.trial.ref;
        worker->received++;
    }
}

static void tell(struct storm *storm, uint64_t peer, struct message message)
{
    say(storm->world, peer, message);
    take_trials(storm);
}

static void join(struct storm *storm, int which)
{
    struct storm_worker *worker = &storm->workers[which];
    if (draw(storm, 2) == 0 || worker->instance == 0) {
        worker->instance = ++storm->instances; /* another process */
        worker->n_held = 0;
    }
    struct message message = hello(worker->instance, SLOTS);
    message.hello.cpu = which % 3 == 0 ? "one CPU" : "another CPU";
    tell(storm, (uint64_t)which + 1, message);
    worker->session = told(storm->world, (uint64_t)which + 1, MESSAGE_WELCOME)->session;
    worker->received = 0;
}

static void wait_for(struct storm *storm, int64_t ms)
{
    time_passes(storm->world, ms);
    take_trials(storm);
}

static void lose_peer(struct storm *storm, uint64_t peer)
{
    world_step(storm->world, (struct event){ .type = EVENT_PEER_GONE, .peer = peer });
    take_trials(storm);
}

static void ask_for_work(struct storm *storm, int which)
{
    struct storm_worker *worker = &storm->workers[which];
    int32_t free_slots = worker->n_held < SLOTS ? SLOTS - worker->n_held : 0;
    tell(storm, (uint64_t)which + 1,
         (struct message){ .type = MESSAGE_ASK,
                           .session = worker->session,
                           .ask = { free_slots, worker->received } });
}

static void end_one(struct storm *storm, int which, int luck)
{
    struct storm_worker *worker = &storm->workers[which];
    if (worker->n_held == 0)
        return;
    int at = draw(storm, worker->n_held);
    struct attempt_ref ref = worker->held[at];
    struct point point = loss(1, luck == 0 ? NAN : rng_uniform(&storm->rng));
    enum result_kind kind = luck == 1 ? RESULT_FAILED : luck == 2 ? RESULT_DIED : RESULT_DONE;
    struct message points = { .type = MESSAGE_POINTS, .session = worker->session };
    points.points.ref = ref;
    points.points.points = &point;
    points.points.n_points = 1;
    tell(storm, (uint64_t)which + 1, points);
    struct message ended = result(ref, kind, &point, 1);
    ended.session = worker->session;
    tell(storm, (uint64_t)which + 1, ended);
    worker->held[at] = worker->held[--worker->n_held];
}

static void beat_all(struct storm *storm, int which)
{
    struct storm_worker *worker = &storm->workers[which];
    struct held_attempt held[HELD_MAX];
    for (int i = 0; i < worker->n_held; i++)
        held[i] = (struct held_attempt){ .ref = worker->held[i] };
    struct message message = { .type = MESSAGE_BEAT, .session = worker->session };
    message.beat.held = held;
    message.beat.n_held = (size_t)worker->n_held;
    tell(storm, (uint64_t)which + 1, message);
}

static void worker_acts(struct storm *storm)
{
    int which = draw(storm, WORKERS);
    if (storm->workers[which].session == 0 || draw(storm, 12) == 0) {
        join(storm, which);
        return;
    }
    switch (draw(storm, 4)) {
    case 0:
        beat_all(storm, which);
        break;
    case 1:
        end_one(storm, which, draw(storm, 8));
        break;
    default:
        ask_for_work(storm, which);
        break;
    }
}

static void keeper_acts(struct storm *storm)
{
    const char *name = names[draw(storm, NAMES)], *worker = "anna";
    struct message message = { 0 };
    switch (draw(storm, 8)) {
    case 0:
        message = (struct message){ .type = MESSAGE_PAUSE, .pause = { name } };
        break;
    case 1:
    case 2:
        message = (struct message){ .type = MESSAGE_RESUME, .resume = { name } };
        break;
    case 3:
        message.type = MESSAGE_RETRY;
        message.retry.name = name;
        message.retry.failed = message.retry.diverged = true;
        message.retry.cancelled = draw(storm, 2) == 0;
        break;
    case 4:
        message = (struct message){ .type = MESSAGE_STOP, .stop = { name, draw(storm, 2) == 0 } };
        break;
    case 5:
        if (draw(storm, 4) > 0)
            return;
        message.type = MESSAGE_DRAIN;
        message.drain.workers = &worker;
        message.drain.n_workers = 1;
        message.drain.now = draw(storm, 2) == 0;
        break;
    case 6:
        message = (struct message){ .type = MESSAGE_RERUN, .rerun = { "s/2", 1, 2 } };
        break;
    default:
        message = (struct message){ .type = MESSAGE_AUDIT, .audit = { "s/1", 0, 60, 1 } };
        if (draw(storm, 2) == 0)
            message.audit.name = "s/2", message.audit.seed = 2;
        break;
    }
    tell(storm, CLIENT, message);
}

static void restart(struct storm *storm)
{
    coordinator_restarts(storm->world);
    for (int i = 0; i < WORKERS; i++)
        storm->workers[i].session = 0;
}

static void one_step(struct storm *storm)
{
    int luck = draw(storm, 40);
    if (luck == 0)
        restart(storm);
    else if (luck <= 2)
        wait_for(storm, LEASE_MS / 2 + draw(storm, LEASE_MS));
    else if (luck == 3)
        lose_peer(storm, 1 + rng_below(&storm->rng, WORKERS));
    else if (luck <= 10)
        keeper_acts(storm);
    else
        worker_acts(storm);
}

/* Workers that do as they should, one process after another, until nothing is left to hand out. */
static void calm_down(struct storm *storm)
{
    struct world *world = storm->world;
    tell(storm, CLIENT, (struct message){ .type = MESSAGE_RESUME, .resume = { "s" } });
    for (int round = 0; round < 400; round++) {
        int which = round % WORKERS;
        if (round % (10 * WORKERS) < WORKERS) { /* from time to time new ones: some were drained */
            storm->workers[which].instance = 0;
            join(storm, which);
            world->now_ms += LEASE_MS / 3;
        }
        while (storm->workers[which].n_held > 0)
            end_one(storm, which, 7);
        ask_for_work(storm, which);
        wait_for(storm, 1000);
    }
}

static void assert_all_has_ended(const struct storm *storm, uint64_t seed)
{
    const struct disk *disk = &storm->world->disk;
    for (size_t i = 0; i < disk->n_studies; i++) {
        if (disk->studies[i].finished_ms == 0)
            fail_msg("seed %d: study %s has not ended", (int)seed, disk->studies[i].name);
    }
}

static void nothing_that_is_asked_for_in_any_order_breaks_anything(void **state)
{
    const char *asked = getenv("LDT_STORMS");
    uint64_t seeds = asked != NULL ? strtoull(asked, NULL, 10) : 40;
    assert_true(seeds > 0);
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct storm storm = { .world = world_create() };
        rng_init(&storm.rng, seed, RNG_TEST, 0);
        submit(storm.world, definition);
        running_seed = (int)seed;
        for (int step = 0; step < STEPS; step++)
            one_step(&storm);
        calm_down(&storm);
        assert_all_has_ended(&storm, seed);
        world_destroy(storm.world);
    }
    running_seed = 0;
}

static int name_seed(void **state)
{
    if (running_seed != 0)
        print_message("# seed %d\n", running_seed);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nothing_that_is_asked_for_in_any_order_breaks_anything,
                                  name_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
