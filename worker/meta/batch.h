/* batch.h - examples and batches as the owner of the data hands them in, and the rows of several
 * batches gathered one below the other, as the engine computes with them. */
#ifndef META_BATCH_H
#define META_BATCH_H
#include "worker/numeric/pass.h"

/* The examples that batches index into. Borrowed for the duration of a call. */
struct examples {
    const real *x;      /* [count, student.inputs] */
    const real *xstar;  /* [count, teacher.inputs, auxiliary_outputs or what a model predicts];
                         * NULL if there is none of them */
    const real *labels; /* [count]: class numbers (cross-entropy) or 0..1 (logistic) */
    int count;
};

struct batch {
    const int *index; /* of examples, in order */
    int count;        /* at least 1; batches may differ in size */
};

struct gathered {
    struct mat x, xstar, labels; /* [rows of all batches, ...]; xstar without rows: not needed */
    int *first;                  /* batch b is rows first[b] .. first[b + 1] - 1 */
    int n_batches;
    int capacity;
    struct workspace memory;
};

/* Copies the rows of the batches. xstar_cols 0: x* is not needed. Grows only. */
void gathered_fill(struct gathered *gathered, const struct examples *data,
                   const struct batch *batches, int n_batches, int x_cols, int xstar_cols);
void gathered_free(struct gathered *gathered);
#endif
