#include "worker/agent/fence.h"
#include "common/hash.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* Two hash tables: entries go to the young one; when that is full, it becomes the old one, whose
 * content is forgotten. Lookups try both. Half-empty tables keep probing short. */
enum { CELLS = 2 * FENCE_GENERATION };

struct cell {
    struct attempt_ref ref; /* attempt 0: an empty cell */
    uint64_t key;           /* the hash of the trial's checkpoint key */
};

struct fence {
    struct cell *young, *old; /* CELLS each */
    size_t n_young;
};

struct fence *fence_create(void)
{
    struct fence *fence = xcalloc(1, sizeof *fence);
    fence->young = xcalloc(CELLS, sizeof *fence->young);
    fence->old = xcalloc(CELLS, sizeof *fence->old);
    return fence;
}

void fence_destroy(struct fence **fence)
{
    if (*fence == NULL)
        return;
    free((*fence)->young);
    free((*fence)->old);
    free(*fence);
    *fence = NULL;
}

static bool is_same_trial(const struct cell *a, const struct cell *b)
{
    return a->ref.study == b->ref.study && a->ref.trial == b->ref.trial && a->key == b->key;
}

/* The cell of this trial, or the empty one where it belongs. */
static struct cell *find(struct cell *table, const struct cell *wanted)
{
    uint64_t hash = (uint64_t)wanted->ref.study * 0x9e3779b97f4a7c15u ^
                    (uint64_t)wanted->ref.trial ^ wanted->key;
    hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9u;
    size_t i = (hash >> 32) % CELLS;
    while (table[i].ref.attempt != 0 && !is_same_trial(&table[i], wanted))
        i = (i + 1) % CELLS;
    return &table[i];
}

static void start_generation(struct fence *fence)
{
    struct cell *forgotten = fence->old;
    fence->old = fence->young;
    fence->young = forgotten;
    memset(fence->young, 0, CELLS * sizeof *fence->young);
    fence->n_young = 0;
}

bool fence_pass(struct fence *fence, struct attempt_ref ref, const char *checkpoint_key)
{
    const struct cell passing = { ref, hash_text(checkpoint_key) };
    if (ref.attempt <= 0 || find(fence->young, &passing)->ref.attempt >= ref.attempt ||
        find(fence->old, &passing)->ref.attempt >= ref.attempt)
        return false;
    if (find(fence->young, &passing)->ref.attempt == 0) {
        if (fence->n_young == FENCE_GENERATION)
            start_generation(fence);
        fence->n_young++;
    }
    *find(fence->young, &passing) = passing;
    return true;
}
