/* trial.h - one training run: settings and a seed in, a learning curve out. Deterministic, no
 * network. The same settings and seed give the same bits on one CPU type. */
#ifndef TRIAL_TRIAL_H
#define TRIAL_TRIAL_H
#include "common/error.h"
#include "common/trainer/setting.h"

/* Where a run reports to. A report that returns false ends the run (TRIAL_STOPPED). */
struct trial_sink {
    /* One evaluation: metrics in the order of the table, NaN allowed. */
    bool (*report)(void *context, int64_t step, double epoch, const char *const *names,
                   const double *values, int count);
    /* A fact to record with the attempt: {"info": {key: text}}. */
    void (*inform)(void *context, const char *key, const char *text);
    void *context;
    /* Where a run that comes to its end leaves what it learned (model.h); NULL: nowhere. */
    const char *model_path;
    const char *parameters;  /* the JSON text of the settings, to stand in the model */
    bool model_with_teacher; /* where there is one */
};

enum trial_end {
    TRIAL_COMPLETED,
    TRIAL_BECAME_NONFINITE, /* diverged: the reason was informed as "diverged", then a last line
                             * with NaN for every metric was reported */
    TRIAL_STOPPED,          /* the sink said so */
    TRIAL_REFUSED,          /* the settings cannot be run, or the model cannot be written:
                             * error->text says why */
};

enum trial_end trial_run(const struct settings *settings, int64_t seed,
                         const struct trial_sink *sink, struct error *error);
#endif
