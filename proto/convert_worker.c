/* The messages between workers and the coordinator. Enumerators of the schema have the numbers
 * of those in common/message.h, so that a cast converts them; the assertions below keep it so. */
#include "proto/convert.h"

#include <math.h>
#include <string.h>

_Static_assert((int)LDT__V1__TRIAL__PROGRAM__PROGRAM_COMMAND == (int)PROGRAM_COMMAND, "program");
_Static_assert((int)LDT__V1__RESULT__KIND__KIND_DONE == (int)RESULT_DONE, "kind");
_Static_assert((int)LDT__V1__RESULT__KIND__KIND_DIED == (int)RESULT_DIED, "kind");
_Static_assert((int)LDT__V1__RESULT__KIND__KIND_REFUSED == (int)RESULT_REFUSED, "kind");
_Static_assert((int)LDT__V1__RESULT_ACK__VERDICT__VERDICT_RECORDED == (int)VERDICT_RECORDED,
               "verdict");
_Static_assert((int)LDT__V1__RESULT_ACK__VERDICT__VERDICT_SHORT == (int)VERDICT_SHORT, "verdict");
_Static_assert((int)LDT__V1__ERROR__CODE__CODE_UNSUPPORTED == (int)ERROR_UNSUPPORTED, "code");
_Static_assert((int)LDT__V1__ERROR__CODE__CODE_NOT_FOUND == (int)ERROR_NOT_FOUND, "code");
_Static_assert((int)LDT__V1__ERROR__CODE__CODE_BUSY == (int)ERROR_BUSY, "code");
_Static_assert((int)LDT__V1__ERROR__CODE__CODE_FORBIDDEN == (int)ERROR_FORBIDDEN, "code");

char *wire_text(const char *text)
{
    return (char *)(text != NULL ? text : "");
}

/* ---- parts */

static Ldt__V1__AttemptRef *ref_to_wire(struct arena *arena, struct attempt_ref ref)
{
    Ldt__V1__AttemptRef *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__attempt_ref__init(wire);
    wire->study = ref.study;
    wire->trial = ref.trial;
    wire->attempt = ref.attempt;
    return wire;
}

/* An absent reference reads as study 0, which message_check refuses. */
static struct attempt_ref ref_from_wire(const Ldt__V1__AttemptRef *wire)
{
    if (wire == NULL)
        return (struct attempt_ref){ 0 };
    return (struct attempt_ref){ wire->study, wire->trial, wire->attempt };
}

static Ldt__V1__AttemptRef **refs_to_wire(struct arena *arena, const struct attempt_ref *refs,
                                          size_t n)
{
    Ldt__V1__AttemptRef **wire = arena_alloc(arena, n * sizeof *wire);
    for (size_t i = 0; i < n; i++)
        wire[i] = ref_to_wire(arena, refs[i]);
    return wire;
}

static struct attempt_ref *refs_from_wire(struct arena *arena, Ldt__V1__AttemptRef **wire, size_t n)
{
    struct attempt_ref *refs = arena_alloc(arena, n * sizeof *refs);
    for (size_t i = 0; i < n; i++)
        refs[i] = ref_from_wire(wire[i]);
    return refs;
}

static Ldt__V1__HeldAttempt **held_to_wire(struct arena *arena, const struct held_attempt *held,
                                           size_t n)
{
    Ldt__V1__HeldAttempt **wire = arena_alloc(arena, n * sizeof *wire);
    for (size_t i = 0; i < n; i++) {
        wire[i] = arena_alloc(arena, sizeof **wire);
        ldt__v1__held_attempt__init(wire[i]);
        wire[i]->study = held[i].ref.study;
        wire[i]->trial = held[i].ref.trial;
        wire[i]->attempt = held[i].ref.attempt;
        wire[i]->step = held[i].step;
        wire[i]->has_result = held[i].has_result;
    }
    return wire;
}

static struct held_attempt *held_from_wire(struct arena *arena, Ldt__V1__HeldAttempt **wire,
                                           size_t n)
{
    struct held_attempt *held = arena_alloc(arena, n * sizeof *held);
    for (size_t i = 0; i < n; i++)
        held[i] = (struct held_attempt){
            .ref = { wire[i]->study, wire[i]->trial, wire[i]->attempt },
            .step = wire[i]->step,
            .has_result = wire[i]->has_result,
        };
    return held;
}

/* ---- hello, welcome */

static void *hello_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Hello *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__hello__init(wire);
    wire->name = wire_text(message->hello.name);
    wire->host = wire_text(message->hello.host);
    wire->cpu = wire_text(message->hello.cpu);
    wire->version = wire_text(message->hello.version);
    wire->instance = message->hello.instance;
    wire->pid = message->hello.pid;
    wire->slots = message->hello.slots;
    wire->allow_command = message->hello.allow_command;
    wire->n_held = message->hello.n_held;
    wire->held = held_to_wire(arena, message->hello.held, message->hello.n_held);
    return wire;
}

static bool hello_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Hello *wire = body;
    message->hello.name = wire->name;
    message->hello.host = wire->host;
    message->hello.cpu = wire->cpu;
    message->hello.version = wire->version;
    message->hello.instance = wire->instance;
    message->hello.pid = wire->pid;
    message->hello.slots = wire->slots;
    message->hello.allow_command = wire->allow_command;
    message->hello.n_held = wire->n_held;
    message->hello.held = held_from_wire(arena, wire->held, wire->n_held);
    return true;
}

static void *welcome_to_wire(struct arena *arena, const struct message *message)
{
    size_t n = message->welcome.n_kept;
    Ldt__V1__Welcome *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__welcome__init(wire);
    wire->lease_ms = message->welcome.lease_ms;
    wire->beat_ms = message->welcome.beat_ms;
    wire->version = wire_text(message->welcome.version);
    wire->n_kept = n;
    wire->kept = arena_alloc(arena, n * sizeof *wire->kept);
    for (size_t i = 0; i < n; i++) {
        const struct kept_attempt *kept = &message->welcome.kept[i];
        Ldt__V1__KeptAttempt *out = wire->kept[i] = arena_alloc(arena, sizeof *out);
        ldt__v1__kept_attempt__init(out);
        out->study = kept->ref.study;
        out->trial = kept->ref.trial;
        out->attempt = kept->ref.attempt;
        out->stale = kept->stale;
        out->points = kept->points;
    }
    return wire;
}

static bool welcome_from_wire(struct arena *arena, struct message *message, const void *body,
                              struct error *error)
{
    const Ldt__V1__Welcome *wire = body;
    struct kept_attempt *kept = arena_alloc(arena, wire->n_kept * sizeof *kept);
    for (size_t i = 0; i < wire->n_kept; i++)
        kept[i] = (struct kept_attempt){
            .ref = { wire->kept[i]->study, wire->kept[i]->trial, wire->kept[i]->attempt },
            .stale = wire->kept[i]->stale,
            .points = wire->kept[i]->points,
        };
    message->welcome.lease_ms = wire->lease_ms;
    message->welcome.beat_ms = wire->beat_ms;
    message->welcome.version = wire->version;
    message->welcome.kept = kept;
    message->welcome.n_kept = wire->n_kept;
    return true;
}

/* ---- ask, trial */

static void *ask_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Ask *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__ask__init(wire);
    wire->free = message->ask.free;
    wire->received = message->ask.received;
    return wire;
}

static bool ask_from_wire(struct arena *arena, struct message *message, const void *body,
                          struct error *error)
{
    const Ldt__V1__Ask *wire = body;
    message->ask.free = wire->free;
    message->ask.received = wire->received;
    return true;
}

static void *trial_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Trial *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__trial__init(wire);
    wire->ref = ref_to_wire(arena, message->trial.ref);
    wire->study_name = wire_text(message->trial.study_name);
    wire->seed = message->trial.seed;
    wire->program = (Ldt__V1__Trial__Program)message->trial.program;
    wire->parameters = wire_text(message->trial.parameters);
    wire->n_command = message->trial.n_command;
    wire->command = (char **)message->trial.command;
    wire->workdir = wire_text(message->trial.workdir);
    wire->n_environment = message->trial.n_environment;
    wire->environment = (char **)message->trial.environment;
    wire->max_duration_ms = message->trial.max_duration_ms;
    wire->max_silence_ms = message->trial.max_silence_ms;
    wire->checkpoint_key = wire_text(message->trial.checkpoint_key);
    return wire;
}

static bool trial_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Trial *wire = body;
    message->trial.ref = ref_from_wire(wire->ref);
    message->trial.study_name = wire->study_name;
    message->trial.seed = wire->seed;
    message->trial.program = (enum program)wire->program;
    message->trial.parameters = wire->parameters;
    message->trial.n_command = wire->n_command;
    message->trial.command = (const char **)wire->command;
    message->trial.workdir = wire->workdir;
    message->trial.n_environment = wire->n_environment;
    message->trial.environment = (const char **)wire->environment;
    message->trial.max_duration_ms = wire->max_duration_ms;
    message->trial.max_silence_ms = wire->max_silence_ms;
    message->trial.checkpoint_key = wire->checkpoint_key;
    return true;
}

/* ---- beat, beat-ok */

static void *beat_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Beat *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__beat__init(wire);
    wire->n_held = message->beat.n_held;
    wire->held = held_to_wire(arena, message->beat.held, message->beat.n_held);
    wire->note = wire_text(message->beat.note);
    wire->leaving = message->beat.leaving;
    return wire;
}

static bool beat_from_wire(struct arena *arena, struct message *message, const void *body,
                           struct error *error)
{
    const Ldt__V1__Beat *wire = body;
    message->beat.n_held = wire->n_held;
    message->beat.held = held_from_wire(arena, wire->held, wire->n_held);
    message->beat.note = wire->note;
    message->beat.leaving = wire->leaving;
    return true;
}

static void *beat_ok_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__BeatOk *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__beat_ok__init(wire);
    wire->n_cancel = message->beat_ok.n_cancel;
    wire->cancel = refs_to_wire(arena, message->beat_ok.cancel, message->beat_ok.n_cancel);
    wire->n_prune = message->beat_ok.n_prune;
    wire->prune = refs_to_wire(arena, message->beat_ok.prune, message->beat_ok.n_prune);
    wire->n_stale = message->beat_ok.n_stale;
    wire->stale = refs_to_wire(arena, message->beat_ok.stale, message->beat_ok.n_stale);
    wire->drain = message->beat_ok.drain;
    wire->renew = message->beat_ok.renew;
    return wire;
}

static bool beat_ok_from_wire(struct arena *arena, struct message *message, const void *body,
                              struct error *error)
{
    const Ldt__V1__BeatOk *wire = body;
    message->beat_ok.n_cancel = wire->n_cancel;
    message->beat_ok.cancel = refs_from_wire(arena, wire->cancel, wire->n_cancel);
    message->beat_ok.n_prune = wire->n_prune;
    message->beat_ok.prune = refs_from_wire(arena, wire->prune, wire->n_prune);
    message->beat_ok.n_stale = wire->n_stale;
    message->beat_ok.stale = refs_from_wire(arena, wire->stale, wire->n_stale);
    message->beat_ok.drain = wire->drain;
    message->beat_ok.renew = wire->renew;
    return true;
}

/* ---- points: names once, numbers in columns */

/* The index of a name in the dictionary, which grows by it when it is new. A curve repeats its
 * metrics in one order, so the name after the last one found is tried first. */
static uint32_t name_index(Ldt__V1__Points *wire, const char *name, uint32_t last)
{
    for (size_t i = 0; i < wire->n_metrics; i++) {
        size_t at = (last + 1 + i) % wire->n_metrics;
        if (strcmp(wire->metrics[at], name) == 0)
            return (uint32_t)at;
    }
    wire->metrics[wire->n_metrics] = wire_text(name);
    return (uint32_t)wire->n_metrics++;
}

static void *points_to_wire(struct arena *arena, const struct message *message)
{
    size_t n = message->points.n_points;
    Ldt__V1__Points *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__points__init(wire);
    wire->ref = ref_to_wire(arena, message->points.ref);
    wire->first = message->points.first;
    wire->metrics = arena_alloc(arena, n * sizeof *wire->metrics);
    wire->step = arena_alloc(arena, n * sizeof *wire->step);
    wire->epoch = arena_alloc(arena, n * sizeof *wire->epoch);
    wire->metric = arena_alloc(arena, n * sizeof *wire->metric);
    wire->value = arena_alloc(arena, n * sizeof *wire->value);
    wire->n_step = wire->n_epoch = wire->n_metric = wire->n_value = n;
    for (size_t i = 0; i < n; i++) {
        const struct point *point = &message->points.points[i];
        wire->step[i] = point->step;
        wire->epoch[i] = point->epoch;
        wire->metric[i] = name_index(wire, point->metric, i > 0 ? wire->metric[i - 1] : 0);
        wire->value[i] = point->value;
    }
    return wire;
}

static bool points_from_wire(struct arena *arena, struct message *message, const void *body,
                             struct error *error)
{
    const Ldt__V1__Points *wire = body;
    size_t n = wire->n_step;
    if (wire->n_epoch != n || wire->n_metric != n || wire->n_value != n || wire->n_metrics > n) {
        error_set(error, "points: the columns differ in length");
        return false;
    }
    struct point *points = arena_alloc(arena, n * sizeof *points);
    for (size_t i = 0; i < n; i++) {
        if (wire->metric[i] >= wire->n_metrics) {
            error_set(error, "points: point %zu names metric %u of %zu", i, wire->metric[i],
                      wire->n_metrics);
            return false;
        }
        points[i] = (struct point){ .step = wire->step[i],
                                    .epoch = wire->epoch[i],
                                    .metric = wire->metrics[wire->metric[i]],
                                    .value = wire->value[i] };
    }
    message->points.ref = ref_from_wire(wire->ref);
    message->points.first = wire->first;
    message->points.points = points;
    message->points.n_points = n;
    return true;
}

static void *points_ack_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__PointsAck *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__points_ack__init(wire);
    wire->ref = ref_to_wire(arena, message->points_ack.ref);
    wire->stale = message->points_ack.stale;
    wire->points = message->points_ack.points;
    return wire;
}

static bool points_ack_from_wire(struct arena *arena, struct message *message, const void *body,
                                 struct error *error)
{
    const Ldt__V1__PointsAck *wire = body;
    message->points_ack.ref = ref_from_wire(wire->ref);
    message->points_ack.stale = wire->stale;
    message->points_ack.points = wire->points;
    return true;
}

/* ---- result, release */

static void *result_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Result *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__result__init(wire);
    wire->ref = ref_to_wire(arena, message->result.ref);
    wire->kind = (Ldt__V1__Result__Kind)message->result.kind;
    wire->reason = wire_text(message->result.reason);
    wire->log = wire_text(message->result.log);
    wire->info = wire_text(message->result.info);
    wire->exit_status = message->result.exit_status;
    wire->points = message->result.points;
    wire->points_digest = message->result.points_digest;
    wire->duration_ms = message->result.duration_ms;
    wire->cpu_ms = message->result.cpu_ms;
    wire->peak_memory_bytes = message->result.peak_memory_bytes;
    return wire;
}

static bool result_from_wire(struct arena *arena, struct message *message, const void *body,
                             struct error *error)
{
    const Ldt__V1__Result *wire = body;
    message->result.ref = ref_from_wire(wire->ref);
    message->result.kind = (enum result_kind)wire->kind;
    message->result.reason = wire->reason;
    message->result.log = wire->log;
    message->result.info = wire->info;
    message->result.exit_status = wire->exit_status;
    message->result.points = wire->points;
    message->result.points_digest = wire->points_digest;
    message->result.duration_ms = wire->duration_ms;
    message->result.cpu_ms = wire->cpu_ms;
    message->result.peak_memory_bytes = wire->peak_memory_bytes;
    return true;
}

static void *result_ack_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__ResultAck *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__result_ack__init(wire);
    wire->ref = ref_to_wire(arena, message->result_ack.ref);
    wire->verdict = (Ldt__V1__ResultAck__Verdict)message->result_ack.verdict;
    wire->points = message->result_ack.points;
    return wire;
}

static bool result_ack_from_wire(struct arena *arena, struct message *message, const void *body,
                                 struct error *error)
{
    const Ldt__V1__ResultAck *wire = body;
    message->result_ack.ref = ref_from_wire(wire->ref);
    message->result_ack.verdict = (enum result_verdict)wire->verdict;
    message->result_ack.points = wire->points;
    return true;
}

static void *release_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Release *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__release__init(wire);
    wire->ref = ref_to_wire(arena, message->release.ref);
    wire->reason = wire_text(message->release.reason);
    return wire;
}

static bool release_from_wire(struct arena *arena, struct message *message, const void *body,
                              struct error *error)
{
    const Ldt__V1__Release *wire = body;
    message->release.ref = ref_from_wire(wire->ref);
    message->release.reason = wire->reason;
    return true;
}

static void *release_ack_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__ReleaseAck *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__release_ack__init(wire);
    wire->ref = ref_to_wire(arena, message->release_ack.ref);
    return wire;
}

static bool release_ack_from_wire(struct arena *arena, struct message *message, const void *body,
                                  struct error *error)
{
    const Ldt__V1__ReleaseAck *wire = body;
    message->release_ack.ref = ref_from_wire(wire->ref);
    return true;
}

/* ---- error */

static void *error_to_wire(struct arena *arena, const struct message *message)
{
    Ldt__V1__Error *wire = arena_alloc(arena, sizeof *wire);
    ldt__v1__error__init(wire);
    wire->code = (Ldt__V1__Error__Code)message->error.code;
    wire->text = wire_text(message->error.text);
    return wire;
}

static bool error_from_wire(struct arena *arena, struct message *message, const void *body,
                            struct error *error)
{
    const Ldt__V1__Error *wire = body;
    message->error.code = (enum error_code)wire->code;
    message->error.text = wire->text;
    return true;
}

#define BODY(name) LDT__V1__ENVELOPE__BODY_##name
const struct conversion worker_conversions[] = {
    { MESSAGE_HELLO, BODY(HELLO), hello_to_wire, hello_from_wire },
    { MESSAGE_WELCOME, BODY(WELCOME), welcome_to_wire, welcome_from_wire },
    { MESSAGE_ASK, BODY(ASK), ask_to_wire, ask_from_wire },
    { MESSAGE_TRIAL, BODY(TRIAL), trial_to_wire, trial_from_wire },
    { MESSAGE_BEAT, BODY(BEAT), beat_to_wire, beat_from_wire },
    { MESSAGE_BEAT_OK, BODY(BEAT_OK), beat_ok_to_wire, beat_ok_from_wire },
    { MESSAGE_POINTS, BODY(POINTS), points_to_wire, points_from_wire },
    { MESSAGE_POINTS_ACK, BODY(POINTS_ACK), points_ack_to_wire, points_ack_from_wire },
    { MESSAGE_RESULT, BODY(RESULT), result_to_wire, result_from_wire },
    { MESSAGE_RESULT_ACK, BODY(RESULT_ACK), result_ack_to_wire, result_ack_from_wire },
    { MESSAGE_RELEASE, BODY(RELEASE), release_to_wire, release_from_wire },
    { MESSAGE_RELEASE_ACK, BODY(RELEASE_ACK), release_ack_to_wire, release_ack_from_wire },
    { MESSAGE_ERROR, BODY(ERROR), error_to_wire, error_from_wire },
};
const size_t n_worker_conversions = sizeof worker_conversions / sizeof *worker_conversions;
