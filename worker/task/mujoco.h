/* mujoco.h - the reward prediction task of section 4.3 and appendix B.2.1: given a state and the 16
 * actions that follow, what is the sum of their rewards? x = (state, actions), x* = the 16 states
 * and rewards in between, the label that sum, in bins. How the data are had: mujoco/cache.h.
 *
 * Unlike other tasks' data these are the same bits only where libmujoco and the C library's
 * mathematics are: on one CPU type. Both builds, float and double, have the same labels. */
#ifndef TASK_MUJOCO_H
#define TASK_MUJOCO_H
#include "worker/task/mujoco/dataset.h"
#include "worker/task/task.h"

/* Numbers in the longest row of any environment: 16 states of 17 numbers and a reward each. */
enum { MUJOCO_LONGEST_ROW = 16 * 18 };

/* Standardised and labelled by the statistics of the training set, which all have n >= 1. Every
 * state, in x and along the trajectory, is standardised by the states of x; a reward by all rewards
 * of the training trajectories; an action by those of its place in x. */
void mujoco_prepare(struct task_data *out, const struct dataset *dataset);

bool mujoco_make(struct task_data *out, const struct task_request *request, struct error *error);
#endif
