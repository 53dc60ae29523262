/* state.h - what the files of this folder share: the agent's fields, and how they send and act.
 * Not for the shell, nor for tests. */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H
#include "worker/agent/agent.h"
#include "worker/agent/breaker.h"
#include "worker/agent/fence.h"
#include "worker/agent/held.h"

/* Whether the worker is about to come over another connection; see session.c. */
enum renewal { RENEWAL_NONE, RENEWAL_WITHDRAWING, RENEWAL_DIALLING };

struct session {
    bool open;             /* from WELCOME until it is lost; else we are greeting */
    bool unsupported;      /* the coordinator speaks another protocol: greeting is no use */
    uint64_t number;
    uint64_t hello_id;     /* of the latest HELLO: only its WELCOME counts */
    int64_t hello_due_ms;
    struct backoff hello_backoff;
    int64_t beat_ms, beat_due_ms;
    int64_t heard_ms;      /* the latest BEAT_OK or WELCOME */
    int64_t received;      /* TRIALs of this session */
    int32_t asked;         /* free slots that the coordinator was told of; -1: none yet */
    enum renewal renewal;
    uint64_t withdrawn_id; /* WITHDRAWING: of the last message before */
    int64_t dialled_ms;    /* DIALLING: since when */
};

struct agent {
    struct agent_options options; /* the texts are ours */
    struct rng jitter;
    struct session session;
    struct held **held;
    size_t n_held, held_capacity;
    struct fence *fence;
    uint64_t last_id;             /* of the messages sent */
    int64_t idle_since_ms;
    struct backoff pause_backoff; /* after children that hand back unasked */
    int64_t pause_until_ms;       /* asks for nothing before */
    struct breaker breaker;
    bool draining;                /* takes nothing new and leaves when all is done */
    bool stopping, finished;
    int64_t stop_deadline_ms;
};

#define GIVEN_UP \
    "the coordinator does not need it: it is recorded already, went to another worker, or was " \
    "cancelled"

typedef void agent_handler(struct agent *agent, const struct agent_event *event,
                           struct agent_actions *out);

/* ---- agent.c */
struct held *agent_find(const struct agent *agent, struct attempt_ref ref); /* NULL: not held */
struct held *agent_hold(struct agent *agent, struct attempt_ref ref, enum held_state state);
/* The report is delivered or not wanted: forgets the attempt, now or when its child is gone. */
void agent_forget(struct agent *agent, struct held *held, enum held_use checkpoint,
                  struct agent_actions *out);
/* Kills the child if there is one; no report. Logs why. */
void agent_drop(struct agent *agent, struct held *held, enum held_use checkpoint, const char *why,
                struct agent_actions *out);
/* Kills the child if there is one and gives the attempt back. */
void agent_give_back(struct held *held, const char *reason, int64_t now_ms,
                     struct agent_actions *out);
void agent_stop(struct agent *agent, int64_t now_ms, struct agent_actions *out);
int32_t agent_free_slots(const struct agent *agent);

/* ---- actions.c: the next action, to be filled before another is made */
struct agent_action *agent_act(struct agent_actions *out, enum agent_action_type type,
                               struct attempt_ref ref);
struct message *agent_send(struct agent *agent, struct agent_actions *out, enum message_type type);
void agent_log(struct agent_actions *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- session.c: the connection and the work that comes over it */
agent_handler session_on_welcome, session_on_trial, session_on_beat_ok, session_on_error;
void session_lose(struct agent *agent, int64_t now_ms); /* and greet again, at once */
void session_due(struct agent *agent, int64_t now_ms, struct agent_actions *out);
/* Nothing is held any more. Not said where nobody listens. */
void session_say_goodbye(struct agent *agent, const char *why, struct agent_actions *out);
int64_t session_next_deadline(const struct agent *agent);

/* ---- deliver.c: points, results and hand-backs, until they are acknowledged */
enum { DELIVER_BATCH_DELAY_MS = 200 }; /* so that a chatty trial costs a few messages a second */
agent_handler deliver_on_points_ack, deliver_on_result_ack, deliver_on_release_ack;
void deliver_due(struct agent *agent, int64_t now_ms, struct agent_actions *out);
#endif
