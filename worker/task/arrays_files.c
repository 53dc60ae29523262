#include "worker/task/arrays_files.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
    const char *directory;
    struct arrays_files *files;
    struct error *error;
};

static char *path_of(const struct reading *reading, const char *stem, bool is_test)
{
    return xasprintf("%s/%s%s.npy", reading->directory, stem, is_test ? "_test" : "");
}

static bool exists(const struct reading *reading, const char *stem, bool is_test)
{
    char *path = path_of(reading, stem, is_test);
    bool answer = access(path, F_OK) == 0 || errno != ENOENT;
    free(path);
    return answer;
}

static bool load(struct arrays_file *out, struct reading *reading, const char *stem, bool is_test)
{
    out->path = path_of(reading, stem, is_test);
    return npy_load(&out->npy, out->path, reading->error) &&
           npy_check_values(&out->npy, out->path, reading->error);
}

static void free_file(struct arrays_file *file)
{
    free(file->path);
    npy_free(&file->npy);
}

static void free_set(struct arrays_set *set)
{
    free_file(&set->x);
    free_file(&set->xstar);
    free_file(&set->y);
}

static bool refuse_shape(struct reading *reading, const struct arrays_file *file,
                         const char *expected)
{
    char shape[NPY_SHAPE_BYTES];
    npy_shape_text(shape, file->npy.shape, file->npy.rank);
    error_set(reading->error, "%s: expected %s, found the shape %s", file->path, expected, shape);
    return false;
}

static bool check_ranks(struct reading *reading, const struct arrays_set *set)
{
    const struct npy *x = &set->x.npy, *xstar = &set->xstar.npy, *y = &set->y.npy;
    if (x->rank != 2)
        return refuse_shape(reading, &set->x,
                            "(examples, inputs), see numpy.reshape(x, (len(x), -1))");
    if (set->xstar.path != NULL && xstar->rank != 2 && xstar->rank != 3)
        return refuse_shape(reading, &set->xstar,
                            "(examples, numbers) or (examples, steps, features)");
    if (y->rank != 1 && (y->rank != 2 || y->shape[1] != 1))
        return refuse_shape(reading, &set->y, "one label for each example, (examples,)");
    if (x->count == 0)
        return refuse_shape(reading, &set->x, "examples of at least one number");
    if (set->xstar.path != NULL && xstar->count == 0)
        return refuse_shape(reading, &set->xstar, "examples of at least one number");
    return true;
}

static bool check_count(struct reading *reading, const struct arrays_set *set,
                        const struct arrays_file *file)
{
    size_t examples = set->x.npy.shape[0], found = file->npy.shape[0];
    if (file->path == NULL || found == examples)
        return true;
    error_set(reading->error, "%s: expected %zu examples as in %s, found %zu", file->path, examples,
              set->x.path, found);
    return false;
}

static bool check_set(struct reading *reading, const struct arrays_set *set)
{
    return check_ranks(reading, set) && check_count(reading, set, &set->xstar) &&
           check_count(reading, set, &set->y);
}

/* Everything but the number of examples. */
static bool same_example(struct reading *reading, const struct arrays_file *train,
                         const struct arrays_file *test)
{
    size_t others = sizeof *test->npy.shape * (NPY_RANKS - 1);
    if (test->path == NULL || (test->npy.rank == train->npy.rank &&
                               memcmp(test->npy.shape + 1, train->npy.shape + 1, others) == 0))
        return true;
    char shape[NPY_SHAPE_BYTES], expected[NPY_SHAPE_BYTES + 64];
    npy_shape_text(shape, train->npy.shape, train->npy.rank);
    snprintf(expected, sizeof expected, "examples shaped as in training, %s", shape);
    return refuse_shape(reading, test, expected);
}

static bool load_train(struct reading *reading)
{
    struct arrays_set *train = &reading->files->train;
    return load(&train->x, reading, "x", false) && load(&train->xstar, reading, "xstar", false) &&
           load(&train->y, reading, "y", false) && check_set(reading, train);
}

/* False: a part of a test set without the others. */
static bool find_test(struct reading *reading, bool *has_xstar)
{
    bool has_x = exists(reading, "x", true), has_y = exists(reading, "y", true);
    *has_xstar = exists(reading, "xstar", true);
    reading->files->has_test = has_x && has_y;
    if (reading->files->has_test || !(has_x || has_y || *has_xstar))
        return true;
    error_set(reading->error, "%s: expected x_test.npy and y_test.npy, or no test set, found %s",
              reading->directory,
              has_x   ? "x_test.npy without y_test.npy"
              : has_y ? "y_test.npy without x_test.npy"
                      : "xstar_test.npy only");
    return false;
}

static bool load_test(struct reading *reading)
{
    struct arrays_set *test = &reading->files->test;
    bool has_xstar;
    if (!find_test(reading, &has_xstar))
        return false;
    if (!reading->files->has_test)
        return true;
    return load(&test->x, reading, "x", true) && load(&test->y, reading, "y", true) &&
           (!has_xstar || load(&test->xstar, reading, "xstar", true)) && check_set(reading, test) &&
           same_example(reading, &reading->files->train.x, &test->x) &&
           same_example(reading, &reading->files->train.xstar, &test->xstar);
}

bool arrays_files_load(struct arrays_files *out, const char *directory, struct error *error)
{
    struct reading reading = { directory, out, error };
    *out = (struct arrays_files){ 0 };
    return load_train(&reading) && load_test(&reading);
}

void arrays_files_free(struct arrays_files *files)
{
    free_set(&files->train);
    free_set(&files->test);
}
