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
        struct trial *trial = study->trials[i - 1];
        if (!is_wanted(message, trial->row.state))
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
    const struct trial *trial = study->trials[number];
    if (!trial_state_final(trial->row.state) || trial_may_be_retried(trial))
        return NULL;
    return arena_printf(arena,
                        "trial %" PRId64 " of `%s` is %s: only those that failed, diverged or "
                        "were cancelled are tried again",
                        number, name, trial_state_name(trial->row.state));
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
        struct trial *trial = study->trials[message->retry.trials[i]];
        if (trial_state_final(trial->row.state)) {
            trial_retry(turn, trial);
            retried++;
        }
    }
    return retried;
}

/* The one study that the numbers are of; NULL after having answered that there are several. */
static struct study *only_study(struct turn *turn, const struct message *message,
                                const struct selection *selection)
{
    if (selection->n_studies == 1)
        return selection->studies[0];
    const char *name = message->retry.name, *first = selection->studies[0]->row.name;
    reply_error(turn, message, ERROR_REFUSED,
                arena_printf(turn->out->arena,
                             "`%s` is a search with %zu studies, and trials have numbers in their "
                             "study: name one, such as `%s`",
                             name, selection->n_studies, first));
    return NULL;
}

/* ---- RETRY ----------------------------------------------------------------------------------- */

void retry_request(struct turn *turn, const struct message *message)
{
    struct selection selection;
    const char *nearest;
    int64_t studies = 0, trials = 0;
    if (!search_select(turn->core, message->retry.name, &selection, &nearest)) {
        search_not_found(turn, message, message->retry.name, nearest);
        return;
    }
    if (message->retry.n_trials > 0) {
        struct study *study = only_study(turn, message, &selection);
        trials = study != NULL ? retry_by_number(turn, message, study) : -1;
        studies = trials > 0;
    } else {
        for (size_t i = 0; i < selection.n_studies; i++) {
            int64_t retried = retry_by_state(turn, message, selection.studies[i]);
            trials += retried;
            studies += retried > 0;
        }
    }
    if (trials < 0)
        return;
    struct message *answer = reply(turn, message, MESSAGE_RETRIED);
    answer->retried.studies = studies;
    answer->retried.trials = trials;
}
