/* The messages between clients and the coordinator. */
#include "proto/convert.h"

_Static_assert((int)LDT__V1__STUDY_STATUS__STATE__STATE_OPEN == (int)SEARCH_OPEN, "state");
_Static_assert((int)LDT__V1__STUDY_STATUS__STATE__STATE_STOPPED == (int)SEARCH_STOPPED, "state");
_Static_assert((int)LDT__V1__STUDY_STATUS__STATE__STATE_DONE == (int)SEARCH_DONE, "state");

/* ---- submit */

static void *submit_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Submit *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__submit__init(wire);
    wire->submit_key = wire_text(message->submit.submit_key);
    wire->definition = wire_text(message->submit.definition);
    wire->spec = wire_text(message->submit.spec);
    return wire;
}

static bool submit_from_wire(struct arena *arena, struct message *message, const void *body,
                             struct error *error)
{
    const Ldt__V1__Submit *wire = body;
    message->submit.submit_key = wire->submit_key;
    message->submit.definition = wire->definition;
    message->submit.spec = wire->spec;
    return true;
}

static void *submitted_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Submitted *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__submitted__init(wire);
    wire->search = wire_text(message->submitted.search);
    wire->studies = message->submitted.studies;
    wire->trials = message->submitted.trials;
    wire->already = message->submitted.already;
    return wire;
}

static bool submitted_from_wire(struct arena *arena, struct message *message, const void *body,
                                struct error *error)
{
    const Ldt__V1__Submitted *wire = body;
    message->submitted.search = wire->search;
    message->submitted.studies = wire->studies;
    message->submitted.trials = wire->trials;
    message->submitted.already = wire->already;
    return true;
}

/* ---- status */

static void *status_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Status *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__status__init(wire);
    wire->name = wire_text(message->status.name);
    wire->workers = message->status.workers;
    return wire;
}

static bool status_from_wire(struct arena *arena, struct message *message, const void *body,
                             struct error *error)
{
    const Ldt__V1__Status *wire = body;
    message->status.name = wire->name;
    message->status.workers = wire->workers;
    return true;
}

static Ldt__V1__TrialCounts *counts_to_wire(struct arena *arena, const struct trial_counts *counts)
{
    Ldt__V1__TrialCounts *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__trial_counts__init(wire);
    wire->waiting = counts->waiting;
    wire->running = counts->running;
    wire->done = counts->done;
    wire->pruned = counts->pruned;
    wire->diverged = counts->diverged;
    wire->failed = counts->failed;
    wire->cancelled = counts->cancelled;
    return wire;
}

static struct trial_counts counts_from_wire(const Ldt__V1__TrialCounts *wire)
{
    if (wire == NULL) /* nothing counted yet */
        return (struct trial_counts){ 0 };
    return (struct trial_counts){
        .waiting = wire->waiting,
        .running = wire->running,
        .done = wire->done,
        .pruned = wire->pruned,
        .diverged = wire->diverged,
        .failed = wire->failed,
        .cancelled = wire->cancelled,
    };
}

static Ldt__V1__StudyStatus *study_to_wire(struct arena *arena, const struct study_status *study)
{
    Ldt__V1__StudyStatus *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__study_status__init(wire);
    wire->search = wire_text(study->search);
    wire->name = wire_text(study->name);
    wire->state = (Ldt__V1__StudyStatus__State)study->state;
    wire->trials = study->trials;
    wire->counts = counts_to_wire(arena, &study->counts);
    wire->has_best = study->has_best;
    wire->best_value = study->best_value;
    wire->best_trial = study->best_trial;
    wire->metric = wire_text(study->metric);
    wire->maximize = study->maximize;
    wire->note = wire_text(study->note);
    wire->created_wall_ms = study->created_wall_ms;
    wire->finished_wall_ms = study->finished_wall_ms;
    return wire;
}

static struct study_status study_from_wire(const Ldt__V1__StudyStatus *wire)
{
    return (struct study_status){
        .search = wire->search,
        .name = wire->name,
        .state = (enum search_state)wire->state,
        .trials = wire->trials,
        .counts = counts_from_wire(wire->counts),
        .has_best = wire->has_best,
        .best_value = wire->best_value,
        .best_trial = wire->best_trial,
        .metric = wire->metric,
        .maximize = wire->maximize,
        .note = wire->note,
        .created_wall_ms = wire->created_wall_ms,
        .finished_wall_ms = wire->finished_wall_ms,
    };
}

static Ldt__V1__WorkerStatus *worker_to_wire(struct arena *arena,
                                             const struct worker_status *worker)
{
    Ldt__V1__WorkerStatus *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__worker_status__init(wire);
    wire->name = wire_text(worker->name);
    wire->host = wire_text(worker->host);
    wire->slots = worker->slots;
    wire->busy = worker->busy;
    wire->allow_command = worker->allow_command;
    wire->connected = worker->connected;
    wire->seen_ms_ago = worker->seen_ms_ago;
    wire->done = worker->done;
    wire->failed = worker->failed;
    wire->drain = worker->drain;
    wire->note = wire_text(worker->note);
    return wire;
}

static struct worker_status worker_from_wire(const Ldt__V1__WorkerStatus *wire)
{
    return (struct worker_status){
        .name = wire->name,
        .host = wire->host,
        .slots = wire->slots,
        .busy = wire->busy,
        .allow_command = wire->allow_command,
        .connected = wire->connected,
        .seen_ms_ago = wire->seen_ms_ago,
        .done = wire->done,
        .failed = wire->failed,
        .drain = wire->drain,
        .note = wire->note,
    };
}

static void *status_reply_to_wire(struct arena *arena, const struct message *message)
{
    size_t n_studies = message->status_reply.n_studies, n_workers = message->status_reply.n_workers;
    Ldt__V1__StatusReply *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__status_reply__init(wire);
    wire->n_studies = n_studies;
    wire->studies = arena_alloc(arena, n_studies * sizeof *wire->studies);
    for (size_t i = 0; i < n_studies; i++)
        wire->studies[i] = study_to_wire(arena, &message->status_reply.studies[i]);
    wire->n_workers = n_workers;
    wire->workers = arena_alloc(arena, n_workers * sizeof *wire->workers);
    for (size_t i = 0; i < n_workers; i++)
        wire->workers[i] = worker_to_wire(arena, &message->status_reply.workers[i]);
    wire->uptime_ms = message->status_reply.uptime_ms;
    wire->version = wire_text(message->status_reply.version);
    wire->note = wire_text(message->status_reply.note);
    return wire;
}

static bool status_reply_from_wire(struct arena *arena, struct message *message, const void *body,
                                   struct error *error)
{
    const Ldt__V1__StatusReply *wire = body;
    struct study_status *studies = arena_alloc(arena, wire->n_studies * sizeof *studies);
    struct worker_status *workers = arena_alloc(arena, wire->n_workers * sizeof *workers);
    for (size_t i = 0; i < wire->n_studies; i++)
        studies[i] = study_from_wire(wire->studies[i]);
    for (size_t i = 0; i < wire->n_workers; i++)
        workers[i] = worker_from_wire(wire->workers[i]);
    message->status_reply.studies = studies;
    message->status_reply.n_studies = wire->n_studies;
    message->status_reply.workers = workers;
    message->status_reply.n_workers = wire->n_workers;
    message->status_reply.uptime_ms = wire->uptime_ms;
    message->status_reply.version = wire->version;
    message->status_reply.note = wire->note;
    return true;
}

/* ---- stop */

static void *stop_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Stop *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__stop__init(wire);
    wire->name = wire_text(message->stop.name);
    wire->now = message->stop.now;
    return wire;
}

static bool stop_from_wire(struct arena *arena, struct message *message, const void *body,
                           struct error *error)
{
    const Ldt__V1__Stop *wire = body;
    message->stop.name = wire->name;
    message->stop.now = wire->now;
    return true;
}

static void *stopped_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Stopped *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__stopped__init(wire);
    wire->studies = message->stopped.studies;
    wire->cancelled = message->stopped.cancelled;
    return wire;
}

static bool stopped_from_wire(struct arena *arena, struct message *message, const void *body,
                              struct error *error)
{
    const Ldt__V1__Stopped *wire = body;
    message->stopped.studies = wire->studies;
    message->stopped.cancelled = wire->cancelled;
    return true;
}

/* ---- rerun */

static void *rerun_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Rerun *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__rerun__init(wire);
    wire->name = wire_text(message->rerun.name);
    wire->best = message->rerun.best;
    wire->seeds = message->rerun.seeds;
    return wire;
}

static bool rerun_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Rerun *wire = body;
    message->rerun.name = wire->name;
    message->rerun.best = wire->best;
    message->rerun.seeds = wire->seeds;
    return true;
}

static void *rerunning_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Rerunning *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__rerunning__init(wire);
    wire->name = wire_text(message->rerunning.name);
    wire->studies = message->rerunning.studies;
    wire->trials = message->rerunning.trials;
    wire->already = message->rerunning.already;
    return wire;
}

static bool rerunning_from_wire(struct arena *arena, struct message *message, const void *body,
                                struct error *error)
{
    const Ldt__V1__Rerunning *wire = body;
    message->rerunning.name = wire->name;
    message->rerunning.studies = wire->studies;
    message->rerunning.trials = wire->trials;
    message->rerunning.already = wire->already;
    return true;
}

/* ---- pause, resume */

static void *pause_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Pause *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__pause__init(wire);
    wire->name = wire_text(message->pause.name);
    return wire;
}

static bool pause_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Pause *wire = body;
    message->pause.name = wire->name;
    return true;
}

static void *paused_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Paused *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__paused__init(wire);
    wire->studies = message->paused.studies;
    wire->running = message->paused.running;
    wire->already = message->paused.already;
    return wire;
}

static bool paused_from_wire(struct arena *arena, struct message *message, const void *body,
                             struct error *error)
{
    const Ldt__V1__Paused *wire = body;
    message->paused.studies = wire->studies;
    message->paused.running = wire->running;
    message->paused.already = wire->already;
    return true;
}

static void *resume_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Resume *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__resume__init(wire);
    wire->name = wire_text(message->resume.name);
    return wire;
}

static bool resume_from_wire(struct arena *arena, struct message *message, const void *body,
                             struct error *error)
{
    const Ldt__V1__Resume *wire = body;
    message->resume.name = wire->name;
    return true;
}

static void *resumed_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Resumed *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__resumed__init(wire);
    wire->studies = message->resumed.studies;
    wire->already = message->resumed.already;
    return wire;
}

static bool resumed_from_wire(struct arena *arena, struct message *message, const void *body,
                              struct error *error)
{
    const Ldt__V1__Resumed *wire = body;
    message->resumed.studies = wire->studies;
    message->resumed.already = wire->already;
    return true;
}

/* ---- retry */

static void *retry_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Retry *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__retry__init(wire);
    wire->name = wire_text(message->retry.name);
    wire->n_trials = message->retry.n_trials;
    wire->trials = message->retry.trials;
    wire->failed = message->retry.failed;
    wire->cancelled = message->retry.cancelled;
    wire->diverged = message->retry.diverged;
    return wire;
}

static bool retry_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Retry *wire = body;
    message->retry.name = wire->name;
    message->retry.trials = wire->trials;
    message->retry.n_trials = wire->n_trials;
    message->retry.failed = wire->failed;
    message->retry.cancelled = wire->cancelled;
    message->retry.diverged = wire->diverged;
    return true;
}

static void *retried_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Retried *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__retried__init(wire);
    wire->studies = message->retried.studies;
    wire->trials = message->retried.trials;
    return wire;
}

static bool retried_from_wire(struct arena *arena, struct message *message, const void *body,
                              struct error *error)
{
    const Ldt__V1__Retried *wire = body;
    message->retried.studies = wire->studies;
    message->retried.trials = wire->trials;
    return true;
}

/* ---- drain */

static void *drain_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Drain *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__drain__init(wire);
    wire->n_workers = message->drain.n_workers;
    wire->workers = (char **)message->drain.workers;
    wire->all = message->drain.all;
    wire->now = message->drain.now;
    return wire;
}

static bool drain_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Drain *wire = body;
    message->drain.workers = (const char **)wire->workers;
    message->drain.n_workers = wire->n_workers;
    message->drain.all = wire->all;
    message->drain.now = wire->now;
    return true;
}

static void *drained_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Drained *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__drained__init(wire);
    wire->workers = message->drained.workers;
    wire->running = message->drained.running;
    return wire;
}

static bool drained_from_wire(struct arena *arena, struct message *message, const void *body,
                              struct error *error)
{
    const Ldt__V1__Drained *wire = body;
    message->drained.workers = wire->workers;
    message->drained.running = wire->running;
    return true;
}

/* ---- audit */

static void *audit_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Audit *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__audit__init(wire);
    wire->name = wire_text(message->audit.name);
    wire->count = message->audit.count;
    wire->percent = message->audit.percent;
    wire->seed = message->audit.seed;
    return wire;
}

static bool audit_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Audit *wire = body;
    message->audit.name = wire->name;
    message->audit.count = wire->count;
    message->audit.percent = wire->percent;
    message->audit.seed = wire->seed;
    return true;
}

static void *auditing_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Auditing *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__auditing__init(wire);
    wire->name = wire_text(message->auditing.name);
    wire->trials = message->auditing.trials;
    wire->already = message->auditing.already;
    return wire;
}

static bool auditing_from_wire(struct arena *arena, struct message *message, const void *body,
                               struct error *error)
{
    const Ldt__V1__Auditing *wire = body;
    message->auditing.name = wire->name;
    message->auditing.trials = wire->trials;
    message->auditing.already = wire->already;
    return true;
}

#define BODY(name) LDT__V1__ENVELOPE__BODY_##name
const struct conversion client_conversions[] = {
    { MESSAGE_SUBMIT, BODY(SUBMIT), submit_to_wire, submit_from_wire },
    { MESSAGE_SUBMITTED, BODY(SUBMITTED), submitted_to_wire, submitted_from_wire },
    { MESSAGE_STATUS, BODY(STATUS), status_to_wire, status_from_wire },
    { MESSAGE_STATUS_REPLY, BODY(STATUS_REPLY), status_reply_to_wire, status_reply_from_wire },
    { MESSAGE_STOP, BODY(STOP), stop_to_wire, stop_from_wire },
    { MESSAGE_STOPPED, BODY(STOPPED), stopped_to_wire, stopped_from_wire },
    { MESSAGE_RERUN, BODY(RERUN), rerun_to_wire, rerun_from_wire },
    { MESSAGE_RERUNNING, BODY(RERUNNING), rerunning_to_wire, rerunning_from_wire },
    { MESSAGE_PAUSE, BODY(PAUSE), pause_to_wire, pause_from_wire },
    { MESSAGE_PAUSED, BODY(PAUSED), paused_to_wire, paused_from_wire },
    { MESSAGE_RESUME, BODY(RESUME), resume_to_wire, resume_from_wire },
    { MESSAGE_RESUMED, BODY(RESUMED), resumed_to_wire, resumed_from_wire },
    { MESSAGE_RETRY, BODY(RETRY), retry_to_wire, retry_from_wire },
    { MESSAGE_RETRIED, BODY(RETRIED), retried_to_wire, retried_from_wire },
    { MESSAGE_DRAIN, BODY(DRAIN), drain_to_wire, drain_from_wire },
    { MESSAGE_DRAINED, BODY(DRAINED), drained_to_wire, drained_from_wire },
    { MESSAGE_AUDIT, BODY(AUDIT), audit_to_wire, audit_from_wire },
    { MESSAGE_AUDITING, BODY(AUDITING), auditing_to_wire, auditing_from_wire },
};
const size_t n_client_conversions = sizeof client_conversions / sizeof *client_conversions;
