#include "worker/trial/networks.h"
#include "worker/net/life.h"
#include "worker/task/game_of_life.h"

#include <string.h>

enum { TASK_A_LATER_HIDDEN = 128, LIFE_CONVOLUTIONS = LIFE_LAYERS_PER_STEP * TASK_FRAMES };

static int count_of(const struct settings *settings, enum setting_id id)
{
    return (int)setting_integer(settings, id);
}

/* ---- students ------------------------------------------------------------------------------- */

/* Task A's student mirrors how its data are made: a linear bottleneck first, which the teacher
 * supervises, and then something that can learn an exclusive or. */
static struct net student_of_task_a(int inputs, int hidden, int hidden_layers)
{
    struct net net;
    net_start(&net, inputs);
    net_linear(&net, hidden);
    net_supervise(&net);
    for (int i = 1; i < hidden_layers; i++) {
        net_linear(&net, TASK_A_LATER_HIDDEN);
        net_relu(&net);
    }
    net_linear(&net, 1);
    return net;
}

static struct life life_of_settings(const struct settings *settings, const struct task_data *data)
{
    return (struct life){
        .side = LIFE_SIDE,
        .frames = data->steps,
        .layers = LIFE_CONVOLUTIONS,
        .filters = count_of(settings, SETTING_N_FILTERS),
        .last_of_step_only = settings->method == METHOD_ORACLE_TEACHER,
    };
}

/* Of the numbers in x, which are a state and then actions, how many are the state: what a frame of
 * x* shows of one, all of it or all but its last number, a reward. 0: neither fits. */
static int observation_of(const struct settings *settings, const struct task_data *data)
{
    for (int rewards = settings->task == TASK_MUJOCO; rewards <= 1 && data->steps > 0; rewards++) {
        int observation = data->features - rewards, actions = data->inputs - observation;
        if (observation > 0 && actions >= 0 && actions % data->steps == 0)
            return observation;
    }
    return 0;
}

static struct net model_of_dynamics(const struct settings *settings, const struct task_data *data)
{
    int observation = observation_of(settings, data);
    const struct rollout rollout = {
        .steps = data->steps,
        .observation = observation,
        .action = (data->inputs - observation) / data->steps,
        .features = data->features,
        .hidden = count_of(settings, SETTING_STUDENT_HIDDEN),
        .hidden_layers = count_of(settings, SETTING_STUDENT_LAYERS),
        .weight_norm = setting_flag(settings, SETTING_STUDENT_WEIGHT_NORM),
    };
    return net_model_based(&rollout, data->outputs);
}

struct net student_of_settings(const struct settings *settings, const struct task_data *data)
{
    if (settings->task == TASK_GAME_OF_LIFE) {
        struct life life = life_of_settings(settings, data);
        return net_life_student(&life);
    }
    if (settings->method == METHOD_MODEL_BASED)
        return model_of_dynamics(settings, data);
    int hidden = count_of(settings, SETTING_STUDENT_HIDDEN);
    int layers = count_of(settings, SETTING_STUDENT_LAYERS);
    struct net net;
    if (settings->task == TASK_A)
        net = student_of_task_a(data->inputs, hidden, layers);
    else if (settings->task == TASK_B)
        net = net_student_b(data->inputs, hidden, layers, data->outputs);
    else
        net = net_student_hidden(data->inputs, hidden, layers, data->outputs);
    return setting_flag(settings, SETTING_STUDENT_WEIGHT_NORM) ? net_with_weight_norm(&net) : net;
}

/* ---- teachers ------------------------------------------------------------------------------- */

static struct net mlp_teacher(const struct settings *settings, int inputs, int outputs)
{
    return net_mlp(inputs, count_of(settings, SETTING_TEACHER_HIDDEN),
                   count_of(settings, SETTING_TEACHER_LAYERS), outputs);
}

static struct net convolutional_teacher(const struct settings *settings,
                                        const struct task_data *data, int supervised)
{
    const char *batch_norm = setting_choice(settings, SETTING_TEACHER_BATCH_NORM);
    const struct trajectory_teacher teacher = {
        .steps = data->steps,
        .features = data->features,
        .convolutions = count_of(settings, SETTING_TEACHER_CONV),
        .c1 = count_of(settings, SETTING_TEACHER_C1),
        .c2 = count_of(settings, SETTING_TEACHER_C2),
        .c3 = count_of(settings, SETTING_TEACHER_C3),
        .batch_norm = strcmp(batch_norm, "none") != 0,
        .dense_batch_norm = strcmp(batch_norm, "all") == 0,
    };
    return net_teacher_of_trajectories(&teacher, supervised);
}

/* phi starts at 0 where it will be trained, and is drawn where it stays. */
static struct net mixing_teacher(const struct settings *settings, const struct task_data *data)
{
    struct life life = life_of_settings(settings, data);
    if (settings->method != METHOD_FIXED_TEACHER)
        return net_life_teacher(&life, 0, 1);
    return net_life_teacher(&life, setting_real(settings, SETTING_TEACHER_ATTENTION_SCALE),
                            setting_real(settings, SETTING_TEACHER_WEIGHT_SCALE));
}

struct net teacher_of_settings(const struct settings *settings, const struct task_data *data,
                               const struct net *student)
{
    int supervised = student->n_supervised;
    if (settings->task == TASK_GAME_OF_LIFE)
        return mixing_teacher(settings, data);
    if (settings->task == TASK_A || settings->task == TASK_B)
        return mlp_teacher(settings, data->privileged, supervised);
    if (data->steps > 0)
        return convolutional_teacher(settings, data, supervised);
    struct net teacher = mlp_teacher(settings, data->privileged, 2 * supervised);
    net_gate(&teacher);
    return teacher;
}

enum teach_loss teach_loss_of_task(enum task task)
{
    static const enum teach_loss losses[TASKS] = {
        [TASK_A] = TEACH_MSE,
        [TASK_B] = TEACH_KL,
        [TASK_GAME_OF_LIFE] = TEACH_MIXTURE,
        [TASK_MUJOCO] = TEACH_GATED,
        [TASK_ARRAYS] = TEACH_GATED,
    };
    return losses[task];
}

void oracle_initialise(const struct settings *settings, const struct task_data *data, real *phi)
{
    struct life life = life_of_settings(settings, data);
    life_oracle(&life, data->frame_time, phi);
}

/* ---- what cannot be built ------------------------------------------------------------------- */

/* Of a user's arrays nobody knows before they are read which teacher they need. */
static bool check_teacher(const struct settings *settings, bool is_trajectory, struct error *error)
{
    static const enum setting_id of_trajectories[] = { SETTING_TEACHER_CONV, SETTING_TEACHER_C1,
                                                       SETTING_TEACHER_C2, SETTING_TEACHER_C3,
                                                       SETTING_TEACHER_BATCH_NORM };
    static const enum setting_id of_rows[] = { SETTING_TEACHER_HIDDEN, SETTING_TEACHER_LAYERS };
    const enum setting_id *lacking = is_trajectory ? of_rows : of_trajectories;
    size_t count = is_trajectory ? sizeof of_rows / sizeof *of_rows
                                 : sizeof of_trajectories / sizeof *of_trajectories;
    for (size_t i = 0; i < count; i++) {
        if (!settings->is_given[lacking[i]])
            continue;
        error_set(error,
                  "%s: %s/xstar.npy holds %s, so the teacher %s convolutional and does not have "
                  "this setting; leave it out",
                  setting_table[lacking[i]].name, settings->data,
                  is_trajectory ? "trajectories" : "no trajectories",
                  is_trajectory ? "is" : "is not");
        return false;
    }
    return true;
}

bool networks_check(const struct settings *settings, const struct task_data *data,
                    struct error *error)
{
    if (settings->task == TASK_ARRAYS && !check_teacher(settings, data->steps > 0, error))
        return false;
    if (settings->task == TASK_GAME_OF_LIFE &&
        (data->inputs != LIFE_CELLS || data->steps != TASK_FRAMES)) {
        error_set(error, "game-of-life: boards of %d cells and %d steps, not of %d and %d",
                  data->inputs, data->steps, LIFE_CELLS, TASK_FRAMES);
        return false;
    }
    if (settings->method == METHOD_MODEL_BASED && observation_of(settings, data) == 0) {
        error_set(error,
                  "method: model-based needs x* of the shape (examples, steps, features) and x of "
                  "a state (features numbers, or one less if the last is a reward) and then as "
                  "many actions for each step; here x has %d numbers, x* %d steps of %d",
                  data->inputs, data->steps, data->features);
        return false;
    }
    return true;
}
