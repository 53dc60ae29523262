/* Points of the prior, none of them twice. */
#include "coordinator/search/history.h"

enum {
    FINITE_DRAWS = 100,   /* before the points left over are looked for one by one */
    ENDLESS_DRAWS = 10000 /* a space whose roundest values are all taken is not endless after all */
};

bool random_point(const struct space *space, const struct history *history, struct rng *rng,
                  struct value *values)
{
    int64_t size = history->size;
    bool finite = size < INT64_MAX;
    for (int i = 0; i < (finite ? FINITE_DRAWS : ENDLESS_DRAWS); i++) {
        space_draw(space, rng, values);
        if (!history_has(history, values))
            return true;
    }
    if (!finite)
        return false;
    return next_free_point(space, history, (int64_t)rng_below(rng, (uint64_t)size), values);
}

bool random_suggest(const struct space *space, struct history *history, struct rng *rng,
                    struct value *values)
{
    return random_point(space, history, rng, values);
}
