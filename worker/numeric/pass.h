/* pass.h - one run of a computation over matrices, and the frames in which its results live.
 *
 * A frame is a block of memory that is handed out from the front. A computation asks for its
 * results in the same order every time, so a later pass over the same frame finds the values of an
 * earlier one by position. That is what "kept" means: the forward and backward values of an inner
 * step stay in their frame, and the pass that needs their tangents fills only those. */
#ifndef NUMERIC_PASS_H
#define NUMERIC_PASS_H
#include "worker/numeric/mat.h"

#include <stdbool.h>

struct frame {
    real *memory;   /* NULL: a dry frame, which only measures */
    size_t capacity, used; /* in reals */
};

struct pass {
    struct frame values;
    struct frame tangents;
    bool fill_values;   /* false: they are there from an earlier pass over the same frame */
    bool fill_tangents; /* false: results are constants */
};

/* The four passes there are. */
struct pass pass_dry(void);                                /* computes nothing, measures the frame */
struct pass pass_values(struct frame values);              /* a gradient */
struct pass pass_tangents(struct frame values, struct frame tangents); /* over kept values */
struct pass pass_both(struct frame values, struct frame tangents);

/* The next place in the frames: 64-byte aligned, contents undefined until a kernel fills them. */
struct mat mat_new(struct pass *pass, int rows, int cols);
#endif
