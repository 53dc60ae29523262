/* pass.h - one run of a computation over matrices, and the workspaces in which its results live.
 *
 * A workspace is a block of memory that is handed out from the front. A computation asks for its
 * results in the same order every time, so a later pass over the same workspace finds the values of
 * an earlier one by position. That is what "kept" means: the forward and backward values of an
 * inner step stay in their workspace, and the pass that needs their tangents fills only those. No
 * kernel overwrites a result that another one reads later, so kept values stay true. */
#ifndef NUMERIC_PASS_H
#define NUMERIC_PASS_H
#include "worker/numeric/mat.h"

#include <stdbool.h>

struct workspace {
    real *memory;          /* NULL: a dry workspace, which only measures */
    size_t capacity, used; /* in reals */
};

/* Makes room for at least that many reals. The content is lost only if it has to grow. */
void workspace_reserve(struct workspace *workspace, size_t reals);
void workspace_free(struct workspace *workspace);
/* The index-th piece of a workspace cut into pieces of equal size; borrows the memory. */
struct workspace workspace_piece(struct workspace whole, size_t index, size_t reals_each);

struct pass {
    struct workspace values;
    struct workspace tangents;
    bool fill_values;   /* false: they are there from an earlier pass over the same workspace */
    bool fill_tangents; /* false: results are constants */
};

/* Four kinds: one that computes nothing, of which values.used is the size needed; an ordinary
 * gradient; the tangents over kept values; values and tangents together. */
struct pass pass_dry(void);
struct pass pass_values(struct workspace values);
struct pass pass_tangents(struct workspace values, struct workspace tangents);
struct pass pass_both(struct workspace values, struct workspace tangents);

/* The next place in the workspaces, 64-byte aligned; its contents are undefined until a kernel
 * fills them. Tangents exist in passes that fill them. */
struct mat mat_new(struct pass *pass, int rows, int cols);
#endif
