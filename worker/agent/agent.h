/* agent.h - the worker's half of the protocol as a state machine: events in, actions out.
 *
 * PURE: no socket, no process, no clock, so that it can be simulated against the real core. It holds the
 * session, asks for work, keeps leases alive, sends points and results again until they are acknowledged, and
 * says when a child must start or die. The shell around it owns sockets and processes. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H
#include "common/arena.h"
#include "common/message.h"

struct agent;

struct agent_options {
    const char *name, *host, *cpu, *version;
    uint64_t instance;      /* random: also the seed of the jitter */
    int32_t pid, slots;
    bool allow_command;
    int64_t idle_exit_ms;   /* leave after so long without work; 0: stay */
};

enum agent_event_type {
    AGENT_MESSAGE = 1,  /* message, from the coordinator */
    AGENT_TICK,         /* time passes; see agent_next_deadline */
    AGENT_POINTS,       /* ref, points, n_points: the child reported (the agent copies) */
    AGENT_PROGRESS,     /* ref, step */
    AGENT_EXITED,       /* ref, result: the child is gone; result as in MESSAGE_RESULT, points and digest unset */
    AGENT_HANDED_BACK,  /* ref, reason: the child exited 75 */
    AGENT_STOP,         /* the worker shall leave: hand everything back, then finish */
};

struct agent_event {
    enum agent_event_type type;
    int64_t now_ms;
    struct attempt_ref ref;
    const struct message *message; /* AGENT_MESSAGE; AGENT_EXITED: a MESSAGE_RESULT */
    const struct point *points;
    size_t n_points;
    int64_t step;
    const char *reason;
};

enum agent_action_type {
    AGENT_SEND = 1,    /* message */
    AGENT_START,       /* message: the MESSAGE_TRIAL to start a child for */
    AGENT_KILL,        /* ref: TERM now and KILL after a grace period; its report is not wanted */
    AGENT_PRUNE,       /* ref: end it like a kill, report it as done */
    AGENT_PREEMPT,     /* ref: TERM; exit status 75 hands the attempt back */
    AGENT_LOG,         /* text: something a person should read */
    AGENT_FINISHED,    /* nothing held, nothing owed: the process may exit */
};

struct agent_action {
    enum agent_action_type type;
    struct attempt_ref ref;
    struct message message;
    const char *text;
};

struct agent_actions {
    struct arena *arena;
    struct agent_action *list;
    size_t count, capacity;
};
void agent_actions_init(struct agent_actions *actions);
void agent_actions_free(struct agent_actions *actions);
void agent_actions_clear(struct agent_actions *actions);

struct agent *agent_create(const struct agent_options *options);
void agent_destroy(struct agent **agent);
void agent_step(struct agent *agent, const struct agent_event *event, struct agent_actions *out);

/* When the next AGENT_TICK is due at the latest (monotonic ms). */
int64_t agent_next_deadline(const struct agent *agent);
#endif
