/* A finite space from its first point to its last. */
#include "coordinator/search/history.h"

bool next_free_point(const struct space *space, const struct history *history, int64_t from,
                     struct value *values)
{
    int64_t size = history->size;
    /* Of any count + 1 points in a row at least one is free. */
    int64_t tries = size <= history->count ? size : history->count + 1;
    for (int64_t i = 0; i < tries; i++) {
        space_point(space, (from + i) % size, values);
        if (!history_has(history, values))
            return true;
    }
    return false;
}

/* Configuration k is point k; a point that came in another way (by hand) is passed over, and the
 * one that it displaced comes at the end. */
bool grid_suggest(const struct space *space, struct history *history, struct rng *rng,
                  struct value *values)
{
    return next_free_point(space, history, history->count, values);
}
