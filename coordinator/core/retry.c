#include "coordinator/core/retry.h"
#include "coordinator/core/search.h"
#include "coordinator/core/trial.h"
#include "common/arena.h"

#include <inttypes.h>

/* ---- by state -------------------------------------------------------------------------------- */

static bool is_wanted(const struct message *message, enum trial_state state)
{
    return (state == TRIAL_FAILED && message->retry.failed) ||
           (state == TRIAL_CANCELLED && message->retry.cancelled) ||
           (state == TRIAL_DIVERGED && message->retry.diverged);
}

static int64_t retry_by_state(struct turn *turn, const struct message *message, struct study *study)
{
    int64_t retried = 0;
    for (size_t i = study->n_trials; i > 0; i--) { /* each goes to the front of what waits */
        struct trial *trial = trial_at(study, i - 1);
        if (!is_wanted(message, trial->state))
            continue;
        trial_retry(turn, trial);
        retried++;
    }
    return retried;
}

/* ---- by number ------------------------------------------------------------------------------- */

/* Why this trial cannot be tried again, or NULL; one that waits or runs is what was asked for. */
static const char *number_fault(struct arena *arena, const struct study *study, int64_t number)
{
    const char *name = study->row.name;
    if (study->n_trials == 0)
        return arena_printf(arena, "`%s` has no trials yet", name);
    if ((size_t)number >= study->n_trials)
        return arena_printf(arena, "`%s` has no trial %" PRId64 ": they go from 0 to %zu", name,
                            number, study->n_trials - 1);
    const struct trial *trial = trial_at(study, (size_t)number);
    if (!trial_state_final(trial->state) || trial_may_be_retried(trial))
        return NULL;
    return arena_printf(arena,
                        "trial %" PRId64 " of `%s` is %s: only those that failed, diverged or "
                        "were cancelled are tried again",
                        number, name, trial_state_name(trial->state));
}

/* -1 after having answered why none of them was tried again. */
static int64_t retry_by_number(struct turn *turn, const struct message *message,
                               struct study *study)
{
    int64_t retried = 0;
    for (size_t i = 0; i < message->retry.n_trials; i++) {
        const char *fault = number_fault(turn->out->arena, study, message->retry.trials[i]);
        if (fault == NULL)
            continue;
        bool exists = (size_t)message->retry.trials[i] < study->n_trials;
        reply_error(turn, message, exists ? ERROR_REFUSED : ERROR_NOT_FOUND, fault);
        return -1;
    }
    for (size_t i = 0; i < message->retry.n_trials; i++) {
        struct trial *trial = trial_at(study, (size_t)message->retry.trials[i]);
        if (trial_state_final(trial->state)) {
            trial_retry(turn, trial);
            retried++;
        }
    }
    return retried;
}

/* ---- RETRY ----------------------------------------------------------------------------------- */

static void answer(struct turn *turn, const struct message *message, int64_t studies,
                   int64_t trials)
{
    struct message *retried = reply(turn, message, MESSAGE_RETRIED);
    retried->retried.studies = studies;
    retried->retried.trials = trials;
}

void retry_request(struct turn *turn, const struct message *message)
{
    struct selection selection;
    const char *nearest, *name = message->retry.name;
    int64_t studies = 0, trials = 0;
    if (message->retry.n_trials > 0) {
        struct study *study = search_one_study(turn, message, name);
        int64_t retried = study != NULL ? retry_by_number(turn, message, study) : -1;
        if (retried >= 0)
            answer(turn, message, retried > 0, retried);
        return;
    }
    if (!search_select(turn->core, name, &selection, &nearest)) {
        search_not_found(turn, message, name, nearest);
        return;
    }
    for (size_t i = 0; i < selection.n_studies; i++) {
        int64_t retried = retry_by_state(turn, message, selection.studies[i]);
        trials += retried;
        studies += retried > 0;
    }
    answer(turn, message, studies, trials);
}
