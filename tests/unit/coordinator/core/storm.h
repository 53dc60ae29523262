/* storm.h - everything that a fleet's keeper may ask for, in random order, while workers come, go,
 * finish, fail, die, hand back, lie and fall silent, and the coordinator is restarted. After every
 * turn the invariants hold and the rows say the same (world.h); at the end everything that may run
 * has run. A run follows from its seed. */
#ifndef TEST_STORM_H
#define TEST_STORM_H
#include "common/rng.h"
#include "tests/unit/coordinator/core/world.h"

#include <float.h>

enum { STORM_WORKERS = 6, STORM_SLOTS = 3, STORM_STEPS = 120, STORM_HELD_MAX = 64 };

struct storm {
    struct world *world;
    struct rng rng;
    struct storm_worker {
        uint64_t session, instance;
        int64_t received;
        struct attempt_ref held[STORM_HELD_MAX];
        int n_held;
    } workers[STORM_WORKERS];
    uint64_t instances;
    bool no_keeper;                          /* workers only */
    void (*after_turn)(struct storm *storm); /* may be NULL */
    void *context;                           /* of whoever gave after_turn */
};

/* Names of what the definitions below come to, and of one or two that some of them do not have. */
static const char *const storm_names[] = { "s",         "s/1",         "s/2",
                                           "s/1/rerun", "s/1/audit-1", "s/2/audit-2" };
enum { STORM_NAMES = sizeof storm_names / sizeof *storm_names };

#define STORM_SPEC(more)                                                                           \
    "{\"name\":\"s\",\"command\":[\"t\"],\"matrix\":{\"k\":[1,2]}," more "}"
#define STORM_LOSS     "\"metric\":{\"name\":\"loss\"},"
#define STORM_INTERVAL "\"x\":{\"distribution\":\"uniform\",\"min\":0,\"max\":1}"
#define STORM_OPTIONS  "\"c\":{\"values\":[\"a\",\"b\"]},\"q\":{\"values\":[1,2,3,4,5]}"

static const char *const storm_definitions[] = {
    STORM_SPEC(STORM_LOSS "\"trials\":5,\"repeat\":2,\"max_attempts\":2,"
                          "\"max_concurrent_trials\":4,\"rerun\":{\"best\":2,\"seeds\":2},"
                          "\"parameters\":{" STORM_INTERVAL "}"),
    STORM_SPEC("\"metric\":{\"name\":\"loss\",\"goal\":\"maximize\",\"over_time\":\"last\"},"
               "\"trials\":12,\"max_attempts\":3,\"max_failed_trials\":2,"
               "\"ladder\":{\"over\":\"k\",\"stop\":{\"at_least\":0.99}},"
               "\"parameters\":{" STORM_INTERVAL "," STORM_OPTIONS "}"),
    STORM_SPEC(STORM_LOSS "\"trials\":40,\"max_attempts\":1,\"max_failed_trials\":3,"
                          "\"rerun\":{\"best\":3,\"seeds\":1},\"parameters\":{" STORM_OPTIONS "}"),
    STORM_SPEC(STORM_LOSS "\"trials\":4,\"repeat\":3,\"max_attempts\":2,"
                          "\"sampler\":{\"name\":\"grid\"},\"parameters\":{" STORM_OPTIONS "}"),
};
enum { STORM_DEFINITIONS = sizeof storm_definitions / sizeof *storm_definitions };

static inline int storm_draw(struct storm *storm, int below)
{
    return (int)rng_below(&storm->rng, (uint64_t)below);
}

/* The TRIALs of the last turn, to whom they were sent. */
static inline void storm_turn_ends(struct storm *storm)
{
    if (storm->after_turn != NULL)
        storm->after_turn(storm);
    for (size_t i = 0; i < storm->world->n_sent; i++) {
        const struct sent *sent = &storm->world->sent[i];
        if (sent->message.type != MESSAGE_TRIAL)
            continue;
        struct storm_worker *worker = &storm->workers[sent->peer - 1];
        assert_true(worker->n_held < STORM_HELD_MAX);
        worker->held[worker->n_held++] = sent->message.trial.ref;
        worker->received++;
    }
}

static inline void storm_tell(struct storm *storm, uint64_t peer, struct message message)
{
    say(storm->world, peer, message);
    storm_turn_ends(storm);
}

/* ---- workers --------------------------------------------------------------------------------- */

static inline void storm_join(struct storm *storm, int which)
{
    struct storm_worker *worker = &storm->workers[which];
    if (storm_draw(storm, 2) == 0 || worker->instance == 0) {
        worker->instance = ++storm->instances; /* another process */
        worker->n_held = 0;
    }
    struct message message = hello(worker->instance, STORM_SLOTS);
    message.hello.cpu = which % 3 == 0 ? "one CPU" : "another CPU";
    storm_tell(storm, (uint64_t)which + 1, message);
    worker->session = told(storm->world, (uint64_t)which + 1, MESSAGE_WELCOME)->session;
    worker->received = 0;
}

static inline void storm_wait(struct storm *storm, int64_t ms)
{
    time_passes(storm->world, ms);
    storm_turn_ends(storm);
}

static inline void storm_lose_peer(struct storm *storm, uint64_t peer)
{
    world_step(storm->world, (struct event){ .type = EVENT_PEER_GONE, .peer = peer });
    storm_turn_ends(storm);
}

static inline void storm_ask(struct storm *storm, int which)
{
    struct storm_worker *worker = &storm->workers[which];
    int32_t free_slots = worker->n_held < STORM_SLOTS ? STORM_SLOTS - worker->n_held : 0;
    storm_tell(storm, (uint64_t)which + 1,
               (struct message){ .type = MESSAGE_ASK,
                                 .session = worker->session,
                                 .ask = { free_slots, worker->received } });
}

/* Numbers as a trial may report them: also those that a wire or a database could bend. */
static inline double storm_number(struct storm *storm)
{
    static const double odd[] = { -0.0, 0.0, DBL_MAX, -DBL_MAX, 5e-324, 9007199254740993.0,
                                  INFINITY };
    int luck = storm_draw(storm, 30);
    return luck < 7 ? odd[luck] : rng_uniform(&storm->rng);
}

static inline struct point storm_point(struct storm *storm)
{
    struct point point = loss(storm_draw(storm, 3), storm_number(storm));
    point.epoch = storm_draw(storm, 3) == 0 ? storm_number(storm) : NAN;
    if (storm_draw(storm, 12) == 0)
        point.metric = "another/one";
    return point;
}

static inline void storm_hand_back(struct storm *storm, int which, int at)
{
    struct storm_worker *worker = &storm->workers[which];
    struct message message = { .type = MESSAGE_RELEASE, .session = worker->session };
    message.release.ref = worker->held[at];
    message.release.reason = "the machine is needed";
    worker->held[at] = worker->held[--worker->n_held];
    storm_tell(storm, (uint64_t)which + 1, message);
}

enum { STORM_FINE = -1 }; /* instead of a number of luck */

/* What the result says of the points is not always so. */
static inline struct message storm_result(struct storm *storm, struct attempt_ref ref,
                                          const struct point *point, int luck)
{
    static const enum result_kind kinds[] = { RESULT_DONE, RESULT_FAILED, RESULT_DIED };
    struct message ended =
        result(ref, luck == 1 || luck == 2 ? kinds[luck] : RESULT_DONE, point, 1);
    ended.result.log = "a line of the log\n";
    ended.result.info = "{\"version\":\"1\"}";
    ended.result.exit_status = luck == 2 ? INT32_MIN : 0;
    ended.result.duration_ms = ended.result.peak_memory_bytes = INT64_MAX;
    ended.result.points_digest += luck == 3;
    ended.result.points += luck == 4;
    return ended;
}

static inline void storm_end_one(struct storm *storm, int which, int luck)
{
    struct storm_worker *worker = &storm->workers[which];
    if (worker->n_held == 0)
        return;
    int at = storm_draw(storm, worker->n_held);
    struct attempt_ref ref = worker->held[at];
    struct point point = luck == STORM_FINE ? loss(1, rng_uniform(&storm->rng))
                         : luck == 0        ? loss(1, NAN)
                                            : storm_point(storm);
    struct message points = { .type = MESSAGE_POINTS, .session = worker->session };
    points.points.ref = ref;
    points.points.points = &point;
    points.points.n_points = 1;
    storm_tell(storm, (uint64_t)which + 1, points);
    struct message ended = storm_result(storm, ref, &point, luck);
    ended.session = worker->session;
    storm_tell(storm, (uint64_t)which + 1, ended);
    worker->held[at] = worker->held[--worker->n_held];
}

static inline void storm_beat(struct storm *storm, int which)
{
    struct storm_worker *worker = &storm->workers[which];
    struct held_attempt held[STORM_HELD_MAX];
    for (int i = 0; i < worker->n_held; i++)
        held[i] = (struct held_attempt){ .ref = worker->held[i] };
    struct message message = { .type = MESSAGE_BEAT, .session = worker->session };
    message.beat.held = held;
    message.beat.n_held = (size_t)worker->n_held;
    storm_tell(storm, (uint64_t)which + 1, message);
}

/* Now and then it lies: it has trials left. */
static inline void storm_say_goodbye(struct storm *storm, int which)
{
    struct storm_worker *worker = &storm->workers[which];
    struct message message = { .type = MESSAGE_BEAT, .session = worker->session };
    message.beat.leaving = true;
    storm_tell(storm, (uint64_t)which + 1, message);
    worker->session = 0;
}

static inline void storm_worker_acts(struct storm *storm)
{
    int which = storm_draw(storm, STORM_WORKERS), held = storm->workers[which].n_held;
    if (storm->workers[which].session == 0 || storm_draw(storm, 12) == 0) {
        storm_join(storm, which);
        return;
    }
    switch (storm_draw(storm, 4)) {
    case 0:
        if (storm_draw(storm, 12) == 0)
            storm_say_goodbye(storm, which);
        else
            storm_beat(storm, which);
        break;
    case 1:
        if (held > 0 && storm_draw(storm, 12) == 0)
            storm_hand_back(storm, which, storm_draw(storm, held));
        else
            storm_end_one(storm, which, storm_draw(storm, 12));
        break;
    default:
        storm_ask(storm, which);
        break;
    }
}

/* ---- the keeper ------------------------------------------------------------------------------ */

static inline struct message storm_retry(struct storm *storm, const char *name, int64_t *numbers)
{
    struct message message = { .type = MESSAGE_RETRY };
    message.retry.name = name;
    message.retry.failed = message.retry.diverged = true;
    message.retry.cancelled = storm_draw(storm, 2) == 0;
    message.retry.trials = numbers;
    message.retry.n_trials = (size_t)storm_draw(storm, 4) / 2;
    numbers[0] = storm_draw(storm, 12);
    return message;
}

static inline struct message storm_audit(struct storm *storm, const char *name)
{
    struct message message = { .type = MESSAGE_AUDIT, .audit = { "s/1", 0, 60, 1 } };
    if (storm_draw(storm, 2) == 0) {
        message.audit.name = storm_draw(storm, 2) == 0 ? "s/2" : name;
        message.audit.percent = 1 + storm_draw(storm, 100);
        message.audit.seed = 2;
    }
    return message;
}

static inline void storm_keeper_acts(struct storm *storm)
{
    const char *name = storm_names[storm_draw(storm, STORM_NAMES)], *worker = "anna";
    struct message message = { 0 };
    int64_t numbers[1];
    switch (storm_draw(storm, 8)) {
    case 0:
        message = (struct message){ .type = MESSAGE_PAUSE, .pause = { name } };
        break;
    case 1:
    case 2:
        message = (struct message){ .type = MESSAGE_RESUME, .resume = { name } };
        break;
    case 3:
        message = storm_retry(storm, name, numbers);
        break;
    case 4:
        message.type = MESSAGE_STOP;
        message.stop.name = name;
        message.stop.now = storm_draw(storm, 2) == 0;
        break;
    case 5:
        if (storm_draw(storm, 4) > 0)
            return;
        message.type = MESSAGE_DRAIN;
        message.drain.workers = &worker;
        message.drain.n_workers = 1;
        message.drain.now = storm_draw(storm, 2) == 0;
        break;
    case 6:
        message.type = MESSAGE_RERUN;
        message.rerun.name = storm_draw(storm, 2) == 0 ? "s/2" : name;
        message.rerun.best = 1 + storm_draw(storm, 3);
        message.rerun.seeds = 1 + storm_draw(storm, 2);
        break;
    default:
        message = storm_audit(storm, name);
        break;
    }
    storm_tell(storm, CLIENT, message);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static inline void storm_restart(struct storm *storm)
{
    coordinator_restarts(storm->world);
    for (int i = 0; i < STORM_WORKERS; i++)
        storm->workers[i].session = 0;
}

static inline void storm_step(struct storm *storm)
{
    int luck = storm_draw(storm, 40);
    if (luck == 0)
        storm_restart(storm);
    else if (luck <= 2)
        storm_wait(storm, LEASE_MS / 2 + storm_draw(storm, LEASE_MS));
    else if (luck == 3)
        storm_lose_peer(storm, 1 + rng_below(&storm->rng, STORM_WORKERS));
    else if (luck <= 10 && !storm->no_keeper)
        storm_keeper_acts(storm);
    else
        storm_worker_acts(storm);
}

/* Workers that do as they should, one process after another, until nothing is left to hand out. */
static inline void storm_calms_down(struct storm *storm)
{
    struct world *world = storm->world;
    storm_tell(storm, CLIENT, (struct message){ .type = MESSAGE_RESUME, .resume = { "s" } });
    for (int round = 0; round < 400; round++) {
        int which = round % STORM_WORKERS;
        if (round % (10 * STORM_WORKERS) < STORM_WORKERS) { /* new ones: some were drained */
            storm->workers[which].instance = 0;
            storm_join(storm, which);
            world->now_ms += LEASE_MS / 3;
        }
        while (storm->workers[which].n_held > 0)
            storm_end_one(storm, which, STORM_FINE);
        storm_ask(storm, which);
        storm_wait(storm, 1000);
    }
}

static inline void storm_assert_all_has_ended(const struct storm *storm)
{
    const struct disk *disk = &storm->world->disk;
    for (size_t i = 0; i < disk->n_studies; i++) {
        if (disk->studies[i].finished_ms == 0)
            fail_msg("study %s has not ended", disk->studies[i].name);
    }
}

/* From a world of its own to its end; the caller has filled in what it wants otherwise. */
static inline void storm_run(struct storm *storm, uint64_t seed, const char *definition)
{
    storm->world = world_create();
    rng_init(&storm->rng, seed, RNG_TEST, 0);
    submit(storm->world, definition);
    storm_turn_ends(storm);
    for (int step = 0; step < STORM_STEPS; step++)
        storm_step(storm);
    storm_calms_down(storm);
    storm_assert_all_has_ended(storm);
    world_destroy(storm->world);
}
#endif
