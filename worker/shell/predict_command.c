#include "worker/shell/predict_command.h"
#include "worker/shell/reexecute.h"
#include "common/json.h"
#include "common/xalloc.h"
#include "worker/numeric/blas.h"
#include "worker/task/npy.h"
#include "worker/task/npz.h"
#include "worker/trial/model.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, ROWS_AT_ONCE = 4096 };

static const char usage[] =
    "usage: ldt-worker predict MODEL.npz X.npy [-o Y.npy] [--probabilities]\n"
    "\n"
    "Applies a student that `ldt export-model` or `ldt-worker trial --save-model` has written to\n"
    "the rows of X.npy, given as the training data were: what they are standardised by stands in\n"
    "the model. A prediction is the likeliest class (int64), or for regression the label at the\n"
    "expected rank (float64), in the labels' own unit. With --probabilities it is a row of them, "
    "one\n"
    "for each class or bin (float64). Without -o predictions go to standard output, a row a line.\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

struct request {
    const char *model, *inputs, *output;
    bool probabilities, wants_help;
};

/* NULL, or the argument that makes no sense, or "" if one is missing. */
static const char *parse_arguments(struct request *request, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0)
            request->wants_help = true;
        else if (strcmp(argv[i], "--probabilities") == 0)
            request->probabilities = true;
        else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            request->output = argv[++i];
        else if (argv[i][0] != '-' && request->model == NULL)
            request->model = argv[i];
        else if (argv[i][0] != '-' && request->inputs == NULL)
            request->inputs = argv[i];
        else
            return argv[i];
    }
    return request->inputs != NULL || request->wants_help ? NULL : "";
}

static bool check_inputs(const struct model *model, const struct npy *x, const char *path,
                         struct error *error)
{
    char shape[NPY_SHAPE_BYTES];
    if (x->rank == 2 && x->shape[1] == (size_t)model_inputs(model) && x->shape[0] > 0 &&
        x->shape[0] <= INT_MAX)
        return npy_check_values(x, path, error);
    npy_shape_text(shape, x->shape, x->rank);
    error_set(error, "%s: expected (rows, %d) as the model was trained on, found the shape %s",
              path, model_inputs(model), shape);
    return false;
}

/* The likeliest class among none would be the first. */
static bool check_numbers(const double *probabilities, int from, int rows, int classes,
                          const struct request *request, struct error *error)
{
    for (int i = 0; i < rows * classes; i++) {
        if (isfinite(probabilities[i]))
            continue;
        error_set(error,
                  "%s: row %d: what %s makes of it is not a number: these inputs, or its weights, "
                  "are too large",
                  request->inputs, from + i / classes, request->model);
        return false;
    }
    return true;
}

/* Rows of what was asked for, of `columns` numbers each, to be freed; NULL with a sentence. */
static double *predict(struct model *model, const struct npy *x, const struct request *request,
                       struct error *error)
{
    int rows = (int)x->shape[0], classes = model_classes(model);
    int columns = request->probabilities ? classes : 1;
    double *out = xcalloc((size_t)rows * (size_t)columns, sizeof *out);
    double *probabilities = xcalloc((size_t)ROWS_AT_ONCE * (size_t)classes, sizeof *out);
    bool good = true;
    for (int from = 0; good && from < rows; from += ROWS_AT_ONCE) {
        int count = rows - from < ROWS_AT_ONCE ? rows - from : ROWS_AT_ONCE;
        double *to = out + (size_t)from * (size_t)columns;
        double *found = request->probabilities ? to : probabilities;
        model_probabilities(model, x->values + (size_t)from * x->shape[1], count, found);
        good = check_numbers(found, from, count, classes, request, error);
        if (good && !request->probabilities)
            model_predictions(model, probabilities, count, to);
    }
    free(probabilities);
    if (good)
        return out;
    free(out);
    return NULL;
}

static bool print_rows(const double *values, int rows, int columns, struct error *error)
{
    char text[NUMBER_TEXT_BYTES];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            number_text(text, values[(size_t)i * (size_t)columns + (size_t)j]);
            printf("%s%s", text, j + 1 < columns ? " " : "\n");
        }
    if (fflush(stdout) == 0)
        return true;
    error_set(error, "standard output: cannot be written");
    return false;
}

static bool save_classes(const char *path, const double *values, size_t rows, struct error *error)
{
    int64_t *classes = xcalloc(rows, sizeof *classes);
    for (size_t i = 0; i < rows; i++)
        classes[i] = (int64_t)values[i];
    bool saved = npy_save(path, NPZ_INT64, classes, &rows, 1, error);
    free(classes);
    return saved;
}

static bool deliver(const struct request *request, const struct model *model, const double *values,
                    size_t rows, struct error *error)
{
    int columns = request->probabilities ? model_classes(model) : 1;
    if (request->output == NULL)
        return print_rows(values, (int)rows, columns, error);
    if (!request->probabilities && !model_is_regression(model))
        return save_classes(request->output, values, rows, error);
    return npy_save(request->output, NPZ_FLOAT64, values, (size_t[]){ rows, (size_t)columns },
                    request->probabilities ? 2 : 1, error);
}

static bool run(const struct request *request, struct error *error)
{
    struct model *model = NULL;
    struct npy x = { .rank = 0 };
    bool good = blas_check(error) && model_load(&model, request->model, error) &&
                npy_load(&x, request->inputs, error) &&
                check_inputs(model, &x, request->inputs, error);
    if (good) {
        double *values = predict(model, &x, request, error);
        good = values != NULL && deliver(request, model, values, x.shape[0], error);
        free(values);
    }
    npy_free(&x);
    model_destroy(&model);
    return good;
}

int predict_command(int argc, char **argv)
{
    struct request request = { .model = NULL };
    struct error error = { .text = "" };
    const char *wrong = parse_arguments(&request, argc, argv);
    if (wrong == NULL && request.wants_help)
        return fputs(usage, stdout) >= 0 && fflush(stdout) == 0 ? 0 : EXIT_FAILED;
    if (wrong != NULL) {
        fprintf(stderr,
                wrong[0] != '\0' ? "ldt-worker predict: `%s` makes no sense here\n%s"
                                 : "ldt-worker predict: give a model and its inputs%s\n%s",
                wrong, usage);
        return EXIT_USAGE;
    }
    reexecute_verb(argc, argv);
    bool good = run(&request, &error);
    if (!good)
        fprintf(stderr, "%s\n", error.text);
    return good ? 0 : EXIT_FAILED;
}
