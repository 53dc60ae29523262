#include "worker/task/task.h"
#include "common/xalloc.h"
#include "worker/task/game_of_life.h"
#include "worker/task/mujoco.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int row; /* numbers in an example's x or x*, whichever has more; 0: input_dim */
    bool (*make)(struct task_data *out, const struct task_request *request, struct error *error);
} tasks[] = {
    { "task-a", 0, task_a_make },
    { "task-b", 0, task_b_make },
    { "game-of-life", 3 * LIFE_CELLS, game_of_life_make },
    { "arrays", 1, arrays_make },
    { "mujoco", MUJOCO_LONGEST_ROW, mujoco_make },
};

/* Beyond this many numbers in one matrix a request is a mistake. */
static const double matrix_limit = 2147483647.0;

static bool request_fits(const struct task_request *request, int row, struct error *error)
{
    double examples = fmax(request->n_train, request->n_test);
    int numbers = row > 0 ? row : request->input_dim;
    if (examples * numbers <= matrix_limit)
        return true;
    error_set(error,
              "n_train, n_test%s: %.0f examples of %d numbers are too many; a matrix "
              "holds %.0f at most",
              row > 0 ? "" : ", input_dim", examples, numbers, matrix_limit);
    return false;
}

bool task_make(struct task_data *out, const char *name, const struct task_request *request,
               struct error *error)
{
    *out = (struct task_data){ 0 };
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        if (strcmp(tasks[i].name, name) != 0)
            continue;
        if (request_fits(request, tasks[i].row, error) && tasks[i].make(out, request, error))
            return true;
        task_free(out);
        return false;
    }
    error_set(error, "task: `%.64s` is no task; `ldt-worker trial --help` lists them", name);
    return false;
}

static void free_set(struct task_set *set)
{
    free(set->x);
    free(set->xstar);
    free(set->labels);
    free(set->true_logits);
    *set = (struct task_set){ 0 };
}

void task_free(struct task_data *data)
{
    free_set(&data->train);
    free_set(&data->test);
    regression_free(&data->regression);
    standardise_free(&data->x_standard);
    standardise_free(&data->xstar_standard);
}

static real *reserve(int rows, int cols)
{
    return xaligned((size_t)rows * (size_t)cols * sizeof(real));
}

static void draw_set(struct task_set *set, const struct task_data *data, uint64_t seed,
                     enum rng_purpose purpose, task_draw *draw, const void *maps)
{
    double *x = xcalloc((size_t)data->inputs, sizeof *x);
    for (int i = 0; i < set->count; i++) {
        struct rng rng;
        rng_init(&rng, seed, purpose, (uint64_t)i);
        draw(&rng, set, i, x, data->inputs, maps);
        real *row = set->x + (size_t)i * (size_t)data->inputs;
        for (int j = 0; j < data->inputs; j++)
            row[j] = (real)x[j];
    }
    free(x);
}

static void reserve_set(struct task_set *set, const struct task_data *data, int count,
                        bool has_true_logits)
{
    set->count = count;
    set->x = reserve(count, data->inputs);
    set->xstar = reserve(count, data->privileged);
    set->labels = reserve(count, 1);
    set->true_logits = has_true_logits ? reserve(count, data->outputs) : NULL;
}

void task_draw_sets(struct task_data *out, const struct task_request *request, bool has_true_logits,
                    task_draw *draw, const void *maps)
{
    reserve_set(&out->train, out, request->n_train, has_true_logits);
    reserve_set(&out->test, out, request->n_test, has_true_logits);
    draw_set(&out->train, out, request->data_seed, RNG_DATA_TRAIN, draw, maps);
    draw_set(&out->test, out, request->data_seed, RNG_DATA_TEST, draw, maps);
}

double *task_random_map(uint64_t data_seed, uint64_t which, int rows, int cols)
{
    struct rng rng;
    rng_init(&rng, data_seed, RNG_DATA_MAP, which);
    size_t count = (size_t)rows * (size_t)cols;
    double *map = xcalloc(count, sizeof *map);
    double bound = 1 / sqrt(cols);
    for (size_t i = 0; i < count; i++)
        map[i] = (2 * rng_uniform(&rng) - 1) * bound;
    return map;
}

void task_apply_map(double *y, const double *map, int rows, int cols, const double *x)
{
    for (int row = 0; row < rows; row++) {
        y[row] = 0;
        for (int col = 0; col < cols; col++)
            y[row] += map[(size_t)row * (size_t)cols + (size_t)col] * x[col];
    }
}

void task_draw_inputs(struct rng *rng, double *x, int count)
{
    for (int i = 0; i < count; i++)
        x[i] = (float)rng_normal(rng);
}
