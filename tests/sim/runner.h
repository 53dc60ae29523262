/* runner.h - many seeds, by one process or by several; which of them failed, also when it took its
 * process down; and what all of them have met, so that good weather is not taken for a good
 * coordinator. */
#ifndef SIM_RUNNER_H
#define SIM_RUNNER_H
#include "tests/sim/sim_run.h"

#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNNER_MAX_JOBS = 64, RUNNER_PATIENCE_S = 600 }; /* a seed takes some milliseconds */

struct met {
    int64_t seeds, turns, crashes, deaths, full_disks, stops, steps, hostile_messages, resumed,
        kept, retried, goodbyes, renewals;
    int64_t trials[TRIAL_CANCELLED + 1], attempts[ATTEMPT_CANCELLED + 1];
    /* studies: that ran the best again; that ran trials again elsewhere; that had nothing to run */
    int64_t rerun, audited, left_out;
};

/* What one job found; in memory that is shared with it. */
struct found {
    struct met met;
    uint64_t seed;        /* under way */
    uint64_t failed_seed; /* 0: none */
    char failure[1200];
};

static inline uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static inline void note_what_was_met(struct met *met, const struct sim *sim)
{
    met->seeds++;
    met->turns += sim->turns;
    met->crashes += sim->crashes;
    met->deaths += sim->deaths;
    met->full_disks += sim->full_disks;
    met->stops += sim->stops;
    met->steps += sim->steps;
    met->hostile_messages += sim->hostile_messages;
    met->resumed += sim->resumed;
    met->kept += sim->kept;
    met->goodbyes += sim->goodbyes;
    met->renewals += sim->renewals;
    met->retried += (int64_t)sim->disk.n_retries;
    for (size_t i = 0; i < sim->disk.n_trials; i++)
        met->trials[sim->disk.trials[i].state]++;
    for (size_t i = 0; i < sim->disk.n_attempts; i++)
        met->attempts[sim->disk.attempts[i].state]++;
    for (size_t i = 0; i < sim->disk.n_studies; i++) {
        const struct study_row *study = &sim->disk.studies[i];
        bool ran = study->parent != 0 && disk_trial(&sim->disk, study->id, 0) != NULL;
        met->rerun += ran && !study->audit;
        met->audited += ran && study->audit && study->state == SEARCH_DONE;
        met->left_out += study->state == SEARCH_DONE && study->budget == 0;
    }
}

/* Every field is a count. */
static inline void add_met(struct met *sum, const struct met *met)
{
    int64_t *into = (int64_t *)sum;
    const int64_t *from = (const int64_t *)met;
    for (size_t i = 0; i < sizeof *sum / sizeof *into; i++)
        into[i] += from[i];
}

static inline bool run_seed(struct sim *sim, uint64_t seed, enum planted_bug bug, bool trace,
                            struct found *found)
{
    sim_create(sim, seed, bug, trace);
    plant_crash(sim);
    bool ok = sim_run(sim);
    note_what_was_met(&found->met, sim);
    if (!ok) {
        found->failed_seed = seed;
        memcpy(found->failure, sim->failure, sizeof found->failure);
    }
    sim_destroy(sim);
    return ok;
}

/* Which seeds, in so many processes; each of them until a seed fails. */
struct runs {
    uint64_t first, last;
    int jobs;        /* at most RUNNER_MAX_JOBS */
    int64_t seconds; /* no seed is begun after so long; 0: all are */
    enum planted_bug bug;
};

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each worker has a table of megabytes, nearly all of which it never touches: fresh pages are zero
 * already. What is freed otherwise is wanted again by the next seed. */
static inline void tune_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 28);
}

/* The share of one job: every jobs-th seed. It does not outlive who waits for it, nor a seed that
 * never ends. */
static inline void run_job(struct found *found, const struct runs *runs, int job)
{
    static struct sim sim;
    double start = seconds_now();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    tune_memory();
    for (uint64_t seed = runs->first + (uint64_t)job; seed <= runs->last;
         seed += (uint64_t)runs->jobs) {
        if (runs->seconds > 0 && seconds_now() - start >= (double)runs->seconds)
            return;
        found->seed = seed;
        alarm(RUNNER_PATIENCE_S);
        if (!run_seed(&sim, seed, runs->bug, false, found))
            return;
    }
}

/* A job that dies leaves the number of the seed that killed it. */
static inline void wait_for(pid_t child, struct found *found)
{
    int status = 0;
    if (child < 0)
        return; /* there was no room for it: it has run no seed */
    waitpid(child, &status, 0);
    if (found->failed_seed != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return;
    found->failed_seed = found->seed;
    if (WIFSIGNALED(status))
        snprintf(found->failure, sizeof found->failure, "the process was killed: %s",
                 strsignal(WTERMSIG(status)));
    else
        snprintf(found->failure, sizeof found->failure, "the process ended with status %d",
                 WEXITSTATUS(status));
}

static inline void add_found(struct found *sum, const struct found *found)
{
    add_met(&sum->met, &found->met);
    if (found->failed_seed == 0 || (sum->failed_seed != 0 && sum->failed_seed < found->failed_seed))
        return;
    sum->failed_seed = found->failed_seed;
    memcpy(sum->failure, found->failure, sizeof sum->failure);
}

/* Always in processes of their own, so that an assertion that fails, or a crash, has a seed. The
 * first failure, by seed, is that of the sum. */
static inline void run_seeds(struct found *sum, const struct runs *runs)
{
    size_t bytes = (size_t)runs->jobs * sizeof(struct found);
    pid_t children[RUNNER_MAX_JOBS];
    struct found *founds =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *sum = (struct found){ 0 };
    if (founds == MAP_FAILED)
        return; /* no seed was run, which the caller will not take for success */
    fflush(NULL);
    for (int i = 0; i < runs->jobs; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        run_job(&founds[i], runs, i);
        exit(0); /* and not _exit: a sanitizer looks for leaks */
    }
    for (int i = 0; i < runs->jobs; i++) {
        wait_for(children[i], &founds[i]);
        add_found(sum, &founds[i]);
    }
    munmap(founds, bytes);
}
#endif
