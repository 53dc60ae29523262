#include "worker/trial/schedule.h"

#include <limits.h>
#include <math.h>

static int clamp(int64_t value, int least, int most)
{
    return value < least ? least : value > most ? most : (int)value;
}

static bool divide_examples(struct schedule *out, const struct settings *settings, int examples,
                            struct error *error)
{
    int needed = settings->method == METHOD_LDT ? 2 : 1; /* one to train on, one to validate on */
    double selection = setting_real(settings, SETTING_SELECTION_SPLIT);
    if (selection > 0 && examples <= needed) {
        error_set(error,
                  "selection_split: %d training examples leave none to carve off; n_train must be "
                  "at least %d",
                  examples, needed + 1);
        return false;
    }
    if (selection > 0)
        out->selection_count = clamp(llround(selection * examples), 1, examples - needed);
    out->pool_count = out->train_count = examples - out->selection_count;
    if (settings->method == METHOD_LDT) {
        double split = setting_real(settings, SETTING_VALIDATION_SPLIT);
        int most = out->pool_count - 1;
        out->validation_count = clamp(llround(split * out->pool_count), 1, most);
        out->train_count -= out->validation_count;
    }
    return true;
}

/* Of one epoch: rounded up for ldt, whose last iteration may begin again at the first batch. */
static int count_iterations(const struct schedule *schedule, enum method method)
{
    int64_t examples = (int64_t)schedule->student_steps * schedule->batch_size;
    int64_t rounded =
        method == METHOD_LDT ? schedule->train_count + examples - 1 : schedule->train_count;
    return clamp(rounded / examples, 1, schedule->n_batches);
}

static void plan_epochs_of_a_toy(struct schedule *out, const struct settings *settings, int full)
{
    bool is_auto = setting_is_auto(settings, SETTING_STUDENT_STEPS);
    out->student_steps = is_auto ? full : (int)setting_integer(settings, SETTING_STUDENT_STEPS);
    out->iterations_per_epoch = is_auto ? 1 : count_iterations(out, settings->method);
    out->steps_per_epoch = (int64_t)out->iterations_per_epoch * out->student_steps;
    out->evaluations_per_epoch = out->iterations_per_epoch;
    if (!setting_is_auto(settings, SETTING_EVALUATIONS_PER_EPOCH))
        out->evaluations_per_epoch = clamp(setting_integer(settings, SETTING_EVALUATIONS_PER_EPOCH),
                                           1, out->iterations_per_epoch);
}

/* Without a meta-step an iteration ends where the next evaluation is due. */
static int automatic_steps(const struct schedule *schedule, const struct settings *settings)
{
    if (settings->method == METHOD_LDT)
        return (int)setting_integer(settings, SETTING_N_INNER);
    if (setting_is_auto(settings, SETTING_EVALUATIONS_PER_EPOCH))
        return 1;
    return clamp(schedule->steps_per_epoch / schedule->evaluations_per_epoch, 1, INT_MAX);
}

static void plan_epochs(struct schedule *out, const struct settings *settings)
{
    int batch = clamp(setting_integer(settings, SETTING_BATCH_SIZE), 1, out->pool_count);
    out->steps_per_epoch = out->pool_count / batch;
    out->evaluations_per_epoch = out->steps_per_epoch;
    if (!setting_is_auto(settings, SETTING_EVALUATIONS_PER_EPOCH))
        out->evaluations_per_epoch = setting_integer(settings, SETTING_EVALUATIONS_PER_EPOCH);
    out->student_steps = setting_is_auto(settings, SETTING_STUDENT_STEPS)
                             ? automatic_steps(out, settings)
                             : (int)setting_integer(settings, SETTING_STUDENT_STEPS);
}

bool schedule_init(struct schedule *out, const struct settings *settings, int examples,
                   struct error *error)
{
    *out = (struct schedule){ .evaluates_at_start = settings->task == TASK_B };
    if (!divide_examples(out, settings, examples, error))
        return false;
    out->batch_size = clamp(setting_integer(settings, SETTING_BATCH_SIZE), 1, out->train_count);
    int full = out->train_count / out->batch_size;
    bool has_partial = settings->method == METHOD_LDT && out->train_count % out->batch_size > 0;
    out->n_batches = full + has_partial;
    if (settings->task == TASK_A || settings->task == TASK_B)
        plan_epochs_of_a_toy(out, settings, full);
    else
        plan_epochs(out, settings);
    out->steps = setting_integer(settings, SETTING_EPOCHS) * out->steps_per_epoch;
    out->iterations = (out->steps + out->student_steps - 1) / out->student_steps;
    return true;
}

int64_t schedule_steps(const struct schedule *schedule, int64_t iterations_done)
{
    int64_t steps = iterations_done * schedule->student_steps;
    return steps < schedule->steps ? steps : schedule->steps;
}

/* Evaluations that should have been by that step; in parts, for the longest run's step times the
 * most evaluations is no number any more. */
static int64_t count_due(const struct schedule *schedule, int64_t step)
{
    int64_t epochs = step / schedule->steps_per_epoch, rest = step % schedule->steps_per_epoch;
    int64_t times = schedule->evaluations_per_epoch;
    return epochs * times + rest * times / schedule->steps_per_epoch;
}

bool schedule_evaluates(const struct schedule *schedule, int64_t iterations_done)
{
    if (iterations_done == 0)
        return schedule->evaluates_at_start;
    if (iterations_done == schedule->iterations)
        return true;
    return count_due(schedule, schedule_steps(schedule, iterations_done)) >
           count_due(schedule, schedule_steps(schedule, iterations_done - 1));
}

double schedule_epoch(const struct schedule *schedule, int64_t iterations_done)
{
    return (double)schedule_steps(schedule, iterations_done) / (double)schedule->steps_per_epoch;
}
