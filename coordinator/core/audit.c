#include "coordinator/core/audit.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/sample.h"
#include "coordinator/core/search.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"
#include "common/arena.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *refusal(struct arena *arena, const struct study *study, const char *name,
                           int64_t population)
{
    if (study->row.audit)
        return arena_printf(arena, "`%s` is an audit itself: name the study, `%s`", study->row.name,
                            study->parent->row.name);
    if (strlen(name) > MESSAGE_MAX_STUDY_NAME)
        return arena_printf(arena, "the name of `%s` is too long for an audit of it",
                            study->row.name);
    if (population == 0)
        return arena_printf(arena, "no trial of `%s` has ended with a curve yet", study->row.name);
    return NULL;
}

static int64_t sample_size(const struct message *message, int64_t population)
{
    int64_t wanted = message->audit.count;
    if (wanted == 0)
        wanted = (int64_t)ceil((double)population * message->audit.percent / 100);
    return wanted < 1 ? 1 : wanted > population ? population : wanted;
}

static struct study *create(struct turn *turn, struct study *parent, const char *name, int64_t seed,
                            int64_t trials)
{
    struct study_row row = {
        .id = turn->core->last_study + 1,
        .search = parent->row.search,
        .name = name,
        .position = (int64_t)parent->search->n_studies,
        .state = SEARCH_OPEN,
        .seed = seed,
        .budget = trials,
        .repeat = 1,
        .parent = parent->row.id,
        .audit = true,
        .note = "",
        .created_ms = turn->wall_ms,
    };
    struct study *study = study_create(turn->core, parent->search, &row);
    save_study(turn, study);
    return study;
}

static void add_trials(struct turn *turn, struct study *audit, const int64_t *sources)
{
    const struct study *parent = audit->parent;
    int64_t history_seq = ledger_outcomes(parent->ledger);
    for (int64_t i = 0; i < audit->row.budget; i++) {
        const struct trial *source = trial_at(parent, (size_t)sources[i]);
        ledger_add(audit->ledger, ledger_values(parent->ledger, trial_configuration(source)));
        struct trial *trial = trial_create(turn->core, audit, history_seq, turn->wall_ms);
        trial_repeat(turn->core, trial, source);
        save_trial(turn, trial, "");
    }
}

static void answer(struct turn *turn, const struct message *message, const struct study *audit,
                   bool already)
{
    struct message *auditing = reply(turn, message, MESSAGE_AUDITING);
    auditing->auditing.name = audit->row.name;
    auditing->auditing.trials = audit->row.budget;
    auditing->auditing.already = already;
}

void audit_request(struct turn *turn, const struct message *message)
{
    struct arena *arena = turn->out->arena;
    struct study *study = search_one_study(turn, message, message->audit.name);
    if (study == NULL)
        return;
    const char *name =
        arena_printf(arena, "%s" AUDIT_SUFFIX "-%" PRId64, study->row.name, message->audit.seed);
    struct study *known = name_index_find(&turn->core->study_names, name);
    if (known != NULL) { /* whatever it was asked to draw: the seed names it */
        answer(turn, message, known, true);
        return;
    }
    int64_t population;
    int64_t *trials = sample_population(study->ledger, (int64_t)study->n_trials, &population);
    const char *why = refusal(arena, study, name, population);
    if (why != NULL) {
        reply_error(turn, message, ERROR_REFUSED, why);
    } else {
        int64_t wanted = sample_size(message, population);
        sample_draw(trials, population, wanted, message->audit.seed);
        struct study *audit = create(turn, study, name, message->audit.seed, wanted);
        add_trials(turn, audit, trials);
        answer(turn, message, audit, false);
    }
    free(trials);
}

const char *audit_note(struct turn *turn, const struct study *audit)
{
    size_t i = 0;
    while (trial_at(audit, i)->live == NULL) /* not all are over: it would be done */
        i++;
    const struct live_trial *live = trial_at(audit, i)->live;
    if (elsewhere_possible(turn->core, live))
        return NULL;
    const struct worker *avoided = live->avoids;
    return arena_printf(turn->out->arena,
                        "waits for a worker other than `%s` (process %" PRId32
                        ") with the same CPU, %s",
                        avoided->row.name, avoided->row.pid, avoided->row.cpu);
}
