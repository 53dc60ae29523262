/* How long a suggestion takes: the 13 parameters of F09 with 100, 1,000 and 10,000 finished trials.
 *
 * What is timed is the sampler's whole cost of one trial: suggest, history_add and
 * history_observe, so that whatever is kept up to date for a quick suggestion is paid for here.
 * Medians over the last trials, of processor time: it is one thread that never waits, and the
 * machine may be shared. */
#include "common/arena.h"
#include "coordinator/search/sampler.h"
#include "tests/bench/functions.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MEASURED = 101 };

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static const struct bench_function *function_named(const char *name)
{
    int f = 0;
    while (strcmp(bench_functions[f].name, name) != 0)
        f++;
    return &bench_functions[f];
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct timed {
    const struct bench_function *function;
    struct space space;
    struct history *history;
};

static void tell(struct timed *timed, int trial, const struct value *values)
{
    history_observe(timed->history, trial, OBSERVED_FINISHED,
                    bench_value(timed->function, &timed->space, values));
}

static double trial_ms(struct timed *timed, const struct sampler *sampler)
{
    struct value values[BENCH_PARAMETERS];
    struct rng rng;
    int trial = (int)history_count(timed->history);
    double start = now_ms();
    rng_init(&rng, 1, RNG_SUGGEST, (uint64_t)trial);
    bool found = sampler->suggest(&timed->space, timed->history, &rng, values);
    assert(found);
    history_add(timed->history, values);
    tell(timed, trial, values);
    return now_ms() - start;
}

/* Half of the finished trials come from the prior and half from the sampler, so that they lie both
 * scattered and close together, as in a long search. */
static void measure(const struct sampler *sampler, int finished)
{
    struct arena *arena = arena_create(1 << 14);
    struct timed timed = { .function = function_named("F09_gol13") };
    double ms[MEASURED];
    struct value values[BENCH_PARAMETERS];
    struct rng rng;
    timed.space = bench_space(arena, timed.function);
    timed.history = history_create(&timed.space);
    rng_init(&rng, 2, RNG_TEST, 0);
    for (int i = 0; i < finished - finished / 2; i++) {
        space_draw(&timed.space, &rng, values);
        history_add(timed.history, values);
        tell(&timed, i, values);
    }
    while (history_count(timed.history) < finished)
        trial_ms(&timed, sampler);
    for (int i = 0; i < MEASURED; i++)
        ms[i] = trial_ms(&timed, sampler);
    qsort(ms, MEASURED, sizeof *ms, ascending);
    printf("  %-6s %6d finished trials: median %8.4f ms of processor time a trial, 90th percentile "
           "%8.4f\n",
           sampler->name, finished, ms[MEASURED / 2], ms[MEASURED * 9 / 10]);
    history_destroy(&timed.history);
    arena_destroy(&arena);
}

int main(void)
{
    printf("suggestion, with adding it and its outcome to the history; 13 parameters (F09)\n");
    for (int finished = 100; finished <= 10000; finished *= 10)
        measure(sampler_of(SAMPLER_TPE), finished);
    measure(sampler_of(SAMPLER_RANDOM), 10000);
    return 0;
}
