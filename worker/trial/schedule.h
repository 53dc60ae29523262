/* schedule.h - how many of what: the sizes of the splits and batches of a run, its iterations, and
 * when it is evaluated. An iteration is a meta-step (method ldt) and student_steps real steps.
 *
 * An epoch is one pass over the student's training examples in iterations of student_steps batches:
 * ldt rounds their number up, methods without a meta-step round it down and never use a partial
 * batch, so that task B at its defaults has two iterations with a teacher and three without, as the
 * reference does. With student_steps: auto an iteration is an epoch. */
#ifndef TRIAL_SCHEDULE_H
#define TRIAL_SCHEDULE_H
#include "common/error.h"
#include "common/trainer/setting.h"

struct schedule {
    int selection_count;  /* carved off before all else; 0: there is no selection set */
    int pool_count;       /* the rest, which the method divides as it likes */
    int validation_count; /* of the pool, for the meta-loss; 0 for methods without a meta-step */
    int train_count;      /* of the pool, that the student trains on in one iteration */
    int batch_size;
    int n_batches; /* in train_count examples */
    int student_steps;
    int iterations_per_epoch;
    int64_t iterations;
    int evaluations_per_epoch;
    bool evaluates_at_start; /* task-b also before its first iteration */
};

/* False: the training set is too small for its splits. */
bool schedule_init(struct schedule *out, const struct settings *settings, struct error *error);

/* Is the run evaluated when this many iterations are done? Always at the very end. */
bool schedule_evaluates(const struct schedule *schedule, int64_t iterations_done);

double schedule_epoch(const struct schedule *schedule, int64_t iterations_done);
#endif
