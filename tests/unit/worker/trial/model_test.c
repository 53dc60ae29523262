#include "worker/trial/model.h"
#include "common/xalloc.h"
#include "tests/unit/worker/trial/settings.h"
#include "worker/task/npz.h"
#include "worker/task/npz_reader.h"
#include "worker/trial/trial.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[] = "/tmp/ldt-model-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/model.npz", directory);
    return 0;
}

static int remove_directory(void **state)
{
    unlink(path);
    return rmdir(directory);
}

/* The last metrics of a run by name. */
struct last {
    double test_loss, test_accuracy;
};

static bool keep(void *context, int64_t step, double epoch, const char *const *names,
                 const double *values, int count)
{
    struct last *last = context;
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], "test_loss") == 0)
            last->test_loss = values[i];
        if (strcmp(names[i], "test_accuracy") == 0)
            last->test_accuracy = values[i];
    }
    return true;
}

/* Trains and writes the model. */
static struct last train(const char *text, bool with_teacher)
{
    struct last last = { 0 };
    struct error error = { .text = "" };
    struct settings settings = settings_of(text);
    const struct trial_sink sink = { .report = keep,
                                     .context = &last,
                                     .model_path = path,
                                     .parameters = text,
                                     .model_with_teacher = with_teacher };
    if (trial_run(&settings, 5, &sink, &error) != TRIAL_COMPLETED)
        fail_msg("%s", error.text);
    return last;
}

static struct model *load(void)
{
    struct model *model;
    struct error error;
    if (!model_load(&model, path, &error))
        fail_msg("%s", error.text);
    return model;
}

/* The test set of such a run, as a model is given it. */
static double *test_inputs(const char *text, struct task_data *data)
{
    struct settings settings = settings_of(text);
    struct task_request request = { .data_seed = 5, .n_train = 64, .n_test = 40, .scramble = true };
    if (setting_is_had(&settings, SETTING_INPUT_DIM))
        request.input_dim = (int)setting_integer(&settings, SETTING_INPUT_DIM);
    struct error error;
    assert_true(task_make(data, task_name(settings.task), &request, &error));
    size_t count = (size_t)data->test.count * (size_t)data->inputs;
    double *x = xcalloc(count, sizeof *x);
    for (size_t i = 0; i < count; i++)
        x[i] = data->test.x[i];
    return x;
}

#define SIZES "\"n_train\":64,\"n_test\":40,\"epochs\":2"

static const char *const texts[] = {
    "{\"task\":\"task-a\",\"input_dim\":16,\"n_inner\":2,\"teacher_hidden\":8," SIZES "}",
    "{\"task\":\"task-a\",\"input_dim\":16,\"method\":\"no-teacher\",\"student_weight_norm\":true,"
    "\"student_layers\":3," SIZES "}",
    "{\"task\":\"game-of-life\",\"n_filters\":3,\"n_inner\":2," SIZES "}",
    "{\"task\":\"game-of-life\",\"n_filters\":2,\"method\":\"oracle-teacher\"," SIZES "}",
};

static void a_model_says_what_the_run_measured_last(void **state)
{
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        struct last last = train(texts[t], false);
        struct model *model = load();
        struct task_data data;
        double *x = test_inputs(texts[t], &data), loss = 0, right = 0;
        double probabilities[2 * 40], predictions[40];
        assert_int_equal(model_classes(model), 2);
        assert_int_equal(model_inputs(model), data.inputs);
        model_probabilities(model, x, 40, probabilities);
        model_predictions(model, probabilities, 40, predictions);
        for (int i = 0; i < 40; i++) {
            int label = (int)data.test.labels[i];
            assert_true(fabs(probabilities[2 * i] + probabilities[2 * i + 1] - 1) < 1e-12);
            loss -= log(probabilities[2 * i + label]) / 40;
            right += predictions[i] == label;
        }
        assert_true(fabs(loss - last.test_loss) < 1e-6);
        assert_true(fabs(right / 40 - last.test_accuracy) < 1e-12);
        free(x);
        task_free(&data);
        model_destroy(&model);
    }
}

static bool archive_has(const char *name)
{
    struct npz_reader *reader;
    struct error error;
    assert_true(npz_open(&reader, path, &error));
    bool has = npz_has(reader, name);
    npz_close(&reader);
    return has;
}

static void the_teacher_is_written_where_it_was_asked_for(void **state)
{
    train(texts[0], false);
    assert_true(archive_has("student.fc1.weight"));
    assert_false(archive_has("teacher.fc1.weight"));
    train(texts[0], true);
    assert_true(archive_has("teacher.fc1.weight"));
    train(texts[1], true); /* there is none */
    assert_true(archive_has("student.fc4.g"));
    assert_false(archive_has("teacher.fc1.weight"));
    assert_false(archive_has("x_mean"));
}

static void the_same_trial_gives_the_same_bytes(void **state)
{
    char *bytes[2];
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        train(texts[0], true);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        bytes[i] = xcalloc(1, 1 << 20);
        sizes[i] = fread(bytes[i], 1, 1 << 20, file);
        fclose(file);
    }
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(bytes[0], bytes[1], sizes[0]);
    free(bytes[0]);
    free(bytes[1]);
}

/* An archive of what a model has, with one thing wrong. */
struct forgery {
    const char *format, *parameters;
    int64_t inputs, outputs, steps;
    size_t rows, cols; /* of student.fc1.weight */
    const char *sentence;
};

static void forge(const struct forgery *forgery)
{
    struct npz *npz;
    struct error error;
    static const float zeros[64];
    int64_t none = 0;
    assert_true(npz_create(&npz, path, &error));
    npz_add_text(npz, "format", forgery->format);
    npz_add_text(npz, "parameters", forgery->parameters);
    npz_add(npz, "inputs", NPZ_INT64, &forgery->inputs, NULL, 0);
    npz_add(npz, "outputs", NPZ_INT64, &forgery->outputs, NULL, 0);
    npz_add(npz, "steps", NPZ_INT64, &forgery->steps, NULL, 0);
    npz_add(npz, "features", NPZ_INT64, &none, NULL, 0);
    npz_add(npz, "privileged", NPZ_INT64, &none, NULL, 0);
    npz_add(npz, "student.fc1.weight", NPZ_FLOAT32, zeros,
            (size_t[]){ forgery->rows, forgery->cols }, 2);
    assert_true(npz_finish(&npz, &error));
}

static void a_file_that_is_no_model_is_refused_with_the_reason(void **state)
{
    static const char a[] = "{\"task\":\"task-a\",\"student_hidden\":2}";
    static const struct forgery forgeries[] = {
        { "ldt-model-9", a, 3, 1, 0, 3, 2, "format: not ldt-model-1" },
        { MODEL_FORMAT, "{", 3, 1, 0, 3, 2, "parameters: not JSON" },
        { MODEL_FORMAT, "{\"task\":\"task-z\"}", 3, 1, 0, 3, 2, "is not one of" },
        { MODEL_FORMAT, a, -3, 1, 0, 3, 2, "inputs: no size" },
        { MODEL_FORMAT, a, 0, 1, 0, 3, 2, "at least one of each" },
        { MODEL_FORMAT, a, 3, 4, 0, 3, 2, "outputs: not what its task has" },
        { MODEL_FORMAT, a, 3, 1, 0, 2, 3, "student.fc1.weight: not of the shape" },
        { MODEL_FORMAT, a, 3, 1, 0, 3, 2, "student.fc1.bias" },
        { MODEL_FORMAT, "{\"task\":\"game-of-life\"}", 288, 1, 3, 3, 2,
          "boards of 288 cells and 3 steps" },
        { MODEL_FORMAT, "{\"task\":\"task-b\",\"student_hidden\":65536}", 1 << 24, 4, 0, 3, 2,
          "too large to be meant" },
    };
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        struct model *model;
        struct error error = { .text = "" };
        forge(&forgeries[i]);
        assert_false(model_load(&model, path, &error));
        assert_null(model);
        if (strstr(error.text, forgeries[i].sentence) == NULL)
            fail_msg("%s, not: %s", error.text, forgeries[i].sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_says_what_the_run_measured_last),
        cmocka_unit_test(the_teacher_is_written_where_it_was_asked_for),
        cmocka_unit_test(the_same_trial_gives_the_same_bytes),
        cmocka_unit_test(a_file_that_is_no_model_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
