/* mujoco_statistics [ENVIRONMENT...] - the data sets at the paper's sizes beside what others
 * measured of theirs. The random numbers differ, so a difference is told in standard errors of it
 * (in brackets); beyond five the program says so and exits with 1. Makes the data sets if the cache
 * does not have them: four minutes of one core. */
#include "tests/bench/mujoco_reference.h"
#include "common/xalloc.h"
#include "worker/task/mujoco.h"
#include "worker/task/mujoco/cache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_TRAIN = 4000, N_TEST = 10000, N_HELD_OUT = 800 };
static const double most_errors = 5;
static double largest; /* of all differences, in standard errors */
static int beyond;

/* ---- statistics ----------------------------------------------------------------------------- */

struct moments {
    double mean, deviation, kurtosis;
};

static struct moments moments_of(const double *numbers, size_t count, size_t stride)
{
    double sum = 0, second = 0, fourth = 0;
    for (size_t i = 0; i < count; i++)
        sum += numbers[i * stride];
    double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        double square = pow(numbers[i * stride] - mean, 2);
        second += square / (double)count;
        fourth += square * square / (double)count;
    }
    return (struct moments){ mean, sqrt(second), fourth / (second * second) };
}

/* Both sides are samples, and the other one is printed with few digits. */
static double in_errors(double ours, double theirs, double error, double rounding)
{
    double errors = fmax(0, fabs(ours - theirs) - rounding) / (sqrt(2) * error);
    largest = fmax(largest, errors);
    beyond += !(errors <= most_errors);
    return errors;
}

/* Half of the last digit of a number printed with three. */
static double half_digit(double number)
{
    return number == 0 ? 0 : 0.5 * pow(10, floor(log10(fabs(number))) - 2);
}

static void tell_moments(const char *what, struct moments ours, double mean, double deviation,
                         int count)
{
    double mean_error = ours.deviation / sqrt(count);
    double deviation_error = ours.deviation * sqrt((ours.kurtosis - 1) / (4.0 * count));
    printf("  %-14s mean %9.4g, theirs %9.4g (%.1f)   deviation %7.4g, theirs %7.4g (%.1f)\n", what,
           ours.mean, mean, in_errors(ours.mean, mean, mean_error, half_digit(mean)),
           ours.deviation, deviation,
           in_errors(ours.deviation, deviation, deviation_error, half_digit(deviation)));
}

static int ascending(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;
    return (first > second) - (first < second);
}

static void tell_labels(const char *what, const double *y, int count,
                        const struct label_reference *theirs)
{
    double *sorted = xcalloc((size_t)count, sizeof *sorted);
    int ties = 0;
    memcpy(sorted, y, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    for (int i = 1; i < count; i++)
        ties += sorted[i] == sorted[i - 1];
    tell_moments(what, moments_of(y, (size_t)count, 1), theirs->mean, theirs->deviation, count);
    printf("  %-14s quantiles", what);
    for (int q = 0; q < QUANTILES; q++) {
        int below = 0;
        for (int i = 0; i < count; i++)
            below += sorted[i] < theirs->quantile[q];
        double p = quantile_at[q], error = sqrt(p * (1 - p) / count);
        printf("  %.3g%%: %.3f, %.3f (%.1f)", 100 * p, sorted[(int)(p * (count - 1))],
               theirs->quantile[q], in_errors((double)below / count, p, error, 0));
    }
    printf("\n  %-14s least %.3f, most %.3f, %d ties\n", what, sorted[0], sorted[count - 1], ties);
    free(sorted);
}

/* ---- the ends that the environments would have made of a run --------------------------------- */

static bool is_healthy(const char *environment, const double *observation, int count)
{
    double height = observation[0], angle = observation[1];
    if (strcmp(environment, "walker2d") == 0)
        return height > 0.8 && height < 2 && fabs(angle) < 1;
    if (strcmp(environment, "hopper") != 0)
        return true;
    for (int i = 1; i < count; i++)
        if (!(fabs(observation[i]) < 100))
            return false;
    return height > 0.7 && fabs(angle) < 0.2;
}

static bool is_clipped(const struct environment *environment, const double *observation, int count)
{
    for (int i = 0; i < count; i++)
        if (fabs(observation[i]) == environment->velocity_bound)
            return true;
    return false;
}

static void tell_share(const char *what, double ours, double theirs, int count)
{
    double error = sqrt(fmax(ours * (1 - ours), 1.0 / count) / count);
    printf("  %-28s %5.1f%%, theirs %5.1f%% (%.1f)\n", what, 100 * ours, 100 * theirs,
           in_errors(ours, theirs, error, 0.0005));
}

static void tell_events(const struct environment *environment, const struct dataset *data,
                        const struct reference *theirs)
{
    int count = data->n_train + data->n_test, observations = data->observations;
    int ill_start = 0, ill_way = 0, clipped_start = 0, clipped_way = 0;
    for (int i = 0; i < count; i++) {
        const double *start = data->x + (size_t)i * dataset_inputs(data);
        const double *frames = data->xstar + (size_t)i * dataset_privileged(data);
        bool ill = false, clipped = false;
        for (int step = 0; step < DATASET_STEPS; step++) {
            const double *frame = frames + step * (observations + 1);
            ill = ill || !is_healthy(environment->name, frame, observations);
            clipped = clipped || is_clipped(environment, frame, observations);
        }
        ill_start += !is_healthy(environment->name, start, observations);
        clipped_start += is_clipped(environment, start, observations);
        ill_way += ill;
        clipped_way += clipped;
    }
    tell_share("unhealthy at s", (double)ill_start / count, theirs->unhealthy_at_start, count);
    tell_share("unhealthy on the way", (double)ill_way / count, theirs->unhealthy_on_the_way,
               count);
    tell_share("clipped at s", (double)clipped_start / count, theirs->clipped_at_start, count);
    tell_share("clipped on the way", (double)clipped_way / count, theirs->clipped_on_the_way,
               count);
}

/* ---- trivial predictions -------------------------------------------------------------------- */

/* Features of both sets, and what is to be predicted: the centres of the labels' bins. */
struct problem {
    int cols;
    double *train, *test;           /* [N_TRAIN, cols], [N_TEST, cols] */
    double *train_goal, *test_goal; /* [N_TRAIN], [N_TEST] */
};

static double *goals(const real *labels, int count)
{
    double *goal = xcalloc((size_t)count, sizeof *goal);
    for (int i = 0; i < count; i++)
        goal[i] = regression_centre((int)labels[i]);
    return goal;
}

/* Columns first .. last of x; with products, also those of every two observations. */
static double *features(const struct task_set *set, int inputs, int first, int last, int products)
{
    int cols = last - first + products * (products + 1) / 2;
    double *out = xcalloc((size_t)set->count * (size_t)cols, sizeof *out), *to = out;
    for (int i = 0; i < set->count; i++) {
        const real *x = set->x + (size_t)i * (size_t)inputs;
        for (int j = first; j < last; j++)
            *to++ = x[j];
        for (int j = 0; j < products; j++)
            for (int k = 0; k <= j; k++)
                *to++ = (double)x[j] * x[k];
    }
    return out;
}

/* Solves A w = b in place by Cholesky; A [n, n] is symmetric and positive, b becomes w. */
static void solve(double *a, double *b, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (int k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < i; k++)
            b[i] -= a[i * n + k] * b[k];
        b[i] /= a[i * n + i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            b[i] -= a[k * n + i] * b[k];
        b[i] /= a[i * n + i];
    }
}

/* Minimises the squared error plus lambda |w|^2 on the first rows; w[cols] is the free constant. */
static double *ridge(const struct problem *problem, int rows, double lambda)
{
    int n = problem->cols + 1;
    double *a = xcalloc((size_t)n * (size_t)n, sizeof *a), *w = xcalloc((size_t)n, sizeof *w);
    double *row = xcalloc((size_t)n, sizeof *row);
    for (int i = 0; i < rows; i++) {
        memcpy(row, problem->train + (size_t)i * (size_t)problem->cols,
               (size_t)problem->cols * sizeof *row);
        row[problem->cols] = 1;
        for (int j = 0; j < n; j++) {
            w[j] += row[j] * problem->train_goal[i];
            for (int k = 0; k <= j; k++)
                a[j * n + k] += row[j] * row[k];
        }
    }
    for (int j = 0; j < problem->cols; j++)
        a[j * n + j] += lambda;
    solve(a, w, n);
    free(row);
    free(a);
    return w;
}

static double error_of(const double *w, const double *rows, const double *goal, int count, int cols)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double prediction = w[cols];
        for (int j = 0; j < cols; j++)
            prediction += w[j] * rows[(size_t)i * (size_t)cols + (size_t)j];
        sum += pow(fmax(0, fmin(1, prediction)) - goal[i], 2);
    }
    return sum / count;
}

static double best_lambda(const struct problem *problem)
{
    int kept = N_TRAIN - N_HELD_OUT;
    double best = INFINITY, chosen = 0;
    for (double lambda = 1e-2; lambda < 2e5; lambda *= 10) {
        double *w = ridge(problem, kept, lambda);
        double error = error_of(w, problem->train + (size_t)kept * (size_t)problem->cols,
                                problem->train_goal + kept, N_HELD_OUT, problem->cols);
        if (error < best) {
            best = error;
            chosen = lambda;
        }
        free(w);
    }
    return chosen;
}

static void tell_ridge(const char *what, const struct task_data *data, int first, int last,
                       int products, double theirs)
{
    struct problem problem = {
        .cols = last - first + products * (products + 1) / 2,
        .train = features(&data->train, data->inputs, first, last, products),
        .test = features(&data->test, data->inputs, first, last, products),
        .train_goal = goals(data->train.labels, N_TRAIN),
        .test_goal = goals(data->test.labels, N_TEST),
    };
    double lambda = best_lambda(&problem), *w = ridge(&problem, N_TRAIN, lambda);
    printf("  %-28s %.4f, theirs %.4f   (on the training set %.4f, lambda %g)\n", what,
           error_of(w, problem.test, problem.test_goal, N_TEST, problem.cols), theirs,
           error_of(w, problem.train, problem.train_goal, N_TRAIN, problem.cols), lambda);
    free(w);
    free(problem.train);
    free(problem.test);
    free(problem.train_goal);
    free(problem.test_goal);
}

static void tell_bins(const char *what, const struct task_set *set)
{
    int bins[REGRESSION_BINS] = { 0 }, fewest = set->count, most = 0;
    for (int i = 0; i < set->count; i++)
        bins[(int)set->labels[i]]++;
    for (int bin = 0; bin < REGRESSION_BINS; bin++) {
        fewest = bins[bin] < fewest ? bins[bin] : fewest;
        most = bins[bin] > most ? bins[bin] : most;
    }
    printf("  %s examples in a bin: %d to %d\n", what, fewest, most);
}

static void tell_baselines(const struct dataset *dataset, const struct reference *theirs)
{
    struct task_data data = { 0 };
    double constant = 0;
    mujoco_prepare(&data, dataset);
    for (int i = 0; i < N_TEST; i++)
        constant += pow(0.5 - regression_centre((int)data.test.labels[i]), 2) / N_TEST;
    tell_bins("training", &data.train);
    tell_bins("test", &data.test);
    printf("  normalised test mse:\n  %-28s %.4f, theirs %.4f\n", "constant 0.5", constant,
           theirs->constant);
    int observations = dataset->observations;
    tell_ridge("ridge on x", &data, 0, data.inputs, 0, theirs->ridge);
    tell_ridge("ridge on the state", &data, 0, observations, 0, theirs->ridge_observations);
    tell_ridge("ridge on the actions", &data, observations, data.inputs, 0, theirs->ridge_actions);
    tell_ridge("ridge on x and products", &data, 0, data.inputs, observations,
               theirs->ridge_products);
    task_free(&data);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void tell(const struct reference *theirs, const struct dataset *data)
{
    const struct environment *environment = environment_find(theirs->environment);
    size_t inputs = dataset_inputs(data);
    printf("%s: x %zu, x* %d x %d\n", theirs->environment, inputs, DATASET_STEPS,
           data->observations + 1);
    tell_labels("y, training", data->y, N_TRAIN, &theirs->train);
    tell_labels("y, test", data->y + N_TRAIN, N_TEST, &theirs->test);
    for (int j = 0; j < data->observations; j++) {
        char what[32];
        snprintf(what, sizeof what, "observation %d", j);
        tell_moments(what, moments_of(data->x + j, N_TRAIN, inputs), theirs->mean[j],
                     theirs->deviation[j], N_TRAIN);
    }
    double least_deviation = INFINITY, most_deviation = 0, most_mean = 0;
    for (size_t j = (size_t)data->observations; j < inputs; j++) {
        struct moments action = moments_of(data->x + j, N_TRAIN, inputs);
        least_deviation = fmin(least_deviation, action.deviation);
        most_deviation = fmax(most_deviation, action.deviation);
        most_mean = fmax(most_mean, fabs(action.mean));
    }
    printf("  actions        means within +-%.3f, theirs 0.034; deviations %.3f to %.3f, theirs "
           "0.803 to 0.830\n",
           most_mean, least_deviation, most_deviation);
    tell_events(environment, data, theirs);
    tell_baselines(data, theirs);
}

static bool is_wanted(const char *environment, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], environment) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (environment_find(argv[i]) == NULL) {
            fprintf(stderr, "mujoco_statistics: there is no environment %s\n", argv[i]);
            return 2;
        }
    for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
        if (!is_wanted(references[i].environment, argc, argv))
            continue;
        struct dataset_request request = { environment_find(references[i].environment), N_TRAIN,
                                           N_TEST, 0 };
        struct dataset data;
        struct error error;
        if (!cache_get(&data, &request, &error)) {
            fprintf(stderr, "mujoco_statistics: %s\n", error.text);
            return 1;
        }
        tell(&references[i], &data);
        dataset_free(&data);
    }
    printf("largest difference: %.1f standard errors; %d beyond %g\n", largest, beyond,
           most_errors);
    return beyond > 0;
}
