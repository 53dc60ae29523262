/* One run, in the order of algorithm 1 of the paper: in every iteration the teacher is updated
 * first, then the student is trained by the teacher just updated. */
#include "worker/trial/trial.h"
#include "common/trainer/metric.h"
#include "worker/trial/batches.h"
#include "worker/trial/config.h"
#include "worker/trial/evaluation.h"
#include "common/xalloc.h"

#include <math.h>
#include <stdlib.h>

struct run {
    const struct settings *settings;
    const struct trial_sink *sink;
    struct schedule schedule;
    struct task_data data;
    struct batches *batches;
    struct learner *learner;
    struct evaluation evaluation;
    struct step_losses *losses; /* of one iteration's real steps */
    int64_t iterations_done;
    double values[METRICS]; /* the latest of each metric */
    struct error reason;    /* why a number became non-finite */
};

static bool make_data(struct run *run, uint64_t seed, struct error *error)
{
    const struct settings *settings = run->settings;
    struct task_request request = {
        .data_seed = seed,
        .n_train = (int)setting_integer(settings, SETTING_N_TRAIN),
        .n_test = (int)setting_integer(settings, SETTING_N_TEST),
        .input_dim = (int)setting_integer(settings, SETTING_INPUT_DIM),
    };
    if (!setting_is_auto(settings, SETTING_DATA_SEED))
        request.data_seed = (uint64_t)setting_integer(settings, SETTING_DATA_SEED);
    if (settings->task == TASK_B)
        request.logit_scale = setting_real(settings, SETTING_LOGIT_SCALE);
    return task_make(&run->data, task_name(settings->task), &request, error);
}

static bool make_learner(struct run *run, uint64_t seed, struct error *error)
{
    struct learner_config config = config_of_settings(run->settings, &run->data);
    if (!learner_create(&run->learner, &config, error))
        return false;
    struct rng student, teacher;
    rng_init(&student, seed, RNG_STUDENT_INIT, 0);
    rng_init(&teacher, seed, RNG_TEACHER_INIT, 0);
    learner_initialise(run->learner, &student, &teacher,
                       setting_real(run->settings, SETTING_WEIGHT_INIT_MULTIPLIER));
    return true;
}

static bool run_start(struct run *run, uint64_t seed, struct error *error)
{
    if (!schedule_init(&run->schedule, run->settings, error) || !make_data(run, seed, error) ||
        !make_learner(run, seed, error))
        return false;
    run->batches = batches_create(run->settings, &run->schedule, seed);
    evaluation_init(&run->evaluation, &run->data, batches_trained_on(run->batches),
                    batches_selection(run->batches));
    run->losses = xcalloc((size_t)run->schedule.student_steps, sizeof *run->losses);
    return true;
}

static void run_free(struct run *run)
{
    free(run->losses);
    evaluation_free(&run->evaluation);
    batches_destroy(&run->batches);
    learner_destroy(&run->learner);
    task_free(&run->data);
}

static bool update_teacher(struct run *run, const struct examples *examples,
                           const struct iteration *iteration)
{
    struct meta_report report;
    bool finite = learner_meta_step(run->learner, examples, iteration->inner, iteration->n_inner,
                                    &iteration->validation, &report, &run->reason);
    run->values[METRIC_META_LOSS] = report.validation_loss;
    run->values[METRIC_META_GRADIENT_NORM] = report.gradient_norm;
    return finite;
}

static bool train_student(struct run *run, const struct examples *examples,
                          const struct iteration *iteration)
{
    bool finite = learner_student_steps(run->learner, examples, iteration->student,
                                        iteration->n_student, run->losses, &run->reason);
    double teaching = 0;
    for (int i = 0; finite && i < iteration->n_student; i++)
        teaching += run->losses[i].teaching;
    run->values[METRIC_TEACHING_LOSS] = teaching / iteration->n_student;
    return finite;
}

static bool iterate(struct run *run)
{
    struct examples examples = { run->data.train.x, run->data.train.xstar, run->data.train.labels,
                                 run->data.train.count };
    struct iteration iteration = batches_draw(run->batches, run->iterations_done);
    if (run->settings->method == METHOD_LDT && !update_teacher(run, &examples, &iteration))
        return false;
    if (!train_student(run, &examples, &iteration))
        return false;
    run->iterations_done++;
    return true;
}

/* What the last iteration left behind, which there is none of before the first. */
static bool is_of_iteration(enum metric_id id)
{
    return id == METRIC_META_LOSS || id == METRIC_META_GRADIENT_NORM || id == METRIC_TEACHING_LOSS;
}

/* One line, of the metrics that there are by now; with `diverged` all of them, as NaN. */
static bool report(struct run *run, bool diverged)
{
    const char *names[METRICS];
    double values[METRICS];
    int count = 0;
    bool has_selection = run->schedule.selection_count > 0;
    for (int id = 0; id < METRICS; id++) {
        const struct metric_row *row = &metric_table[id];
        if (!metric_applies(row, run->settings->task, run->settings->method, has_selection))
            continue;
        if (is_of_iteration((enum metric_id)id) && run->iterations_done == 0 && !diverged)
            continue;
        names[count] = row->name;
        values[count++] = diverged ? NAN : run->values[id];
    }
    return run->sink->report(run->sink->context, run->iterations_done * run->schedule.student_steps,
                             schedule_epoch(&run->schedule, run->iterations_done), names, values,
                             count);
}

static enum trial_end report_divergence(struct run *run)
{
    run->sink->inform(run->sink->context, "diverged", run->reason.text);
    report(run, true);
    return TRIAL_BECAME_NONFINITE;
}

static bool metrics_are_finite(struct run *run)
{
    bool has_selection = run->schedule.selection_count > 0;
    for (int id = 0; id < METRICS; id++) {
        const struct metric_row *row = &metric_table[id];
        if (isfinite(run->values[id]) ||
            !metric_applies(row, run->settings->task, run->settings->method, has_selection))
            continue;
        error_set(&run->reason, "%s became non-finite at epoch %g", row->name,
                  schedule_epoch(&run->schedule, run->iterations_done));
        return false;
    }
    return true;
}

static enum trial_end run_to_the_end(struct run *run)
{
    for (;;) {
        if (schedule_evaluates(&run->schedule, run->iterations_done)) {
            evaluation_measure(&run->evaluation, run->learner, run->values);
            if (!metrics_are_finite(run))
                return report_divergence(run);
            if (!report(run, false))
                return TRIAL_STOPPED;
        }
        if (run->iterations_done == run->schedule.iterations)
            return TRIAL_COMPLETED;
        if (!iterate(run))
            return report_divergence(run);
    }
}

enum trial_end trial_run(const struct settings *settings, int64_t seed,
                         const struct trial_sink *sink, struct error *error)
{
    struct run run = { .settings = settings, .sink = sink };
    enum trial_end end = TRIAL_REFUSED;
    if (settings->task > TASK_B || setting_flag(settings, SETTING_STUDENT_WEIGHT_NORM)) {
        error_set(error, "%s with these settings cannot be run yet", task_name(settings->task));
        return end;
    }
    if (run_start(&run, (uint64_t)seed, error))
        end = run_to_the_end(&run);
    run_free(&run);
    return end;
}
