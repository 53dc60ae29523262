#include "worker/task/mujoco/dataset.h"
#include "common/clock.h"
#include "common/xalloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LEAST_WARM_UP = 10, MOST_WARM_UP = 30, PROGRESS_MS = 1000 };

void dataset_reserve(struct dataset *dataset)
{
    size_t count = (size_t)dataset->n_train + (size_t)dataset->n_test;
    dataset->x = xcalloc(count * dataset_inputs(dataset), sizeof *dataset->x);
    dataset->xstar = xcalloc(count * dataset_privileged(dataset), sizeof *dataset->xstar);
    dataset->y = xcalloc(count, sizeof *dataset->y);
}

void dataset_free(struct dataset *dataset)
{
    free(dataset->x);
    free(dataset->xstar);
    free(dataset->y);
    *dataset = (struct dataset){ 0 };
}

/* ---- one example ---------------------------------------------------------------------------- */

static void draw_actions(struct rng *rng, double *out, int count)
{
    for (int i = 0; i < count; i++)
        out[i] = (double)rng_below(rng, 3) - 1;
}

static bool all_finite(const double *numbers, int count)
{
    for (int i = 0; i < count; i++)
        if (!isfinite(numbers[i]))
            return false;
    return true;
}

bool dataset_draw(struct simulator *simulator, uint64_t data_seed, enum rng_purpose split,
                  int index, double *x, double *xstar, double *y)
{
    int observations = simulator_observations(simulator), actions = simulator_actions(simulator);
    double *policy = x + observations; /* its room serves the warm-up first */
    struct rng rng;
    rng_init(&rng, data_seed, split, (uint64_t)index);
    simulator_start_random(simulator, &rng);
    int warm_up = LEAST_WARM_UP + (int)rng_below(&rng, MOST_WARM_UP - LEAST_WARM_UP + 1);
    for (int step = 0; step < warm_up; step++) {
        draw_actions(&rng, policy, actions);
        simulator_act(simulator, policy);
    }
    simulator_observe(simulator, x);
    draw_actions(&rng, policy, DATASET_STEPS * actions);
    *y = 0;
    for (int step = 0; step < DATASET_STEPS; step++) {
        double *frame = xstar + step * (observations + 1);
        frame[observations] = simulator_act(simulator, policy + step * actions);
        simulator_observe(simulator, frame);
        *y += frame[observations];
    }
    return !simulator_warned(simulator) && all_finite(x, observations) &&
           all_finite(xstar, DATASET_STEPS * (observations + 1));
}

/* ---- all of them ---------------------------------------------------------------------------- */

struct progress {
    const char *name;
    int done, all;
    int64_t next_ms;
    bool on_terminal;
};

static void tell(struct progress *progress)
{
    int64_t now_ms = clock_monotonic_ms();
    bool is_last = progress->done == progress->all;
    if (now_ms < progress->next_ms && !is_last)
        return;
    progress->next_ms = now_ms + PROGRESS_MS;
    fprintf(stderr, "%s%s: %d of %d examples%s", progress->on_terminal ? "\r" : "", progress->name,
            progress->done, progress->all, progress->on_terminal && !is_last ? "" : "\n");
}

static bool draw_row(struct dataset *out, struct simulator *simulator, uint64_t data_seed, int row)
{
    bool is_training = row < out->n_train;
    return dataset_draw(simulator, data_seed, is_training ? RNG_DATA_TRAIN : RNG_DATA_TEST,
                        is_training ? row : row - out->n_train,
                        out->x + (size_t)row * dataset_inputs(out),
                        out->xstar + (size_t)row * dataset_privileged(out), out->y + row);
}

static bool draw_all(struct dataset *out, struct simulator *simulator,
                     const struct dataset_request *request, struct error *error)
{
    struct progress progress = {
        .name = request->environment->name,
        .all = request->n_train + request->n_test,
        .next_ms = clock_monotonic_ms() + PROGRESS_MS,
        .on_terminal = isatty(STDERR_FILENO),
    };
    for (int row = 0; row < progress.all; row++) {
        if (!draw_row(out, simulator, request->data_seed, row)) {
            error_set(error,
                      "%s: the simulation of example %d (data_seed %llu) became unstable; take "
                      "another data_seed",
                      progress.name, row, (unsigned long long)request->data_seed);
            return false;
        }
        progress.done = row + 1;
        tell(&progress);
    }
    return true;
}

bool dataset_make(struct dataset *out, const struct dataset_request *request, struct error *error)
{
    struct simulator *simulator = NULL;
    *out = (struct dataset){ 0 };
    if (!simulator_create(&simulator, request->environment, error))
        return false;
    *out = (struct dataset){
        .observations = simulator_observations(simulator),
        .actions = simulator_actions(simulator),
        .n_train = request->n_train,
        .n_test = request->n_test,
    };
    dataset_reserve(out);
    bool made = draw_all(out, simulator, request, error);
    simulator_destroy(&simulator);
    if (!made)
        dataset_free(out);
    return made;
}
