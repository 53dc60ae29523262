/* Handing out trials: first those of audits, which only some workers may run; then the worker that
 * has been hungry longest gets one trial of the study whose turn it is. What that worker has failed
 * itself goes to somebody else who is hungry, if anybody is: one sick machine shall not use up all
 * the attempts of a trial. */
#include "coordinator/core/action.h"
#include "common/hash.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"
#include "coordinator/core/worker.h"
#include "common/arena.h"

#include <inttypes.h>

/* In a stopped study nobody tries a trial again whose worker fell silent. */
static void cancel_orphans(struct turn *turn)
{
    for (struct link *first; (first = list_first(&turn->core->orphans)) != NULL;)
        trial_cancel(turn, LIVE_QUEUED(first)->trial,
                     "its worker fell silent after the study was stopped");
}

/* The submit key was drawn at random, so no other trial has this name wherever directories are
 * shared; all attempts of the trial do. */
static const char *checkpoint_key(struct turn *turn, const struct trial *trial)
{
    return arena_printf(turn->out->arena, "%016" PRIx64 "-%" PRId64 "-%" PRId64,
                        hash_text(trial->study->search->row.submit_key), trial->study->row.id,
                        trial->number);
}

static void send_trial(struct turn *turn, const struct trial *trial, const char *parameters,
                       const struct worker *worker)
{
    const struct study *study = trial->study;
    const struct definition *definition = study->search->definition;
    struct message *message = tell(turn, worker, MESSAGE_TRIAL);
    message->trial.ref = trial->live->attempt.ref;
    message->trial.study_name = study->row.name;
    message->trial.seed = trial->seed;
    message->trial.program = definition->program;
    message->trial.parameters = parameters;
    message->trial.command = definition->command;
    message->trial.n_command = definition->n_command;
    message->trial.workdir = definition->workdir;
    message->trial.environment = definition->environment;
    message->trial.n_environment = definition->n_environment;
    message->trial.max_duration_ms = definition->max_trial_duration_ms;
    message->trial.max_silence_ms = definition->max_trial_silence_ms;
    message->trial.checkpoint_key = checkpoint_key(turn, trial);
}

/* What an older attempt left behind, then what waits; what may take its worker down after all
 * that, and after what is new. NULL: something new is next. */
static struct trial *next_in_line(const struct study *study)
{
    struct link *lapsed = list_first(&study->lapsed), *waiting = list_first(&study->waiting);
    struct live_trial *live = lapsed != NULL ? LIVE_QUEUED(lapsed) : NULL;
    if (live != NULL && !(trial_is_suspect(live) && study_may_start(study)))
        return live->trial;
    return waiting != NULL ? LIVE_QUEUED(waiting)->trial : NULL;
}

static bool failed_here(const struct trial *trial, const struct worker *worker)
{
    return trial->state == TRIAL_WAITING && trial->ended.state == ATTEMPT_FAILED &&
           trial->ended.worker == worker->row.id;
}

/* The next in line who may run what this worker may; itself if there is nobody. */
static struct worker *other_than(struct core *core, struct worker *worker)
{
    const struct list *own = worker->hungry.list;
    if (worker->hungry.next != &own->end)
        return LIST_ITEM(worker->hungry.next, struct worker, hungry);
    struct link *able = list_first(&core->hungry[true]); /* they may run all that others may */
    return own == &core->hungry[false] && able != NULL ? LIST_ITEM(able, struct worker, hungry)
                                                       : worker;
}

static void hand_out(struct turn *turn, struct trial *trial, struct worker *worker)
{
    if (trial->state == TRIAL_RUNNING && trial_is_lost(trial->live)) {
        trial_give_up(turn, trial);
        return;
    }
    send_trial(turn, trial, trial_grant(turn, trial, worker), worker);
    worker_spend_credit(turn->core, worker);
}

/* Feeds one class of workers; false when the turn's suggestions are used up before the work is. */
static bool feed(struct turn *turn, bool allow_command, int32_t *suggestions)
{
    struct list *hungry = &turn->core->hungry[allow_command];
    for (struct link *first; (first = list_first(hungry)) != NULL;) {
        struct worker *worker = LIST_ITEM(first, struct worker, hungry);
        struct study *study = share_pick(turn->core, allow_command);
        if (study == NULL)
            return true;
        struct trial *trial = next_in_line(study);
        if (trial == NULL) {
            if (++*suggestions > turn->core->options.suggestions_per_turn)
                return false;
            trial = study_suggest(turn, study);
        }
        if (trial == NULL) /* its space is exhausted */
            continue;
        if (failed_here(trial, worker))
            worker = other_than(turn->core, worker);
        hand_out(turn, trial, worker);
        share_served(turn->core, study);
    }
    return true;
}

/* Trials of audits, to whoever may run them. */
static void feed_elsewhere(struct turn *turn)
{
    struct worker *worker;
    struct trial *trial;
    while (elsewhere_pair(turn->core, &worker, &trial))
        hand_out(turn, trial, worker);
}

bool core_assign(struct core *core, int64_t now_ms, int64_t wall_ms, struct actions *out)
{
    struct turn turn = { .core = core, .now_ms = now_ms, .wall_ms = wall_ms, .out = out };
    int32_t suggestions = 0;
    cancel_orphans(&turn);
    feed_elsewhere(&turn);
    /* Those who may do less come first, or others could take all that they can do. */
    bool fed = feed(&turn, false, &suggestions);
    return !feed(&turn, true, &suggestions) || !fed;
}
