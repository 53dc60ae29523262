#include "worker/agent/fence.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* Two hash tables: entries go to the young one; when that is full, it becomes the old one, whose
 * content is forgotten. Lookups try both. Half-empty tables keep probing short. */
enum { CELLS = 2 * FENCE_GENERATION };

struct fence {
    struct attempt_ref *young, *old; /* CELLS each; attempt 0: an empty cell */
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

/* The cell of this trial, or the empty one where it belongs. */
static struct attempt_ref *cell(struct attempt_ref *table, struct attempt_ref ref)
{
    uint64_t hash = (uint64_t)ref.study * 0x9e3779b97f4a7c15u ^ (uint64_t)ref.trial;
    hash = (hash ^ (hash >> 29)) * 0xbf58476d1ce4e5b9u;
    size_t i = (hash >> 32) % CELLS;
    while (table[i].attempt != 0 && (table[i].study != ref.study || table[i].trial != ref.trial))
        i = (i + 1) % CELLS;
    return &table[i];
}

static void start_generation(struct fence *fence)
{
    struct attempt_ref *forgotten = fence->old;
    fence->old = fence->young;
    fence->young = forgotten;
    memset(fence->young, 0, CELLS * sizeof *fence->young);
    fence->n_young = 0;
}

bool fence_pass(struct fence *fence, struct attempt_ref ref)
{
    if (ref.attempt <= 0 || cell(fence->young, ref)->attempt >= ref.attempt ||
        cell(fence->old, ref)->attempt >= ref.attempt)
        return false;
    if (cell(fence->young, ref)->attempt == 0) {
        if (fence->n_young == FENCE_GENERATION)
            start_generation(fence);
        fence->n_young++;
    }
    *cell(fence->young, ref) = ref;
    return true;
}
