/* dataset.h - examples of the reward prediction task, simulated: appendix B.2.1 of the paper.
 *
 * An example: start at random, follow the random policy for 10 to 30 actions, observe the state s,
 * then take 16 more random actions. The input is s and those actions, the label the sum of their
 * rewards, and the privileged information what was observed and rewarded after each. The policy
 * draws each part of an action from -1, 0 and 1, whatever the state.
 *
 * Example i comes from a stream of its own, named by (data_seed, split, i): a larger set begins
 * with the smaller one, and neither order nor interruption changes anything. */
#ifndef TASK_MUJOCO_DATASET_H
#define TASK_MUJOCO_DATASET_H
#include "common/error.h"
#include "common/rng.h"
#include "worker/task/mujoco/environment.h"
#include "worker/task/mujoco/simulator.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DATASET_STEPS = 16,
    /* Raise it whenever the same request gives other numbers than before (a model, the policy, the
     * order of the draws): files made by an older one are then no longer used. */
    DATASET_GENERATOR = 1,
};

struct dataset_request {
    const struct environment *environment;
    int n_train, n_test; /* at least 1 */
    uint64_t data_seed;
};

struct dataset {
    int observations, actions;
    int n_train, n_test; /* rows of what follows: first the training, then the test examples */
    double *x;           /* s [observations], then the actions [16, actions] */
    double *xstar;       /* [16, observations + 1], what was observed, then the reward */
    double *y;           /* sum of the 16 rewards */
};

/* Numbers in a row of x, and of xstar. */
static inline size_t dataset_inputs(const struct dataset *dataset)
{
    return (size_t)(dataset->observations + DATASET_STEPS * dataset->actions);
}

static inline size_t dataset_privileged(const struct dataset *dataset)
{
    return (size_t)(DATASET_STEPS * (dataset->observations + 1));
}

/* Room for all rows, zeroed, by the four sizes in `dataset`. */
void dataset_reserve(struct dataset *dataset);
void dataset_free(struct dataset *dataset); /* accepts a zeroed one */

/* Simulates all of it, which takes milliseconds an example, with a line of progress on standard
 * error at most once a second. False: the model does not compile, or a simulation failed. */
bool dataset_make(struct dataset *out, const struct dataset_request *request, struct error *error);

/* One example: rows of x, of xstar, and y. False: the simulation became unstable. */
bool dataset_draw(struct simulator *simulator, uint64_t data_seed, enum rng_purpose split,
                  int index, double *x, double *xstar, double *y);
#endif
