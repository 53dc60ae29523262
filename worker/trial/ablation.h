/* ablation.h - what becomes of the teacher when its input is spoilt (section 4.4 of the paper):
 *     permuted   PT: the frames of each trajectory in an order of its own, drawn once
 *     random-N   RT-N: the last N frames, rewards too, are noise from N(0, 1), drawn once
 * Only x* of the training set changes. Each example has a stream of the trial's seed. */
#ifndef TRIAL_ABLATION_H
#define TRIAL_ABLATION_H
#include "common/error.h"
#include "common/trainer/settings.h"
#include "worker/task/task.h"

/* False: there is no trajectory, or it is shorter than N; nothing was changed. */
bool ablation_apply(const struct settings *settings, uint64_t seed, struct task_data *data,
                    struct error *error);
#endif
