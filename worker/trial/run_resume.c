#include "worker/trial/checkpoint_file.h"
#include "worker/trial/run.h"

#include <inttypes.h>

static void visit_run(void *context, struct visitor *visitor)
{
    struct run *run = context;
    progress_visit(&run->progress, visitor);
    learner_visit(run->learner, visitor);
}

static void complain(const struct run *run, const struct error *error)
{
    run->sink->checkpoint->complain(run->sink->context, error->text);
}

void run_save(struct run *run)
{
    const struct trial_checkpoint *place = run->sink->checkpoint;
    struct checkpoint checkpoint = { &run->identity, visit_run, run };
    struct error error;
    if (place == NULL || run->has_diverged)
        return;
    if (!checkpoint_file_save(place->directory, &checkpoint, &error))
        complain(run, &error);
}

void run_save_if_due(struct run *run)
{
    if (run->sink->checkpoint != NULL && run->sink->checkpoint->is_due(run->sink->context))
        run_save(run);
}

void run_remove_checkpoint(struct run *run)
{
    const struct trial_checkpoint *place = run->sink->checkpoint;
    struct error error;
    if (place != NULL && !checkpoint_file_remove(place->directory, &error))
        complain(run, &error);
}

static void inform_of_resumption(const struct run *run)
{
    char text[128];
    int64_t done = run->progress.iterations_done;
    snprintf(text, sizeof text, "goes on from iteration %" PRId64 ", epoch %g", done,
             schedule_epoch(&run->schedule, done));
    run->sink->inform(run->sink->context, "checkpoint", text);
}

/* Refused: why says so, and the run's state is not usable either. */
static enum checkpoint_found load(struct run *run, struct error *why)
{
    struct checkpoint checkpoint = { &run->identity, visit_run, run };
    enum checkpoint_found found =
        checkpoint_file_load(run->sink->checkpoint->directory, &checkpoint, why);
    if (found != CHECKPOINT_LOADED ||
        progress_is_possible(&run->progress, &run->schedule, run->settings->method,
                             learner_state(run->learner)))
        return found;
    error_set(why, CHECKPOINT_FILE
              " is not used, and the run begins anew: its counts contradict each other");
    return CHECKPOINT_REFUSED;
}

/* Reports what an earlier process has reported. False: the sink wants no more. */
static bool report_again(struct run *run)
{
    bool wanted = true;
    for (size_t i = 0; wanted && i < progress_count_lines(&run->progress); i++) {
        struct progress_line line = progress_line(&run->progress, i);
        wanted = run_report(run, &line);
    }
    return wanted;
}

bool run_go_on(struct run *run)
{
    const struct trial_checkpoint *checkpoint = run->sink->checkpoint;
    struct error why;
    if (checkpoint == NULL)
        return true;
    identity_write(&run->identity, checkpoint->facts, checkpoint->n_facts, run->settings, run->seed,
                   &run->data);
    enum checkpoint_found found = load(run, &why);
    if (found == CHECKPOINT_REFUSED) {
        complain(run, &why);
        run_begin(run);
    }
    run->interruption =
        (struct interruption){ checkpoint->is_preempted, run->sink->context, false };
    if (found != CHECKPOINT_LOADED || interruption_came(&run->interruption))
        return true;
    inform_of_resumption(run);
    return report_again(run);
}
