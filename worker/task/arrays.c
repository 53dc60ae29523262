/* A user's own problem, from a directory of NumPy files:
 *     x.npy      [n, inputs]            what the student sees
 *     xstar.npy  [n, privileged]        what only the teacher sees,
 *            or  [n, steps, features]   a trajectory: the teacher is convolutional
 *     y.npy      [n] or [n, 1]          integers or bool: classes 0, 1, 2, ...
 *                                       floats: regression, by psi and 32 bins as in B.2.1
 *     x_test.npy, y_test.npy            the test set, and with it maybe xstar_test.npy
 * Without a test set a fifth of the examples is carved off as one. Which, and which are left out
 * when n_train or n_test ask for fewer than there are, follows from the number of examples alone,
 * so that all trials see the same test set, and a larger training set contains the smaller one.
 * Examples stay in the order of the files.
 *
 * x and x* are standardised by the training examples in use; of a trajectory every step by the
 * same numbers. */
#include "common/xalloc.h"
#include "worker/task/arrays_files.h"
#include "worker/task/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MOST = 10000, TRAIN_LEAST = 2 };
static const double carved_share = 0.2;

struct problem {
    const struct task_request *request;
    struct error *error;
    struct arrays_files files;
    int *order;  /* of the rows of the training files */
    int carved;  /* of them, as test set */
    int n_train; /* examples in use */
    int n_test;
};

/* How many of `there` examples: all, or as many as asked for. */
static bool choose_count(struct problem *problem, int *out, const char *setting, int asked,
                         int there)
{
    *out = asked > 0 ? asked : there;
    if (*out <= there)
        return true;
    error_set(problem->error, "%s: expected at most the %d examples that %s has%s, found %d",
              setting, there, problem->request->directory,
              problem->files.has_test
                  ? ""
                  : " (a fifth of x.npy is the test set: there is no x_test.npy)",
              asked);
    return false;
}

static bool choose_examples(struct problem *problem)
{
    int there = (int)problem->files.train.x.npy.shape[0];
    if (!problem->files.has_test)
        problem->carved = (int)fmax(1, round(carved_share * there));
    int for_training = there - problem->carved;
    if (for_training < TRAIN_LEAST) {
        error_set(problem->error, "%s: expected at least %d examples, found %d",
                  problem->files.train.x.path, TRAIN_LEAST + !problem->files.has_test, there);
        return false;
    }
    int for_test =
        problem->files.has_test ? (int)problem->files.test.x.npy.shape[0] : problem->carved;
    const struct task_request *request = problem->request;
    if (!choose_count(problem, &problem->n_train, "n_train", request->n_train, for_training) ||
        !choose_count(problem, &problem->n_test, "n_test", request->n_test, for_test))
        return false;
    problem->order = xcalloc((size_t)there, sizeof *problem->order);
    for (int i = 0; i < there; i++)
        problem->order[i] = i;
    struct rng rng;
    rng_init(&rng, 0, RNG_DATA_MAP, 0);
    rng_shuffle(&rng, problem->order, there);
    return true;
}

/* ---- labels --------------------------------------------------------------------------------- */

static bool refuse_class(struct problem *problem, const struct arrays_file *y, size_t at,
                         const char *expected)
{
    error_set(problem->error,
              "%s: expected %s, found %.0f at index [%zu]; save y as float64 if this is regression",
              y->path, expected, y->npy.values[at], at);
    return false;
}

static bool count_classes(struct problem *problem, int *classes)
{
    const struct arrays_file *y = &problem->files.train.y;
    double largest = 0;
    for (size_t i = 0; i < y->npy.count; i++) {
        if (y->npy.values[i] < 0 || y->npy.values[i] >= CLASSES_MOST)
            return refuse_class(problem, y, i, "classes from 0 to at most 9999");
        largest = fmax(largest, y->npy.values[i]);
    }
    *classes = (int)largest + 1;
    if (*classes >= 2)
        return true;
    error_set(problem->error, "%s: expected at least two classes, found class 0 only", y->path);
    return false;
}

static bool check_test_classes(struct problem *problem, int classes)
{
    const struct arrays_file *y = &problem->files.test.y;
    char expected[64];
    snprintf(expected, sizeof expected, "the classes of training, 0 to %d", classes - 1);
    for (size_t i = 0; i < y->npy.count; i++)
        if (y->npy.values[i] < 0 || y->npy.values[i] >= classes)
            return refuse_class(problem, y, i, expected);
    return true;
}

static bool choose_labels(struct problem *problem, struct task_data *out)
{
    const struct arrays_file *train = &problem->files.train.y, *test = &problem->files.test.y;
    out->label_loss = LABEL_CROSS_ENTROPY;
    out->outputs = REGRESSION_BINS;
    out->is_regression = train->npy.kind == NPY_REAL;
    if (problem->files.has_test && out->is_regression != (test->npy.kind == NPY_REAL)) {
        error_set(problem->error, "%s: expected %s as in %s, found the type '%s'", test->path,
                  out->is_regression ? "floats" : "integers", train->path, test->npy.type);
        return false;
    }
    return out->is_regression ||
           (count_classes(problem, &out->outputs) && check_test_classes(problem, out->outputs));
}

/* ---- the chosen rows, as the task's matrices ------------------------------------------------- */

static double *gather(const struct npy *from, const int *rows, int count)
{
    size_t each = from->count / from->shape[0];
    double *out = xcalloc((size_t)count * each, sizeof *out);
    for (int i = 0; i < count; i++)
        memcpy(out + (size_t)i * each, from->values + (size_t)rows[i] * each, each * sizeof *out);
    return out;
}

/* Fits to the training set, which comes first; shorter than a row where a row repeats it. */
static real *standardised(struct standardise *standardise, int dims, const struct npy *from,
                          const int *rows, int count)
{
    size_t repeats = from->count / from->shape[0] / (size_t)dims;
    double *numbers = gather(from, rows, count);
    size_t n_rows = (size_t)count * repeats;
    if (standardise->dims == 0) {
        standardise_init(standardise, dims);
        standardise_fit(standardise, 0, dims, numbers, n_rows, (size_t)dims);
    }
    real *out = xaligned(n_rows * (size_t)dims * sizeof *out);
    standardise_apply(standardise, out, numbers, n_rows);
    free(numbers);
    return out;
}

static real *labels_of(struct task_data *data, const struct npy *y, const int *rows, int count)
{
    double *numbers = gather(y, rows, count);
    real *out = xaligned((size_t)count * sizeof *out);
    if (data->is_regression && data->regression.knots == 0)
        regression_fit(&data->regression, numbers, count);
    if (data->is_regression)
        regression_labels(&data->regression, out, numbers, count);
    for (int i = 0; i < count && !data->is_regression; i++)
        out[i] = (real)numbers[i];
    free(numbers);
    return out;
}

static void fill_set(struct task_set *set, struct task_data *data, const struct arrays_set *files,
                     const int *rows, int count)
{
    int xstar_dims = data->features > 0 ? data->features : data->privileged;
    set->count = count;
    set->x = standardised(&data->x_standard, data->inputs, &files->x.npy, rows, count);
    if (files->xstar.path != NULL)
        set->xstar =
            standardised(&data->xstar_standard, xstar_dims, &files->xstar.npy, rows, count);
    set->labels = labels_of(data, &files->y.npy, rows, count);
}

static int ascending(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Without test files the first of the shuffled rows are the test set, the next the training set. */
static void fill_sets(struct problem *problem, struct task_data *out)
{
    int *train = problem->order + problem->carved;
    qsort(train, (size_t)problem->n_train, sizeof *train, ascending);
    fill_set(&out->train, out, &problem->files.train, train, problem->n_train);

    int *test = xcalloc((size_t)problem->n_test, sizeof *test);
    for (int i = 0; i < problem->n_test; i++)
        test[i] = problem->files.has_test ? i : problem->order[i];
    qsort(test, (size_t)problem->n_test, sizeof *test, ascending);
    fill_set(&out->test, out,
             problem->files.has_test ? &problem->files.test : &problem->files.train, test,
             problem->n_test);
    free(test);
}

static void set_sizes(struct task_data *out, const struct arrays_set *train)
{
    const struct npy *x = &train->x.npy, *xstar = &train->xstar.npy;
    out->inputs = (int)x->shape[1];
    out->privileged = (int)(xstar->count / xstar->shape[0]);
    if (xstar->rank == 3) {
        out->steps = (int)xstar->shape[1];
        out->features = (int)xstar->shape[2];
    }
}

bool arrays_make(struct task_data *out, const struct task_request *request, struct error *error)
{
    struct problem problem = { .request = request, .error = error };
    if (request->directory == NULL || request->directory[0] == '\0') {
        error_set(error, "data: expected a directory with x.npy, xstar.npy and y.npy, found none");
        return false;
    }
    bool good = arrays_files_load(&problem.files, request->directory, error) &&
                choose_examples(&problem) && choose_labels(&problem, out);
    if (good) {
        set_sizes(out, &problem.files.train);
        fill_sets(&problem, out);
    }
    arrays_files_free(&problem.files);
    free(problem.order);
    return good;
}
