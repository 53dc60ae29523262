/* world.h - an agent, its clock, and what it wanted since the last step. The test plays coordinator
 * and shell. */
#ifndef TEST_AGENT_WORLD_H
#define TEST_AGENT_WORLD_H
#include "worker/agent/agent.h"
#include "common/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct world {
    struct agent *agent;
    struct agent_actions out;
    int64_t now_ms;
    uint64_t session;
};

enum { BEAT_MS = 5000, SLOTS = 2 };
static const struct attempt_ref FIRST = { 1, 0, 1 }, SECOND = { 1, 1, 1 };

static inline void step(struct world *world, struct agent_event event)
{
    struct error error = { "" };
    event.now_ms = world->now_ms;
    agent_actions_clear(&world->out);
    agent_step(world->agent, &event, &world->out);
    if (!agent_check(world->agent, &error))
        fail_msg("%s", error.text);
}

static inline void tick(struct world *world, int64_t later_ms)
{
    world->now_ms += later_ms;
    step(world, (struct agent_event){ .type = AGENT_TICK });
}

static inline const struct message *sent(const struct world *world, enum message_type type)
{
    for (size_t i = 0; i < world->out.count; i++)
        if (world->out.list[i].type == AGENT_SEND && world->out.list[i].message.type == type)
            return &world->out.list[i].message;
    return NULL;
}

/* Lets time pass, one deadline after the other, until something of this kind is sent. */
static inline const struct message *wait_for(struct world *world, enum message_type type,
                                             int64_t at_most_ms)
{
    int64_t end_ms = world->now_ms + at_most_ms;
    for (;;) {
        int64_t next_ms = agent_next_deadline(world->agent);
        if (next_ms > end_ms)
            return NULL;
        tick(world, next_ms > world->now_ms ? next_ms - world->now_ms : 0);
        if (sent(world, type) != NULL)
            return sent(world, type);
    }
}

static inline bool acted(const struct world *world, enum agent_action_type type,
                         struct attempt_ref ref)
{
    for (size_t i = 0; i < world->out.count; i++)
        if (world->out.list[i].type == type && attempt_ref_equal(world->out.list[i].ref, ref))
            return true;
    return false;
}

static inline void hear(struct world *world, struct message message)
{
    if (message.session == 0)
        message.session = world->session;
    step(world, (struct agent_event){ .type = AGENT_MESSAGE, .message = &message });
}

static inline void welcome(struct world *world, const struct message *hello,
                           struct kept_attempt *kept, size_t n_kept)
{
    struct message message = { .id = hello->id,
                               .session = ++world->session,
                               .type = MESSAGE_WELCOME };
    message.welcome.lease_ms = 30000;
    message.welcome.beat_ms = BEAT_MS;
    message.welcome.version = "1";
    message.welcome.kept = kept;
    message.welcome.n_kept = n_kept;
    hear(world, message);
}

static inline void beat_ok(struct world *world, const struct message *beat)
{
    assert_non_null(beat);
    hear(world, (struct message){ .id = beat->id, .type = MESSAGE_BEAT_OK });
}

/* Like wait_for, while the coordinator answers every beat: the session stays. */
static inline const struct message *wait_connected(struct world *world, enum message_type type)
{
    int64_t end_ms = world->now_ms + 31000;
    while (agent_next_deadline(world->agent) <= end_ms) {
        int64_t next_ms = agent_next_deadline(world->agent);
        tick(world, next_ms > world->now_ms ? next_ms - world->now_ms : 0);
        if (sent(world, type) != NULL)
            return sent(world, type);
        if (sent(world, MESSAGE_BEAT) != NULL)
            beat_ok(world, sent(world, MESSAGE_BEAT));
    }
    return NULL;
}

static inline struct message a_trial(struct attempt_ref ref, enum program program)
{
    struct message message = { .id = 1, .type = MESSAGE_TRIAL };
    message.trial.ref = ref;
    message.trial.study_name = "s";
    message.trial.program = program;
    message.trial.parameters = "{}";
    message.trial.workdir = "";
    message.trial.checkpoint_key = "";
    return message;
}

static inline void give(struct world *world, struct attempt_ref ref)
{
    hear(world, a_trial(ref, PROGRAM_LDT));
}

static inline void report_points(struct world *world, struct attempt_ref ref, int64_t first,
                                 size_t count)
{
    struct point *points = xcalloc(count, sizeof *points);
    for (size_t i = 0; i < count; i++)
        points[i] = (struct point){ first + (int64_t)i, 0.5, "loss", 1.0 / (double)(first + 1) };
    step(world, (struct agent_event){
                    .type = AGENT_POINTS, .ref = ref, .points = points, .n_points = count });
    free(points);
}

static inline void child_exits(struct world *world, struct attempt_ref ref, enum result_kind kind)
{
    struct message result = { .type = MESSAGE_RESULT };
    result.result.kind = kind;
    result.result.reason = kind == RESULT_DONE ? "" : "exit status 1";
    result.result.log = "log";
    result.result.info = "{}";
    step(world, (struct agent_event){ .type = AGENT_EXITED, .ref = ref, .message = &result });
}

static inline void acknowledge_result(struct world *world, uint64_t id, struct attempt_ref ref,
                                      enum result_verdict verdict, int64_t points)
{
    struct message message = { .id = id, .type = MESSAGE_RESULT_ACK };
    message.result_ack.ref = ref;
    message.result_ack.verdict = verdict;
    message.result_ack.points = points;
    hear(world, message);
}

static inline void acknowledge_points(struct world *world, struct attempt_ref ref, int64_t points)
{
    struct message message = { .type = MESSAGE_POINTS_ACK };
    message.points_ack.ref = ref;
    message.points_ack.points = points;
    hear(world, message);
}

static inline int start_with(void **state, struct agent_options options)
{
    struct world *world = xcalloc(1, sizeof *world);
    options.name = "w";
    options.host = "h";
    options.cpu = "c";
    options.version = "1";
    options.instance = 7;
    options.slots = SLOTS;
    world->agent = agent_create(&options);
    world->now_ms = 1000;
    agent_actions_init(&world->out);
    *state = world;
    return 0;
}

static inline int start(void **state)
{
    return start_with(state, (struct agent_options){ 0 });
}

static inline int start_connected_with(void **state, struct agent_options options)
{
    start_with(state, options);
    tick(*state, 0);
    welcome(*state, sent(*state, MESSAGE_HELLO), NULL, 0);
    return 0;
}

static inline int start_connected(void **state)
{
    return start_connected_with(state, (struct agent_options){ 0 });
}

static inline int stop(void **state)
{
    struct world *world = *state;
    agent_destroy(&world->agent);
    agent_actions_free(&world->out);
    free(world);
    return 0;
}
#endif
