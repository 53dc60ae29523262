/* simulator.h - one environment running in libmujoco: start it, act, observe. Single-threaded.
 *
 * What follows a start depends on nothing that was simulated before it: the solver's warm start is
 * part of the state and is cleared, so that examples can be made in any order. */
#ifndef TASK_MUJOCO_SIMULATOR_H
#define TASK_MUJOCO_SIMULATOR_H
#include "common/error.h"
#include "common/rng.h"
#include "worker/task/mujoco/environment.h"

#include <stdbool.h>

struct simulator;
struct mjModel_;
struct mjData_;

bool simulator_create(struct simulator **out, const struct environment *environment,
                      struct error *error);
void simulator_destroy(struct simulator **simulator); /* leaves NULL, accepts NULL */

int simulator_version(void); /* of the library, 222 for 2.2.2 */
int simulator_observations(const struct simulator *simulator);
int simulator_actions(const struct simulator *simulator);

void simulator_start(struct simulator *simulator, const double *positions,
                     const double *velocities);
/* From a state drawn as the environment draws it. */
void simulator_start_random(struct simulator *simulator, struct rng *rng);

/* Holds the action [actions] for the environment's steps; returns the reward. */
double simulator_act(struct simulator *simulator, const double *action);

void simulator_observe(const struct simulator *simulator, double *out); /* [observations] */

/* True when the library has warned since the start (a state that became unstable, which it
 * silently resets; a full buffer): what was simulated is then not to be used. */
bool simulator_warned(const struct simulator *simulator);

/* What is inside, for tests: include <mujoco/mujoco.h>. */
const struct mjModel_ *simulator_model(const struct simulator *simulator);
const struct mjData_ *simulator_data(const struct simulator *simulator);
#endif
