#include "coordinator/core/rerun.h"
#include "coordinator/core/search.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "common/arena.h"
#include "common/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is run again ----------------------------------------------------------------------- */

/* How many of the best configurations there are to run again, of at most `wanted`. */
static int64_t available(const struct study *parent, int64_t wanted)
{
    int64_t *best = xcalloc((size_t)wanted + 1, sizeof *best);
    int64_t count = ledger_ranking(parent->ledger, best, wanted);
    free(best);
    return count;
}

void rerun_point(const struct study *rerun, struct value *values)
{
    const struct value *point = ledger_best_not_in(rerun->parent->ledger, rerun->ledger);
    assert(point != NULL);
    memcpy(values, point, (size_t)rerun->definition->space->n_parameters * sizeof *values);
}

void rerun_begin(struct turn *turn, struct study *rerun)
{
    struct arena *arena = turn->out->arena;
    const char *parent = rerun->parent->row.name;
    int64_t count = available(rerun->parent, rerun->row.budget);
    if (!study_active(rerun))
        return;
    if (rerun->parent->row.state == SEARCH_STOPPED) {
        study_stop(turn, rerun, false,
                   arena_printf(arena,
                                "`%s` was stopped before its end; `ldt rerun %s` runs the best of "
                                "it again all the same",
                                parent, parent));
    } else if (count == 0) {
        study_skip(turn, rerun,
                   arena_printf(arena, "left out: no configuration of `%s` has a value", parent));
    } else if (count < rerun->row.budget) {
        rerun->row.budget = count;
        save_study(turn, rerun);
    }
}

/* ---- making one ------------------------------------------------------------------------------ */

/* "STUDY/rerun", and "STUDY/rerun-2" for another one of the same study. */
static const char *free_name(struct turn *turn, const struct study *parent)
{
    struct arena *arena = turn->out->arena;
    const char *name = arena_printf(arena, "%s" RERUN_SUFFIX, parent->row.name);
    for (int i = 2; name_index_find(&turn->core->study_names, name) != NULL; i++)
        name = arena_printf(arena, "%s" RERUN_SUFFIX "-%d", parent->row.name, i);
    return name;
}

static struct study *create(struct turn *turn, const struct study *parent, int64_t best,
                            int64_t seeds)
{
    struct study_row row = {
        .id = turn->core->last_study + 1,
        .search = parent->row.search,
        .name = free_name(turn, parent),
        .position = (int64_t)parent->search->n_studies,
        .state = SEARCH_OPEN,
        .seed = parent->search->definition->seed,
        .budget = best,
        .repeat = (int32_t)seeds,
        .parent = parent->row.id,
        .note = "",
        .created_ms = turn->wall_ms,
    };
    struct study *study = study_create(turn->core, parent->search, &row);
    save_study(turn, study);
    return study;
}

void rerun_plan(struct turn *turn, struct search *search)
{
    const struct rerun_plan *plan = &search->definition->rerun;
    if (plan->best == 0)
        return;
    for (size_t i = 0; i < search->definition->n_studies; i++) {
        int64_t most = search->studies[i]->row.budget;
        create(turn, search->studies[i], plan->best < most ? plan->best : most, plan->seeds);
    }
}

/* ---- RERUN ----------------------------------------------------------------------------------- */

/* The same re-run, asked for before; one that was stopped does not count. */
static struct study *find_same(const struct study *parent, int64_t best, int64_t seeds)
{
    for (struct study *study = parent->followers; study != NULL; study = study->next_follower) {
        if (study->parent == parent && study->row.budget == best && study->row.repeat == seeds &&
            study->row.state != SEARCH_STOPPED)
            return study;
    }
    return NULL;
}

/* Why a study cannot run again, or NULL. */
static const char *refusal(struct turn *turn, const struct study *study)
{
    struct arena *arena = turn->out->arena;
    const char *name = study->row.name;
    if (study->row.audit)
        return arena_printf(arena, "`%s` is an audit: name the study, `%s`", name,
                            study->parent->row.name);
    if (study->parent != NULL)
        return arena_printf(arena, "`%s` is a re-run itself: name the study, `%s`", name,
                            study->parent->row.name);
    if (study->row.finished_ms == 0)
        return arena_printf(arena,
                            "`%s` has not finished: wait until it is done (`ldt status %s`), or "
                            "stop it with `ldt stop %s`",
                            name, name, name);
    if (strlen(name) + strlen(RERUN_SUFFIX "-1000") >= MESSAGE_MAX_STUDY_NAME)
        return arena_printf(arena, "the name of `%s` is too long for a re-run of it", name);
    if (available(study, 1) == 0)
        return arena_printf(arena,
                            "no configuration of `%s` has a value: there is nothing to run "
                            "again",
                            name);
    return NULL;
}

/* The studies of the selection that may run again, copied, because the search's own list moves
 * when a re-run is added: the one that was named; of a search, each that it was submitted with.
 * NULL after having answered why not. */
static struct study **choose(struct turn *turn, const struct message *message,
                             const struct selection *selection, size_t *count)
{
    *count = selection->one != NULL ? 1 : selection->studies[0]->search->definition->n_studies;
    for (size_t i = 0; i < *count; i++) {
        const char *why = refusal(turn, selection->studies[i]);
        if (why != NULL) {
            reply_error(turn, message, ERROR_REFUSED, why);
            return NULL;
        }
    }
    return arena_copy(turn->out->arena, selection->studies, *count * sizeof(struct study *));
}

void rerun_request(struct turn *turn, const struct message *message)
{
    struct selection selection;
    const char *nearest;
    size_t count;
    if (!search_select(turn->core, message->rerun.name, &selection, &nearest)) {
        search_not_found(turn, message, message->rerun.name, nearest);
        return;
    }
    struct study **parents = choose(turn, message, &selection, &count);
    if (parents == NULL)
        return;
    struct message body = { .rerunning = { .studies = (int64_t)count, .already = true } };
    for (size_t i = 0; i < count; i++) {
        int64_t best = available(parents[i], message->rerun.best);
        struct study *rerun = find_same(parents[i], best, message->rerun.seeds);
        body.rerunning.already &= rerun != NULL;
        if (rerun == NULL)
            rerun = create(turn, parents[i], best, message->rerun.seeds);
        if (i == 0)
            body.rerunning.name = rerun->row.name;
        body.rerunning.trials += best * message->rerun.seeds;
    }
    reply(turn, message, MESSAGE_RERUNNING)->rerunning = body.rerunning;
}
