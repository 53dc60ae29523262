#include "worker/trial/batches.h"
#include "common/rng.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

enum { SPLIT_OF_SELECTION = 0, SPLIT_OF_FIRST_ITERATION = 1 }; /* indices of RNG_SPLIT */

enum order {
    ORDER_ASCENDING, /* from the first example in every iteration */
    ORDER_EPOCH,     /* shuffled once an epoch */
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

static void read_settings(struct batches *batches, const struct settings *settings)
{
    const struct schedule *schedule = &batches->schedule;
    int longest = schedule->student_steps;
    batches->order = ORDER_EPOCH;
    batches->n_passes = 1;
    if (settings->method == METHOD_LDT) {
        batches->resamples = setting_flag(settings, SETTING_RESAMPLE_SPLIT);
        batches->n_inner = (int)setting_integer(settings, SETTING_N_INNER);
        longest = batches->n_inner > longest ? batches->n_inner : longest;
        bool shuffles = strcmp(setting_choice(settings, SETTING_INNER_BATCHES), "shuffle") == 0;
        batches->order = shuffles             ? ORDER_ITERATION
                         : batches->resamples ? ORDER_ASCENDING
                                              : ORDER_EPOCH;
    }
    /* A repeating order needs one pass; others must not repeat within an iteration. */
    if (settings->method != METHOD_LDT || batches->order == ORDER_ITERATION)
        batches->n_passes = (longest + schedule->n_batches - 1) / schedule->n_batches;
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

/* Puts the training examples in order, pass after pass. */
static void lay_out(struct batches *batches, int64_t iteration)
{
    const struct schedule *schedule = &batches->schedule;
    bool by_epoch = batches->order == ORDER_EPOCH;
    int64_t index = by_epoch ? iteration / schedule->iterations_per_epoch : iteration;
    struct rng rng;
    rng_init(&rng, batches->seed, RNG_BATCHES, (uint64_t)index);
    for (int pass = 0; pass < batches->n_passes; pass++) {
        int *order = batches->sequence + (size_t)pass * (size_t)schedule->train_count;
        memcpy(order, batches->train, (size_t)schedule->train_count * sizeof *order);
        if (batches->order != ORDER_ASCENDING)
            rng_shuffle(&rng, order, schedule->train_count);
        for (int i = 0; i < schedule->n_batches; i++) {
            int from = i * schedule->batch_size, left = schedule->train_count - from;
            batches->in_order[pass * schedule->n_batches + i] = (struct batch){
                .index = order + from,
                .count = left < schedule->batch_size ? left : schedule->batch_size,
            };
        }
    }
}

struct iteration batches_draw(struct batches *batches, int64_t iteration)
{
    const struct schedule *schedule = &batches->schedule;
    if (batches->resamples)
        draw_validation(batches, iteration);
    lay_out(batches, iteration);
    int total = batches->n_passes * schedule->n_batches;
    int first = 0;
    if (batches->order == ORDER_EPOCH)
        first = (int)(iteration % schedule->iterations_per_epoch) * schedule->student_steps % total;
    int n_inner = batches->n_inner < total ? batches->n_inner : total;
    int used = n_inner > schedule->student_steps ? n_inner : schedule->student_steps;
    for (int i = 0; i < used; i++)
        batches->used[i] = batches->in_order[(first + i) % total];
    return (struct iteration){
        .inner = batches->used,
        .n_inner = n_inner,
        .student = batches->used,
        .n_student = schedule->student_steps,
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
