#include "worker/task/mujoco/environment.h"
#include "worker/task/mujoco/models.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const struct environment environment_table[] = {
    { .name = "swimmer",
      .model = model_swimmer,
      .steps_per_action = 4,
      .position_noise = 0.1,
      .velocity_noise_kind = NOISE_UNIFORM,
      .velocity_noise = 0.1,
      .hidden_positions = 2,
      .velocity_bound = INFINITY,
      .alive_bonus = 0,
      .action_cost = 1e-4 },
    { .name = "walker2d",
      .model = model_walker2d,
      .steps_per_action = 4,
      .position_noise = 0.005,
      .velocity_noise_kind = NOISE_UNIFORM,
      .velocity_noise = 0.005,
      .hidden_positions = 1,
      .velocity_bound = 10,
      .alive_bonus = 1,
      .action_cost = 1e-3 },
    { .name = "hopper",
      .model = model_hopper,
      .steps_per_action = 4,
      .position_noise = 0.005,
      .velocity_noise_kind = NOISE_UNIFORM,
      .velocity_noise = 0.005,
      .hidden_positions = 1,
      .velocity_bound = 10,
      .alive_bonus = 1,
      .action_cost = 1e-3 },
    { .name = "halfcheetah",
      .model = model_halfcheetah,
      .steps_per_action = 5,
      .position_noise = 0.1,
      .velocity_noise_kind = NOISE_NORMAL,
      .velocity_noise = 0.1,
      .hidden_positions = 1,
      .velocity_bound = INFINITY,
      .alive_bonus = 0,
      .action_cost = 0.1 },
};
const int environment_count = sizeof environment_table / sizeof *environment_table;

const struct environment *environment_find(const char *name)
{
    for (int i = 0; i < environment_count; i++)
        if (strcmp(environment_table[i].name, name) == 0)
            return &environment_table[i];
    return NULL;
}
