/* run.h - one run as the files of this folder share it: run_start.c makes it, trial.c has the order
 * of its steps, run_report.c its lines, run_resume.c its checkpoints. */
#ifndef TRIAL_RUN_H
#define TRIAL_RUN_H
#include "worker/trial/batches.h"
#include "worker/trial/evaluation.h"
#include "worker/trial/progress.h"
#include "worker/trial/trial.h"

struct run {
    const struct settings *settings;
    const struct trial_sink *sink;
    uint64_t seed;
    struct schedule schedule;
    struct task_data data;
    struct batches *batches;
    struct evaluation evaluation;
    struct learner *learner;          /* it and the progress are all that changes */
    struct progress progress;
    struct interruption interruption; /* never comes without a checkpoint */
    struct buf identity;              /* of the checkpoint */
    struct error reason;              /* why a number became non-finite */
    bool has_diverged;                /* from here nobody can go on: it is never saved */
};

/* For a zeroed run with settings, sink and seed. False: they cannot be run. */
bool run_start(struct run *run, struct error *error);
void run_begin(struct run *run); /* to the state before the first step, wherever it is */
void run_free(struct run *run);  /* also after a false */

/* One line, of the metrics that there are by then. False: the sink wants no more. */
bool run_report(struct run *run, const struct progress_line *line);
bool run_report_divergence(struct run *run);   /* the reason, and a line of NaN */
bool run_metrics_are_finite(struct run *run);  /* else there is a reason */

/* Without a checkpoint these do nothing. */

/* To where an earlier process was, if there was one, with its lines reported again. False: the sink
 * wants no more. */
bool run_go_on(struct run *run);
void run_save(struct run *run);
void run_save_if_due(struct run *run);
void run_remove_checkpoint(struct run *run);
#endif
