#include "coordinator/core/lease.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/share.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"

#include <assert.h>

/* All leases are equally long, so the place is nearly always at the end. */
static void queue_by_deadline(struct core *core, struct live_trial *live)
{
    list_remove(&live->queue);
    struct link *before = &core->leases.end;
    while (before->previous != &core->leases.end &&
           LIVE_QUEUED(before->previous)->deadline_ms > live->deadline_ms)
        before = before->previous;
    list_insert(&core->leases, &live->queue, before);
}

void lease_begin(struct core *core, struct live_trial *live, struct worker *worker, int64_t now_ms)
{
    assert(live->worker == NULL);
    live->worker = worker;
    live->deadline_ms = now_ms + core->options.lease_ms;
    live->moved_ms = now_ms;
    live->sent_in = worker->session;
    live->confirmed = false;
    list_push(&worker->leases, &live->held);
    queue_by_deadline(core, live);
    share_update(core, live->trial->study);
}

void lease_extend(struct core *core, struct live_trial *live, int64_t now_ms)
{
    live->confirmed = true;
    live->deadline_ms = now_ms + core->options.lease_ms;
    queue_by_deadline(core, live);
    share_update(core, live->trial->study);
}

bool lease_lapsed(const struct core *core, const struct live_trial *live)
{
    return live->worker != NULL && live->queue.list != &core->leases;
}

/* A TRIAL that never arrived must not stay in flight for ever. One that does after all is noticed
 * by the next ASK. */
static void count_undelivered(const struct live_trial *live)
{
    struct worker *worker = live->worker;
    if (!live->confirmed && worker->session != 0 && live->sent_in == worker->session &&
        worker->lost < worker->sent - worker->received)
        worker->lost++;
}

static struct link *first_suspect(struct study *study)
{
    struct link *first = &study->lapsed.end;
    while (first->previous != &study->lapsed.end && trial_is_suspect(LIVE_QUEUED(first->previous)))
        first = first->previous;
    return first;
}

static void queue_lapsed(struct core *core, struct live_trial *live)
{
    struct study *study = live->trial->study;
    bool orphan = !study_active(study);
    list_remove(&live->queue);
    if (orphan)
        list_push(&core->orphans, &live->queue);
    else if (study->row.audit)
        elsewhere_queue(core, live);
    else if (trial_is_suspect(live))
        list_push(&study->lapsed, &live->queue);
    else
        list_insert(&study->lapsed, &live->queue, first_suspect(study));
    share_update(core, study);
}

void lease_lapse(struct core *core, struct live_trial *live)
{
    if (lease_lapsed(core, live))
        return;
    count_undelivered(live);
    queue_lapsed(core, live);
}

void leases_adopt(struct core *core, const struct study *study)
{
    struct link *next;
    for (struct link *link = core->orphans.end.next; link != &core->orphans.end; link = next) {
        struct live_trial *live = LIVE_QUEUED(link);
        next = link->next;
        if (live->trial->study == study)
            queue_lapsed(core, live);
    }
}

void lease_end(struct core *core, struct live_trial *live)
{
    list_remove(&live->queue);
    list_remove(&live->held);
    live->worker = NULL;
    share_update(core, live->trial->study);
}

void lease_revoke(struct core *core, struct live_trial *live)
{
    if (!lease_lapsed(core, live))
        count_undelivered(live);
    lease_end(core, live);
}

void leases_lapse(struct core *core, int64_t now_ms)
{
    for (struct link *first; (first = list_first(&core->leases)) != NULL;) {
        struct live_trial *live = LIVE_QUEUED(first);
        if (live->deadline_ms > now_ms)
            return;
        lease_lapse(core, live);
    }
}

/* What had lapsed only because of the pause is whole again. */
static void revive(struct core *core, struct live_trial *live, int64_t now_ms, int64_t pause_ms)
{
    live->deadline_ms += pause_ms;
    if (live->deadline_ms <= now_ms)
        return;
    queue_by_deadline(core, live);
    share_update(core, live->trial->study);
}

/* Leases that hold all move by the same time, so they stay in order where they are: to look for the
 * places of ten thousand anew would take longer than a disk is given to recover. */
void leases_pause(struct core *core, int64_t now_ms, int64_t pause_ms)
{
    LIST_EACH(&core->leases, link)
        LIVE_QUEUED(link)->deadline_ms += pause_ms;
    for (size_t i = 0; i < core->n_workers; i++) {
        struct worker *worker = core->workers[i];
        if (worker->session != 0)
            worker->heard_ms += pause_ms;
        LIST_EACH(&worker->leases, held) {
            struct live_trial *live = LIVE_HELD(held);
            if (live->queue.list != &core->leases)
                revive(core, live, now_ms, pause_ms);
        }
    }
}
