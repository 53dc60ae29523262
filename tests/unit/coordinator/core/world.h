/* world.h - a core with a disk and a clock, for tests that read as sentences.
 *
 * A peer is a number; worker_joins says HELLO and returns the session. Every call is a whole turn:
 * step, assign, save, and only then are the messages of the turn to be seen, in world.sent. After
 * each turn the invariants are checked and a core restored from the disk must be the same. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coordinator/core/core.h"
#include "tests/sim/disk.h"

#include <math.h>
#include <stdio.h>

enum { LEASE_MS = 30000, SENT_MAX = 512 };

struct sent {
    uint64_t peer;
    struct message message;
};

struct world {
    struct core *core;
    struct disk disk;
    struct actions actions;
    struct arena *arena; /* what the messages of the last turn point to */
    int64_t now_ms;
    int32_t suggestions_per_turn;
    struct sent sent[SENT_MAX]; /* of the last turn */
    size_t n_sent;
    bool more;  /* what core_assign said */
    bool quick; /* no restore after each turn */
    const char *key;     /* of whoever speaks */
    int64_t max_workers; /* 0: the usual */
    int64_t renew_messages, crowd;
};

#define SPEC(more)                                                                                 \
    "{\"name\":\"s\",\"command\":[\"train\"],\"metric\":{\"name\":\"loss\"},"                      \
    "\"sampler\":{\"name\":\"random\"},\"parameters\":{\"x\":{\"distribution\":\"uniform\","       \
    "\"min\":0,\"max\":1}}," more "}"

static inline struct core *world_core(const struct world *world)
{
    return core_create(&(struct core_options){ .lease_ms = LEASE_MS,
                                               .beat_ms = 5000,
                                               .peer_silent_ms = 4 * LEASE_MS,
                                               .suggestions_per_turn = world->suggestions_per_turn,
                                               .max_workers = world->max_workers,
                                               .crowd = world->crowd,
                                               .renew_messages = world->renew_messages,
                                               .renew_every_ms = 20,
                                               .version = "1.0" });
}

static inline struct world *world_create(void)
{
    struct world *world = xcalloc(1, sizeof *world);
    world->suggestions_per_turn = 64;
    world->now_ms = 1000;
    world->core = world_core(world);
    disk_open(&world->disk);
    actions_init(&world->actions);
    return world;
}

static inline void world_destroy(struct world *world)
{
    core_destroy(&world->core);
    disk_close(&world->disk);
    actions_free(&world->actions);
    free(world);
}

static inline int64_t world_wall(const struct world *world)
{
    return 1900000000000 + world->now_ms;
}

static inline void check_restored(struct world *world)
{
    struct error error = { "" };
    struct core *copy = world_core(world);
    if (!disk_restore(&world->disk, copy, world->now_ms, &error))
        fail_msg("restore: %s", error.text);
    char *here = core_dump(world->core), *there = core_dump(copy);
    assert_string_equal(here, there);
    free(here);
    free(there);
    core_destroy(&copy);
}

/* The turn is over: save, check, and take the messages. */
static inline void world_end_turn(struct world *world)
{
    struct error error = { "" };
    const char *fault = disk_save(&world->disk, &world->actions);
    if (fault != NULL)
        fail_msg("the disk refuses: %s", fault);
    if (!world->quick && !core_check(world->core, &error))
        fail_msg("%s", error.text);
    if (!world->quick && world->actions.saves > 0)
        check_restored(world);
    world->n_sent = 0;
    for (size_t i = 0; i < world->actions.count; i++) {
        const struct action *action = &world->actions.list[i];
        if (action->type != SEND)
            continue;
        assert_true(world->n_sent < SENT_MAX);
        world->sent[world->n_sent++] = (struct sent){ action->send.peer, action->send.message };
    }
}

static inline void world_step(struct world *world, struct event event)
{
    actions_clear(&world->actions);
    event.now_ms = world->now_ms;
    event.wall_ms = world_wall(world);
    core_step(world->core, &event, &world->actions);
    if (!core_event_saves(&event))
        assert_int_equal(world->actions.saves, 0);
    world->more = core_assign(world->core, event.now_ms, event.wall_ms, &world->actions);
    world_end_turn(world);
}

static inline void say(struct world *world, uint64_t peer, struct message message)
{
    message.id = 77;
    world_step(world, (struct event){ .type = EVENT_MESSAGE,
                                      .peer = peer,
                                      .message = &message,
                                      .key = world->key });
}

static inline void time_passes(struct world *world, int64_t ms)
{
    world->now_ms += ms;
    world_step(world, (struct event){ .type = EVENT_TICK });
}

/* The process dies and comes back with what is on the disk. */
static inline void coordinator_restarts(struct world *world)
{
    struct error error = { "" };
    core_destroy(&world->core);
    world->core = world_core(world);
    if (!disk_restore(&world->disk, world->core, world->now_ms, &error))
        fail_msg("restore: %s", error.text);
}

/* The only message of this type to this peer in the last turn; fails when there is none or more. */
static inline const struct message *told(struct world *world, uint64_t peer, enum message_type type)
{
    const struct message *found = NULL;
    for (size_t i = 0; i < world->n_sent; i++) {
        if (world->sent[i].peer != peer || world->sent[i].message.type != type)
            continue;
        if (found != NULL)
            fail_msg("more than one %s", message_type_name(type));
        found = &world->sent[i].message;
    }
    if (found == NULL)
        fail_msg("no %s for peer %d", message_type_name(type), (int)peer);
    return found;
}

static inline size_t times_told(const struct world *world, enum message_type type)
{
    size_t times = 0;
    for (size_t i = 0; i < world->n_sent; i++)
        times += world->sent[i].message.type == type;
    return times;
}

static inline const char *error_told(struct world *world, uint64_t peer, enum error_code code)
{
    const struct message *message = told(world, peer, MESSAGE_ERROR);
    assert_int_equal(message->error.code, code);
    assert_int_equal(message->id, 77);
    return message->error.text;
}

/* ---- clients --------------------------------------------------------------------------------- */

enum { CLIENT = 9000 };

static inline void submit_with_key(struct world *world, const char *key, const char *definition)
{
    struct message message = { .type = MESSAGE_SUBMIT };
    message.submit.submit_key = key;
    message.submit.definition = definition;
    message.submit.spec = "the text of a person";
    say(world, CLIENT, message);
}

static inline void submit(struct world *world, const char *definition)
{
    submit_with_key(world, definition, definition);
    for (size_t i = 0; i < world->n_sent; i++) {
        if (world->sent[i].message.type == MESSAGE_ERROR)
            fail_msg("refused: %s", world->sent[i].message.error.text);
    }
    told(world, CLIENT, MESSAGE_SUBMITTED);
}

/* A search of one study with one trial, the name of which is so long: "s/vvv,vvv,vvv,vvv". */
static inline void submit_long_name(struct world *world, char search, size_t length)
{
    enum { LABEL = 60 };
    char definition[1024], value[LABEL + 1];
    memset(value, 'v', LABEL);
    value[LABEL] = '\0';
    snprintf(definition, sizeof definition,
             "{\"name\":\"%c\",\"command\":[\"t\"],\"metric\":{\"name\":\"loss\"},\"trials\":1,"
             "\"sampler\":{\"name\":\"random\"},\"matrix\":{\"a\":[\"%s\"],\"b\":[\"%s\"],"
             "\"c\":[\"%s\"],\"d\":[\"%.*s\"]},\"parameters\":{\"x\":{\"distribution\":"
             "\"uniform\",\"min\":0,\"max\":1}}}",
             search, value, value, value, (int)(length - 2 - 3 * (LABEL + 1)), value);
    submit(world, definition);
    assert_int_equal(strlen(world->disk.studies[world->disk.n_studies - 1].name), length);
}

static inline void ask_status(struct world *world, const char *name)
{
    struct message message = { .type = MESSAGE_STATUS };
    message.status.name = name;
    message.status.workers = true;
    say(world, CLIENT, message);
}

static inline const struct study_status *status_of(struct world *world, const char *name)
{
    ask_status(world, name);
    const struct message *message = told(world, CLIENT, MESSAGE_STATUS_REPLY);
    assert_int_equal(message->status_reply.n_studies, 1);
    return &message->status_reply.studies[0];
}

static inline void stop(struct world *world, const char *name, bool now)
{
    struct message message = { .type = MESSAGE_STOP };
    message.stop.name = name;
    message.stop.now = now;
    say(world, CLIENT, message);
}

/* ---- workers --------------------------------------------------------------------------------- */

static inline struct message hello(uint64_t instance, int32_t slots)
{
    struct message message = { .type = MESSAGE_HELLO };
    message.hello.name = "anna";
    message.hello.host = "anna.example";
    message.hello.cpu = "a CPU";
    message.hello.version = "1.0";
    message.hello.instance = instance;
    message.hello.pid = 1;
    message.hello.slots = slots;
    message.hello.allow_command = true;
    return message;
}

/* The peer's number is its instance too. */
static inline uint64_t worker_joins(struct world *world, uint64_t peer, int32_t slots)
{
    say(world, peer, hello(peer, slots));
    return told(world, peer, MESSAGE_WELCOME)->session;
}

static inline void ask(struct world *world, uint64_t peer, uint64_t session, int32_t free,
                       int64_t received)
{
    struct message message = { .type = MESSAGE_ASK, .session = session };
    message.ask.free = free;
    message.ask.received = received;
    say(world, peer, message);
}

/* A worker that joins, asks with one slot, and is given a trial. */
static inline struct attempt_ref worker_takes_trial(struct world *world, uint64_t peer,
                                                    uint64_t *session)
{
    *session = worker_joins(world, peer, 1);
    ask(world, peer, *session, 1, 0);
    return told(world, peer, MESSAGE_TRIAL)->trial.ref;
}

static inline void beat(struct world *world, uint64_t peer, uint64_t session,
                        struct held_attempt *held, size_t n_held)
{
    struct message message = { .type = MESSAGE_BEAT, .session = session };
    message.beat.held = held;
    message.beat.n_held = n_held;
    say(world, peer, message);
}

static inline void beat_one(struct world *world, uint64_t peer, uint64_t session,
                            struct attempt_ref ref)
{
    struct held_attempt held = { .ref = ref, .step = 1 };
    beat(world, peer, session, &held, 1);
}

static inline void send_points(struct world *world, uint64_t peer, uint64_t session,
                               struct attempt_ref ref, int64_t first, const struct point *points,
                               size_t count)
{
    struct message message = { .type = MESSAGE_POINTS, .session = session };
    message.points.ref = ref;
    message.points.first = first;
    message.points.points = (struct point *)points;
    message.points.n_points = count;
    say(world, peer, message);
}

static inline struct message result(struct attempt_ref ref, enum result_kind kind,
                                    const struct point *points, size_t count)
{
    struct message message = { .type = MESSAGE_RESULT };
    message.result.ref = ref;
    message.result.kind = kind;
    message.result.reason = message.result.log = message.result.info = "";
    message.result.points = (int64_t)count;
    for (size_t i = 0; i < count; i++)
        message.result.points_digest = point_digest(message.result.points_digest, &points[i]);
    return message;
}

static inline void send_result(struct world *world, uint64_t peer, uint64_t session,
                               struct message message)
{
    message.session = session;
    say(world, peer, message);
}

static inline enum result_verdict verdict(struct world *world, uint64_t peer)
{
    return told(world, peer, MESSAGE_RESULT_ACK)->result_ack.verdict;
}

static inline struct point loss(int64_t step, double value)
{
    return (struct point){ .step = step, .epoch = NAN, .metric = "loss", .value = value };
}

/* Reports one point of the objective and ends the attempt well. */
static inline void worker_finishes(struct world *world, uint64_t peer, uint64_t session,
                                   struct attempt_ref ref, double value)
{
    struct point point = loss(1, value);
    send_points(world, peer, session, ref, 0, &point, 1);
    send_result(world, peer, session, result(ref, RESULT_DONE, &point, 1));
    assert_int_equal(verdict(world, peer), VERDICT_RECORDED);
}

static inline void worker_fails(struct world *world, uint64_t peer, uint64_t session,
                                struct attempt_ref ref, const char *reason)
{
    struct message message = result(ref, RESULT_FAILED, NULL, 0);
    message.result.reason = reason;
    message.result.exit_status = 1;
    send_result(world, peer, session, message);
    assert_int_equal(verdict(world, peer), VERDICT_RECORDED);
}

static inline const struct trial_row *trial_on_disk(const struct world *world, int64_t number)
{
    const struct trial_row *row = disk_trial(&world->disk, 1, number);
    assert_non_null(row);
    return row;
}
#endif
