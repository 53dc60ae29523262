/* agent.h - the worker's half of the protocol as a state machine: events in, actions out.
 *
 * PURE: no socket, no process, no clock, so that it can be simulated against the real core. It
 * holds the session, asks for work, keeps leases alive, sends points and results again until they
 * are acknowledged, says when a child must start or die, and says goodbye. The shell around it owns
 * sockets and processes.
 *
 * What the shell owes: every AGENT_START is followed by exactly one AGENT_EXITED or
 * AGENT_HANDED_BACK for that attempt, after its last AGENT_POINTS; also for an attempt that it was
 * told to kill. While agent_accepts_points is false for an attempt, its child's output stays
 * unread, so that the child waits and no point is ever thinned or lost.
 *
 * AGENT_SETTLED comes once at most for an attempt, after its child is gone: then what it kept to go
 * on from (its checkpoint) is of no use any more. It does not come for one that was handed back,
 * failed or was cancelled, nor for what the worker leaves behind: a later attempt, by `ldt retry`
 * for one, may go on from there, here or elsewhere. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H
#include "common/arena.h"
#include "common/error.h"
#include "common/message.h"

struct agent;

enum {
    AGENT_MAX_SLOTS = MESSAGE_MAX_HELD / 2,
    AGENT_MAX_UNSENT_POINTS = 50000, /* of one attempt, unacknowledged: then its child waits */
    AGENT_STOP_MS = 20000,           /* how long a leaving worker waits for acknowledgements */
};

struct agent_options {
    const char *name, *host, *cpu, *version;
    uint64_t instance;      /* random, also the seed of the jitter; another if this is taken */
    int32_t pid, slots;     /* slots: 1 .. AGENT_MAX_SLOTS */
    bool allow_command;
    int64_t idle_exit_ms;   /* leave after so long without work; 0: stay */
    int32_t bench_after;    /* failures in a row, see breaker.h; 0: never */
};

enum agent_event_type {
    AGENT_MESSAGE = 1,  /* message, from the coordinator */
    AGENT_TICK,         /* time passes; see agent_next_deadline */
    AGENT_POINTS,       /* ref, points, n_points: the child reported (the agent copies) */
    AGENT_EXITED,       /* ref, message: the child is gone; a MESSAGE_RESULT without points */
    AGENT_HANDED_BACK,  /* ref, reason: the child exited 75, or was ended by AGENT_PREEMPT */
    AGENT_MOVED,        /* there is a new connection, here or elsewhere: say HELLO over it, now */
    AGENT_STOP,         /* the worker shall leave: hand everything back, then finish */
    AGENT_EVENT_TYPES
};

struct agent_event {
    enum agent_event_type type;
    int64_t now_ms;                /* monotonic, never smaller than in the event before */
    struct attempt_ref ref;
    const struct message *message; /* AGENT_MESSAGE; AGENT_EXITED: a MESSAGE_RESULT */
    const struct point *points;
    size_t n_points;
    const char *reason;
};

enum agent_action_type {
    AGENT_SEND = 1,    /* message */
    AGENT_START,       /* ref, message: the MESSAGE_TRIAL to start a child for */
    AGENT_KILL,        /* ref: TERM now and KILL after a grace period; its report is not wanted */
    AGENT_PRUNE,       /* ref: end it like a kill, report it as done */
    AGENT_PREEMPT,     /* ref: TERM; exit status 75 hands the attempt back */
    AGENT_SETTLED,     /* ref, text, superseded: what is kept under the key `text` can go */
    AGENT_RENEW,       /* make another connection to the same place, then AGENT_MOVED */
    AGENT_LOG,         /* text: something a person should read */
    /* nothing held, nothing owed, or nobody to give it to: exit, once what was to be sent before
     * it has left this process; that may be a goodbye, which nobody answers */
    AGENT_FINISHED,
};

struct agent_action {
    enum agent_action_type type;
    struct attempt_ref ref;
    struct message message;
    const char *text;
    bool superseded; /* a newer attempt may be about to take over what is kept: wait a little */
};

/* In order, with the memory of everything they point to. agent_step appends. */
struct agent_actions {
    struct arena *arena;
    struct agent_action *list;
    size_t count, capacity;
};
void agent_actions_init(struct agent_actions *actions);
void agent_actions_free(struct agent_actions *actions);
void agent_actions_clear(struct agent_actions *actions);

struct agent *agent_create(const struct agent_options *options); /* copies the texts */
void agent_destroy(struct agent **agent);                        /* leaves NULL, accepts NULL */
void agent_step(struct agent *agent, const struct agent_event *event, struct agent_actions *out);

/* When the next AGENT_TICK is due at the latest (monotonic ms); long past before the first one. */
int64_t agent_next_deadline(const struct agent *agent);

bool agent_connected(const struct agent *agent);   /* between WELCOME and the loss of the session */
bool agent_accepts_points(const struct agent *agent, struct attempt_ref ref);

/* The invariants that must hold between steps; false and the one that is broken. */
bool agent_check(const struct agent *agent, struct error *error);
#endif
