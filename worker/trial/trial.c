/* One run, in the order of algorithm 1 of the paper: in every iteration the teacher is updated
 * first, then the student is trained by the teacher just updated. */
#include "worker/trial/trial.h"
#include "common/trainer/metric.h"
#include "worker/trial/ablation.h"
#include "worker/trial/batches.h"
#include "worker/trial/config.h"
#include "worker/trial/evaluation.h"
#include "worker/trial/model.h"
#include "worker/trial/networks.h"

#include <math.h>
#include <string.h>

enum { STEPS_AT_ONCE = 64 };

struct run {
    const struct settings *settings;
    const struct trial_sink *sink;
    struct schedule schedule;
    struct task_data data;
    struct batches *batches;
    struct learner *learner;
    struct evaluation evaluation;
    int64_t iterations_done;
    double values[METRICS]; /* the latest of each metric */
    struct error reason;    /* why a number became non-finite */
};

/* How many examples; 0: all there are. */
static int count_of(const struct settings *settings, enum setting_id id)
{
    return setting_is_auto(settings, id) ? 0 : (int)setting_integer(settings, id);
}

static struct task_request request_of(const struct settings *settings, uint64_t seed)
{
    struct task_request request = {
        .data_seed = seed,
        .n_train = count_of(settings, SETTING_N_TRAIN),
        .n_test = count_of(settings, SETTING_N_TEST),
        .directory = settings->data,
        .scramble = settings->task == TASK_GAME_OF_LIFE,
    };
    if (setting_is_had(settings, SETTING_DATA_SEED) &&
        !setting_is_auto(settings, SETTING_DATA_SEED))
        request.data_seed = (uint64_t)setting_integer(settings, SETTING_DATA_SEED);
    if (setting_is_had(settings, SETTING_INPUT_DIM))
        request.input_dim = (int)setting_integer(settings, SETTING_INPUT_DIM);
    if (setting_is_had(settings, SETTING_LOGIT_SCALE))
        request.logit_scale = setting_real(settings, SETTING_LOGIT_SCALE);
    if (setting_is_had(settings, SETTING_SCRAMBLE))
        request.scramble = setting_flag(settings, SETTING_SCRAMBLE);
    if (setting_is_had(settings, SETTING_BOARD_EDGES))
        request.wraps = strcmp(setting_choice(settings, SETTING_BOARD_EDGES), "wrap") == 0;
    if (setting_is_had(settings, SETTING_ENVIRONMENT))
        request.environment = setting_choice(settings, SETTING_ENVIRONMENT);
    return request;
}

static bool make_data(struct run *run, uint64_t seed, struct error *error)
{
    struct task_request request = request_of(run->settings, seed);
    return task_make(&run->data, task_name(run->settings->task), &request, error) &&
           networks_check(run->settings, &run->data, error) &&
           ablation_apply(run->settings, seed, &run->data, error);
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
    if (run->settings->method == METHOD_ORACLE_TEACHER)
        oracle_initialise(run->settings, &run->data,
                          learner_state(run->learner)->teacher.parameters);
    return true;
}

static bool run_start(struct run *run, uint64_t seed, struct error *error)
{
    if (!make_data(run, seed, error) ||
        !schedule_init(&run->schedule, run->settings, run->data.train.count, error) ||
        !make_learner(run, seed, error))
        return false;
    run->batches = batches_create(run->settings, &run->schedule, seed);
    evaluation_init(&run->evaluation, &run->data, batches_trained_on(run->batches),
                    batches_selection(run->batches));
    return true;
}

static void run_free(struct run *run)
{
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
    run->values[METRIC_HYPERGRADIENT_INNER_LR] = report.hypergradients.lr;
    run->values[METRIC_HYPERGRADIENT_INNER_MOMENTUM] = report.hypergradients.momentum;
    run->values[METRIC_HYPERGRADIENT_INNER_WEIGHT_DECAY] = report.hypergradients.weight_decay;
    run->values[METRIC_HYPERGRADIENT_TEACHING_COEF] = report.hypergradients.teaching_coef;
    return finite;
}

/* The batches of one iteration, some at a time: their rows, and what the teacher makes of them, are
 * in memory together. */
static bool train_student(struct run *run, const struct examples *examples,
                          const struct iteration *iteration)
{
    struct step_losses losses[STEPS_AT_ONCE];
    double teaching = 0, auxiliary = 0;
    for (int done = 0; done < iteration->n_student;) {
        int left = iteration->n_student - done;
        int count = left < STEPS_AT_ONCE ? left : STEPS_AT_ONCE;
        if (!learner_student_steps(run->learner, examples, iteration->student + done, count, losses,
                                   &run->reason))
            return false;
        for (int i = 0; i < count; i++) {
            teaching += losses[i].teaching;
            auxiliary += losses[i].auxiliary;
        }
        done += count;
    }
    run->values[METRIC_TEACHING_LOSS] = teaching / iteration->n_student;
    run->values[METRIC_AUXILIARY_LOSS] = auxiliary / iteration->n_student;
    return true;
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

/* What the last iteration left behind, which there is none of before the first: all that are not
 * measured on a set. */
static bool is_of_iteration(enum metric_id id)
{
    return id >= METRIC_META_LOSS;
}

static bool applies(const struct run *run, enum metric_id id)
{
    bool is_of_classes = id == METRIC_TRAIN_ACCURACY || id == METRIC_TEST_ACCURACY;
    bool is_of_bins = id == METRIC_TRAIN_MSE || id == METRIC_TEST_MSE;
    if (run->data.is_regression ? is_of_classes : is_of_bins)
        return false;
    return metric_applies(&metric_table[id], run->settings->task, run->settings->method,
                          run->schedule.selection_count > 0);
}

/* One line, of the metrics that there are by now; with `diverged` all of them, as NaN. */
static bool report(struct run *run, bool diverged)
{
    const char *names[METRICS];
    double values[METRICS];
    int count = 0;
    for (int id = 0; id < METRICS; id++) {
        if (!applies(run, (enum metric_id)id))
            continue;
        if (is_of_iteration((enum metric_id)id) && run->iterations_done == 0 && !diverged)
            continue;
        names[count] = metric_table[id].name;
        values[count++] = diverged ? NAN : run->values[id];
    }
    return run->sink->report(
        run->sink->context, schedule_steps(&run->schedule, run->iterations_done),
        schedule_epoch(&run->schedule, run->iterations_done), names, values, count);
}

static enum trial_end report_divergence(struct run *run)
{
    run->sink->inform(run->sink->context, "diverged", run->reason.text);
    report(run, true);
    return TRIAL_BECAME_NONFINITE;
}

static bool metrics_are_finite(struct run *run)
{
    for (int id = 0; id < METRICS; id++) {
        const struct metric_row *row = &metric_table[id];
        if (isfinite(run->values[id]) || row->may_be_undefined || !applies(run, (enum metric_id)id))
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

static bool save_model(const struct run *run, int64_t seed, struct error *error)
{
    const struct trained trained = {
        .parameters = run->sink->parameters,
        .settings = run->settings,
        .seed = seed,
        .data = &run->data,
        .learner = run->learner,
        .with_teacher = run->sink->model_with_teacher,
    };
    return model_save(&trained, run->sink->model_path, error);
}

enum trial_end trial_run(const struct settings *settings, int64_t seed,
                         const struct trial_sink *sink, struct error *error)
{
    struct run run = { .settings = settings, .sink = sink };
    enum trial_end end = TRIAL_REFUSED;
    if (run_start(&run, (uint64_t)seed, error))
        end = run_to_the_end(&run);
    if (end == TRIAL_COMPLETED && sink->model_path != NULL && !save_model(&run, seed, error))
        end = TRIAL_REFUSED;
    run_free(&run);
    return end;
}
