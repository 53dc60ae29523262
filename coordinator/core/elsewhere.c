#include "coordinator/core/elsewhere.h"
#include "coordinator/core/trial.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* ---- classes --------------------------------------------------------------------------------- */

static struct cpu_class *create_class(struct core *core, const char *cpu)
{
    struct cpu_class *class = xcalloc(1, sizeof *class);
    class->cpu = xstrdup(cpu);
    for (int i = 0; i < 2; i++) {
        list_init(&class->hungry[i]);
        list_init(&class->avoided[i]);
    }
    name_index_put(&core->classes, class->cpu, class);
    list_push(&core->all_classes, &class->link);
    for (size_t i = 0; i < core->n_workers; i++)
        elsewhere_classify(core, core->workers[i]);
    return class;
}

void elsewhere_destroy(struct core *core)
{
    for (struct link *first; (first = list_first(&core->all_classes)) != NULL;) {
        struct cpu_class *class = LIST_ITEM(first, struct cpu_class, link);
        list_remove(first);
        free(class->cpu);
        free(class);
    }
    name_index_free(&core->classes);
}

void elsewhere_classify(struct core *core, struct worker *worker)
{
    elsewhere_leave_line(worker);
    worker->class = name_index_find(&core->classes, worker->row.cpu);
    if (worker->credit > 0)
        elsewhere_line_up(worker);
}

void elsewhere_line_up(struct worker *worker)
{
    if (worker->class != NULL)
        list_push(&worker->class->hungry[worker->row.allow_command], &worker->hungry_here);
}

void elsewhere_leave_line(struct worker *worker)
{
    list_remove(&worker->hungry_here);
}

/* ---- trials ---------------------------------------------------------------------------------- */

static bool is_command(const struct trial *trial)
{
    return trial->study->search->definition->program == PROGRAM_COMMAND;
}

void elsewhere_settle(const struct core *core, struct live_trial *live)
{
    const struct study *parent = live->trial->study->parent;
    const struct trial *source = trial_at(parent, (size_t)live->trial->source);
    live->avoids = index_find(&core->worker_ids, (uint64_t)trial_latest(source).worker);
}

static void put_behind(struct core *core, struct live_trial *live)
{
    bool command = is_command(live->trial);
    struct worker *avoided = live->avoids;
    if (avoided->class == NULL)
        create_class(core, avoided->row.cpu);
    struct cpu_class *class = avoided->class;
    struct avoided *behind = &avoided->avoided[command];
    list_push(&behind->trials, &live->queue);
    if (behind->link.list == NULL)
        list_push(&class->avoided[command], &behind->link);
    if (class->wanted.list == NULL)
        list_push(&core->wanted, &class->wanted);
}

void elsewhere_queue(struct core *core, struct live_trial *live)
{
    struct study *study = live->trial->study;
    bool waits = live->trial->state == TRIAL_WAITING;
    list_remove(&live->queue);
    if (study->row.state == SEARCH_OPEN)
        put_behind(core, live);
    else
        list_push(waits ? &study->waiting : &study->lapsed, &live->queue);
}

void elsewhere_queue_all(struct core *core, struct study *study)
{
    for (size_t i = 0; study->row.audit && i < study->n_trials; i++) {
        struct live_trial *live = trial_at(study, i)->live;
        if (live == NULL)
            continue;
        bool lapsed = live->worker != NULL && live->queue.list != &core->leases &&
                      live->queue.list != &core->orphans;
        if (trial_at(study, i)->state == TRIAL_WAITING || lapsed)
            elsewhere_queue(core, live);
    }
}

/* ---- pairs ----------------------------------------------------------------------------------- */

/* The first worker that trials wait behind, other than this one. Who has none any more is dropped:
 * each is put into the list once for each time that it is. */
static struct avoided *first_avoided(struct list *list, const struct worker *except, int command)
{
    struct link *next;
    for (struct link *link = list->end.next; link != &list->end; link = next) {
        struct avoided *behind = LIST_ITEM(link, struct avoided, link);
        next = link->next;
        if (behind->trials.count == 0)
            list_remove(link);
        else if (except == NULL || behind != &except->avoided[command])
            return behind;
    }
    return NULL;
}

/* The first of the hungry and the first trial that it may run; if all wait for it alone to step
 * aside, the second of the hungry. */
static bool pair_in(struct list *avoided, const struct list *hungry, int command,
                    struct worker **worker, struct trial **trial)
{
    struct link *first = list_first(hungry);
    if (first == NULL)
        return false;
    *worker = LIST_ITEM(first, struct worker, hungry_here);
    struct avoided *behind = first_avoided(avoided, *worker, command);
    if (behind == NULL && hungry->count > 1) {
        *worker = LIST_ITEM(first->next, struct worker, hungry_here);
        behind = first_avoided(avoided, *worker, command);
    }
    if (behind == NULL)
        return false;
    *trial = LIVE_QUEUED(behind->trials.end.next)->trial; /* first_avoided: it is not empty */
    return true;
}

bool elsewhere_pair(struct core *core, struct worker **worker, struct trial **trial)
{
    struct link *next;
    for (struct link *link = core->wanted.end.next; link != &core->wanted.end; link = next) {
        struct cpu_class *class = LIST_ITEM(link, struct cpu_class, wanted);
        next = link->next;
        if (pair_in(&class->avoided[0], &class->hungry[0], 0, worker, trial) ||
            pair_in(&class->avoided[0], &class->hungry[1], 0, worker, trial) ||
            pair_in(&class->avoided[1], &class->hungry[1], 1, worker, trial))
            return true;
        if (first_avoided(&class->avoided[0], NULL, 0) == NULL &&
            first_avoided(&class->avoided[1], NULL, 1) == NULL)
            list_remove(link);
    }
    return false;
}

bool elsewhere_possible(const struct core *core, const struct live_trial *live)
{
    const struct worker *avoided = live->avoids;
    LIST_EACH(&core->connected, link) {
        const struct worker *worker = LIST_ITEM(link, struct worker, heard);
        if (worker != avoided && worker->row.drain == DRAIN_NO &&
            strcmp(worker->row.cpu, avoided->row.cpu) == 0 &&
            (worker->row.allow_command || !is_command(live->trial)))
            return true;
    }
    return false;
}
