#include "worker/trial/model.h"
#include "common/dmath.h"
#include "common/xalloc.h"
#include "worker/task/npz.h"
#include "worker/task/npz_reader.h"
#include "worker/trial/networks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct model {
    struct settings settings;
    struct task_data data; /* sizes, standardisation and bins; no examples */
    struct net student;
    struct learner *learner; /* the student only, for its forward pass */
};

/* Every size that a student is built from, and the names they have in the file. */
static const char *const size_names[] = { "inputs", "outputs", "steps", "features", "privileged" };
enum {
    SIZES = sizeof size_names / sizeof *size_names,
    SIZE_MOST = 1 << 24,
    PARAMETERS_MOST = 1 << 28
};

static void list_sizes(struct task_data *data, int *sizes[SIZES])
{
    sizes[0] = &data->inputs;
    sizes[1] = &data->outputs;
    sizes[2] = &data->steps;
    sizes[3] = &data->features;
    sizes[4] = &data->privileged;
}

/* The tensors of a net, to be freed. */
static struct net_tensor *tensors_of(const struct net *net, int *count)
{
    *count = net_tensors(net, NULL, 0);
    struct net_tensor *tensors = xcalloc((size_t)*count, sizeof *tensors);
    net_tensors(net, tensors, *count);
    return tensors;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void add_vector(struct npz *npz, const char *name, const double *values, int count)
{
    npz_add(npz, name, NPZ_FLOAT64, values, &(size_t){ (size_t)count }, 1);
}

static void add_standardisation(struct npz *npz, const char *of,
                                const struct standardise *standardise)
{
    char name[32];
    if (standardise->dims == 0)
        return;
    snprintf(name, sizeof name, "%s_mean", of);
    add_vector(npz, name, standardise->mean, standardise->dims);
    snprintf(name, sizeof name, "%s_scale", of);
    add_vector(npz, name, standardise->scale, standardise->dims);
}

static void add_net(struct npz *npz, const char *prefix, const struct net *net,
                    const real *parameters)
{
    int count;
    struct net_tensor *tensors = tensors_of(net, &count);
    for (int i = 0; i < count; i++) {
        char name[64];
        size_t shape[] = { (size_t)tensors[i].rows, (size_t)tensors[i].cols };
        snprintf(name, sizeof name, "%s.%s", prefix, tensors[i].name);
        npz_add(npz, name, NPZ_REAL, parameters + tensors[i].at, shape, 2);
    }
    free(tensors);
}

static void add_bins(struct npz *npz, const struct regression *regression)
{
    double centre[REGRESSION_BINS];
    for (int bin = 0; bin < REGRESSION_BINS; bin++)
        centre[bin] = regression_centre(bin);
    add_vector(npz, "bin_centre", centre, REGRESSION_BINS);
    add_vector(npz, "label", regression->y, regression->knots);
    add_vector(npz, "label_rank", regression->u, regression->knots);
}

static void add_head(struct npz *npz, const struct trained *trained)
{
    struct task_data data = *trained->data; /* list_sizes hands out places to write to */
    int *sizes[SIZES];
    list_sizes(&data, sizes);
    npz_add_text(npz, "format", MODEL_FORMAT);
    npz_add_text(npz, "parameters", trained->parameters);
    npz_add(npz, "seed", NPZ_INT64, &trained->seed, NULL, 0);
    for (int i = 0; i < SIZES; i++)
        npz_add(npz, size_names[i], NPZ_INT64, &(int64_t){ *sizes[i] }, NULL, 0);
}

bool model_save(const struct trained *trained, const char *path, struct error *error)
{
    const struct task_data *data = trained->data;
    const struct learner_state *state = learner_state(trained->learner);
    struct net student = student_of_settings(trained->settings, data);
    struct npz *npz;
    if (!npz_create(&npz, path, error))
        return false;
    add_head(npz, trained);
    add_net(npz, "student", &student, state->student.parameters);
    add_standardisation(npz, "x", &data->x_standard);
    if (data->is_regression)
        add_bins(npz, &data->regression);
    if (trained->with_teacher && state->teacher.parameters != NULL) {
        struct net teacher = teacher_of_settings(trained->settings, data, &student);
        add_net(npz, "teacher", &teacher, state->teacher.parameters);
        add_standardisation(npz, "xstar", &data->xstar_standard);
    }
    return npz_finish(&npz, error);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A file and what it is being read into. */
struct loading {
    struct npz_reader *reader;
    const char *path;
    struct model *model;
    struct error *error;
};

static bool refuse(const struct loading *loading, const char *name, const char *what)
{
    error_set(loading->error, "%s: %s: %s; write it again with `ldt export-model`", loading->path,
              name, what);
    return false;
}

static bool load_format(const struct loading *loading)
{
    char *format;
    if (!npz_get_text(loading->reader, "format", &format, loading->error))
        return false;
    bool known = strcmp(format, MODEL_FORMAT) == 0;
    free(format);
    return known || refuse(loading, "format", "not " MODEL_FORMAT ", which this release reads");
}

static bool load_settings(const struct loading *loading)
{
    char *text;
    struct error fault = { .text = "not JSON" };
    if (!npz_get_text(loading->reader, "parameters", &text, loading->error))
        return false;
    json_t *parameters = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bool good = parameters != NULL && settings_parse(&loading->model->settings, parameters, &fault);
    json_decref(parameters);
    free(text);
    return good || refuse(loading, "parameters", fault.text);
}

static bool load_integer(const struct loading *loading, const char *name, int *out)
{
    struct npy npy;
    if (!npz_get(loading->reader, name, &npy, loading->error))
        return false;
    bool good = npy.kind == NPY_INTEGER && npy.count == 1 && npy.values[0] >= 0 &&
                npy.values[0] <= SIZE_MOST;
    if (good)
        *out = (int)npy.values[0];
    npy_free(&npy);
    return good || refuse(loading, name, "no size");
}

static bool load_sizes(const struct loading *loading)
{
    struct task_data *data = &loading->model->data;
    int *sizes[SIZES];
    list_sizes(data, sizes);
    for (int i = 0; i < SIZES; i++)
        if (!load_integer(loading, size_names[i], sizes[i]))
            return false;
    if (data->inputs == 0 || data->outputs == 0)
        return refuse(loading, "inputs, outputs", "a student has at least one of each");
    data->label_loss = data->outputs == 1 ? LABEL_LOGISTIC : LABEL_CROSS_ENTROPY;
    return true;
}

/* A matrix of finite numbers with exactly that shape. */
static bool load_tensor(const struct loading *loading, const struct net_tensor *tensor,
                        real *parameters)
{
    char name[64];
    struct npy npy;
    snprintf(name, sizeof name, "student.%s", tensor->name);
    if (!npz_get(loading->reader, name, &npy, loading->error))
        return false;
    bool fits = npy.rank == 2 && npy.shape[0] == (size_t)tensor->rows &&
                npy.shape[1] == (size_t)tensor->cols;
    bool good = fits && npy_check_values(&npy, name, loading->error);
    for (size_t i = 0; good && i < npy.count; i++)
        parameters[tensor->at + i] = (real)npy.values[i];
    npy_free(&npy);
    return fits ? good : refuse(loading, name, "not of the shape that its settings say");
}

static bool load_student(const struct loading *loading)
{
    struct model *model = loading->model;
    struct error fault;
    if (!networks_check(&model->settings, &model->data, &fault))
        return refuse(loading, "parameters", fault.text);
    model->student = student_of_settings(&model->settings, &model->data);
    if (model->student.outputs != model->data.outputs)
        return refuse(loading, "outputs", "not what its task has");
    if (model->student.n_parameters > PARAMETERS_MOST)
        return refuse(loading, "parameters, inputs, outputs", "too large to be meant");
    struct learner_config config = {
        .student = model->student,
        .label_loss = model->data.label_loss,
        .student_optimiser = optimiser_sgd(0, 0, 0),
    };
    if (!learner_create(&model->learner, &config, loading->error))
        return false;
    real *parameters = learner_state(model->learner)->student.parameters;
    int count;
    struct net_tensor *tensors = tensors_of(&model->student, &count);
    bool good = true;
    for (int i = 0; i < count && good; i++)
        good = load_tensor(loading, &tensors[i], parameters);
    free(tensors);
    return good;
}

/* A vector of finite numbers; *values is malloc'd. count 0: any length of at least one. */
static bool load_vector(const struct loading *loading, const char *name, int *count,
                        double **values)
{
    struct npy npy;
    if (!npz_get(loading->reader, name, &npy, loading->error))
        return false;
    bool fits = npy.rank == 1 && npy.count > 0 && npy.count <= SIZE_MOST &&
                (*count == 0 || npy.count == (size_t)*count);
    bool good = fits && npy_check_values(&npy, name, loading->error);
    if (good) {
        *count = (int)npy.count;
        *values = npy.values;
        npy.values = NULL;
    }
    npy_free(&npy);
    return fits ? good : refuse(loading, name, "not of the length that its sizes say");
}

static bool load_standardisation(const struct loading *loading)
{
    struct task_data *data = &loading->model->data;
    struct standardise *standard = &data->x_standard;
    if (!npz_has(loading->reader, "x_mean"))
        return true;
    int count = data->inputs;
    standard->dims = count;
    if (!load_vector(loading, "x_mean", &count, &standard->mean) ||
        !load_vector(loading, "x_scale", &count, &standard->scale))
        return false;
    for (int i = 0; i < count; i++)
        if (standard->scale[i] <= 0)
            return refuse(loading, "x_scale", "not above 0 everywhere");
    return true;
}

static bool load_bins(const struct loading *loading)
{
    struct task_data *data = &loading->model->data;
    struct regression *regression = &data->regression;
    if (!npz_has(loading->reader, "label"))
        return true;
    if (data->outputs != REGRESSION_BINS)
        return refuse(loading, "label", "bins, but not as many outputs");
    data->is_regression = true;
    if (!load_vector(loading, "label", &regression->knots, &regression->y) ||
        !load_vector(loading, "label_rank", &regression->knots, &regression->u))
        return false;
    for (int i = 1; i < regression->knots; i++)
        if (regression->y[i] <= regression->y[i - 1] || regression->u[i] <= regression->u[i - 1])
            return refuse(loading, "label, label_rank", "not ascending");
    return true;
}

bool model_load(struct model **out, const char *path, struct error *error)
{
    struct loading loading = { .path = path, .error = error };
    *out = NULL;
    if (!npz_open(&loading.reader, path, error))
        return false;
    loading.model = xcalloc(1, sizeof *loading.model);
    bool good = load_format(&loading) && load_settings(&loading) && load_sizes(&loading) &&
                load_student(&loading) && load_standardisation(&loading) && load_bins(&loading);
    npz_close(&loading.reader);
    if (good)
        *out = loading.model;
    else
        model_destroy(&loading.model);
    return good;
}

void model_destroy(struct model **model)
{
    if (*model == NULL)
        return;
    learner_destroy(&(*model)->learner);
    task_free(&(*model)->data);
    free(*model);
    *model = NULL;
}

/* ---- use ------------------------------------------------------------------------------------ */

int model_inputs(const struct model *model)
{
    return model->data.inputs;
}

int model_classes(const struct model *model)
{
    return model->data.outputs == 1 ? 2 : model->data.outputs;
}

bool model_is_regression(const struct model *model)
{
    return model->data.is_regression;
}

static void logistic(double *probabilities, double logit)
{
    double small = dm_exp(-fabs(logit)), likelier = 1 / (1 + small);
    probabilities[0] = logit > 0 ? small * likelier : likelier;
    probabilities[1] = logit > 0 ? likelier : small * likelier;
}

static void softmax(double *probabilities, const real *logits, int count)
{
    double largest = logits[0], total = 0;
    for (int j = 1; j < count; j++)
        largest = fmax(largest, logits[j]);
    for (int j = 0; j < count; j++)
        total += probabilities[j] = dm_exp(logits[j] - largest);
    for (int j = 0; j < count; j++)
        probabilities[j] /= total;
}

static real *prepare_inputs(const struct model *model, const double *x, int rows)
{
    size_t count = (size_t)rows * (size_t)model->data.inputs;
    real *prepared = xaligned(count * sizeof *prepared);
    if (model->data.x_standard.dims > 0)
        standardise_apply(&model->data.x_standard, prepared, x, (size_t)rows);
    for (size_t i = 0; model->data.x_standard.dims == 0 && i < count; i++)
        prepared[i] = (real)x[i];
    return prepared;
}

void model_probabilities(struct model *model, const double *x, int rows, double *probabilities)
{
    int outputs = model->data.outputs, classes = model_classes(model);
    real *inputs = prepare_inputs(model, x, rows);
    real *logits = xaligned((size_t)rows * (size_t)outputs * sizeof *logits);
    learner_logits(model->learner, inputs, rows, logits);
    for (int i = 0; i < rows; i++) {
        double *row = probabilities + (size_t)i * (size_t)classes;
        if (outputs == 1)
            logistic(row, logits[i]);
        else
            softmax(row, logits + (size_t)i * (size_t)outputs, outputs);
    }
    free(inputs);
    free(logits);
}

static double expected_label(const struct model *model, const double *probabilities)
{
    double rank = 0;
    for (int bin = 0; bin < REGRESSION_BINS; bin++)
        rank += probabilities[bin] * regression_centre(bin);
    return regression_unpsi(&model->data.regression, rank);
}

static double likeliest(const double *probabilities, int classes)
{
    int best = 0;
    for (int j = 1; j < classes; j++)
        if (probabilities[j] > probabilities[best])
            best = j;
    return best;
}

void model_predictions(const struct model *model, const double *probabilities, int rows,
                       double *predictions)
{
    int classes = model_classes(model);
    for (int i = 0; i < rows; i++) {
        const double *row = probabilities + (size_t)i * (size_t)classes;
        predictions[i] =
            model->data.is_regression ? expected_label(model, row) : likeliest(row, classes);
    }
}
