/* inner_loop.h - the unrolled training steps of a copy of the student, recorded so that they can be
 * differentiated: the state before each step, and as many steps' forward and backward values as
 * the memory limit allows. The others are recomputed, with the same bits. */
#ifndef META_INNER_LOOP_H
#define META_INNER_LOOP_H
#include "worker/meta/interruption.h"
#include "worker/meta/objective.h"
#include "worker/net/optimiser.h"

struct inner_loop {
    struct objective objective;
    struct optimiser optimiser;
    int n_steps;
    size_t memory_limit;               /* bytes for kept values */
    struct interruption *interruption; /* asked before every step, there and back; or NULL */

    int n_kept;              /* steps 0 .. n_kept - 1 of the last run */
    size_t step_reals;       /* of one step's workspace */
    int first_count;         /* optimiser steps taken before step 0 */
    struct workspace values; /* n_kept pieces, and one more for all steps that are not kept */
    struct workspace states; /* of the student before step 0 .. n_steps */
    struct workspace tangents, adjoint; /* of the hypergradient */
};

/* Step i runs on lesson i % n_lessons. A start without moments begins with zero moments and step
 * count. losses[n_steps] is filled. Returns the number of steps taken: fewer than n_steps if a loss
 * was not finite, that of the step at the returned index, or if it was interrupted. */
int inner_loop_run(struct inner_loop *loop, const struct optimiser_state *start,
                   const struct lesson *lessons, int n_lessons, struct step_losses *losses);

/* The student before step i; i == n_steps: at the end. Of SGD's moments only those before step 0
 * and the last are kept: any other step has the last. */
struct optimiser_state inner_loop_state(const struct inner_loop *loop, int step);

/* Where the values of a step are, or are to be recomputed. */
struct workspace inner_loop_values(const struct inner_loop *loop, int step);

/* Vectors of parameters are this many reals apart: whole cache lines. */
size_t inner_loop_stride(const struct inner_loop *loop);

void inner_loop_free(struct inner_loop *loop);
#endif
