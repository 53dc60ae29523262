/* simulation.h - a whole fleet in one process and one thread: the real coordinator core and the
 * real worker agents, on a network that loses, delays, repeats and cuts, with processes that die
 * at any action and a disk that may be full. Everything random comes from one seed, so a seed is a
 * run.
 *
 * sim_run runs one seed to its end and returns true, or false with sim.failure: the first thing
 * that was wrong. After some time the weather clears, and then everything has to come to its end:
 * nothing may be stuck. */
#ifndef SIM_SIMULATION_H
#define SIM_SIMULATION_H
#include "common/rng.h"
#include "coordinator/core/core.h"
#include "tests/sim/child.h"
#include "tests/sim/disk.h"
#include "tests/sim/network.h"
#include "worker/agent/agent.h"

#include <stdarg.h>
#include <stdio.h>

/* Faults that no run may survive, the test of the tests: see sim_bugs.h. */
enum planted_bug {
    BUG_NONE,
    BUG_TELL_BEFORE_SAVE,   /* messages leave before the commit */
    BUG_LOST_OUTCOME,       /* an outcome is not written */
    BUG_LOST_POINTS,        /* points are acknowledged and not written */
    BUG_THINNED_POINTS,     /* a worker changes a point */
    BUG_WRONG_ATTEMPT,      /* a restored trial forgets its latest attempt number */
    BUG_OLD_ATTEMPT,        /* a trial is handed out again under its old attempt number */
    BUG_FORGED_SUGGESTION,  /* a trial's parameters are not what the sampler said */
    BUG_OUTCOME_TWICE,      /* a trial ends twice for the sampler */
    BUG_LOST_TRIAL,         /* a trial's new state is not written */
    BUG_EMPTY_BEATS,        /* heartbeats arrive and name no attempt */
    BUG_CREDIT_LEAK,        /* a free slot is counted as taken, for ever */
    BUG_LATE_RESULT_COUNTS, /* what an older attempt says is taken for the newer one's */
    BUG_OPEN_FENCE,         /* a worker takes a repeated TRIAL for a new one */
    BUG_NO_RESEND,          /* a worker sends a result once only */
    BUG_FORGOTTEN_RESULT,   /* a worker forgets a result that was not acknowledged */
    BUG_NO_PAUSE,           /* leases go on while the disk is full */
    BUG_FREE_FAILURES,      /* failures are not charged */
    BUG_UNTOLD_DRAIN,       /* a worker that shall leave is not told */
    BUG_TALK_WHILE_HELD,    /* workers are answered though a turn waits for the disk */
    BUG_DEAF_TO_GOODBYE,    /* a worker that says that it leaves is still waited for */
    PLANTED_BUGS,
    /* Nothing that must hold is broken by these: for the tests of the runner and of repetition. */
    BUG_ADDRESS = PLANTED_BUGS, /* what happens depends on where memory lies */
    BUG_STALE_MEMORY,           /* on what was in it before */
    BUG_CRASH                   /* in the run of SIM_CRASHING_SEED, the process dies */
};

enum {
    SIM_CLIENT_PEER = 1 << 20,
    SIM_STUCK_MS = 900000,   /* in good weather, without the end of any trial */
    SIM_IDLE_MS = 100000,    /* in good weather, a worker without work that there is */
    SIM_SWIFT_MS = 500,      /* a network is swift if no message takes longer */
    SIM_LOOK_MS = 1000,      /* between two looks at leases and idle workers */
    SIM_SETTLED_MS = 120000, /* in good weather, until what the storm did has been mended */
    SIM_GONE_MS = 5000,      /* in good weather, a worker that has said goodbye is still here */
    SIM_SILENCE_MS = 90000,  /* a child that says nothing for so long is killed by its shell */
    SIM_RETRY_MS = 250,      /* between two attempts to save a turn that is held: as the shell's, */
    SIM_RETRY_LATE_MS = 250, /* whose turn may have begun just before, and waits as long */
    SIM_CRASHING_SEED = 6
};
/* Rows and memory are compared after every commit; to restore a second core and compare all that it
 * can say takes a hundred times as long: this often, at every crash and at the end. */
enum { SIM_COMMITS_BETWEEN_RESTORES = 64 };
enum { SIM_MAX_WORKERS = 6, SIM_MAX_CHILDREN = 8, SIM_MAX_SEARCHES = 2, SIM_MAX_STARTED = 4096 };
enum { SIM_MAX_STUDIES = 64, SIM_MAX_TRIALS = 256 };

struct sim_worker {
    struct agent *agent; /* NULL: dead until back_ms */
    uint64_t life;       /* counts its processes */
    uint64_t peer;       /* the connection: a new number after every reconnect */
    char key[16];        /* that it proves to have */
    int64_t back_ms, cut_until_ms;
    int64_t stopped_until_ms; /* SIGSTOP: neither the process nor its children move */
    int64_t sick_until_ms;    /* everything that starts here fails */
    char name[24];
    int64_t drained_since_ms; /* was told to leave, and has nothing left to do; -1: not so */
    int64_t idle_since_ms;    /* has a free slot while there is work for it; -1: not so */
    int64_t idle_exit_ms;     /* leaves after so long without work; 0: stays */
    int64_t goodbye_ms;       /* when its process before this one said goodbye; 0: it did not */
    uint64_t goodbye;         /* and the instance number of that */
    bool stopping;
    struct child children[SIM_MAX_CHILDREN];
    int n_children;
    int32_t slots;
    bool allow_command;
};

/* A worker with a key of its own that says whatever it likes, in good form. */
struct sim_hostile {
    bool here;
    uint64_t peer, session, instance, last_id;
    int64_t next_ms;
    struct attempt_ref granted[8]; /* the latest TRIALs that it got */
    int n_granted;
};

struct sim_keeper {
    bool done, resuming;
    int64_t next_ms, until_ms;
    uint64_t last_id, resume_id;
    bool answered[SIM_MAX_SEARCHES];
};

struct sim_client {
    const char *name; /* of its search, and its submit key */
    char *definition;
    bool submitted, stops, stop_now, stopped;
    int64_t next_ms, stop_ms;
};

/* An attempt that some worker started. */
struct sim_start {
    struct attempt_ref ref;
    int worker;
    uint64_t life;
    int64_t at_ms;
    bool sick;    /* it must fail, whatever its plan says */
    bool ended;   /* with a result */
    bool settled; /* its worker said that its checkpoint can go */
};

/* What is left of a lease. */
struct sim_lease {
    struct attempt_ref ref;
    int64_t left_ms;
};

struct sim {
    uint64_t seed;
    enum planted_bug bug;
    bool trace;
    struct rng rng;
    char failure[1200];
    int64_t now_ms, calm_ms;
    int64_t progress_ms;        /* when a trial came to its end last, or the weather cleared */
    size_t outcomes;            /* then */
    int64_t looked_ms;          /* at leases and idle workers */
    double crash, worker_crash; /* chance at each turn of the coordinator, each step of a worker */

    struct network network;
    struct disk disk;
    struct core *core;      /* NULL: down until up_ms */
    struct actions actions; /* of the open turn; held while the disk is full */
    bool turn_open, held, unsaved;
    uint64_t *gone; /* connections that could not be told something: for the next turn */
    size_t n_gone, gone_capacity;
    int64_t commits;
    int64_t up_ms, tick_ms, tick_due_ms, full_until_ms;
    int64_t tried_ms, retry_due_ms; /* a turn is held: when it was tried to save it, and shall be */
    uint64_t peers;                 /* connections made so far */

    struct sim_worker workers[SIM_MAX_WORKERS];
    int n_workers;
    struct sim_client clients[SIM_MAX_SEARCHES];
    int n_clients;
    struct sim_start started[SIM_MAX_STARTED];
    int n_started;
    struct sim_hostile hostile;
    struct sim_keeper keeper;
    int32_t checkpoints[SIM_MAX_STUDIES][SIM_MAX_TRIALS]; /* points that a later attempt has */
    char checkpoint_keys[SIM_MAX_STUDIES][SIM_MAX_TRIALS][MESSAGE_MAX_NAME + 1];
    bool checkpointing;
    int32_t bench_after;
    int64_t crowd, renew_messages; /* as in core_options */
    struct agent_actions agent_actions;
    int64_t wall_step_ms;                    /* how far the wall clock was set, in all */
    int64_t stopped_until_ms;                /* SIGSTOP of the coordinator */
    struct sim_lease leased[SIM_MAX_TRIALS]; /* when the disk was found full */
    int n_leased;
    /* who listens to all that is sent, and what it has made of it; NULL: nobody */
    void (*overhear)(struct sim *sim, int from, int to, const struct message *message);
    uint64_t overheard;
    int64_t turns, crashes, deaths, full_disks, stops, steps, hostile_messages, resumed, kept,
        goodbyes, renewals;
};

static inline void sim_fail(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void sim_fail(struct sim *sim, const char *format, ...)
{
    if (sim->failure[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sim->failure, sizeof sim->failure, format, arguments);
    va_end(arguments);
}

static inline void sim_trace(const struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void sim_trace(const struct sim *sim, const char *format, ...)
{
    if (!sim->trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%8lld ", (long long)sim->now_ms);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

static inline bool sim_chance(struct sim *sim, double probability)
{
    return rng_uniform(&sim->rng) < probability;
}

static inline int64_t sim_between(struct sim *sim, int64_t low, int64_t high)
{
    return low + (int64_t)rng_below(&sim->rng, (uint64_t)(high - low + 1));
}

static inline bool sim_calm(const struct sim *sim)
{
    return sim->now_ms >= sim->calm_ms;
}

static inline int64_t sim_wall(const struct sim *sim)
{
    return 1900000000000 + sim->now_ms + sim->wall_step_ms;
}

/* NULL: nobody has started it. */
static inline struct sim_start *find_start(struct sim *sim, struct attempt_ref ref)
{
    for (int i = sim->n_started; i > 0; i--) {
        if (attempt_ref_equal(sim->started[i - 1].ref, ref))
            return &sim->started[i - 1];
    }
    return NULL;
}

static inline void sim_send(struct sim *sim, int from, int to, uint64_t life,
                            const struct message *message)
{
    if (sim->overhear != NULL)
        sim->overhear(sim, from, to, message);
    network_send(&sim->network, &sim->rng, sim->now_ms,
                 (struct packet){ .from = from, .to = to, .life = life, .message = *message });
}
#endif
