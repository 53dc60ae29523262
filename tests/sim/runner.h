/* runner.h - many seeds, by one process or by several, and what all of them have met, so that good
 * weather is not taken for a good coordinator. */
#ifndef SIM_RUNNER_H
#define SIM_RUNNER_H
#include "tests/sim/sim_run.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNNER_MAX_JOBS = 64 };

struct met {
    int64_t seeds, turns, crashes, deaths, full_disks, stops, steps, hostile_messages, resumed,
        kept, retried;
    int64_t trials[TRIAL_CANCELLED + 1], attempts[ATTEMPT_CANCELLED + 1];
    /* studies: that ran the best again; that ran trials again elsewhere; that had nothing to run */
    int64_t rerun, audited, left_out;
};

/* What one job found; in memory that is shared with it. */
struct found {
    struct met met;
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
    bool ok = sim_run(sim);
    note_what_was_met(&found->met, sim);
    if (!ok) {
        found->failed_seed = seed;
        memcpy(found->failure, sim->failure, sizeof found->failure);
    }
    sim_destroy(sim);
    return ok;
}

/* Each worker has a table of megabytes, nearly all of which it never touches: fresh pages are zero
 * already. What is freed otherwise is wanted again by the next seed. */
static inline void tune_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 28);
}

/* Every n-th seed from the first on, until one fails. */
static inline void run_seeds(struct found *found, uint64_t first, uint64_t last, uint64_t every)
{
    static struct sim sim;
    tune_memory();
    for (uint64_t seed = first; seed <= last; seed += every) {
        if (!run_seed(&sim, seed, BUG_NONE, false, found))
            return;
    }
}

static inline void wait_for(pid_t child, struct found *found)
{
    int status;
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    found->failed_seed = found->met.seeds + 1; /* of those that were this job's, counted from 1 */
    snprintf(found->failure, sizeof found->failure, "the process of a job died");
}

/* Seeds first .. last, shared among the jobs. The first failure, by seed, is that of the sum. */
static inline void run_in_jobs(struct found *sum, uint64_t first, uint64_t last, int jobs)
{
    size_t bytes = (size_t)jobs * sizeof(struct found);
    pid_t children[RUNNER_MAX_JOBS];
    struct found *founds =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *sum = (struct found){ 0 };
    if (founds == MAP_FAILED)
        return; /* no seed was run, which the caller will not take for success */
    fflush(NULL);
    for (int i = 0; i < jobs; i++) {
        children[i] = fork();
        if (children[i] != 0)
            continue;
        run_seeds(&founds[i], first + (uint64_t)i, last, (uint64_t)jobs);
        _exit(0);
    }
    for (int i = 0; i < jobs; i++) {
        wait_for(children[i], &founds[i]);
        add_met(&sum->met, &founds[i].met);
        if (founds[i].failed_seed == 0 ||
            (sum->failed_seed != 0 && sum->failed_seed < founds[i].failed_seed))
            continue;
        sum->failed_seed = founds[i].failed_seed;
        memcpy(sum->failure, founds[i].failure, sizeof sum->failure);
    }
    munmap(founds, bytes);
}
#endif
