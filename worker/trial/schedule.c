#include "worker/trial/schedule.h"

#include <math.h>

static int clamp(int64_t value, int least, int most)
{
    return value < least ? least : value > most ? most : (int)value;
}

static bool divide_examples(struct schedule *out, const struct settings *settings,
                            struct error *error)
{
    int examples = (int)setting_integer(settings, SETTING_N_TRAIN);
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

bool schedule_init(struct schedule *out, const struct settings *settings, struct error *error)
{
    *out = (struct schedule){ .evaluates_at_start = settings->task == TASK_B };
    if (!divide_examples(out, settings, error))
        return false;
    out->batch_size = clamp(setting_integer(settings, SETTING_BATCH_SIZE), 1, out->train_count);
    int full = out->train_count / out->batch_size;
    bool has_partial = settings->method == METHOD_LDT && out->train_count % out->batch_size > 0;
    out->n_batches = full + has_partial;

    bool steps_are_auto = setting_is_auto(settings, SETTING_STUDENT_STEPS);
    out->student_steps =
        steps_are_auto ? full : (int)setting_integer(settings, SETTING_STUDENT_STEPS);
    out->iterations_per_epoch = steps_are_auto ? 1 : count_iterations(out, settings->method);
    out->iterations = setting_integer(settings, SETTING_EPOCHS) * out->iterations_per_epoch;

    out->evaluations_per_epoch = out->iterations_per_epoch;
    if (!setting_is_auto(settings, SETTING_EVALUATIONS_PER_EPOCH))
        out->evaluations_per_epoch = clamp(setting_integer(settings, SETTING_EVALUATIONS_PER_EPOCH),
                                           1, out->iterations_per_epoch);
    return true;
}

bool schedule_evaluates(const struct schedule *schedule, int64_t iterations_done)
{
    if (iterations_done == 0)
        return schedule->evaluates_at_start;
    if (iterations_done == schedule->iterations)
        return true;
    int64_t now = iterations_done * schedule->evaluations_per_epoch;
    int64_t before = now - schedule->evaluations_per_epoch;
    return now / schedule->iterations_per_epoch > before / schedule->iterations_per_epoch;
}

double schedule_epoch(const struct schedule *schedule, int64_t iterations_done)
{
    return (double)iterations_done / schedule->iterations_per_epoch;
}
