/* visitor.h - one walk over everything that decides the later bits of a run. Each module lists its
 * fields once, in a function of its own (optimiser_visit, learner_visit, progress_visit); saving,
 * loading and measuring are visitors, so that nothing can be saved and not loaded.
 *
 * What a visitor fills in is as hostile as the file that it came from: a module that lists counts
 * or positions also has a function that says whether they are possible. */
#ifndef NET_VISITOR_H
#define NET_VISITOR_H
#include "common/buf.h"

struct visitor {
    /* A field whose size follows from the settings. */
    void (*field)(struct visitor *visitor, const char *name, void *values, size_t bytes);
    /* A field that grows, up to the maximum of the buffer. */
    void (*text)(struct visitor *visitor, const char *name, struct buf *bytes);
};
#endif
