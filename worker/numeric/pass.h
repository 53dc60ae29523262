/* pass.h - one run of a computation over matrices, and the frames in which its results live.
 *
 * A frame is a block of memory that is handed out from the front. A computation asks for its
 * results in the same order every time, so a later pass over the same frame finds the values of an
 * earlier one by position. That is what "kept" means: the forward and backward values of an inner
 * step stay in their frame, and the pass that needs their tangents fills only those. No kernel
 * overwrites a result that another one reads later, so kept values stay true. */
#ifndef NUMERIC_PASS_H
#define NUMERIC_PASS_H
#include "worker/numeric/mat.h"

#include <stdbool.h>

struct frame {
    real *memory;          /* NULL: a dry frame, which only measures */
    size_t capacity, used; /* in reals */
};

/* Makes room for at least that many reals. The content is lost only if the frame has to grow. */
void frame_reserve(struct frame *frame, size_t reals);
void frame_free(struct frame *frame);
/* The index-th piece of a frame cut into pieces of equal size; borrows the memory. */
struct frame frame_piece(struct frame whole, size_t index, size_t reals_each);

struct pass {
    struct frame values;
    struct frame tangents;
    bool fill_values;   /* false: they are there from an earlier pass over the same frame */
    bool fill_tangents; /* false: results are constants */
};

struct pass pass_dry(void);                   /* computes nothing: values.used is the size needed */
struct pass pass_values(struct frame values); /* an ordinary gradient */
struct pass pass_tangents(struct frame values, struct frame tangents); /* over kept values */
struct pass pass_both(struct frame values, struct frame tangents);

/* The next place in the frames, 64-byte aligned; its contents are undefined until a kernel fills
 * them. Tangents exist in passes that fill them. */
struct mat mat_new(struct pass *pass, int rows, int cols);
#endif
