/* progress.h - how far a run is, and what it has reported: all of a run's state that is not the
 * learner's. Batches and splits are functions of the iteration's number (batches.h), so they need
 * nothing here. */
#ifndef TRIAL_PROGRESS_H
#define TRIAL_PROGRESS_H
#include "common/trainer/metric.h"
#include "worker/meta/learner.h"
#include "worker/net/visitor.h"
#include "worker/trial/schedule.h"

/* Integers of one width: any bits that a file may hold are a value. */
struct progress {
    int64_t iterations_done;
    int64_t is_reported; /* 1: if an evaluation is due after these, it has been reported */
    int64_t is_taught;   /* 1: the next iteration has begun, and taken its meta-step */
    int64_t steps_done;  /* real steps of the next iteration */
    double teaching_sum, auxiliary_sum; /* of the losses of these */
    double values[METRICS];             /* the latest of each metric */
    struct buf lines;                   /* of struct progress_line: all that were reported */
};

/* One line of the curve, from which it can be written again. */
struct progress_line {
    int64_t iterations_done;
    double values[METRICS];
};

void progress_init(struct progress *progress, const struct schedule *schedule);
void progress_free(struct progress *progress);

void progress_visit(struct progress *progress, struct visitor *visitor);

/* Can a run of this schedule and method have come to this? learner_state must agree with it. */
bool progress_is_possible(const struct progress *progress, const struct schedule *schedule,
                          enum method method, const struct learner_state *state);

/* One iteration more is done. */
void progress_advance(struct progress *progress);

void progress_keep_line(struct progress *progress, const struct progress_line *line);
size_t progress_count_lines(const struct progress *progress);
struct progress_line progress_line(const struct progress *progress, size_t index);
#endif
