#include "worker/trial/batches.h"
#include "common/rng.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { SPLIT_OF_SELECTION = 0, SPLIT_OF_FIRST_ITERATION = 1 }; /* indices of RNG_SPLIT */

enum order {
    ORDER_ASCENDING, /* from the first example in every iteration */
    ORDER_EPOCH,     /* shuffled once an epoch, with which an iteration begins */
    ORDER_PASS,      /* shuffled once in every pass, wherever iterations begin in it */
    ORDER_ITERATION, /* shuffled in every iteration */
};

struct batches {
    struct schedule schedule;
    uint64_t seed;
    enum order order;
    bool resamples; /* the validation set is drawn anew in every iteration */
    int n_inner;    /* steps of the unroll */
    int n_passes;   /* over the training examples, that one iteration may need */
    int *selection, *pool, *validation, *train; /* ascending */
    int *shuffled;                              /* room to draw a split from the pool */
    int *sequence;                              /* [n_passes, train_count] examples in order */
    struct batch *in_order;                     /* [n_passes, n_batches] of the sequence */
    struct batch *used;                         /* of this iteration, from its first one on */
};

/* Draws count of all[total]; both the drawn and the rest come out ascending, as `all` must be. */
static void draw_subset(struct rng *rng, const int *all, int total, int *shuffled, int count,
                        int *drawn, int *rest)
{
    for (int i = 0; i < total; i++)
        shuffled[i] = i;
    rng_shuffle(rng, shuffled, total);
    bool *is_drawn = xcalloc((size_t)total, sizeof *is_drawn);
    for (int i = 0; i < count; i++)
        is_drawn[shuffled[i]] = true;
    for (int i = 0; i < total; i++)
        *(is_drawn[i] ? drawn++ : rest++) = all[i];
    free(is_drawn);
}

static void draw_selection(struct batches *batches)
{
    const struct schedule *schedule = &batches->schedule;
    int total = schedule->selection_count + schedule->pool_count;
    int *all = xcalloc((size_t)total, sizeof *all);
    for (int i = 0; i < total; i++)
        all[i] = i;
    struct rng rng;
    rng_init(&rng, batches->seed, RNG_SPLIT, SPLIT_OF_SELECTION);
    draw_subset(&rng, all, total, batches->shuffled, schedule->selection_count, batches->selection,
                batches->pool);
    free(all);
}

static void draw_validation(struct batches *batches, int64_t iteration)
{
    const struct schedule *schedule = &batches->schedule;
    struct rng rng;
    rng_init(&rng, batches->seed, RNG_SPLIT, SPLIT_OF_FIRST_ITERATION + (uint64_t)iteration);
    draw_subset(&rng, batches->pool, schedule->pool_count, batches->shuffled,
                schedule->validation_count, batches->validation, batches->train);
}

static void allocate(struct batches *batches)
{
    const struct schedule *schedule = &batches->schedule;
    size_t total = (size_t)schedule->selection_count + (size_t)schedule->pool_count;
    size_t passes = (size_t)batches->n_passes;
    int most_used =
        batches->n_inner > schedule->student_steps ? batches->n_inner : schedule->student_steps;
    batches->selection = xcalloc((size_t)schedule->selection_count, sizeof(int));
    batches->pool = xcalloc((size_t)schedule->pool_count, sizeof(int));
    batches->validation = xcalloc((size_t)schedule->validation_count, sizeof(int));
    batches->train = xcalloc((size_t)schedule->train_count, sizeof(int));
    batches->shuffled = xcalloc(total, sizeof(int));
    batches->sequence = xcalloc(passes * (size_t)schedule->train_count, sizeof(int));
    batches->in_order = xcalloc(passes * (size_t)schedule->n_batches, sizeof(struct batch));
    batches->used = xcalloc((size_t)most_used, sizeof(struct batch));
}

static enum order order_of(const struct batches *batches, const struct settings *settings)
{
    bool is_toy = batches->schedule.iterations_per_epoch > 0;
    if (batches->n_inner > 0 &&
        strcmp(setting_choice(settings, SETTING_INNER_BATCHES), "shuffle") == 0)
        return ORDER_ITERATION;
    if (batches->resamples)
        return is_toy ? ORDER_ASCENDING : ORDER_ITERATION;
    return is_toy ? ORDER_EPOCH : ORDER_PASS;
}

/* How many passes an iteration may need: one where the order repeats, else as many as it takes, the
 * first of which it may begin with the last batch. */
static int count_passes(const struct batches *batches, const struct settings *settings)
{
    const struct schedule *schedule = &batches->schedule;
    bool repeats = batches->n_inner > 0 &&
                   strcmp(setting_choice(settings, SETTING_INNER_BATCHES), "cycle") == 0;
    int longest =
        batches->n_inner > schedule->student_steps ? batches->n_inner : schedule->student_steps;
    if (batches->order == ORDER_PASS)
        longest += schedule->n_batches - 1;
    return repeats ? 1 : (longest + schedule->n_batches - 1) / schedule->n_batches;
}

static void read_settings(struct batches *batches, const struct settings *settings)
{
    if (settings->method == METHOD_LDT) {
        batches->resamples = setting_flag(settings, SETTING_RESAMPLE_SPLIT);
        batches->n_inner = (int)setting_integer(settings, SETTING_N_INNER);
    }
    batches->order = order_of(batches, settings);
    batches->n_passes = count_passes(batches, settings);
}

struct batches *batches_create(const struct settings *settings, const struct schedule *schedule,
                               uint64_t seed)
{
    struct batches *batches = xcalloc(1, sizeof *batches);
    batches->schedule = *schedule;
    batches->seed = seed;
    read_settings(batches, settings);
    allocate(batches);
    draw_selection(batches);
    draw_validation(batches, 0);
    return batches;
}

void batches_destroy(struct batches **batches)
{
    if (*batches == NULL)
        return;
    int *owned[] = { (*batches)->selection, (*batches)->pool,     (*batches)->validation,
                     (*batches)->train,     (*batches)->shuffled, (*batches)->sequence };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    free((*batches)->in_order);
    free((*batches)->used);
    free(*batches);
    *batches = NULL;
}

/* The number of the first pass that an iteration uses, and the batch of it that it begins with. */
static int64_t find_pass(const struct batches *batches, int64_t iteration, int *first)
{
    const struct schedule *schedule = &batches->schedule;
    *first = 0;
    if (batches->order == ORDER_EPOCH) {
        int64_t in_epoch = iteration % schedule->iterations_per_epoch;
        int total = batches->n_passes * schedule->n_batches;
        *first = (int)(in_epoch * schedule->student_steps % total);
        return iteration / schedule->iterations_per_epoch;
    }
    if (batches->order != ORDER_PASS)
        return iteration;
    *first = (int)(schedule_steps(schedule, iteration) % schedule->n_batches);
    return schedule_steps(schedule, iteration) / schedule->n_batches;
}

static void cut_into_batches(struct batches *batches, int pass, const int *order)
{
    const struct schedule *schedule = &batches->schedule;
    for (int i = 0; i < schedule->n_batches; i++) {
        int from = i * schedule->batch_size, left = schedule->train_count - from;
        batches->in_order[pass * schedule->n_batches + i] = (struct batch){
            .index = order + from,
            .count = left < schedule->batch_size ? left : schedule->batch_size,
        };
    }
}

/* Puts the training examples in order, pass after pass. A pass has a stream of its own where it may
 * be another iteration's first one. */
static void lay_out(struct batches *batches, int64_t first_pass)
{
    size_t count = (size_t)batches->schedule.train_count;
    struct rng rng;
    rng_init(&rng, batches->seed, RNG_BATCHES, (uint64_t)first_pass);
    for (int pass = 0; pass < batches->n_passes; pass++) {
        int *order = batches->sequence + (size_t)pass * count;
        memcpy(order, batches->train, count * sizeof *order);
        if (batches->order == ORDER_PASS && pass > 0)
            rng_init(&rng, batches->seed, RNG_BATCHES, (uint64_t)(first_pass + pass));
        if (batches->order != ORDER_ASCENDING)
            rng_shuffle(&rng, order, (int)count);
        cut_into_batches(batches, pass, order);
    }
}

struct iteration batches_draw(struct batches *batches, int64_t iteration)
{
    const struct schedule *schedule = &batches->schedule;
    int first, total = batches->n_passes * schedule->n_batches;
    if (batches->resamples)
        draw_validation(batches, iteration);
    lay_out(batches, find_pass(batches, iteration, &first));
    int n_distinct = batches->n_inner < total ? batches->n_inner : total;
    int n_student =
        (int)(schedule_steps(schedule, iteration + 1) - schedule_steps(schedule, iteration));
    int used = n_distinct > n_student ? n_distinct : n_student;
    for (int i = 0; i < used; i++)
        batches->used[i] = batches->in_order[(first + i) % total];
    return (struct iteration){
        .inner = batches->used,
        .n_distinct = n_distinct,
        .student = batches->used,
        .n_student = n_student,
        .validation = { batches->validation, schedule->validation_count },
    };
}

struct batch batches_selection(const struct batches *batches)
{
    return (struct batch){ batches->selection, batches->schedule.selection_count };
}

struct batch batches_trained_on(const struct batches *batches)
{
    if (batches->resamples)
        return (struct batch){ batches->pool, batches->schedule.pool_count };
    return (struct batch){ batches->train, batches->schedule.train_count };
}
