/* rng.h - random streams that depend on nothing but their key (Philox 4x32-10 of Random123).
 * A stream is named by (seed, purpose, index): drawing more from one never shifts another, which is
 * what makes a trial repeatable when code around it changes. Salmon et al. 2011. */
#ifndef COMMON_RNG_H
#define COMMON_RNG_H
#include <stddef.h>
#include <stdint.h>

/* One row for each use of randomness in the project. Numbers are part of the recorded results:
 * add at the end, never renumber. */
enum rng_purpose {
    RNG_TEST = 0,
    RNG_SUGGEST = 1,        /* index: configuration number */
    RNG_TRIAL_SEED = 2,     /* index: trial number */
    RNG_STUDY_SEED = 3,     /* index: a hash of the values in the study's name */
    RNG_AUDIT = 4,          /* which trials an audit repeats; seed: the audit's */
    RNG_DATA_MAP = 16,      /* task: the fixed random maps A and B */
    RNG_DATA_TRAIN = 17,    /* task: training examples */
    RNG_DATA_TEST = 18,     /* task: test examples */
    RNG_STUDENT_INIT = 19,
    RNG_TEACHER_INIT = 20,
    RNG_SPLIT = 21,         /* index: iteration */
    RNG_BATCHES = 22,       /* index: iteration, epoch or pass */
    RNG_ABLATION = 23,      /* index: training example */
    RNG_BACKOFF = 32,       /* agent: jitter of resends */
    RNG_BOOTSTRAP = 48,     /* reports: resampling of paired differences */
};

struct rng {
    uint64_t key;      /* from seed and purpose */
    uint64_t index;
    uint64_t counter;  /* blocks drawn */
    uint32_t block[4];
    int unused;        /* numbers of the block not yet handed out */
};

void rng_init(struct rng *rng, uint64_t seed, enum rng_purpose purpose, uint64_t index);
uint64_t rng_u64(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t bound);  /* 0 .. bound-1 without bias; bound > 0 */
double rng_uniform(struct rng *rng);                  /* (0, 1), both ends open, 52 bits */
double rng_normal(struct rng *rng);                   /* N(0, 1), one uniform each (dmath.h) */
void rng_shuffle(struct rng *rng, int *items, int count); /* Fisher-Yates */
#endif
