#include "coordinator/core/share.h"
#include "coordinator/core/follow.h"

static bool may_start_another(const struct study *study)
{
    int64_t limit = study->search->definition->max_concurrent_trials;
    return limit == 0 || study->counts.running < limit;
}

bool study_may_start(const struct study *study)
{
    bool startable =
        study->waiting.count > 0 || ledger_configurations(study->ledger) < study->row.budget;
    return startable && may_start_another(study);
}

bool study_has_work(const struct study *study)
{
    if (study->row.state != SEARCH_OPEN || study_waits(study) || study->row.audit)
        return false; /* what an audit has is handed out by elsewhere.c */
    if (study->lapsed.count > 0) /* running already, so the limit has room for it */
        return true;
    return study_may_start(study);
}

static struct heap *heap_of(struct core *core, const struct search *search)
{
    return &core->runnable[search->definition->program == PROGRAM_COMMAND];
}

static void place_search(struct core *core, struct search *search)
{
    if (heap_least(&search->runnable) != NULL)
        heap_put(heap_of(core, search), &search->share, search->running, search->share.served);
    else
        heap_remove(heap_of(core, search), &search->share);
}

void share_update(struct core *core, struct study *study)
{
    struct search *search = study->search;
    if (study_has_work(study))
        heap_put(&search->runnable, &study->share, study->counts.running, study->share.served);
    else
        heap_remove(&search->runnable, &study->share);
    place_search(core, search);
}

void share_served(struct core *core, struct study *study)
{
    study->share.served = study->search->share.served = ++core->served;
    share_update(core, study);
}

struct study *share_pick(struct core *core, bool allow_command)
{
    struct heap_node *best = heap_least(&core->runnable[0]);
    struct heap_node *command = allow_command ? heap_least(&core->runnable[1]) : NULL;
    if (best == NULL || (command != NULL && heap_before(command, best)))
        best = command;
    if (best == NULL)
        return NULL;
    struct search *search = HEAP_ITEM(best, struct search, share);
    return HEAP_ITEM(heap_least(&search->runnable), struct study, share);
}
