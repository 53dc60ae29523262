/* core.h - the coordinator as a state machine: events in, actions out.
 *
 * PURE: no socket, file, clock or thread. The same events give the same actions. The loop around
 * it (coordinator/shell) carries out all SAVE actions in one transaction, commits, and only then
 * does the SENDs; so nothing is told that is not durable. Rows are the truth: restoring the saved
 * rows gives the durable half of the core (sessions, deadlines and credit are not durable). The
 * life of a trial is drawn in trial.c.
 *
 * Turn:  core_step for each event that arrived; core_assign, perhaps again while it has more; carry
 * out and clear the actions. */
#ifndef CORE_CORE_H
#define CORE_CORE_H
#include "common/error.h"
#include "coordinator/core/rows.h"

struct core;

struct core_options {
    int64_t lease_ms;             /* 30000 */
    int64_t beat_ms;              /* 5000 */
    int64_t peer_silent_ms;       /* a session this long without a word is forgotten: 4 leases */
    int32_t suggestions_per_turn; /* 64 */
    int64_t max_workers;          /* processes, of all times; 0: a million */
    /* A connection costs memory by the messages that it has carried. While more workers than a
     * crowd are connected, one that has sent so many over its own is asked to come over another
     * one; not more often than this in the long run, whoever it is. 0 messages: never. */
    int64_t crowd, renew_messages, renew_every_ms;
    const char *version;
};

enum event_type {
    EVENT_MESSAGE = 1, /* peer, message */
    EVENT_TICK,        /* time passes: leases lapse. At least every 500 ms */
    EVENT_PEER_GONE,   /* peer: the transport could not reach it */
    EVENT_PAUSE,       /* pause_ms: nothing could be saved for so long; leases are extended by it */
};

struct event {
    enum event_type type;
    int64_t now_ms;   /* monotonic */
    int64_t wall_ms;  /* Unix time, for rows */
    uint64_t peer;    /* the transport's handle for whoever sent it; 0 none */
    const struct message *message;
    const char *key;  /* EVENT_MESSAGE: the public key that the peer proved to have; "" for none */
    const char *refusal; /* EVENT_MESSAGE of points: why they cannot be saved, so that their attempt
                          * fails; NULL: they can */
    int64_t pause_ms;
};

enum action_type {
    SAVE_SEARCH = 1, SAVE_STUDY, SAVE_TRIAL, SAVE_ATTEMPT, ADD_OUTCOME, ADD_POINTS, SAVE_WORKER,
    SEND,
};

struct action {
    enum action_type type;
    union {
        struct search_row search;
        struct study_row study;
        struct trial_row trial;
        struct attempt_row attempt;
        struct outcome_row outcome;
        struct points_row points;
        struct worker_row worker;
        struct { uint64_t peer; struct message message; } send;
    };
};

/* The actions of a turn, in order, with the memory of everything they point to. */
struct actions {
    struct arena *arena;
    struct action *list;
    size_t count, capacity;
    size_t saves; /* how many of them are not SEND */
};
void actions_init(struct actions *actions);
void actions_free(struct actions *actions);
void actions_clear(struct actions *actions);

struct core *core_create(const struct core_options *options);
void core_destroy(struct core **core);

void core_step(struct core *core, const struct event *event, struct actions *out);

/* Hands waiting trials to workers that asked, suggesting new ones, at most suggestions_per_turn of
 * them. Returns true if there is more to hand out: call again next turn without waiting. */
bool core_assign(struct core *core, int64_t now_ms, int64_t wall_ms, struct actions *out);

/* Whether this event can lead to a SAVE. While the disk is full only the others are stepped. */
bool core_event_saves(const struct event *event);

/* A sentence that STATUS shows (disk full: ...); NULL clears it. Copied. */
void core_set_note(struct core *core, const char *note);

/* ---- restore: rows in the order search, study, worker, trial, attempt, outcome; each by key.
 * false with a sentence when a row contradicts the ones before it. Of each trial with attempts >
 * 0, in whatever state, the attempt whose number is trial.attempts is needed, and no other (its
 * texts are not looked at). */
bool core_restore_search(struct core *core, const struct search_row *row, struct error *error);
bool core_restore_study(struct core *core, const struct study_row *row, struct error *error);
bool core_restore_worker(struct core *core, const struct worker_row *row, struct error *error);
bool core_restore_trial(struct core *core, const struct trial_row *row, struct error *error);
bool core_restore_attempt(struct core *core, const struct attempt_row *row, struct error *error);
bool core_restore_outcome(struct core *core, const struct outcome_row *row, struct error *error);
/* After the last row: running attempts get one full lease, counters are made. */
bool core_restore_finish(struct core *core, int64_t now_ms, struct error *error);

/* ---- for tests and the simulator ------------------------------------------------------------- */
/* The durable half as text, the same for equal states. The caller frees it. */
char *core_dump(const struct core *core);
/* The invariants that must hold between steps; false and the one that is broken. */
bool core_check(const struct core *core, struct error *error);
#endif
