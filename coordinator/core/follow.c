#include "coordinator/core/follow.h"
#include "coordinator/core/rerun.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "common/arena.h"
#include "common/json.h"

bool study_waits(const struct study *study)
{
    return study->before != NULL && study->before->row.finished_ms == 0 && study->n_trials == 0;
}

void study_follow(struct study *study)
{
    study->before = study->row.audit ? NULL : study->parent;
    if (study->parent == NULL && study->definition->before >= 0)
        study->before = study->search->studies[study->definition->before];
    if (study->before == NULL)
        return;
    study->next_follower = study->before->followers;
    study->before->followers = study;
}

/* ---- ladders --------------------------------------------------------------------------------- */

/* The rung at or below this one whose best value has reached the stop; NULL: none yet. */
static const struct study *top_reached(const struct study *rung, double *value)
{
    const struct ladder *ladder = &rung->search->definition->ladder;
    int64_t configuration;
    for (; rung != NULL; rung = rung->before) {
        if (ledger_best(rung->ledger, &configuration, value) &&
            (ladder->at_least ? *value >= ladder->value : *value <= ladder->value))
            return rung;
    }
    return NULL;
}

static void climb(struct turn *turn, struct study *rung)
{
    const struct definition *definition = rung->search->definition;
    char reached[NUMBER_TEXT_BYTES], wanted[NUMBER_TEXT_BYTES];
    double value;
    const struct study *top = top_reached(rung->before, &value);
    if (top == NULL)
        return;
    number_text(reached, value);
    number_text(wanted, definition->ladder.value);
    study_skip(turn, rung,
               arena_printf(turn->out->arena,
                            "left out: `%s` reached %s %s, %s %s is the ladder's "
                            "stop",
                            top->row.name, definition->metric, reached,
                            definition->ladder.at_least ? "at least" : "at most", wanted));
}

/* ---- both ------------------------------------------------------------------------------------ */

void followers_go(struct turn *turn, struct study *study)
{
    for (struct study *follower = study->followers; follower != NULL;
         follower = follower->next_follower) {
        if (follower->row.finished_ms != 0 || follower->n_trials > 0)
            continue; /* it was told when the study finished for the first time */
        if (follower->parent != NULL)
            rerun_begin(turn, follower);
        else
            climb(turn, follower);
        share_update(turn->core, follower);
    }
}
