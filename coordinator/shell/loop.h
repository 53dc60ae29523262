/* loop.h - the coordinator's one loop: events in, rows saved, and only then anything told.
 *
 * wait -> door -> receive -> core_step, core_assign -> save -> send | STORE_HELD: hold the turn,
 * try again
 *
 * A turn whose rows cannot be saved yet (store.h) is held whole, with its sends. While it is held
 * nothing that saves is stepped: clients are told BUSY, workers send again by themselves. */
#ifndef SHELL_LOOP_H
#define SHELL_LOOP_H
#include "common/arena.h"
#include "common/buf.h"
#include "common/frame.h"
#include "coordinator/core/core.h"
#include "coordinator/shell/backlog.h"
#include "coordinator/shell/hush.h"
#include "coordinator/shell/peers.h"
#include "coordinator/store/store.h"

#include <pthread.h>

enum {
    LOOP_BATCH = 4096,             /* messages of one turn, at most */
    LOOP_BATCH_MS = 5,             /* and how long they may take to read, */
    LOOP_BATCH_MAX_MS = 200,       /* or as long as saving took, up to this */
    LOOP_BATCH_BYTES = 64 << 20,   /* and what they may take in memory */
    LOOP_ASSIGN_MS = 20,           /* and how long trials may be suggested and handed out */
    LOOP_WAIT_MS = 250,            /* at least so often time is told to the core */
    LOOP_RETRY_MS = 250,           /* between two attempts to save a turn that is held */
};

struct loop_counters {
    uint64_t turns, received, malformed, unsupported, dropped, ignored, sent, unsent;
    uint64_t refused;            /* keys, at the door */
    uint64_t forbidden, delayed; /* messages: not of this role; more than the sender's share */
};

struct loop {
    /* lent by whoever makes the loop */
    struct frame_socket *socket;
    struct core *core;
    struct store *store;
    enum store_result (*save)(struct store *store, const struct actions *actions,
                              struct error *error); /* store_save */
    struct allow_list *allowed; /* NULL: there are no keys, and everybody is of this machine */
    int signals;               /* a signalfd, or -1: readable when it is time to leave */

    /* the loop's own */
    struct actions actions;    /* of this turn, or of the one that is held */
    struct actions aside;      /* answers that need no saving, while a turn is held */
    struct arena *inbox;       /* the messages of this turn: actions may point into them */
    struct buf frame;          /* one frame, in or out */
    uint64_t *gone;            /* peers that could not be told something: for the next turn */
    size_t n_gone, gone_capacity;
    bool more;                 /* the core has more to hand out */
    bool leaving, broken;
    bool held;                 /* `actions` wait to be saved */
    int64_t held_since_ms, tried_ms;
    int64_t saving_ms;         /* how long the latest save took */
    int64_t ticked_ms, looked_ms;
    int64_t alive_ms, told_alive_ms; /* how often a service manager wants to hear of us; 0 never */
    /* who is at the door, and what became of them. `door` is the loop's except while it saves:
     * then it may be the porter's */
    pthread_mutex_t door;
    struct peers peers;
    struct backlog backlog;
    struct hush hush;
    struct loop_counters counters;
};

/* Fills the loop's own half; peers.maximum and peers.per_key may be set after it. From then on
 * everything is done by the same thread. */
void loop_init(struct loop *loop);
void loop_free(struct loop *loop);

/* One turn, waiting at most wait_ms for something to do. False when it was the last one: told to
 * leave, or broken (the database cannot be trusted: exit without another word to anybody). */
bool loop_turn(struct loop *loop, int64_t wait_ms);

/* Turns until told to leave: true; until broken: false. */
bool loop_run(struct loop *loop);
#endif
