/* functions.h - the ten public test functions F01 to F10 with their spaces, and the hash noise
 * that the benchmark's protocol uses. In a header because a benchmark is linked from one object
 * file. All are minimised; a point is an array of numbers, a choice being the index of its option,
 * NaN where inactive. */
#ifndef BENCH_FUNCTIONS_H
#define BENCH_FUNCTIONS_H
#include "common/arena.h"
#include "coordinator/space/space.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum bench_kind { BENCH_END, BENCH_UNIFORM, BENCH_LOG, BENCH_INTEGER, BENCH_CHOICE };

struct bench_parameter {
    const char *name;
    enum bench_kind kind;
    double low, high;   /* choice: high is the number of options */
    const char *parent; /* NULL: always there */
    unsigned parent_is; /* a bit for each option of the parent that brings this parameter */
};
enum { BENCH_PARAMETERS = 40 };

struct bench_function {
    const char *name;
    double (*value)(const double *x);
    double optimum, median; /* median: of 20,000 points of the prior */
    double noise;
    struct bench_parameter parameters[BENCH_PARAMETERS];
};

/* ---- hash noise ---- */

static inline uint64_t bench_mix(uint64_t x)
{
    uint64_t z = x + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline double bench_hash(uint64_t a, uint64_t b) /* in (0, 1) */
{
    return ((double)(bench_mix(bench_mix(a) ^ b) >> 11) + 0.5) * 0x1p-53;
}

static inline double bench_normal(uint64_t a, uint64_t b)
{
    return sqrt(-2 * log(bench_hash(a, 2 * b))) * cos(2 * M_PI * bench_hash(a, 2 * b + 1));
}

static inline double square(double x)
{
    return x * x;
}

/* ---- the functions ---- */

static double branin(const double *x)
{
    double curve = x[1] - 5.1 / (4 * square(M_PI)) * square(x[0]) + 5 / M_PI * x[0] - 6;
    return square(curve) + 10 * (1 - 1 / (8 * M_PI)) * cos(x[0]) + 10;
}

static double hartmann6(const double *x)
{
    static const double height[4] = { 1.0, 1.2, 3.0, 3.2 };
    static const double steep[4][6] = { { 10, 3, 17, 3.5, 1.7, 8 },
                                        { 0.05, 10, 17, 0.1, 8, 14 },
                                        { 3, 3.5, 1.7, 10, 17, 8 },
                                        { 17, 8, 0.05, 10, 0.1, 14 } };
    static const double centre[4][6] = { { .1312, .1696, .5569, .0124, .8283, .5886 },
                                         { .2329, .4135, .8307, .3736, .1004, .9991 },
                                         { .2348, .1451, .3522, .2883, .3047, .6650 },
                                         { .4047, .8828, .8732, .5743, .1091, .0381 } };
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double exponent = 0;
        for (int j = 0; j < 6; j++)
            exponent += steep[i][j] * square(x[j] - centre[i][j]);
        sum -= height[i] * exp(-exponent);
    }
    return sum;
}

static double rosenbrock10(const double *x)
{
    double sum = 0;
    for (int i = 0; i < 9; i++)
        sum += 100 * square(x[i + 1] - square(x[i])) + square(1 - x[i]);
    return sum;
}

static double ackley10s(const double *x)
{
    double squares = 0, waves = 0;
    for (int i = 0; i < 10; i++) {
        double z = x[i] - 16 * sin(1.7 * (i + 1));
        squares += z * z;
        waves += cos(2 * M_PI * z);
    }
    return -20 * exp(-0.2 * sqrt(squares / 10)) - exp(waves / 10) + 20 + M_E;
}

static double rastrigin10s(const double *x)
{
    double sum = 100;
    for (int i = 0; i < 10; i++) {
        double z = x[i] - 2.5 * sin(2.3 * (i + 1) + 0.5);
        sum += z * z - 10 * cos(2 * M_PI * z);
    }
    return sum;
}

static double mixed8(const double *x)
{
    static const double of_a[] = { .3, .1, 0, .2, .4 }, of_b[] = { .2, 0, .3, .1 };
    int a = (int)x[0], b = (int)x[1], c = (int)x[2];
    double lr = x[3], wd = x[4], n = x[5], mom = x[6], beta = x[7];
    return of_a[a] + of_b[b] + .15 * ((a + 2 * c) % 3) + .5 * square(log10(lr) + 3 - .4 * (a - 2)) +
           .05 * square(log10(wd) + 5) + .3 * fabs(log(n / 24)) + .8 * square(mom - .9) * (1 + b) +
           .3 * (1 - exp(-square(log10(beta) - 1) / .5));
}

static double noisy6(const double *x)
{
    double rate = log10(x[0]) + 2.3;
    return .6 * square(rate) + .1 * square(log10(x[1]) + 4.5) + 1.5 * square(x[2] - .25) +
           .4 * square((x[3] - 64) / 192) + .15 * square(log10(x[4]) - .2 + .5 * rate) +
           .3 * fabs(x[5] - .8);
}

enum { MODEL, REG, LAYERS, LR_M, W1, W2, W3, FILTERS, POOL, LR_C, OPT, MOM, EPS };

static double conditional(const double *x)
{
    static const double of_pool[] = { 0, .1, .25 };
    if (x[MODEL] == 0)
        return .35 + .02 * square(log10(x[REG]) + 2);
    if (x[MODEL] == 1) {
        int layers = (int)x[LAYERS] + 1;
        double sum = .15 + .1 * square(log10(x[LR_M]) + 3) + .06 * (3 - layers);
        for (int i = 0; i < layers; i++)
            sum += .08 * square(log(x[W1 + i] / (160.0 / (1 << i)))) / layers;
        return sum;
    }
    double sum = .3 * square(log10(x[LR_C]) + (x[OPT] == 0 ? 1.8 : 3.2)) + of_pool[(int)x[POOL]] +
                 .015 * fabs(x[FILTERS] - 28);
    return sum + (x[OPT] == 0 ? 1.5 * square(x[MOM] - .9) : .05 + .01 * square(log10(x[EPS]) + 5));
}

static double life13(const double *x)
{
    double e = log10(x[0]) - log10(x[1]);
    if (e > -1.6)
        return .693 + .05 * tanh(5 * (e + 1.6));
    double decay = log10(x[2]), split = x[12];
    double r = .30 + .35 * square(e + 2.6 - .5 * log10(x[3] / 64)) +
               .25 * square(log10(x[4]) + .1) + .12 * exp(-(x[5] - 16) / 6) +
               .04 * square(fmax(0, decay + 5)) + .01 * fmax(0, -decay - 5.5) +
               .02 * square(log10(x[7]) + .7) + .01 * square(log10(x[8]) + 1.8);
    double taught = exp(-.5 * square((log10(x[6]) - 3.1) / .45)) *
                    exp(-.5 * square((log10(x[10]) + 4.3 - .4 * log10(x[11])) / .7)) * 4 * split *
                    (1 - split) * (1 - exp(-x[9] / 12));
    return .693 * (1 - exp(-(r - .28 * taught) / .30));
}

static double grid972(const double *x)
{
    static const double of_b[] = { .06, 0 }, of_i[] = { .12, .04, 0 }, of_v[] = { 0, .02, .05 },
                        of_l[] = { .03, 0 }, of_w[] = { .04, 0, .02 }, of_a[] = { .05, 0, .03 };
    int b = (int)x[0], i = (int)x[1], t = (int)x[2], v = (int)x[3], l = (int)x[4], w = (int)x[5],
        a = (int)x[6];
    int index = (((((b * 3 + i) * 3 + t) * 3 + v) * 2 + l) * 3 + w) * 3 + a;
    return .5 + of_b[b] + of_i[i] + .07 * square(t - 1) + of_v[v] + of_l[l] + of_w[w] + of_a[a] +
           .06 * ((i + t) % 2) * (1 - b) + .05 * ((v + l) % 2) +
           .10 * bench_hash(0x60d, (uint64_t)index);
}

/* ---- the spaces ---- */

#define U(name, low, high)                                                                         \
    {                                                                                              \
        name, BENCH_UNIFORM, low, high, NULL, 0                                                    \
    }
#define L(name, low, high)                                                                         \
    {                                                                                              \
        name, BENCH_LOG, low, high, NULL, 0                                                        \
    }
#define I(name, low, high)                                                                         \
    {                                                                                              \
        name, BENCH_INTEGER, low, high, NULL, 0                                                    \
    }
#define C(name, options)                                                                           \
    {                                                                                              \
        name, BENCH_CHOICE, 0, options, NULL, 0                                                    \
    }
#define TEN(low, high)                                                                             \
    U("x1", low, high), U("x2", low, high), U("x3", low, high), U("x4", low, high),                \
        U("x5", low, high), U("x6", low, high), U("x7", low, high), U("x8", low, high),            \
        U("x9", low, high), U("x10", low, high)

static const struct bench_function bench_functions[] = {
    { "F01_branin",
      branin,
      0.39788735772973816,
      34.64795024396009,
      0,
      { U("x1", -5, 10), U("x2", 0, 15) } },
    { "F02_hartmann6",
      hartmann6,
      -3.322368011415515,
      -0.10102610876927301,
      0,
      { U("x1", 0, 1), U("x2", 0, 1), U("x3", 0, 1), U("x4", 0, 1), U("x5", 0, 1),
        U("x6", 0, 1) } },
    { "F03_rosenbrock10", rosenbrock10, 0, 4097.0514997392875, 0, { TEN(-2.048, 2.048) } },
    { "F04_ackley10s", ackley10s, 0, 21.42259698629006, 0, { TEN(-32.768, 32.768) } },
    { "F05_rastrigin10s", rastrigin10s, 0, 217.49495126143793, 0, { TEN(-5.12, 5.12) } },
    { "F06_mixed8",
      mixed8,
      0,
      2.499800077248766,
      0,
      { C("a", 5), C("b", 4), C("c", 3), L("lr", 1e-5, 1), L("wd", 1e-8, 1e-2), I("n", 1, 64),
        U("mom", 0, 1), L("beta", 1e-3, 1e3) } },
    { "F07_noisy6",
      noisy6,
      0,
      1.3620937995244407,
      0.1,
      { L("lr", 1e-4, 1e-1), L("wd", 1e-6, 1e-2), U("drop", 0, .9), I("bs", 16, 256),
        L("lam", 1e-3, 10), U("mix", 0, 1) } },
    { "F08_cond",
      conditional,
      0,
      0.4548286927258068,
      0,
      { C("model", 3),
        { "reg", BENCH_LOG, 1e-6, 1e2, "model", 1 },
        { "layers", BENCH_CHOICE, 0, 3, "model", 2 },
        { "lr_m", BENCH_LOG, 1e-5, 1e-1, "model", 2 },
        { "w1", BENCH_INTEGER, 8, 256, "model", 2 },
        { "w2", BENCH_INTEGER, 8, 256, "layers", 6 },
        { "w3", BENCH_INTEGER, 8, 256, "layers", 4 },
        { "filters", BENCH_INTEGER, 16, 32, "model", 4 },
        { "pool", BENCH_CHOICE, 0, 3, "model", 4 },
        { "lr_c", BENCH_LOG, 1e-5, 1e-1, "model", 4 },
        { "opt", BENCH_CHOICE, 0, 2, "model", 4 },
        { "mom", BENCH_UNIFORM, 0, .99, "opt", 1 },
        { "eps", BENCH_LOG, 1e-8, 1e-2, "opt", 2 } } },
    { "F09_gol13",
      life13,
      0.10205749353262993,
      0.5673467331973876,
      0,
      { L("learning_rate", 1e-4, 1e-2), L("one_minus_adam_momentum", 1e-1, 1),
        L("weight_decay", 1e-8, 1e-3), I("batch_size", 32, 128), L("weight_init_multiplier", .1, 2),
        I("n_filters", 16, 32), L("internal_coef", 1e2, 1e4), L("teacher_weight_scale", 1e-2, 1),
        L("teacher_attention_scale", 1e-3, 1e-1), I("n_inner", 16, 32),
        L("meta_learning_rate", 1e-6, 1e-3), L("meta_momentum", 1e-2, 1),
        L("validation_split", 1e-2, 1) } },
    { "F10_grid972",
      grid972,
      0.5426588121753623,
      0.8008904213841814,
      0,
      { C("beta1", 2), C("inner_lr", 3), C("teach_coef", 3), C("val_split", 3), C("lr", 2),
        C("wd", 3), C("aux", 3) } },
};
#undef U
#undef L
#undef I
#undef C
#undef TEN
enum { BENCH_FUNCTIONS = sizeof bench_functions / sizeof *bench_functions };

/* ---- as a space of the sampler ---- */

static void *bench_items(struct arena *arena, int count, size_t bytes)
{
    return arena_alloc(arena, (size_t)count * bytes);
}

static void bench_condition(struct arena *arena, const struct space *space, struct domain *domain,
                            const struct bench_parameter *p)
{
    int parent = 0;
    while (space->parameters[parent].name != p->parent &&
           __builtin_strcmp(space->parameters[parent].name, p->parent) != 0)
        parent++;
    struct condition *condition = bench_items(arena, 1, sizeof *condition);
    *condition = (struct condition){ .parameter = parent,
                                     .values = bench_items(arena, 32, sizeof *condition->values) };
    for (int option = 0; option < 32; option++)
        if (p->parent_is >> option & 1)
            condition->values[condition->n_values++] =
                (struct value){ VALUE_INTEGER, { .integer = option } };
    domain->conditions = condition;
    domain->n_conditions = 1;
}

static void bench_domain(struct arena *arena, struct domain *domain,
                         const struct bench_parameter *p)
{
    static const enum distribution distributions[] = { [BENCH_UNIFORM] = UNIFORM,
                                                       [BENCH_LOG] = LOG_UNIFORM_VALUES,
                                                       [BENCH_INTEGER] = INT_UNIFORM,
                                                       [BENCH_CHOICE] = CATEGORICAL };
    *domain = (struct domain){ .distribution = distributions[p->kind],
                               .min = p->low,
                               .max = p->high,
                               .integer = p->kind == BENCH_INTEGER,
                               .bounds = { -INFINITY, INFINITY, false, false } };
    if (p->kind != BENCH_CHOICE)
        return;
    domain->n_values = (int)p->high;
    domain->values = bench_items(arena, domain->n_values, sizeof *domain->values);
    for (int i = 0; i < domain->n_values; i++)
        domain->values[i] = (struct value){ VALUE_INTEGER, { .integer = i } };
}

static inline struct space bench_space(struct arena *arena, const struct bench_function *function)
{
    struct space space = { .parameters =
                               bench_items(arena, BENCH_PARAMETERS, sizeof(struct parameter)) };
    for (const struct bench_parameter *p = function->parameters; p->kind != BENCH_END; p++) {
        struct domain *domain = bench_items(arena, 1, sizeof *domain);
        bench_domain(arena, domain, p);
        if (p->parent != NULL)
            bench_condition(arena, &space, domain, p);
        space.parameters[space.n_parameters] =
            (struct parameter){ p->name, domain, 1, space.n_parameters };
        space.n_dimensions = ++space.n_parameters;
    }
    return space;
}

static inline double bench_value(const struct bench_function *function, const struct space *space,
                                 const struct value *values)
{
    double x[BENCH_PARAMETERS];
    for (int p = 0; p < space->n_parameters; p++)
        x[p] = values[p].type == VALUE_NONE ? NAN : value_number(values[p]);
    return function->value(x);
}
#endif
