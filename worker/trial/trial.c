/* One run, in the order of algorithm 1 of the paper: in every iteration the teacher is updated
 * first, then the student is trained by the teacher just updated.
 *
 * With a checkpoint the run can end at any question of its interruption, and go on from there:
 *     loop:  report what is due -> meta-step -> student steps -> progress_advance -> save if due
 * Each arrow is a place to go on from, and so is every student step. What is interrupted on the way
 * to the next such place is done again: nothing has moved. */
#include "worker/trial/trial.h"
#include "worker/trial/model.h"
#include "worker/trial/run.h"

#include <string.h>

enum { STEPS_AT_ONCE = 64 };

static bool update_teacher(struct run *run, const struct examples *examples,
                           const struct iteration *iteration)
{
    struct meta_report report;
    double *values = run->progress.values;
    if (!learner_meta_step(run->learner, examples, iteration->inner, iteration->n_distinct,
                           &iteration->validation, &report, &run->reason))
        return false;
    values[METRIC_META_LOSS] = report.validation_loss;
    values[METRIC_META_GRADIENT_NORM] = report.gradient_norm;
    values[METRIC_HYPERGRADIENT_INNER_LR] = report.hypergradients.lr;
    values[METRIC_HYPERGRADIENT_INNER_MOMENTUM] = report.hypergradients.momentum;
    values[METRIC_HYPERGRADIENT_INNER_WEIGHT_DECAY] = report.hypergradients.weight_decay;
    values[METRIC_HYPERGRADIENT_TEACHING_COEF] = report.hypergradients.teaching_coef;
    run->progress.is_taught = 1;
    return true;
}

/* From the step that the student is at to the end of its group of STEPS_AT_ONCE. */
static bool train_on_group(struct run *run, const struct examples *examples,
                           const struct iteration *iteration)
{
    struct progress *progress = &run->progress;
    struct step_losses losses[STEPS_AT_ONCE];
    int before = (int)progress->steps_done % STEPS_AT_ONCE, done = before;
    int first = (int)progress->steps_done - before, left = iteration->n_student - first;
    bool all = learner_student_steps_from(run->learner, examples, iteration->student + first,
                                          left < STEPS_AT_ONCE ? left : STEPS_AT_ONCE, &done,
                                          losses, &run->reason);
    for (int i = before; i < done; i++) {
        progress->teaching_sum += losses[i].teaching;
        progress->auxiliary_sum += losses[i].auxiliary;
    }
    progress->steps_done += done - before;
    return all;
}

/* The batches of one iteration, some at a time: their rows, and what the teacher makes of them, are
 * in memory together. */
static bool train_student(struct run *run, const struct examples *examples,
                          const struct iteration *iteration)
{
    struct progress *progress = &run->progress;
    while (progress->steps_done < iteration->n_student) {
        if (!train_on_group(run, examples, iteration))
            return false;
        if (progress->steps_done < iteration->n_student)
            run_save_if_due(run);
    }
    progress->values[METRIC_TEACHING_LOSS] = progress->teaching_sum / iteration->n_student;
    progress->values[METRIC_AUXILIARY_LOSS] = progress->auxiliary_sum / iteration->n_student;
    return true;
}

static bool iterate(struct run *run)
{
    struct examples examples = { run->data.train.x, run->data.train.xstar, run->data.train.labels,
                                 run->data.train.count };
    struct iteration iteration = batches_draw(run->batches, run->progress.iterations_done);
    if (run->settings->method == METHOD_LDT && !run->progress.is_taught &&
        !update_teacher(run, &examples, &iteration))
        return false;
    if (!train_student(run, &examples, &iteration))
        return false;
    progress_advance(&run->progress);
    return true;
}

/* A divergence that could not be told is no end yet: whoever goes on from the checkpoint before it
 * comes to it again. */
static enum trial_end stop_or_diverge(struct run *run)
{
    if (run->interruption.came)
        return TRIAL_STOPPED;
    run->has_diverged = true;
    return run_report_divergence(run) ? TRIAL_BECAME_NONFINITE : TRIAL_STOPPED;
}

/* False: it has ended, as *end says. The line is kept before it is told: a process that goes on
 * tells it again. */
static bool evaluate(struct run *run, enum trial_end *end)
{
    struct progress *progress = &run->progress;
    if (progress->is_reported || !schedule_evaluates(&run->schedule, progress->iterations_done))
        return true;
    if (!evaluation_measure(&run->evaluation, run->learner, progress->values) ||
        !run_metrics_are_finite(run)) {
        *end = stop_or_diverge(run);
        return false;
    }
    struct progress_line line = { .iterations_done = progress->iterations_done };
    memcpy(line.values, progress->values, sizeof line.values);
    if (run->sink->checkpoint != NULL)
        progress_keep_line(progress, &line);
    progress->is_reported = 1;
    *end = TRIAL_STOPPED;
    return run_report(run, &line);
}

static enum trial_end run_to_the_end(struct run *run)
{
    enum trial_end end;
    if (!run_go_on(run))
        return TRIAL_STOPPED;
    for (;;) {
        if (!evaluate(run, &end))
            return end;
        if (run->progress.iterations_done == run->schedule.iterations)
            return TRIAL_COMPLETED;
        if (interruption_came(&run->interruption))
            return TRIAL_STOPPED;
        if (!iterate(run))
            return stop_or_diverge(run);
        run_save_if_due(run);
    }
}

static bool save_model(const struct run *run, struct error *error)
{
    const struct trained trained = {
        .parameters = run->sink->parameters,
        .settings = run->settings,
        .seed = (int64_t)run->seed,
        .data = &run->data,
        .learner = run->learner,
        .with_teacher = run->sink->model_with_teacher,
    };
    return model_save(&trained, run->sink->model_path, error);
}

enum trial_end trial_run(const struct settings *settings, int64_t seed,
                         const struct trial_sink *sink, struct error *error)
{
    struct run run = { .settings = settings, .sink = sink, .seed = (uint64_t)seed };
    enum trial_end end = TRIAL_REFUSED;
    if (run_start(&run, error))
        end = run_to_the_end(&run);
    if (end == TRIAL_COMPLETED && sink->model_path != NULL && !save_model(&run, error))
        end = TRIAL_REFUSED;
    if (end == TRIAL_STOPPED)
        run_save(&run);
    else if (end != TRIAL_REFUSED)
        run_remove_checkpoint(&run);
    run_free(&run);
    return end;
}
