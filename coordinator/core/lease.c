#include "coordinator/core/lease.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"

#include <assert.h>

/* All leases are equally long, so the place is nearly always at the end. */
static void queue_by_deadline(struct core *core, struct trial *trial)
{
    list_remove(&trial->queue);
    struct link *before = &core->leases.end;
    while (before->previous != &core->leases.end &&
           LIST_ITEM(before->previous, struct trial, queue)->deadline_ms > trial->deadline_ms)
        before = before->previous;
    list_insert(&core->leases, &trial->queue, before);
}

void lease_begin(struct core *core, struct trial *trial, struct worker *worker, int64_t now_ms)
{
    assert(trial->worker == NULL);
    trial->worker = worker;
    trial->deadline_ms = now_ms + core->options.lease_ms;
    trial->moved_ms = now_ms;
    trial->sent_in = worker->session;
    trial->confirmed = false;
    list_push(&worker->leases, &trial->held);
    queue_by_deadline(core, trial);
    share_update(core, trial->study);
}

void lease_extend(struct core *core, struct trial *trial, int64_t now_ms)
{
    trial->confirmed = true;
    trial->deadline_ms = now_ms + core->options.lease_ms;
    queue_by_deadline(core, trial);
    share_update(core, trial->study);
}

bool lease_lapsed(const struct core *core, const struct trial *trial)
{
    return trial->worker != NULL && trial->queue.list != &core->leases;
}

/* A TRIAL that never arrived must not stay in flight for ever. One that does after all is noticed
 * by the next ASK. */
static void count_undelivered(const struct trial *trial)
{
    struct worker *worker = trial->worker;
    if (!trial->confirmed && worker->session != 0 && trial->sent_in == worker->session &&
        worker->lost < worker->sent - worker->received)
        worker->lost++;
}

static struct link *first_suspect(struct study *study)
{
    struct link *first = &study->lapsed.end;
    while (first->previous != &study->lapsed.end &&
           trial_is_suspect(LIST_ITEM(first->previous, struct trial, queue)))
        first = first->previous;
    return first;
}

static void queue_lapsed(struct core *core, struct trial *trial)
{
    bool orphan = !study_active(trial->study);
    list_remove(&trial->queue);
    if (orphan)
        list_push(&core->orphans, &trial->queue);
    else if (trial->study->row.audit)
        elsewhere_queue(core, trial);
    else if (trial_is_suspect(trial))
        list_push(&trial->study->lapsed, &trial->queue);
    else
        list_insert(&trial->study->lapsed, &trial->queue, first_suspect(trial->study));
    share_update(core, trial->study);
}

void lease_lapse(struct core *core, struct trial *trial)
{
    if (lease_lapsed(core, trial))
        return;
    count_undelivered(trial);
    queue_lapsed(core, trial);
}

void leases_adopt(struct core *core, const struct study *study)
{
    struct link *next;
    for (struct link *link = core->orphans.end.next; link != &core->orphans.end; link = next) {
        struct trial *trial = LIST_ITEM(link, struct trial, queue);
        next = link->next;
        if (trial->study == study)
            queue_lapsed(core, trial);
    }
}

void lease_end(struct core *core, struct trial *trial)
{
    list_remove(&trial->queue);
    list_remove(&trial->held);
    trial->worker = NULL;
    share_update(core, trial->study);
}

void lease_revoke(struct core *core, struct trial *trial)
{
    if (!lease_lapsed(core, trial))
        count_undelivered(trial);
    lease_end(core, trial);
}

void leases_lapse(struct core *core, int64_t now_ms)
{
    for (struct link *first; (first = list_first(&core->leases)) != NULL;) {
        struct trial *trial = LIST_ITEM(first, struct trial, queue);
        if (trial->deadline_ms > now_ms)
            return;
        lease_lapse(core, trial);
    }
}

/* What had lapsed only because of the pause is whole again. */
static void revive(struct core *core, struct trial *trial, int64_t now_ms, int64_t pause_ms)
{
    trial->deadline_ms += pause_ms;
    if (trial->deadline_ms <= now_ms)
        return;
    queue_by_deadline(core, trial);
    share_update(core, trial->study);
}

/* Leases that hold all move by the same time, so they stay in order where they are: to look for the
 * places of ten thousand anew would take longer than a disk is given to recover. */
void leases_pause(struct core *core, int64_t now_ms, int64_t pause_ms)
{
    LIST_EACH(&core->leases, link)
    LIST_ITEM(link, struct trial, queue)->deadline_ms += pause_ms;
    for (size_t i = 0; i < core->n_workers; i++) {
        struct worker *worker = core->workers[i];
        if (worker->session != 0)
            worker->heard_ms += pause_ms;
        LIST_EACH(&worker->leases, held)
        {
            struct trial *trial = LIST_ITEM(held, struct trial, held);
            if (trial->queue.list != &core->leases)
                revive(core, trial, now_ms, pause_ms);
        }
    }
}
