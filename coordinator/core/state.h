/* state.h - everything that the core remembers. Durable things are the rows themselves, whole, but
 * for trials and for attempts that have ended; beside each row stands what is only in memory
 * (sessions, credit, deadlines, queues, counts). Private to this folder.
 *
 * A trial is in exactly one queue, or final and in none:
 *     study.waiting   WAITING
 *     core.leases     RUNNING, its lease holds; ordered by deadline
 *     study.lapsed    RUNNING, its lease lapsed; whoever asks next may take it
 *     worker.avoided  either of these two, of an open audit: anybody but this worker may take it
 *     core.orphans    the same in a stopped study: nobody may take it, core_assign cancels it */
#ifndef CORE_STATE_H
#define CORE_STATE_H
#include "coordinator/core/core.h"
#include "coordinator/core/heap.h"
#include "coordinator/core/index.h"
#include "coordinator/core/ledger.h"
#include "coordinator/core/list.h"

enum { METRIC_NAMES_KEPT = 16 };

/* What a trial needs only while it is WAITING or RUNNING. */
struct live_trial {
    struct trial *trial;
    char *parameters;           /* as JSON, once it was saved; else NULL */
    size_t saved_in, attempt_saved_in; /* where in the actions, if that turn still lasts */
    struct worker *avoids;      /* of an audit: the worker that ran its source */
    int32_t losses;             /* LOST in a row, and none of those attempts got any further */
    int32_t returns;            /* handed back in a row, and those got no further either */
    int64_t furthest_step;      /* that an attempt before those reached */
    struct link queue;
    /* ---- while RUNNING */
    struct attempt_row attempt; /* the latest; its texts are not kept */
    struct worker *worker;
    struct link held;           /* in worker.leases */
    int64_t deadline_ms;
    int64_t moved_ms;           /* when it was handed out, or told of something new */
    uint64_t sent_in;           /* the session that TRIAL was sent in */
    bool confirmed;             /* the worker has spoken of it, so TRIAL has arrived */
    int32_t shorts;             /* results in a row that lacked points, and none came between */
    int64_t short_points;       /* how many there were at the first of them */
};

/* Whose link this is: in its queue, or among the leases of its worker. */
#define LIVE_QUEUED(link_) LIST_ITEM(link_, struct live_trial, queue)
#define LIVE_HELD(link_) LIST_ITEM(link_, struct live_trial, held)

/* Of the latest attempt, what is asked for even after its end. */
struct latest_attempt {
    int64_t worker, points;
    enum attempt_state state;
};

/* Of its row what does not follow from the number and the study, or is known where it is saved:
 * those that are over stay, perhaps a million of them, and must be small. */
struct trial {
    struct study *study;
    struct live_trial *live;    /* NULL: it is over */
    int64_t number, seed, history_seq, source, created_ms, finished_ms;
    double value;
    int64_t death_worker;
    int32_t attempts, charged, deaths;
    bool deaths_spread, has_value;
    enum trial_state state : 8;
    struct latest_attempt ended; /* unless it is RUNNING; trial_latest tells at any time */
};

struct study {
    struct study_row row;       /* name and note are owned */
    struct search *search;
    const struct study_definition *definition; /* of a re-run: its parent's */
    struct study *parent;       /* whose best configurations run again here; NULL: a search's own */
    struct study *before;       /* nothing starts here until that one is finished; NULL: none */
    struct study *followers;    /* those that wait for this one, linked by `next_follower` */
    struct study *next_follower;
    struct ledger *ledger;
    struct trial **blocks;      /* of trials, by number; a block stays where it is */
    size_t n_trials, blocks_capacity;
    struct trial_counts counts;
    struct list waiting, lapsed;
    int64_t restless;           /* the trial that last returned in vain too often, or 0 */
    struct heap_node share;     /* in search.runnable */
    char *metrics[METRIC_NAMES_KEPT]; /* names that its trials have reported, for error messages */
    int n_metrics;
};

struct search {
    struct search_row row;      /* name and key are owned; definition and spec are not kept */
    struct definition *definition;
    struct study **studies;     /* by position: those of the definition, then re-runs */
    size_t n_studies, studies_capacity;
    int64_t running;            /* trials, of all studies */
    struct heap runnable;       /* studies with something to hand out */
    struct heap_node share;     /* in core.runnable */
};

/* Of an open audit: what waits, or has lapsed, and must not run on the worker that this is part
 * of. */
struct avoided {
    struct list trials;
    struct link link;           /* in its class, while there are some */
};

/* Workers of one CPU type; of those that some audit needs. [1]: for commands, who allows them. */
struct cpu_class {
    char *cpu;
    struct list hungry[2];      /* workers with credit */
    struct list avoided[2];     /* of workers that trials wait behind; perhaps a few that none do */
    struct link wanted;         /* in core.wanted, while there are any of these */
    struct link link;           /* in core.all_classes */
};

struct worker {
    struct worker_row row;      /* texts are owned */
    struct list leases;         /* trials that run here, as far as anybody knows */
    int64_t done, failed;       /* attempts, for STATUS */
    struct avoided avoided[2];  /* [1]: of commands */
    struct cpu_class *class;    /* NULL: no audit has asked for its CPU yet */
    bool used;                  /* some attempt may name its row */
    struct link vacant;         /* in core.vacant */
    int64_t heard_ms;           /* for the last time by this process; -1: never */
    /* ---- its session; 0: none, and then the rest means nothing */
    uint64_t session, peer;
    int64_t carried;            /* messages from it, over this connection */
    int64_t sent, received;     /* TRIALs in this session, as we and as the worker count */
    int64_t lost;               /* of those sent: lapsed before the worker ever spoke of them */
    int32_t credit;             /* TRIALs that it would take now */
    struct link heard;          /* in core.connected, longest silent first */
    struct link hungry;         /* in core.hungry, while credit > 0 */
    struct link hungry_here;    /* in its class, if there is one, while credit > 0 */
    char *note;                 /* why it takes no work, or left, as its last BEAT said; "" */
    bool left;                  /* without a session: that BEAT was a goodbye */
};

struct core {
    struct core_options options;
    char *version, *note;
    int64_t started_ms;         /* the first event's time; -1 before it */
    uint64_t sessions;          /* made so far */
    uint64_t served;            /* TRIALs handed out so far */
    int64_t renew_at_ms;        /* when a worker may next be asked to renew its connection */

    struct search **searches;   /* by age */
    size_t n_searches, searches_capacity;
    struct worker **workers;    /* by age */
    size_t n_workers, workers_capacity;
    int64_t last_search, last_study, last_worker; /* ids */

    struct index studies;       /* by id */
    struct name_index search_names, submit_keys, study_names;
    struct index instances, by_session, by_peer; /* workers */
    struct index worker_ids;

    struct list leases, orphans; /* trials */
    struct list connected;       /* workers */
    struct list vacant;          /* workers that left without ever being given a trial */
    struct list hungry[2];       /* workers with credit: [1] those that allow commands */
    struct name_index classes;   /* by CPU */
    struct list all_classes, wanted;
    struct heap runnable[2];     /* searches with something to hand out: [1] those of commands */
};

/* One event being handled, or one round of assignment. */
struct turn {
    struct core *core;
    int64_t now_ms, wall_ms;
    uint64_t peer;
    const char *key;            /* that the peer proved to have; "" none */
    const char *refusal;        /* why points cannot be saved; NULL: they can */
    struct actions *out;
};
#endif
