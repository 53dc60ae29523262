#include "worker/task/task.h"
#include "npy_files.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>

enum { N = 50, INPUTS = 3, PRIVILEGED = 6, STEPS = 3, FEATURES = 2, N_TEST = 9 };

static struct directory directory;

/* Rows that tell which they are: x[i][j] = i + 1000 j. */
static double x[N][INPUTS];
static float xstar[N][PRIVILEGED];
static int64_t classes[N];
static double targets[N];

static void put(const char *name, const char *type, const char *shape, const void *values,
                size_t bytes)
{
    write_array(path_in(&directory, name), type, shape, values, bytes);
}

/* A training set for classification with a vector as x*. */
static int make_files(void **state)
{
    directory = directory_make();
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < INPUTS; j++)
            x[i][j] = i + 1000 * j;
        for (int j = 0; j < PRIVILEGED; j++)
            xstar[i][j] = (float)((i % 7) * (j + 1) + j);
        classes[i] = i % 4;
        targets[i] = (i * 37 % N) * 2.5;
    }
    put("x.npy", "<f8", "(50, 3)", x, sizeof x);
    put("xstar.npy", "<f4", "(50, 6)", xstar, sizeof xstar);
    put("y.npy", "<i8", "(50,)", classes, sizeof classes);
    return 0;
}

static int remove_files(void **state)
{
    directory_remove(&directory);
    return 0;
}

static void put_test_set(void)
{
    put("x_test.npy", "<f8", "(9, 3)", x, sizeof *x * N_TEST);
    put("xstar_test.npy", "<f4", "(9, 6)", xstar, sizeof *xstar * N_TEST);
    put("y_test.npy", "<i8", "(9,)", classes, sizeof *classes * N_TEST);
}

static struct task_data make_some(int n_train, int n_test)
{
    struct task_request request = { .n_train = n_train,
                                    .n_test = n_test,
                                    .directory = directory.path };
    struct task_data data;
    struct error error;
    if (!task_make(&data, "arrays", &request, &error))
        fail_msg("%s", error.text);
    return data;
}

static struct task_data make_all(void)
{
    return make_some(0, 0);
}

/* The sentence, without the path of the directory and the slash after it. */
static const char *refusal_of(int n_train, int n_test)
{
    static struct error error;
    struct task_request request = { .n_train = n_train,
                                    .n_test = n_test,
                                    .directory = directory.path };
    struct task_data data;
    assert_false(task_make(&data, "arrays", &request, &error));
    assert_null(data.train.x);
    size_t prefix = strlen(directory.path) + 1;
    return strncmp(error.text, directory.path, prefix - 1) == 0 ? error.text + prefix : error.text;
}

static const char *refusal(void)
{
    return refusal_of(0, 0);
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-5;
}

/* Which row of the file it was: standardisation keeps the order of x[i][0]. */
static int row_of(const struct task_data *data, const struct task_set *set, int i)
{
    double number = set->x[(size_t)i * INPUTS] * data->x_standard.scale[0];
    return (int)lround(number + data->x_standard.mean[0]);
}

static void files_with_a_test_set_are_taken_whole_and_in_order(void **state)
{
    put_test_set();
    struct task_data data = make_all();
    assert_int_equal(data.train.count, N);
    assert_int_equal(data.test.count, N_TEST);
    assert_int_equal(data.inputs, INPUTS);
    assert_int_equal(data.privileged, PRIVILEGED);
    assert_int_equal(data.steps, 0);
    assert_int_equal(data.features, 0);
    assert_int_equal(data.outputs, 4);
    assert_int_equal(data.label_loss, LABEL_CROSS_ENTROPY);
    assert_false(data.is_regression);
    for (int i = 0; i < N; i++) {
        assert_int_equal(row_of(&data, &data.train, i), i);
        assert_true(data.train.labels[i] == classes[i]);
    }
    for (int i = 0; i < N_TEST; i++) {
        assert_int_equal(row_of(&data, &data.test, i), i);
        assert_true(data.test.labels[i] == classes[i]);
    }
    task_free(&data);
}

static void both_sets_are_standardised_by_the_training_set(void **state)
{
    put_test_set();
    struct task_data data = make_all();
    double scale = sqrt((N * N - 1) / 12.0);
    assert_true(near(data.x_standard.mean[1], 1000 + (N - 1) / 2.0));
    assert_true(near(data.x_standard.scale[1], scale));
    for (int j = 0; j < INPUTS; j++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < N; i++) {
            sum += data.train.x[i * INPUTS + j];
            squares += data.train.x[i * INPUTS + j] * data.train.x[i * INPUTS + j];
        }
        assert_true(near(sum / N, 0) && near(squares / N, 1));
    }
    for (int i = 0; i < N_TEST; i++) {
        assert_memory_equal(data.test.x + i * INPUTS, data.train.x + i * INPUTS,
                            INPUTS * sizeof(real));
        assert_memory_equal(data.test.xstar + i * PRIVILEGED, data.train.xstar + i * PRIVILEGED,
                            PRIVILEGED * sizeof(real));
    }
    task_free(&data);
}

static void xstar_of_rank_three_is_a_trajectory_and_every_step_has_the_same_standard(void **state)
{
    put("xstar.npy", "<f4", "(50, 3, 2)", xstar, sizeof xstar);
    struct task_data data = make_all();
    assert_int_equal(data.steps, STEPS);
    assert_int_equal(data.features, FEATURES);
    assert_int_equal(data.privileged, PRIVILEGED);
    assert_int_equal(data.xstar_standard.dims, FEATURES);
    for (int feature = 0; feature < FEATURES; feature++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < data.train.count * STEPS; i++) {
            double number = data.train.xstar[i * FEATURES + feature];
            sum += number;
            squares += number * number;
        }
        assert_true(near(sum / (data.train.count * STEPS), 0));
        assert_true(near(squares / (data.train.count * STEPS), 1));
    }
    const struct standardise *standard = &data.xstar_standard;
    int row = row_of(&data, &data.train, 7);
    for (int j = 0; j < PRIVILEGED; j++) {
        double expected = (xstar[row][j] - standard->mean[j % 2]) / standard->scale[j % 2];
        assert_true(near(data.train.xstar[7 * PRIVILEGED + j], expected));
    }
    task_free(&data);
}

static void without_a_test_set_a_fifth_is_carved_off_and_never_trained_on(void **state)
{
    struct task_data data = make_all(), again = make_all();
    int uses[N] = { 0 }, moved = 0;
    assert_int_equal(data.train.count, 40);
    assert_int_equal(data.test.count, 10);
    for (int i = 0; i < 40; i++)
        uses[row_of(&data, &data.train, i)]++;
    for (int i = 0; i < 10; i++) {
        int row = row_of(&data, &data.test, i);
        uses[row]++;
        moved += row != i && row != 40 + i; /* from everywhere, not from an end */
        assert_true(data.test.labels[i] == classes[row]);
        assert_non_null(data.test.xstar);
    }
    for (int row = 0; row < N; row++)
        assert_int_equal(uses[row], 1);
    assert_true(moved > 5);
    assert_memory_equal(data.test.x, again.test.x, 10 * INPUTS * sizeof(real));
    task_free(&data);
    task_free(&again);
}

static void fewer_examples_are_nested_and_leave_the_test_set_alone(void **state)
{
    struct task_data few = make_some(8, 0), more = make_some(20, 6);
    bool used[N] = { false };
    assert_int_equal(few.train.count, 8);
    assert_int_equal(few.test.count, 10);
    assert_int_equal(more.test.count, 6);
    for (int i = 0; i < 20; i++)
        used[row_of(&more, &more.train, i)] = true;
    for (int i = 0; i < 8; i++)
        assert_true(used[row_of(&few, &few.train, i)]);
    for (int i = 1; i < 8; i++)
        assert_true(row_of(&few, &few.train, i) > row_of(&few, &few.train, i - 1));
    for (int i = 0; i < 10; i++)
        assert_false(used[row_of(&few, &few.test, i)]);
    task_free(&few);
    task_free(&more);
}

static void another_data_seed_changes_nothing(void **state)
{
    struct task_request request = { .directory = directory.path, .data_seed = 99 };
    struct task_data data = make_all(), other;
    struct error error;
    assert_true(task_make(&other, "arrays", &request, &error));
    assert_memory_equal(data.test.labels, other.test.labels, 10 * sizeof(real));
    assert_memory_equal(data.train.x, other.train.x, 40 * INPUTS * sizeof(real));
    task_free(&data);
    task_free(&other);
}

static void more_examples_than_there_are_are_refused(void **state)
{
    const char *sentence = refusal_of(41, 0);
    assert_non_null(strstr(sentence, "n_train: expected at most the 40 examples that "));
    assert_non_null(strstr(sentence, "(a fifth of x.npy is the test set: there is no x_test.npy), "
                                     "found 41"));
    put_test_set();
    sentence = refusal_of(50, 10);
    assert_non_null(strstr(sentence, "n_test: expected at most the 9 examples that "));
    assert_non_null(strstr(sentence, " has, found 10"));
}

static void float_labels_are_regression_by_ranks_of_the_training_set(void **state)
{
    const double beyond[N_TEST] = { -1e9, 1e9, 0, 2.5, 61.25, 122.5, 1, 2, 3 };
    put_test_set();
    put("y.npy", "<f8", "(50, 1)", targets, sizeof targets);
    put("y_test.npy", "<f8", "(9,)", beyond, sizeof beyond);
    struct task_data data = make_all();
    assert_true(data.is_regression);
    assert_int_equal(data.outputs, REGRESSION_BINS);
    assert_int_equal(data.label_loss, LABEL_CROSS_ENTROPY);
    assert_int_equal(data.regression.knots, N);
    for (int i = 0; i < N; i++) {
        int rank = i * 37 % N, bin = 32 * rank / (N - 1);
        assert_int_equal((int)data.train.labels[i], bin < 32 ? bin : 31);
    }
    const int expected[N_TEST] = { 0, 31, 0, 0, 16, 31, 0, 0, 0 };
    for (int i = 0; i < N_TEST; i++)
        assert_int_equal((int)data.test.labels[i], expected[i]);
    task_free(&data);
}

static void labels_may_be_bool(void **state)
{
    uint8_t labels[N] = { 1, 0, 1, 1 };
    put("y.npy", "|b1", "(50,)", labels, sizeof labels);
    struct task_data data = make_all();
    assert_int_equal(data.outputs, 2);
    assert_false(data.is_regression);
    task_free(&data);
}

static void a_test_set_needs_no_xstar_but_both_of_the_others(void **state)
{
    put_test_set();
    unlink(path_in(&directory, "xstar_test.npy"));
    struct task_data data = make_all();
    assert_null(data.test.xstar);
    task_free(&data);
    unlink(path_in(&directory, "x_test.npy"));
    assert_string_equal(refusal() - 1,
                        ": expected x_test.npy and y_test.npy, or no test set, found "
                        "y_test.npy without x_test.npy");
    put_test_set();
    unlink(path_in(&directory, "y_test.npy"));
    assert_non_null(strstr(refusal(), "found x_test.npy without y_test.npy"));
    unlink(path_in(&directory, "x_test.npy"));
    assert_non_null(strstr(refusal(), "found xstar_test.npy only"));
}

static void a_missing_file_or_directory_is_named(void **state)
{
    unlink(path_in(&directory, "xstar.npy"));
    assert_string_equal(refusal(), "xstar.npy: cannot be opened: No such file or directory");
    struct task_request request = { .directory = "" };
    struct task_data data;
    struct error error;
    assert_false(task_make(&data, "arrays", &request, &error));
    assert_string_equal(error.text, "data: expected a directory with x.npy, xstar.npy and y.npy, "
                                    "found none");
}

static void wrong_shapes_are_told_with_what_was_expected(void **state)
{
    put("x.npy", "<f8", "(150,)", x, sizeof x);
    assert_string_equal(refusal(), "x.npy: expected (examples, inputs), see numpy.reshape(x, "
                                   "(len(x), -1)), found the shape (150,)");
    put("x.npy", "<f8", "(50, 0)", NULL, 0);
    assert_string_equal(refusal(), "x.npy: expected examples of at least one number, found the "
                                   "shape (50, 0)");
    put("x.npy", "<f8", "(50, 3)", x, sizeof x);
    put("xstar.npy", "<f4", "(300,)", xstar, sizeof xstar);
    assert_string_equal(refusal(), "xstar.npy: expected (examples, numbers) or (examples, steps, "
                                   "features), found the shape (300,)");
    put("xstar.npy", "<f4", "(25, 12)", xstar, sizeof xstar);
    assert_non_null(strstr(refusal(), "xstar.npy: expected 50 examples as in "));
    put("xstar.npy", "<f4", "(50, 6)", xstar, sizeof xstar);
    put("y.npy", "<i8", "(25, 2)", classes, sizeof classes);
    assert_string_equal(refusal(), "y.npy: expected one label for each example, (examples,), found "
                                   "the shape (25, 2)");
    put("y.npy", "<i8", "(49,)", classes, sizeof *classes * 49);
    assert_non_null(strstr(refusal(), "x.npy, found 49"));
}

static void a_test_set_of_another_shape_or_kind_is_refused(void **state)
{
    put_test_set();
    put("x_test.npy", "<f8", "(9, 2)", x, sizeof(double) * 18);
    assert_string_equal(refusal(), "x_test.npy: expected examples shaped as in training, (50, 3), "
                                   "found the shape (9, 2)");
    put_test_set();
    put("xstar_test.npy", "<f4", "(9, 3, 2)", xstar, sizeof *xstar * N_TEST);
    assert_non_null(strstr(refusal(), "xstar_test.npy: expected examples shaped as in training"));
    put_test_set();
    put("y_test.npy", "<f8", "(9,)", targets, sizeof *targets * N_TEST);
    assert_non_null(strstr(refusal(), "y_test.npy: expected integers as in "));
}

static void classes_are_checked(void **state)
{
    classes[17] = -1;
    put("y.npy", "<i8", "(50,)", classes, sizeof classes);
    assert_string_equal(refusal(),
                        "y.npy: expected classes from 0 to at most 9999, found -1 at index [17]; "
                        "save y as float64 if this is regression");
    classes[17] = 10000;
    put("y.npy", "<i8", "(50,)", classes, sizeof classes);
    assert_non_null(strstr(refusal(), "found 10000 at index [17]"));
    memset(classes, 0, sizeof classes);
    put("y.npy", "<i8", "(50,)", classes, sizeof classes);
    assert_string_equal(refusal(), "y.npy: expected at least two classes, found class 0 only");
    classes[3] = 2;
    put("y.npy", "<i8", "(50,)", classes, sizeof classes);
    classes[5] = 3;
    put_test_set();
    assert_string_equal(refusal(),
                        "y_test.npy: expected the classes of training, 0 to 2, found 3 at index "
                        "[5]; save y as float64 if this is regression");
}

static void a_number_that_is_none_is_told_by_file_and_index(void **state)
{
    x[31][2] = NAN;
    put("x.npy", "<f8", "(50, 3)", x, sizeof x);
    assert_string_equal(refusal(), "x.npy: expected finite numbers of at most 3.4e38, found nan at "
                                   "index [31, 2]; remove or replace such examples");
    x[31][2] = 0;
    put("x.npy", "<f8", "(50, 3)", x, sizeof x);
    targets[4] = -INFINITY;
    put("y.npy", "<f8", "(50,)", targets, sizeof targets);
    assert_non_null(strstr(refusal(), "found -inf at index [4]"));
}

static void too_few_examples_to_train_on_are_refused(void **state)
{
    put("x.npy", "<f8", "(2, 3)", x, sizeof *x * 2);
    put("xstar.npy", "<f4", "(2, 6)", xstar, sizeof *xstar * 2);
    for (int i = 0; i < N; i++)
        classes[i] = i % 2;
    put("y.npy", "<i8", "(2,)", classes, sizeof *classes * 2);
    assert_string_equal(refusal(), "x.npy: expected at least 3 examples, found 2");
    put_test_set();
    struct task_data data = make_all();
    assert_int_equal(data.train.count, 2);
    task_free(&data);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, make_files, remove_files)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(files_with_a_test_set_are_taken_whole_and_in_order),
        WITH_FILES(both_sets_are_standardised_by_the_training_set),
        WITH_FILES(xstar_of_rank_three_is_a_trajectory_and_every_step_has_the_same_standard),
        WITH_FILES(without_a_test_set_a_fifth_is_carved_off_and_never_trained_on),
        WITH_FILES(fewer_examples_are_nested_and_leave_the_test_set_alone),
        WITH_FILES(another_data_seed_changes_nothing),
        WITH_FILES(more_examples_than_there_are_are_refused),
        WITH_FILES(float_labels_are_regression_by_ranks_of_the_training_set),
        WITH_FILES(labels_may_be_bool),
        WITH_FILES(a_test_set_needs_no_xstar_but_both_of_the_others),
        WITH_FILES(a_missing_file_or_directory_is_named),
        WITH_FILES(wrong_shapes_are_told_with_what_was_expected),
        WITH_FILES(a_test_set_of_another_shape_or_kind_is_refused),
        WITH_FILES(classes_are_checked),
        WITH_FILES(a_number_that_is_none_is_told_by_file_and_index),
        WITH_FILES(too_few_examples_to_train_on_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
