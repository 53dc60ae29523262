/* batches.h - which examples an iteration uses, in which order: splits and batches of a run.
 *
 * Everything is a function of (settings, seed, iteration), so a run can be taken up anywhere.
 *
 *   ldt, cycle, resample_split   a new validation set in every iteration; the others are batched in
 *                                a new order, which the unroll repeats; task-a, task-b: in
 *                                ascending order from the first one on, as the reference does
 *   ldt, cycle                   one split; a new order in every pass over the student's part, in
 *                                which each iteration goes on where the one before it ended. Its
 *                                unroll repeats the order of the pass that it begins in
 *   ldt, shuffle                 new orders in every iteration, one after another until the
 *                                unroll is covered
 *   other methods                a new order of the whole pool in every pass, full batches only
 *
 * On task-a and task-b a pass begins with an epoch, whose last iteration may begin it again.
 * The student's real batches are the first ones of the unroll, in the same order. */
#ifndef TRIAL_BATCHES_H
#define TRIAL_BATCHES_H
#include "worker/meta/learner.h"
#include "worker/trial/schedule.h"

struct batches;

struct iteration {
    const struct batch *inner;   /* of the unroll, each once: step i uses inner[i % n_distinct] */
    int n_distinct;              /* 0 for methods without a meta-step */
    const struct batch *student; /* one for each real step */
    int n_student;
    struct batch validation; /* empty for methods without a meta-step */
};

struct batches *batches_create(const struct settings *settings, const struct schedule *schedule,
                               uint64_t seed);
void batches_destroy(struct batches **batches); /* leaves NULL, accepts NULL */

/* Valid until the next call. */
struct iteration batches_draw(struct batches *batches, int64_t iteration);

/* Sets that stay the same for the whole run, ascending: what nothing trains on (may be empty), and
 * all that the student trains on sooner or later. */
struct batch batches_selection(const struct batches *batches);
struct batch batches_trained_on(const struct batches *batches);
#endif
