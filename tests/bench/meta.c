/* The reward prediction experiment's unit of work: a meta-step and 24 student steps at the sizes of
 * Table 6 of the paper, on random data, on one core. Time is CPU time of the process, flops are
 * those of the matrix products (a multiply-add is 2, every distinct batch counts once), and each
 * run stands beside the rate of sgemm measured before and after it in the same process. A run is a
 * process of its own, so that its peak memory is its own.
 *
 * For comparison, on one core on which sgemm reached 121 GFLOP/s: PyTorch 1.13.1, rewritten with a
 * batched teacher and distinct batches, 1.05 + 0.15 s at split 0.7 without peak memory recorded; as
 * the paper describes the loop 4.5 + 0.72 s and 866 MB. */
#include "tests/bench/yardstick.h"
#include "common/xalloc.h"
#include "worker/meta/learner.h"
#include "worker/numeric/blas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Table 6, and HalfCheetah's data. */
enum { EXAMPLES = 4000, INPUTS = 113, STEPS = 16, FEATURES = 18, BINS = 32 };
enum { HIDDEN = 128, LAYERS = 5, CONVOLUTIONS = 4, C1 = 96, C2 = 256, C3 = 768 };
enum { N_INNER = 96, BATCH = 24, STUDENT_STEPS = 24 };
enum { ITERATIONS = 8 }; /* the first is not counted: memory is new to it */

static const struct {
    double split;
    size_t memory_limit; /* MiB for recorded steps */
} runs[] = { { 0.7, 1024 }, { 0.7, 48 }, { 0.5, 1024 }, { 0.3, 1024 } };

static void fail(const char *why)
{
    fprintf(stderr, "meta bench: %s\n", why);
    exit(1);
}

/* ---- what has to be computed, in multiply-adds ---------------------------------------------- */

static double teacher_forward_products(void)
{
    double taps = 3.0 * STEPS, sum = taps * FEATURES * C1 + taps * C1 * C2;
    sum += taps * (CONVOLUTIONS - 2) * C1 * C1;
    return sum + (double)C2 * STEPS * C3 + 2.0 * C3 * HIDDEN * LAYERS;
}

static double student_products(void)
{
    return (double)INPUTS * HIDDEN + (LAYERS - 1.0) * HIDDEN * HIDDEN + (double)HIDDEN * BINS;
}

/* A gradient is three products where inputs need one too, its tangent six in all. */
static double flops(int distinct, int validation)
{
    double teacher = teacher_forward_products(), student = student_products();
    double teacher_back = 2 * teacher - 3.0 * STEPS * FEATURES * C1;
    double first = (double)INPUTS * HIDDEN, gradient = 3 * student - first;
    double inner = N_INNER * BATCH * (gradient + 6 * student - 4 * first);
    double real_steps = (double)STUDENT_STEPS * BATCH * (teacher + gradient);
    return 2 * (distinct * BATCH * (teacher + teacher_back) + inner + validation * gradient +
                real_steps);
}

/* ---- the learner ---------------------------------------------------------------------------- */

static struct learner_config table_6(size_t memory_limit)
{
    struct net student = net_student_hidden(INPUTS, HIDDEN, LAYERS, BINS);
    const struct trajectory_teacher teacher = { .steps = STEPS,
                                                .features = FEATURES,
                                                .convolutions = CONVOLUTIONS,
                                                .c1 = C1,
                                                .c2 = C2,
                                                .c3 = C3,
                                                .batch_norm = true };
    return (struct learner_config){
        .student = net_with_weight_norm(&student),
        .teacher = net_teacher_of_trajectories(&teacher, student.n_supervised),
        .label_loss = LABEL_CROSS_ENTROPY,
        .teach_loss = TEACH_GATED,
        .teaching_coef = 316.2,
        .student_optimiser = optimiser_adam(1e-3, 0.9, 0),
        .inner_optimiser = optimiser_sgd(1e-3, 0.75, 1e-8),
        .meta_optimiser = optimiser_adam(5e-4, 0, 0),
        .n_inner = N_INNER,
        .meta_clip = 1e8,
        .memory_limit = memory_limit << 20,
    };
}

static struct examples random_examples(struct rng *rng)
{
    real *x = xmalloc(EXAMPLES * INPUTS * sizeof *x);
    real *xstar = xmalloc(EXAMPLES * STEPS * FEATURES * sizeof *xstar);
    real *labels = xmalloc(EXAMPLES * sizeof *labels);
    for (int i = 0; i < EXAMPLES * INPUTS; i++)
        x[i] = (real)rng_normal(rng);
    for (int i = 0; i < EXAMPLES * STEPS * FEATURES; i++)
        xstar[i] = (real)rng_normal(rng);
    for (int i = 0; i < EXAMPLES; i++)
        labels[i] = (real)rng_below(rng, BINS);
    return (struct examples){ x, xstar, labels, EXAMPLES };
}

struct times {
    double meta[ITERATIONS], student[ITERATIONS];
    double sgemm;
};

static void iterate(struct learner *learner, const struct examples *data, int validation,
                    struct times *times)
{
    struct batch batches[N_INNER], held_out;
    struct meta_report report;
    struct error why;
    int order[EXAMPLES], distinct = (EXAMPLES - validation) / BATCH;
    for (int i = 0; i < EXAMPLES; i++)
        order[i] = i;
    distinct = distinct < N_INNER ? distinct : N_INNER;
    for (int b = 0; b < distinct; b++)
        batches[b] = (struct batch){ order + b * BATCH, BATCH };
    held_out = (struct batch){ order + EXAMPLES - validation, validation };
    for (int i = 0; i < ITERATIONS; i++) {
        double start = cpu_now();
        if (!learner_meta_step(learner, data, batches, distinct, &held_out, &report, &why))
            fail(why.text);
        times->meta[i] = cpu_now() - start;
        if (!learner_student_steps(learner, data, batches, STUDENT_STEPS, NULL, &why))
            fail(why.text);
        times->student[i] = cpu_now() - start - times->meta[i];
    }
}

static void measure(int run, struct times *times)
{
    struct rng rng, student, teacher;
    struct learner_config config = table_6(runs[run].memory_limit);
    struct learner *learner;
    struct error error;
    times->sgemm = sgemm_rate();
    rng_init(&rng, 1, RNG_TEST, 0);
    rng_init(&student, 1, RNG_TEST, 1);
    rng_init(&teacher, 1, RNG_TEST, 2);
    struct examples data = random_examples(&rng);
    if (!learner_create(&learner, &config, &error))
        fail(error.text);
    learner_initialise(learner, &student, &teacher, 1);
    iterate(learner, &data, (int)(runs[run].split * EXAMPLES), times);
    double after = sgemm_rate();
    times->sgemm = after > times->sgemm ? after : times->sgemm;
}

/* ---- each run in a process ------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_run(int run, struct times *times)
{
    struct rusage usage;
    double sum[ITERATIONS], *meta = times->meta + 1, *student = times->student + 1;
    int counted = ITERATIONS - 1, validation = (int)(runs[run].split * EXAMPLES);
    int distinct = (EXAMPLES - validation) / BATCH;
    distinct = distinct < N_INNER ? distinct : N_INNER;
    for (int i = 0; i < counted; i++)
        sum[i] = meta[i] + student[i];
    qsort(sum, (size_t)counted, sizeof *sum, by_value);
    qsort(meta, (size_t)counted, sizeof *meta, by_value);
    qsort(student, (size_t)counted, sizeof *student, by_value);
    getrusage(RUSAGE_SELF, &usage);
    double work = flops(distinct, validation) * 1e-9;
    printf("%5.1f %6zu MiB %8d %7.1f G   %5.3f + %5.3f = %5.3f s  %5.3f s %7.1f %7.1f %6.0f %%"
           " %6.0f %% %6.0f MiB\n",
           runs[run].split, runs[run].memory_limit, distinct, work, meta[0], student[0], sum[0],
           sum[counted / 2], work / sum[0], times->sgemm, 100 * work / sum[0] / times->sgemm,
           100 * work / sum[counted / 2] / times->sgemm, (double)usage.ru_maxrss / 1024);
}

static void bench_run(int run)
{
    fflush(stdout);
    pid_t child = fork();
    int status;
    if (child < 0)
        fail("cannot fork");
    if (child == 0) {
        struct times times;
        measure(run, &times);
        print_run(run, &times);
        fflush(stdout);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        fail("a run failed");
}

int main(int argc, char **argv)
{
    struct error error;
    blas_reexec(argv);
    if (!blas_check(&error))
        fail(error.text);
    printf("%s; core %s\n", blas_version(), blas_core());
    printf("aim at split 0.7: 65 %% of sgemm, 300 MiB; fastest and median of %d\n", ITERATIONS - 1);
    printf("%5s %10s %8s %9s   %-23s %9s %7s %7s %8s %8s %10s\n", "split", "recorded", "distinct",
           "work", "meta + student, fastest", "median", "GFLOP/s", "sgemm", "share", "median",
           "peak");
    for (int run = 0; run < (int)(sizeof runs / sizeof *runs); run++)
        if (argc < 2 || atoi(argv[1]) == run)
            bench_run(run);
    return 0;
}
