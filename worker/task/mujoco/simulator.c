#include "worker/task/mujoco/simulator.h"
#include "common/log.h"
#include "common/xalloc.h"

#include <mujoco/mujoco.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct simulator {
    const struct environment *environment;
    mjModel *model;
    mjData *data;
};

/* ---- the library's own messages, which it would write to a file where the process runs ------- */

/* The library calls this only when it was misused or has no memory, and cannot go on. */
static void die(const char *message)
{
    fprintf(stderr, "libmujoco: %s\n", message);
    abort();
}

static void warn(const char *message)
{
    log_event(LOG_WARN, "mujoco-warning", "why=%s", log_quote(message));
}

/* ---- from a text to a model ----------------------------------------------------------------- */

/* The library reads files only, of which some may be in memory. */
static mjModel *compile(const char *text, char *fault, int fault_bytes)
{
    static const char name[] = "model.xml";
    size_t length = strlen(text);
    mjVFS *files = xmalloc(sizeof *files); /* megabytes: too large for a stack */
    mj_defaultVFS(files);
    mjModel *model = NULL;
    if (mj_makeEmptyFileVFS(files, name, (int)length) == 0) {
        memcpy(files->filedata[mj_findFileVFS(files, name)], text, length);
        model = mj_loadXML(name, files, fault, fault_bytes);
    }
    mj_deleteVFS(files);
    free(files);
    return model;
}

/* The library's sentence has several lines; ours are one. */
static void join_lines(char *text)
{
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        text[--length] = '\0';
    for (; *text != '\0'; text++)
        if (*text == '\n')
            *text = ' ';
}

bool simulator_create(struct simulator **out, const struct environment *environment,
                      struct error *error)
{
    mju_user_error = die;
    mju_user_warning = warn;
    char fault[512] = "no room for the text";
    struct simulator *simulator = xcalloc(1, sizeof *simulator);
    simulator->environment = environment;
    simulator->model = compile(environment->model, fault, sizeof fault);
    if (simulator->model != NULL)
        simulator->data = mj_makeData(simulator->model);
    if (simulator->data == NULL) {
        join_lines(fault);
        error_set(error, "libmujoco %d cannot compile the model of %s: %s", mj_version(),
                  environment->name, fault);
        simulator_destroy(&simulator);
        return false;
    }
    *out = simulator;
    return true;
}

void simulator_destroy(struct simulator **simulator)
{
    if (*simulator == NULL)
        return;
    mj_deleteData((*simulator)->data);
    mj_deleteModel((*simulator)->model);
    free(*simulator);
    *simulator = NULL;
}

int simulator_version(void)
{
    return mj_version();
}

int simulator_observations(const struct simulator *simulator)
{
    const mjModel *model = simulator->model;
    return model->nq - simulator->environment->hidden_positions + model->nv;
}

int simulator_actions(const struct simulator *simulator)
{
    return simulator->model->nu;
}

/* ---- running -------------------------------------------------------------------------------- */

void simulator_start(struct simulator *simulator, const double *positions, const double *velocities)
{
    const mjModel *model = simulator->model;
    mjData *data = simulator->data;
    mj_resetData(model, data);
    memcpy(data->qpos, positions, (size_t)model->nq * sizeof *positions);
    memcpy(data->qvel, velocities, (size_t)model->nv * sizeof *velocities);
    mj_forward(model, data);
}

static double symmetric(struct rng *rng, double bound)
{
    return (2 * rng_uniform(rng) - 1) * bound;
}

void simulator_start_random(struct simulator *simulator, struct rng *rng)
{
    const struct environment *environment = simulator->environment;
    const mjModel *model = simulator->model;
    double *positions = xcalloc((size_t)(model->nq + model->nv), sizeof *positions);
    double *velocities = positions + model->nq;
    for (int i = 0; i < model->nq; i++)
        positions[i] = model->qpos0[i] + symmetric(rng, environment->position_noise);
    for (int i = 0; i < model->nv; i++)
        velocities[i] = environment->velocity_noise_kind == NOISE_NORMAL
                            ? environment->velocity_noise * rng_normal(rng)
                            : symmetric(rng, environment->velocity_noise);
    simulator_start(simulator, positions, velocities);
    free(positions);
}

/* The forward speed is of position 0 over the whole action. Positions are integrated when a step
 * returns; places of bodies would be one step behind. */
double simulator_act(struct simulator *simulator, const double *action)
{
    const struct environment *environment = simulator->environment;
    const mjModel *model = simulator->model;
    mjData *data = simulator->data;
    double before = data->qpos[0], squares = 0;
    for (int i = 0; i < model->nu; i++) {
        data->ctrl[i] = action[i];
        squares += action[i] * action[i];
    }
    for (int step = 0; step < environment->steps_per_action; step++)
        mj_step(model, data);
    double seconds = model->opt.timestep * environment->steps_per_action;
    return (data->qpos[0] - before) / seconds + environment->alive_bonus -
           environment->action_cost * squares;
}

/* Not by fmin and fmax, which would make a number of a NaN. */
static double clip(double x, double bound)
{
    return x > bound ? bound : x < -bound ? -bound : x;
}

void simulator_observe(const struct simulator *simulator, double *out)
{
    const mjModel *model = simulator->model;
    double bound = simulator->environment->velocity_bound;
    for (int i = simulator->environment->hidden_positions; i < model->nq; i++)
        *out++ = simulator->data->qpos[i];
    for (int i = 0; i < model->nv; i++)
        *out++ = clip(simulator->data->qvel[i], bound);
}

bool simulator_warned(const struct simulator *simulator)
{
    for (int kind = 0; kind < mjNWARNING; kind++)
        if (simulator->data->warning[kind].number > 0)
            return true;
    return false;
}

const struct mjModel_ *simulator_model(const struct simulator *simulator)
{
    return simulator->model;
}

const struct mjData_ *simulator_data(const struct simulator *simulator)
{
    return simulator->data;
}
