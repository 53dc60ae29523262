/* interruption.h - how a computation of seconds learns that it shall not be finished now. It asks
 * between steps that take a fraction of a second, and then leaves everything as it was before the
 * step: whoever goes on does the step again. */
#ifndef META_INTERRUPTION_H
#define META_INTERRUPTION_H
#include <stdbool.h>

struct interruption {
    bool (*is_wanted)(void *context); /* NULL: never */
    void *context;
    bool came; /* stays true: nothing more is begun */
};

/* Asks; NULL was never wanted. */
bool interruption_came(struct interruption *interruption);
#endif
