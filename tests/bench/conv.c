/* The 3 x 3 convolutions of the game of life, and what is made of them, on one core. First the
 * rate of each product on batches of 17 x 17 boards, for every vector unit that the processor has,
 * as a share of what its multiply-adds reach with nothing to load; flops are those of F x F
 * channels, so channels that only pad count as waste. Then whole steps: a meta-step, and the
 * student's real steps with a teacher and without. Time is CPU time of the process, the best of
 * several runs.
 *
 * For comparison, of a core whose multiply-adds reach 153 GFLOP/s and sgemm 121: the best that
 * could be written in PyTorch 1.13.1 takes 2.8, 8.3 and 16 s for the three meta-steps below, the
 * plain way 4.5, 10.8 and 27 s with 1.5, 2.7 and 4.9 GB; by flops alone C needs 0.8, 3.1, 6.3 s. */
#include "tests/bench/yardstick.h"
#include "common/xalloc.h"
#include "worker/meta/learner.h"
#include "worker/net/life.h"
#include "worker/numeric/blas.h"
#include "worker/numeric/conv3x3.h"
#include "worker/numeric/conv3x3_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 17, CELLS = SIDE * SIDE, BATCH = 64, FRAMES = 3, LAYERS = 9 };

static void fail(const char *why)
{
    fprintf(stderr, "conv bench: %s\n", why);
    exit(1);
}

/* ---- what the machine can do ---------------------------------------------------------------- */

/* More sums than the multiply-add is deep, so that each cycle can begin as many as there are units
 * for. Returns a sum of them all, which nobody can leave out. */
#define FMA_LOOP(name, bytes, sums)                                                                \
    static float name(int rounds)                                                                  \
    {                                                                                              \
        typedef float vector __attribute__((vector_size(bytes)));                                  \
        vector sum[sums], factor = { 0 }, total = { 0 };                                           \
        factor += 0.5F;                                                                            \
        for (int i = 0; i < (sums); i++)                                                           \
            sum[i] = factor + (float)i;                                                            \
        for (int round = 0; round < rounds; round++) {                                             \
            _Pragma("GCC unroll 32") for (int i = 0; i < (sums); i++) sum[i] =                     \
                sum[i] * factor + factor;                                                          \
        }                                                                                          \
        for (int i = 0; i < (sums); i++)                                                           \
            total += sum[i];                                                                       \
        return total[0];                                                                           \
    }

enum { WIDE_SUMS = 24, USUAL_SUMS = 12 };

#pragma GCC push_options
#pragma GCC optimize("O3", "fp-contract=fast")
#ifdef __x86_64__
#pragma GCC target("avx2,fma") /* as the portable kernels are built; see ARCH */
#endif
FMA_LOOP(usual_loop, 32, USUAL_SUMS)
#ifdef __x86_64__
#pragma GCC target("avx512f,avx512vl,fma")
FMA_LOOP(wide_loop, 64, WIDE_SUMS)
#endif
#pragma GCC pop_options

/* GFLOP/s of multiply-adds on registers alone. */
static double peak_rate(bool wide)
{
    enum { ROUNDS = 200000, REPEATS = 40 };
    double best = 0;
    volatile float sink = 0;
    for (int i = 0; i < REPEATS; i++) {
        double start = cpu_now(), flops = 2.0 * ROUNDS * 8 * USUAL_SUMS;
#ifdef __x86_64__
        if (wide) {
            sink += wide_loop(ROUNDS);
            flops = 2.0 * ROUNDS * 16 * WIDE_SUMS;
        } else
#endif
            sink += usual_loop(ROUNDS);
        double rate = flops / (cpu_now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

/* ---- one product ---------------------------------------------------------------------------- */

static real *numbers(int count)
{
    real *out = xaligned((size_t)count * sizeof *out);
    for (int i = 0; i < count; i++)
        out[i] = (real)(i * 7919 % 1009) / 1009 - (real)0.5;
    return out;
}

enum product { FORWARD, BACKWARD_DATA, WEIGHT_GRADIENT, PRODUCTS };

struct boards {
    int filters, stride, framed;
    real *framed_x, *framed_d; /* one board each: a layer has one such place for all its boards */
    real *out;                 /* BATCH boards */
    real *w, *turned, *start, *dw;
};

static struct boards make_boards(int filters)
{
    struct boards b = { .filters = filters, .stride = conv3x3_stride(filters) };
    b.framed = (SIDE + 2) * (SIDE + 2) * b.stride;
    b.framed_x = numbers(b.framed);
    b.framed_d = numbers(b.framed);
    b.out = numbers(BATCH * CELLS * b.stride);
    b.w = numbers(9 * filters * b.stride);
    b.turned = numbers(9 * filters * b.stride);
    b.dw = numbers(9 * filters * b.stride);
    b.start = numbers(b.stride);
    return b;
}

static void free_boards(struct boards *b)
{
    real *owned[] = { b->framed_x, b->framed_d, b->out, b->w, b->turned, b->dw, b->start };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
}

static void run_product(const struct conv3x3_kernels *kind, enum product which, struct boards *b)
{
    struct conv3x3_window window = { SIDE, 0, SIDE };
    for (int n = 0; n < BATCH; n++) {
        real *x = b->framed_x, *d = b->framed_d;
        real *out = b->out + n * CELLS * b->stride;
        if (which == FORWARD)
            kind->product(&window, out, b->stride, x, b->stride, b->filters, b->w, b->start);
        else if (which == BACKWARD_DATA)
            kind->product(&window, out, b->stride, d, b->stride, b->filters, b->turned, b->start);
        else
            kind->weights(&window, b->dw, d, b->stride, x, b->stride, b->filters);
    }
}

static double flops_of_product(int filters)
{
    return 2.0 * 9 * filters * filters * CELLS * BATCH;
}

static double product_rate(const struct conv3x3_kernels *kind, enum product which, struct boards *b)
{
    enum { REPEATS = 40 };
    double best = 0;
    for (int i = 0; i < REPEATS; i++) {
        double start = cpu_now();
        run_product(kind, which, b);
        double rate = flops_of_product(b->filters) / (cpu_now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    return best;
}

/* ---- one layer, as the student runs it: ReLU, frames and padding included -------------------- */

static struct mat run_layer(struct pass *pass, const struct conv3x3 *shape, const real *boards,
                            const real *parameters, bool backward)
{
    int columns = CELLS * shape->input_stride, weights = 9 * shape->inputs;
    struct mat x = mat_constant(boards, BATCH, columns);
    struct mat w = mat_constant(parameters, weights, shape->outputs);
    struct mat b = mat_constant(parameters, 1, shape->outputs);
    struct mat y = mat_new(pass, BATCH, columns);
    if (!backward) {
        conv3x3_forward(pass, shape, y, x, w, b);
        return y;
    }
    struct mat dw = mat_new(pass, w.rows, w.cols), db = mat_new(pass, 1, b.cols);
    conv3x3_backward(pass, shape, y, dw, db, x, x, w);
    return dw;
}

static double layer_rate(int filters, bool backward)
{
    enum { REPEATS = 40 };
    struct conv3x3 shape = { SIDE, filters, filters, conv3x3_stride(filters), true, 0 };
    real *boards = numbers(BATCH * CELLS * shape.input_stride);
    real *parameters = numbers(9 * filters * filters);
    struct workspace workspace = { 0 };
    struct pass dry = pass_dry();
    double best = 0;
    run_layer(&dry, &shape, boards, parameters, backward);
    workspace_reserve(&workspace, dry.values.used);
    for (int i = 0; i < REPEATS; i++) {
        struct pass pass = pass_values(workspace);
        double start = cpu_now();
        run_layer(&pass, &shape, boards, parameters, backward);
        double rate = (backward ? 2 : 1) * flops_of_product(filters) / (cpu_now() - start) * 1e-9;
        best = rate > best ? rate : best;
    }
    workspace_free(&workspace);
    free(boards);
    free(parameters);
    return best;
}

static void print_products(const struct conv3x3_kernels *kind, int filters, double peak, bool used)
{
    struct boards boards = make_boards(filters);
    printf("%-9s F %2d ", kind->name, filters);
    for (int which = 0; which < PRODUCTS; which++) {
        double rate = product_rate(kind, which, &boards);
        printf("  %4.0f (%3.0f %%)", rate, 100 * rate / peak);
    }
    for (int backward = 0; used && backward < 2; backward++) {
        double rate = layer_rate(filters, backward);
        printf("  %4.0f (%3.0f %%)", rate, 100 * rate / peak);
    }
    printf("\n");
    free_boards(&boards);
}

static void bench_products(void)
{
    static const int filters[] = { 16, 24, 32 };
    const struct conv3x3_kernels *kinds[] = {
        &conv3x3_portable,
#ifdef __x86_64__
        &conv3x3_avx512,
#endif
    };
    printf("%-9s %4s   %11s  %11s  %11s  %11s  %11s   GFLOP/s (of the peak)\n", "vectors", "",
           "forward", "back, data", "weights", "layer fwd", "layer back");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        bool wide = kinds[k] != &conv3x3_portable;
        if (!kinds[k]->supported())
            continue;
        double peak = peak_rate(wide);
        for (int f = 0; f < 3; f++)
            print_products(kinds[k], filters[f], peak,
                           strcmp(kinds[k]->name, conv3x3_kernel_name()) == 0);
        double again = peak_rate(wide);
        printf("%-9s multiply-adds on registers alone: %.0f GFLOP/s before, %.0f after; sgemm 512: "
               "%.0f\n",
               kinds[k]->name, peak, again, sgemm_rate());
    }
}

/* ---- whole steps ---------------------------------------------------------------------------- */

enum { EXAMPLES = 1024, VALIDATION = 256, STUDENT_STEPS = 4 };

static const struct {
    int filters, n_inner;
    size_t memory_limit; /* MiB */
    double torch, floor; /* seconds of a meta-step there, 0: not measured */
} runs[] = {
    { 16, 16, 1024, 2.8, 0.8 },
    { 16, 16, 32, 0, 0 },
    { 32, 16, 1024, 8.3, 3.1 },
    { 32, 32, 1024, 16, 6.3 },
};

static struct learner *make_learner(int run, bool taught)
{
    struct life life = { SIDE, FRAMES, LAYERS, runs[run].filters, false };
    struct learner_config config = {
        .student = net_life_student(&life),
        .label_loss = LABEL_LOGISTIC,
        .student_optimiser = optimiser_adam(1e-3, 0.9, 1e-6),
        .memory_limit = runs[run].memory_limit << 20,
    };
    struct learner *learner;
    struct error error;
    struct rng student, teacher;
    if (taught) {
        config.teacher = net_life_teacher(&life, 0.1, 1);
        config.teach_loss = TEACH_MIXTURE;
        config.teaching_coef = 1e3;
        config.inner_is_shared = true;
        config.meta_optimiser = optimiser_sgd(1e-4, 0.9, 0);
        config.n_inner = runs[run].n_inner;
        config.meta_clip = 1e8;
    }
    if (!learner_create(&learner, &config, &error))
        fail(error.text);
    rng_init(&student, 1, RNG_TEST, 0);
    rng_init(&teacher, 1, RNG_TEST, 1);
    learner_initialise(learner, &student, &teacher, 1);
    return learner;
}

/* Boards at random; the time does not depend on what is on them. */
static struct examples make_examples(void)
{
    struct rng rng;
    real *x = xaligned(EXAMPLES * CELLS * sizeof(real)),
         *xstar = xaligned((size_t)EXAMPLES * FRAMES * CELLS * sizeof(real)),
         *labels = xaligned(EXAMPLES * sizeof(real));
    rng_init(&rng, 1, RNG_TEST, 2);
    for (int i = 0; i < EXAMPLES * CELLS; i++)
        x[i] = rng_uniform(&rng) < 0.4;
    for (int i = 0; i < EXAMPLES * FRAMES * CELLS; i++)
        xstar[i] = rng_uniform(&rng) < 0.3;
    for (int i = 0; i < EXAMPLES; i++)
        labels[i] = (real)rng_below(&rng, 2);
    return (struct examples){ x, xstar, labels, EXAMPLES };
}

struct cost {
    double meta_step, student_step, plain_step; /* CPU seconds */
};

static void run_steps(int run, const struct examples *data, struct cost *cost)
{
    enum { REPEATS = 3, MOST_BATCHES = EXAMPLES / BATCH };
    static int order[EXAMPLES];
    struct batch batches[MOST_BATCHES], validation = { order, VALIDATION };
    struct learner *taught = make_learner(run, true), *plain = make_learner(run, false);
    struct meta_report report;
    struct error why;
    int n_batches = (EXAMPLES - VALIDATION) / BATCH;
    for (int i = 0; i < EXAMPLES; i++)
        order[i] = i;
    for (int b = 0; b < n_batches; b++)
        batches[b] = (struct batch){ order + VALIDATION + b * BATCH, BATCH };
    *cost = (struct cost){ 1e9, 1e9, 1e9 };
    for (int i = 0; i < REPEATS; i++) {
        double start = cpu_now();
        if (!learner_meta_step(taught, data, batches, n_batches, &validation, &report, &why))
            fail(why.text);
        double meta = cpu_now();
        if (!learner_student_steps(taught, data, batches, STUDENT_STEPS, NULL, &why))
            fail(why.text);
        double student = cpu_now();
        if (!learner_student_steps(plain, data, batches, STUDENT_STEPS, NULL, &why))
            fail(why.text);
        double end = cpu_now();
        cost->meta_step = meta - start < cost->meta_step ? meta - start : cost->meta_step;
        double step = (student - meta) / STUDENT_STEPS, label = (end - student) / STUDENT_STEPS;
        cost->student_step = step < cost->student_step ? step : cost->student_step;
        cost->plain_step = label < cost->plain_step ? label : cost->plain_step;
    }
    learner_destroy(&taught);
    learner_destroy(&plain);
}

/* Of the convolutions: 3 products in a first-order pass, 6 in a tangent pass, with one less for the
 * data of the first layer and its inputs, which do not move. The validation set in full. */
static double flops_of_meta_step(int filters, int n_inner)
{
    double first = 2.0 * 9 * filters * CELLS, all = first + (LAYERS - 1) * first * filters;
    return n_inner * BATCH * (9 * all - 5 * first) + VALIDATION * (3 * all - first);
}

/* A run is a process of its own, so that its peak memory is its own. */
static void bench_run(int run)
{
    struct cost cost;
    struct rusage usage;
    int status, ends[2];
    fflush(stdout);
    if (pipe(ends) != 0)
        fail("no pipe");
    pid_t child = fork();
    if (child < 0)
        fail("cannot fork");
    if (child == 0) {
        struct examples data = make_examples();
        run_steps(run, &data, &cost);
        _exit(write(ends[1], &cost, sizeof cost) != (ssize_t)sizeof cost);
    }
    if (wait4(child, &status, 0, &usage) != child || status != 0 ||
        read(ends[0], &cost, sizeof cost) != (ssize_t)sizeof cost)
        fail("a run failed");
    close(ends[0]);
    close(ends[1]);
    printf(
        "F %d, %d inner steps, %4zu MiB kept %7.3f s  %4.0f GFLOP/s  %5.1f ms  %5.1f ms %6.0f MiB",
        runs[run].filters, runs[run].n_inner, runs[run].memory_limit, cost.meta_step,
        flops_of_meta_step(runs[run].filters, runs[run].n_inner) / cost.meta_step * 1e-9,
        cost.student_step * 1e3, cost.plain_step * 1e3, (double)usage.ru_maxrss / 1024);
    if (runs[run].torch > 0)
        printf("   %5.1f s  %4.1f s", runs[run].torch, runs[run].floor);
    printf("\n");
}

int main(int argc, char **argv)
{
    struct error error;
    blas_reexec(argv);
    if (!blas_check(&error))
        fail(error.text);
    printf("%s; core %s; convolutions: %s\n", blas_version(), blas_core(), conv3x3_kernel_name());
    bench_products();
    printf("%-37s %9s %14s %9s %9s %10s   %7s  %6s\n", "batches of 64, best of three", "meta-step",
           "", "taught", "labels", "peak", "PyTorch", "floor");
    for (int run = 0; run < (int)(sizeof runs / sizeof *runs); run++)
        bench_run(run);
    return 0;
}
