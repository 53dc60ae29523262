/* Whole training runs of each task (shortened where the name says so): CPU seconds, time for each
 * iteration and peak memory on one core, beside the figures of the reference implementation
 * (PyTorch 1.13.1 with OpenBLAS, one core of a Sapphire Rapids machine on which sgemm reaches 121
 * GFLOP/s, minimum of several runs; of MuJoCo the parts of an iteration added up) and the rate of
 * sgemm here. Every run is a process of its own, so that its memory is its own; the fastest of
 * three counts. */
#include "tests/bench/yardstick.h"
#include "common/rng.h"
#include "common/xalloc.h"
#include "worker/numeric/blas.h"
#include "worker/task/npz.h"
#include "worker/trial/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REPEATS = 3, ARRAYS_EXAMPLES = 2000, ARRAYS_INPUTS = 20, ARRAYS_STEPS = 16 };
enum { ARRAYS_FEATURES = 8, ARRAYS_ROW = ARRAYS_STEPS * ARRAYS_FEATURES };

static const struct {
    const char *name, *parameters;
    int iterations;
    double reference_seconds, reference_megabytes; /* 0: not measured */
} runs[] = {
    { "task-a ldt, D 256, n 512, 50 epochs", "{\"task\":\"task-a\"}", 50, 20, 360 },
    { "task-b ldt, 17 epochs", "{\"task\":\"task-b\",\"epochs\":17}", 34, 18.7, 543 },
    { "task-a no-teacher, 50 epochs", "{\"task\":\"task-a\",\"method\":\"no-teacher\"}", 50, 0, 0 },
    { "task-b no-teacher, 16 epochs", "{\"task\":\"task-b\",\"method\":\"no-teacher\"}", 48, 0, 0 },
    { "game-of-life ldt, n 1024, 10 of 200", "{\"task\":\"game-of-life\",\"epochs\":10}", 10, 0,
      0 },
    { "game-of-life no-teacher, 10 of 200",
      "{\"task\":\"game-of-life\",\"method\":\"no-teacher\",\"epochs\":10}", 10, 0, 0 },
    { "mujoco ldt, split 0.7, 3 of 100 epochs",
      "{\"task\":\"mujoco\",\"validation_split\":0.7,\"inner_lr\":1e-3,\"epochs\":3}", 21, 21 * 1.2,
      866 },
    { "mujoco no-teacher, 100 epochs",
      "{\"task\":\"mujoco\",\"method\":\"no-teacher\",\"epochs\":100}", 692, 0, 0 },
    { "mujoco auxiliary, 100 epochs",
      "{\"task\":\"mujoco\",\"method\":\"auxiliary\",\"epochs\":100}", 692, 0, 0 },
    { "arrays ldt, n 1600, 5 of 100 epochs", NULL, 6, 0, 0 }, /* its data lie in a directory */
};

struct cost {
    double cpu_seconds, megabytes;
};

static void fail(const char *why)
{
    fprintf(stderr, "trial bench: %s\n", why);
    exit(1);
}

static bool ignore_line(void *context, int64_t step, double epoch, const char *const *names,
                        const double *values, int count)
{
    return true;
}

static void fail_on_divergence(void *context, const char *key, const char *text)
{
    fail(text);
}

static void train(const char *parameters)
{
    struct error error;
    struct settings settings;
    const struct trial_sink sink = { .report = ignore_line, .inform = fail_on_divergence };
    json_t *object = json_loads(parameters, 0, NULL);
    if (!settings_parse(&settings, object, &error) ||
        trial_run(&settings, 1, &sink, &error) != TRIAL_COMPLETED)
        fail(error.text);
    json_decref(object);
}

static struct cost cost_of_run(const char *parameters)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        fail("cannot fork");
    if (child == 0) {
        train(parameters);
        _exit(0);
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child || status != 0)
        fail("a run failed");
    return (struct cost){
        .cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6,
        .megabytes = (double)usage.ru_maxrss / 1024,
    };
}

/* A problem of a user's own, in a directory that is made here. */
static char arrays_directory[] = "/tmp/ldt-bench-XXXXXX";

static void save_array(const char *name, const float *values, const size_t *shape, int rank)
{
    char path[64];
    struct error error;
    snprintf(path, sizeof path, "%s/%s.npy", arrays_directory, name);
    if (!npy_save(path, NPZ_FLOAT32, values, shape, rank, &error))
        fail(error.text);
}

static void make_arrays(void)
{
    size_t n = ARRAYS_EXAMPLES, x_count = n * ARRAYS_INPUTS, xstar_count = n * ARRAYS_ROW;
    float *x = xaligned(x_count * sizeof *x), *y = xaligned(n * sizeof *y);
    float *xstar = xaligned(xstar_count * sizeof *xstar);
    struct rng rng;
    rng_init(&rng, 1, RNG_TEST, 0);
    for (size_t i = 0; i < x_count; i++)
        x[i] = (float)rng_normal(&rng);
    for (size_t i = 0; i < xstar_count; i++)
        xstar[i] = (float)rng_normal(&rng);
    for (size_t i = 0; i < n; i++)
        y[i] = x[i * ARRAYS_INPUTS] * x[i * ARRAYS_INPUTS + 1] + xstar[i * ARRAYS_ROW];
    if (mkdtemp(arrays_directory) == NULL)
        fail("cannot make a directory");
    save_array("x", x, (size_t[]){ n, ARRAYS_INPUTS }, 2);
    save_array("xstar", xstar, (size_t[]){ n, ARRAYS_STEPS, ARRAYS_FEATURES }, 3);
    save_array("y", y, &n, 1);
    free(x);
    free(xstar);
    free(y);
}

static void remove_arrays(void)
{
    static const char *const names[] = { "x", "xstar", "y" };
    for (int i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s.npy", arrays_directory, names[i]);
        unlink(path);
    }
    rmdir(arrays_directory);
}

static void bench_run(int run)
{
    char arrays[128];
    snprintf(arrays, sizeof arrays, "{\"task\":\"arrays\",\"epochs\":5,\"data\":\"%s\"}",
             arrays_directory);
    const char *parameters = runs[run].parameters != NULL ? runs[run].parameters : arrays;
    struct cost best = cost_of_run(parameters);
    for (int i = 1; i < REPEATS; i++) {
        struct cost cost = cost_of_run(parameters);
        if (cost.cpu_seconds < best.cpu_seconds)
            best = cost;
    }
    printf("%-38s %8.2f s %8.2f ms %7.0f MiB", runs[run].name, best.cpu_seconds,
           best.cpu_seconds * 1e3 / runs[run].iterations, best.megabytes);
    if (runs[run].reference_seconds > 0)
        printf("   %6.1f s %6.0f MB   %5.1f x  %4.2f x", runs[run].reference_seconds,
               runs[run].reference_megabytes, runs[run].reference_seconds / best.cpu_seconds,
               best.megabytes * 1.048576 / runs[run].reference_megabytes);
    printf("\n");
}

int main(int argc, char **argv)
{
    struct error error;
    blas_reexec(argv);
    if (!blas_check(&error))
        fail(error.text);
    printf("%s; core %s\n", blas_version(), blas_core());
    printf("%-38s %10s %11s %11s   %8s %9s   %7s %7s\n", "run (fastest of three)", "CPU",
           "iteration", "peak", "ref. CPU", "ref. peak", "faster", "memory");
    make_arrays();
    for (int run = 0; run < (int)(sizeof runs / sizeof *runs); run++)
        bench_run(run);
    remove_arrays();
    printf("sgemm 512 x 512 x 512, one core, after the runs: %.0f GFLOP/s (121 at the reference)\n",
           sgemm_rate());
    return 0;
}
