/* schedule.h - how many of what: the sizes of the splits and batches of a run, its iterations, and
 * when it is evaluated. An iteration is a meta-step (method ldt) and student_steps real steps.
 *
 * Game of life, MuJoCo and arrays: an epoch is as many student steps as the pool (the training set
 * less the selection set) has full batches, whatever the method makes of the pool, so that all
 * methods take equally many steps. Iterations go on across epochs, and the last one of a run may be
 * shorter.
 *
 * Task A and B, as the reference has it: an epoch is one pass over the student's own training
 * examples in iterations of student_steps batches. ldt rounds their number up, methods without a
 * meta-step round it down and never use a partial batch, so that task B at its defaults has two
 * iterations with a teacher and three without. With `student_steps: auto` an iteration is one. */
#ifndef TRIAL_SCHEDULE_H
#define TRIAL_SCHEDULE_H
#include "common/error.h"
#include "common/trainer/settings.h"

struct schedule {
    int selection_count;  /* carved off before all else; 0: there is no selection set */
    int pool_count;       /* the rest, which the method divides as it likes */
    int validation_count; /* of the pool, for the meta-loss; 0 for methods without a meta-step */
    int train_count;      /* of the pool, that the student trains on in one iteration */
    int batch_size;
    int n_batches;     /* in train_count examples */
    int student_steps; /* of one iteration */
    int64_t steps_per_epoch, steps;
    int64_t iterations;
    int64_t evaluations_per_epoch;
    int iterations_per_epoch; /* task A and B; 0: they do not end with epochs */
    bool evaluates_at_start;  /* task-b also before its first iteration */
};

/* For a training set of so many examples. False: it is too small for its splits. */
bool schedule_init(struct schedule *out, const struct settings *settings, int examples,
                   struct error *error);

/* Is the run evaluated when this many iterations are done? Always at the very end. */
bool schedule_evaluates(const struct schedule *schedule, int64_t iterations_done);

int64_t schedule_steps(const struct schedule *schedule, int64_t iterations_done);
double schedule_epoch(const struct schedule *schedule, int64_t iterations_done);
#endif
