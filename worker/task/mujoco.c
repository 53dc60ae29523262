#include "worker/task/mujoco.h"
#include "common/buf.h"
#include "common/xalloc.h"
#include "worker/task/mujoco/cache.h"

#include <assert.h>
#include <string.h>

static void fit(struct task_data *out, const struct dataset *dataset)
{
    size_t inputs = dataset_inputs(dataset), n_train = (size_t)dataset->n_train;
    int observations = dataset->observations, features = observations + 1;
    standardise_init(&out->x_standard, (int)inputs);
    standardise_fit(&out->x_standard, 0, (int)inputs, dataset->x, n_train, inputs);
    standardise_init(&out->xstar_standard, features);
    size_t bytes = (size_t)observations * sizeof(double);
    memcpy(out->xstar_standard.mean, out->x_standard.mean, bytes);
    memcpy(out->xstar_standard.scale, out->x_standard.scale, bytes);
    standardise_fit(&out->xstar_standard, observations, 1, dataset->xstar + observations,
                    n_train * DATASET_STEPS, (size_t)features);
    regression_fit(&out->regression, dataset->y, dataset->n_train);
}

/* Rows first .. first+count-1 of the data set, of which a frame of x* is a row of its own. */
static void fill_set(struct task_set *set, const struct task_data *data,
                     const struct dataset *dataset, int first, int count)
{
    size_t rows = (size_t)count, at = (size_t)first;
    size_t inputs = dataset_inputs(dataset), privileged = dataset_privileged(dataset);
    set->count = count;
    set->x = xaligned(rows * inputs * sizeof *set->x);
    set->xstar = xaligned(rows * privileged * sizeof *set->xstar);
    set->labels = xaligned(rows * sizeof *set->labels);
    standardise_apply(&data->x_standard, set->x, dataset->x + at * inputs, rows);
    standardise_apply(&data->xstar_standard, set->xstar, dataset->xstar + at * privileged,
                      rows * DATASET_STEPS);
    regression_labels(&data->regression, set->labels, dataset->y + at, count);
}

void mujoco_prepare(struct task_data *out, const struct dataset *dataset)
{
    out->inputs = (int)dataset_inputs(dataset);
    out->privileged = (int)dataset_privileged(dataset);
    out->steps = DATASET_STEPS;
    out->features = dataset->observations + 1;
    out->outputs = REGRESSION_BINS;
    out->label_loss = LABEL_CROSS_ENTROPY;
    out->is_regression = true;
    assert(out->inputs <= MUJOCO_LONGEST_ROW && out->privileged <= MUJOCO_LONGEST_ROW);
    fit(out, dataset);
    fill_set(&out->train, out, dataset, 0, dataset->n_train);
    fill_set(&out->test, out, dataset, dataset->n_train, dataset->n_test);
}

static const struct environment *find_environment(const char *name, struct error *error)
{
    const struct environment *environment = name != NULL ? environment_find(name) : NULL;
    if (environment != NULL)
        return environment;
    struct buf known;
    buf_init(&known, 256);
    for (int i = 0; i < environment_count; i++)
        buf_printf(&known, "%s%s", i > 0 ? ", " : "", environment_table[i].name);
    error_set(error, "environment: `%.64s` is none of %s", name != NULL ? name : "", known.bytes);
    buf_free(&known);
    return NULL;
}

bool mujoco_make(struct task_data *out, const struct task_request *request, struct error *error)
{
    struct dataset dataset;
    struct dataset_request wanted = {
        .environment = find_environment(request->environment, error),
        .n_train = request->n_train,
        .n_test = request->n_test,
        .data_seed = request->data_seed,
    };
    if (wanted.environment == NULL)
        return false;
    if (wanted.n_train < 1 || wanted.n_test < 1) {
        error_set(error, "n_train, n_test: %d and %d examples; both sets need at least 1",
                  wanted.n_train, wanted.n_test);
        return false;
    }
    if (!cache_get(&dataset, &wanted, error))
        return false;
    mujoco_prepare(out, &dataset);
    dataset_free(&dataset);
    return true;
}
