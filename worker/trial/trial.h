/* trial.h - one training run: settings and a seed in, a learning curve out. Deterministic, no
 * network. The same settings and seed give the same bits on one CPU type. */
#ifndef TRIAL_TRIAL_H
#define TRIAL_TRIAL_H
#include "common/error.h"
#include "common/trainer/settings.h"
#include "worker/trial/identity.h"

/* Where a run saves itself, so that another process goes on from there with the same bits. One that
 * goes on reports the whole curve: first what was reported before, then the rest. */
struct trial_checkpoint {
    const char *directory; /* one for each trial */
    /* What must be the same where it goes on, besides settings, seed and data. */
    const struct identity_fact *facts;
    size_t n_facts;
    bool (*is_due)(void *context);     /* asked after every iteration or so: save now? */
    bool (*is_preempted)(void *context); /* asked often, from when the run has something to save:
                                            * save and end? */
    /* It cannot be saved or loaded: the run goes on, or begins anew. */
    void (*complain)(void *context, const char *sentence);
};

/* Where a run reports to. A report that returns false ends the run (TRIAL_STOPPED). */
struct trial_sink {
    /* One evaluation: metrics in the order of the table, NaN allowed. */
    bool (*report)(void *context, int64_t step, double epoch, const char *const *names,
                   const double *values, int count);
    /* A fact to record with the attempt: {"info": {key: text}}. "checkpoint" says where a run goes
     * on, "diverged" why it ended. */
    void (*inform)(void *context, const char *key, const char *text);
    void *context;
    const struct trial_checkpoint *checkpoint; /* NULL: none; functions get the same context */
    /* Where a run that comes to its end leaves what it learned (model.h); NULL: nowhere. */
    const char *model_path;
    const char *parameters;  /* the JSON text of the settings, to stand in the model */
    bool model_with_teacher; /* where there is one */
};

enum trial_end {
    TRIAL_COMPLETED,
    TRIAL_BECAME_NONFINITE, /* diverged: the reason was informed as "diverged", then a last line
                             * with NaN for every metric was reported */
    TRIAL_STOPPED,          /* the sink said so, or the checkpoint: then it has been saved, unless
                             * what the sink did not take was that it diverged */
    TRIAL_REFUSED,          /* the settings cannot be run, or the model cannot be written:
                             * error->text says why */
};

enum trial_end trial_run(const struct settings *settings, int64_t seed,
                         const struct trial_sink *sink, struct error *error);
#endif
