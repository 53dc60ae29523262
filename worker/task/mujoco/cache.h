/* cache.h - each data set is simulated once per host and kept in $LDT_CACHE, by default
 * $XDG_CACHE_HOME/ldt or ~/.cache/ldt, in a file that is named by its content. Files may be deleted
 * at any time; a damaged one is made again. */
#ifndef TASK_MUJOCO_CACHE_H
#define TASK_MUJOCO_CACHE_H
#include "worker/task/mujoco/dataset.h"

/* From the cache, or made and put there; processes that want the same at the same time wait for
 * the one that makes it. False, with nothing to free: it cannot be made, or not be kept. */
bool cache_get(struct dataset *out, const struct dataset_request *request, struct error *error);
#endif
