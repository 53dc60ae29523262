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
#include "worker/task/npy.h"
#include "worker/task/task.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLASSES_MOST = 10000, TRAIN_LEAST = 2 };
static const double carved_share = 0.2;

/* One array, and its path for the sentences about it. */
struct array {
    char *path;
    struct npy npy;
};

struct files {
    struct array x, xstar, y; /* xstar.npy.rank 0: there is none */
};

struct problem {
    const struct task_request *request;
    struct error *error;
    bool has_test;
    struct files train, test;
    int *order;  /* of the rows of the training files */
    int carved;  /* of them, as test set */
    int n_train; /* examples in use */
    int n_test;
};

static char *path_of(const struct problem *problem, const char *stem, bool is_test)
{
    return xasprintf("%s/%s%s.npy", problem->request->directory, stem, is_test ? "_test" : "");
}

static bool exists(const struct problem *problem, const char *stem, bool is_test)
{
    char *path = path_of(problem, stem, is_test);
    bool answer = access(path, F_OK) == 0 || errno != ENOENT;
    free(path);
    return answer;
}

static bool load(struct array *out, struct problem *problem, const char *stem, bool is_test)
{
    out->path = path_of(problem, stem, is_test);
    return npy_load(&out->npy, out->path, problem->error) &&
           npy_check_values(&out->npy, out->path, problem->error);
}

static void free_array(struct array *array)
{
    free(array->path);
    npy_free(&array->npy);
}

static void free_files(struct files *files)
{
    free_array(&files->x);
    free_array(&files->xstar);
    free_array(&files->y);
}

static void free_problem(struct problem *problem)
{
    free_files(&problem->train);
    free_files(&problem->test);
    free(problem->order);
}

/* ---- shapes --------------------------------------------------------------------------------- */

static bool refuse_shape(struct problem *problem, const struct array *array, const char *expected)
{
    char shape[NPY_SHAPE_BYTES];
    npy_shape_text(shape, array->npy.shape, array->npy.rank);
    error_set(problem->error, "%s: expected %s, found the shape %s", array->path, expected, shape);
    return false;
}

static bool check_ranks(struct problem *problem, const struct files *files)
{
    const struct npy *x = &files->x.npy, *xstar = &files->xstar.npy, *y = &files->y.npy;
    if (x->rank != 2)
        return refuse_shape(problem, &files->x,
                            "(examples, inputs), see numpy.reshape(x, (len(x), -1))");
    if (files->xstar.path != NULL && xstar->rank != 2 && xstar->rank != 3)
        return refuse_shape(problem, &files->xstar,
                            "(examples, numbers) or (examples, steps, features)");
    if (y->rank != 1 && (y->rank != 2 || y->shape[1] != 1))
        return refuse_shape(problem, &files->y, "one label for each example, (examples,)");
    if (x->count == 0)
        return refuse_shape(problem, &files->x, "examples of at least one number");
    if (files->xstar.path != NULL && xstar->count == 0)
        return refuse_shape(problem, &files->xstar, "examples of at least one number");
    return true;
}

static bool check_count(struct problem *problem, const struct files *files,
                        const struct array *array)
{
    size_t examples = files->x.npy.shape[0], found = array->npy.shape[0];
    if (array->path == NULL || found == examples)
        return true;
    error_set(problem->error, "%s: expected %zu examples as in %s, found %zu", array->path,
              examples, files->x.path, found);
    return false;
}

static bool check_files(struct problem *problem, const struct files *files)
{
    return check_ranks(problem, files) && check_count(problem, files, &files->xstar) &&
           check_count(problem, files, &files->y);
}

/* Everything but the number of examples. */
static bool same_example(struct problem *problem, const struct array *train,
                         const struct array *test)
{
    size_t others = sizeof *test->npy.shape * (NPY_RANKS - 1);
    if (test->path == NULL || (test->npy.rank == train->npy.rank &&
                               memcmp(test->npy.shape + 1, train->npy.shape + 1, others) == 0))
        return true;
    char shape[NPY_SHAPE_BYTES], expected[NPY_SHAPE_BYTES + 64];
    npy_shape_text(shape, train->npy.shape, train->npy.rank);
    snprintf(expected, sizeof expected, "examples shaped as in training, %s", shape);
    return refuse_shape(problem, test, expected);
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool load_train(struct problem *problem)
{
    struct files *train = &problem->train;
    return load(&train->x, problem, "x", false) && load(&train->xstar, problem, "xstar", false) &&
           load(&train->y, problem, "y", false) && check_files(problem, train);
}

static bool load_test(struct problem *problem)
{
    struct files *test = &problem->test;
    bool has_xstar = exists(problem, "xstar", true);
    problem->has_test = has_xstar || exists(problem, "x", true) || exists(problem, "y", true);
    if (!problem->has_test)
        return true;
    return load(&test->x, problem, "x", true) && load(&test->y, problem, "y", true) &&
           (!has_xstar || load(&test->xstar, problem, "xstar", true)) &&
           check_files(problem, test) && same_example(problem, &problem->train.x, &test->x) &&
           same_example(problem, &problem->train.xstar, &test->xstar);
}

/* How many of `there` examples: all, or as many as asked for. */
static bool choose_count(struct problem *problem, int *out, const char *setting, int asked,
                         int there)
{
    *out = asked > 0 ? asked : there;
    if (*out <= there)
        return true;
    error_set(problem->error, "%s: expected at most the %d examples that %s has%s, found %d",
              setting, there, problem->request->directory,
              problem->has_test ? ""
                                : " (a fifth of x.npy is the test set: there is no x_test.npy)",
              asked);
    return false;
}

static bool choose_examples(struct problem *problem)
{
    int there = (int)problem->train.x.npy.shape[0];
    if (!problem->has_test)
        problem->carved = (int)fmax(1, round(carved_share * there));
    int for_training = there - problem->carved;
    if (for_training < TRAIN_LEAST) {
        error_set(problem->error, "%s: expected at least %d examples, found %d",
                  problem->train.x.path, TRAIN_LEAST + !problem->has_test, there);
        return false;
    }
    int for_test = problem->has_test ? (int)problem->test.x.npy.shape[0] : problem->carved;
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

static bool refuse_class(struct problem *problem, const struct array *y, size_t at,
                         const char *expected)
{
    error_set(problem->error,
              "%s: expected %s, found %.0f at index [%zu]; save y as float64 if this is regression",
              y->path, expected, y->npy.values[at], at);
    return false;
}

static bool count_classes(struct problem *problem, int *classes)
{
    const struct array *y = &problem->train.y;
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
    const struct array *y = &problem->test.y;
    char expected[64];
    snprintf(expected, sizeof expected, "the classes of training, 0 to %d", classes - 1);
    for (size_t i = 0; i < y->npy.count; i++)
        if (y->npy.values[i] < 0 || y->npy.values[i] >= classes)
            return refuse_class(problem, y, i, expected);
    return true;
}

static bool choose_labels(struct problem *problem, struct task_data *out)
{
    const struct array *train = &problem->train.y, *test = &problem->test.y;
    out->label_loss = LABEL_CROSS_ENTROPY;
    out->outputs = REGRESSION_BINS;
    out->is_regression = train->npy.kind == NPY_REAL;
    if (problem->has_test && out->is_regression != (test->npy.kind == NPY_REAL)) {
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

static void fill_set(struct task_set *set, struct task_data *data, const struct files *files,
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
    fill_set(&out->train, out, &problem->train, train, problem->n_train);

    int *test = xcalloc((size_t)problem->n_test, sizeof *test);
    for (int i = 0; i < problem->n_test; i++)
        test[i] = problem->has_test ? i : problem->order[i];
    qsort(test, (size_t)problem->n_test, sizeof *test, ascending);
    fill_set(&out->test, out, problem->has_test ? &problem->test : &problem->train, test,
             problem->n_test);
    free(test);
}

static void set_sizes(struct task_data *out, const struct files *train)
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
    bool good = load_train(&problem) && load_test(&problem) && choose_examples(&problem) &&
                choose_labels(&problem, out);
    if (good) {
        set_sizes(out, &problem.train);
        fill_sets(&problem, out);
    }
    free_problem(&problem);
    return good;
}
