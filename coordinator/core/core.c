#include "coordinator/core/core.h"
#include "coordinator/core/action.h"
#include "coordinator/core/audit.h"
#include "coordinator/core/drain.h"
#include "coordinator/core/elsewhere.h"
#include "coordinator/core/lease.h"
#include "coordinator/core/pause.h"
#include "coordinator/core/report.h"
#include "coordinator/core/rerun.h"
#include "coordinator/core/retry.h"
#include "coordinator/core/search.h"
#include "coordinator/core/status.h"
#include "coordinator/core/worker.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* What is done with each message. Workers speak inside a session, clients without one; HELLO makes
 * one. */
static const struct handler {
    void (*from_worker)(struct turn *turn, struct worker *worker, const struct message *message);
    void (*from_anyone)(struct turn *turn, const struct message *message);
    bool saves; /* may it lead to a SAVE? */
} handlers[MESSAGE_TYPES] = {
    [MESSAGE_HELLO] = { .from_anyone = worker_hello, .saves = true },
    [MESSAGE_ASK] = { .from_worker = worker_ask },
    [MESSAGE_BEAT] = { .from_worker = worker_beat },
    [MESSAGE_POINTS] = { .from_worker = report_points, .saves = true },
    [MESSAGE_RESULT] = { .from_worker = report_result, .saves = true },
    [MESSAGE_RELEASE] = { .from_worker = report_release, .saves = true },
    [MESSAGE_SUBMIT] = { .from_anyone = search_submit, .saves = true },
    [MESSAGE_STATUS] = { .from_anyone = status_answer },
    [MESSAGE_STOP] = { .from_anyone = search_stop, .saves = true },
    [MESSAGE_RERUN] = { .from_anyone = rerun_request, .saves = true },
    [MESSAGE_PAUSE] = { .from_anyone = pause_request, .saves = true },
    [MESSAGE_RESUME] = { .from_anyone = resume_request, .saves = true },
    [MESSAGE_RETRY] = { .from_anyone = retry_request, .saves = true },
    [MESSAGE_AUDIT] = { .from_anyone = audit_request, .saves = true },
    [MESSAGE_DRAIN] = { .from_anyone = drain_request, .saves = true },
};

enum { WORKERS_MAX = 1000000 };

static const struct handler *handler_of(const struct message *message)
{
    static const struct handler none;
    return (unsigned)message->type < MESSAGE_TYPES ? &handlers[message->type] : &none;
}

static void on_worker_message(struct turn *turn, const struct message *message)
{
    struct worker *worker = worker_of_session(turn->core, message->session, turn->peer);
    if (worker == NULL) {
        reply_error(turn, message, ERROR_UNKNOWN_SESSION,
                    "this session is not known here (any more): say hello again");
        return;
    }
    if (strcmp(worker->row.key, turn->key) != 0) {
        reply_error(turn, message, ERROR_FORBIDDEN, "this session belongs to another key");
        return;
    }
    worker_heard(turn->core, worker, turn->now_ms);
    handler_of(message)->from_worker(turn, worker, message);
}

static void on_message(struct turn *turn, const struct message *message)
{
    const struct handler *handler = handler_of(message);
    if (handler->from_worker != NULL)
        on_worker_message(turn, message);
    else if (handler->from_anyone != NULL)
        handler->from_anyone(turn, message);
    else if (message->type != MESSAGE_ERROR) /* an error is never answered by another */
        reply_error(turn, message, ERROR_REFUSED, "a coordinator does not take such messages");
}

void core_step(struct core *core, const struct event *event, struct actions *out)
{
    struct turn turn = { .core = core,
                         .now_ms = event->now_ms,
                         .wall_ms = event->wall_ms,
                         .peer = event->peer,
                         .key = event->key != NULL ? event->key : "",
                         .refusal = event->refusal,
                         .out = out };
    if (core->started_ms < 0)
        core->started_ms = event->now_ms;
    switch (event->type) {
    case EVENT_MESSAGE:
        on_message(&turn, event->message);
        break;
    case EVENT_TICK:
        leases_lapse(core, event->now_ms);
        workers_forget_silent(core, event->now_ms);
        break;
    case EVENT_PEER_GONE:
        workers_peer_gone(core, event->peer);
        break;
    case EVENT_PAUSE:
        leases_pause(core, event->now_ms, event->pause_ms);
        break;
    }
}

bool core_event_saves(const struct event *event)
{
    return event->type == EVENT_MESSAGE && handler_of(event->message)->saves;
}

struct core *core_create(const struct core_options *options)
{
    struct core *core = xcalloc(1, sizeof *core);
    core->options = *options;
    if (core->options.max_workers == 0)
        core->options.max_workers = WORKERS_MAX;
    core->version = xstrdup(options->version);
    core->note = xstrdup("");
    core->started_ms = -1;
    list_init(&core->leases);
    list_init(&core->orphans);
    list_init(&core->connected);
    list_init(&core->vacant);
    list_init(&core->all_classes);
    list_init(&core->wanted);
    list_init(&core->hungry[0]);
    list_init(&core->hungry[1]);
    return core;
}

static void free_indexes(struct core *core)
{
    index_free(&core->studies);
    index_free(&core->instances);
    index_free(&core->by_session);
    index_free(&core->by_peer);
    index_free(&core->worker_ids);
    name_index_free(&core->search_names);
    name_index_free(&core->submit_keys);
    name_index_free(&core->study_names);
    heap_free(&core->runnable[0]);
    heap_free(&core->runnable[1]);
}

void core_destroy(struct core **out)
{
    struct core *core = *out;
    if (core == NULL)
        return;
    for (size_t i = 0; i < core->n_searches; i++)
        search_destroy(&core->searches[i]);
    for (size_t i = 0; i < core->n_workers; i++)
        worker_destroy(&core->workers[i]);
    elsewhere_destroy(core);
    free_indexes(core);
    free(core->searches);
    free(core->workers);
    free(core->version);
    free(core->note);
    free(core);
    *out = NULL;
}

void core_set_note(struct core *core, const char *note)
{
    free(core->note);
    core->note = xstrdup(note != NULL ? note : "");
}
