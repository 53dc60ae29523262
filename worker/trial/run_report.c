#include "worker/trial/run.h"

#include <math.h>

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

/* With `diverged` all metrics, as NaN. */
static bool report(struct run *run, const struct progress_line *line, bool diverged)
{
    const char *names[METRICS];
    double values[METRICS];
    int count = 0;
    for (int id = 0; id < METRICS; id++) {
        if (!applies(run, (enum metric_id)id))
            continue;
        if (is_of_iteration((enum metric_id)id) && line->iterations_done == 0 && !diverged)
            continue;
        names[count] = metric_table[id].name;
        values[count++] = diverged ? NAN : line->values[id];
    }
    return run->sink->report(
        run->sink->context, schedule_steps(&run->schedule, line->iterations_done),
        schedule_epoch(&run->schedule, line->iterations_done), names, values, count);
}

bool run_report(struct run *run, const struct progress_line *line)
{
    return report(run, line, false);
}

bool run_report_divergence(struct run *run)
{
    struct progress_line line = { .iterations_done = run->progress.iterations_done };
    run->sink->inform(run->sink->context, "diverged", run->reason.text);
    return report(run, &line, true);
}

bool run_metrics_are_finite(struct run *run)
{
    for (int id = 0; id < METRICS; id++) {
        const struct metric_row *row = &metric_table[id];
        if (isfinite(run->progress.values[id]) || row->may_be_undefined ||
            !applies(run, (enum metric_id)id))
            continue;
        error_set(&run->reason, "%s became non-finite at epoch %g", row->name,
                  schedule_epoch(&run->schedule, run->progress.iterations_done));
        return false;
    }
    return true;
}
