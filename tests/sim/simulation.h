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

/* Faults that no run may survive: the test of the tests. */
enum planted_bug {
    BUG_NONE,
    BUG_TELL_BEFORE_SAVE,  /* messages leave before the commit */
    BUG_LOST_OUTCOME,      /* an outcome is not written */
    BUG_LOST_POINTS,       /* points are acknowledged and not written */
    BUG_THINNED_POINTS,    /* a worker leaves points out */
    BUG_WRONG_ATTEMPT,     /* a restored trial forgets its latest attempt number */
    BUG_OLD_ATTEMPT,       /* a trial is handed out again under its old attempt number */
    BUG_FORGED_SUGGESTION, /* a trial's parameters are not what the sampler said */
    PLANTED_BUGS
};

enum { SIM_CLIENT_PEER = 1 << 20, SIM_STUCK_MS = 900000 };
/* Rows and memory are compared after every commit; to restore a second core and compare all that it
 * can say takes a hundred times as long: this often, at every crash and at the end. */
enum { SIM_COMMITS_BETWEEN_RESTORES = 32 };
enum { SIM_MAX_WORKERS = 6, SIM_MAX_CHILDREN = 8, SIM_MAX_SEARCHES = 2, SIM_MAX_STARTED = 4096 };

struct sim_worker {
    struct agent *agent; /* NULL: dead until back_ms */
    uint64_t life;       /* counts its processes */
    uint64_t peer;       /* the connection: a new number after every reconnect */
    int64_t back_ms, cut_until_ms;
    bool stopping;
    struct child children[SIM_MAX_CHILDREN];
    int n_children;
    int32_t slots;
    bool allow_command;
};

struct sim_client {
    const char *name; /* of its search, and its submit key */
    char *definition;
    bool submitted, stops, stop_now, stopped;
    int64_t next_ms, stop_ms;
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
    double crash, worker_crash; /* chance at each turn of the coordinator, each step of a worker */

    struct network network;
    struct disk disk;
    struct core *core;      /* NULL: down until up_ms */
    struct actions actions; /* of the open turn; held while the disk is full */
    bool turn_open, held, unsaved;
    int64_t commits;
    int64_t up_ms, tick_ms, tick_due_ms, full_until_ms, held_since_ms;
    uint64_t peers; /* connections made so far */

    struct sim_worker workers[SIM_MAX_WORKERS];
    int n_workers;
    struct sim_client clients[SIM_MAX_SEARCHES];
    int n_clients;
    struct attempt_ref started[SIM_MAX_STARTED];
    int n_started;
    struct agent_actions agent_actions;
    int64_t turns, crashes, deaths, full_disks;
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
    return 1900000000000 + sim->now_ms;
}

static inline void sim_send(struct sim *sim, int from, int to, uint64_t life,
                            const struct message *message)
{
    network_send(&sim->network, &sim->rng, sim->now_ms,
                 (struct packet){ .from = from, .to = to, .life = life, .message = *message });
}
#endif
