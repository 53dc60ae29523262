/* config.h - from settings to what the engine is built of: networks, losses, optimisers. */
#ifndef TRIAL_CONFIG_H
#define TRIAL_CONFIG_H
#include "common/trainer/settings.h"
#include "worker/meta/learner.h"
#include "worker/task/task.h"

struct learner_config config_of_settings(const struct settings *settings,
                                         const struct task_data *data);
#endif
