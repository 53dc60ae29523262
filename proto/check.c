#include "proto/check.h"
#include "proto/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

enum { LINE_BYTES = 256, VERSION_BYTES = 64 };
static const int64_t LONGEST_MS = INT64_MAX / 4; /* may be added to any time */

/* The first fault is kept; after it all further checks are skipped. */
struct check {
    const char *type;
    struct error *error;
    bool failed;
};

static void fail(struct check *check, const char *field, const char *why)
{
    if (!check->failed)
        error_set(check->error, "%s: `%s` %s", check->type, field, why);
    check->failed = true;
}

static void check_range(struct check *check, const char *field, int64_t number, int64_t lowest,
                        int64_t highest)
{
    if (check->failed || (number >= lowest && number <= highest))
        return;
    error_set(check->error, "%s: `%s` is %" PRId64 ", which is outside %" PRId64 " to %" PRId64,
              check->type, field, number, lowest, highest);
    check->failed = true;
}

static void check_count(struct check *check, const char *field, int64_t number)
{
    check_range(check, field, number, 0, INT64_MAX);
}

static const char *text_of(const char *text)
{
    return text != NULL ? text : "";
}

static void check_length(struct check *check, const char *field, const char *text, size_t maximum)
{
    if (strnlen(text, maximum + 1) <= maximum || check->failed)
        return;
    error_set(check->error, "%s: `%s` is longer than %zu bytes", check->type, field, maximum);
    check->failed = true;
}

/* Any UTF-8: what programs print, what people write. */
static void check_body(struct check *check, const char *field, const char *text, size_t maximum)
{
    check_length(check, field, text_of(text), maximum);
    if (!check->failed && !text_is_utf8(text_of(text), strlen(text_of(text))))
        fail(check, field, "is not UTF-8");
}

static void check_line(struct check *check, const char *field, const char *text, size_t maximum)
{
    check_length(check, field, text_of(text), maximum);
    if (!check->failed && !text_is_line(text_of(text)))
        fail(check, field, "is not UTF-8, or holds control characters");
}

static void check_name(struct check *check, const char *field, const char *text)
{
    check_length(check, field, text_of(text), MESSAGE_MAX_NAME);
    if (!check->failed && !text_is_name(text_of(text)))
        fail(check, field, "must be 1 to 64 of letters, digits, `.`, `_` and `-`");
}

static void check_metric(struct check *check, const char *field, const char *text)
{
    check_length(check, field, text_of(text), MESSAGE_MAX_NAME);
    if (!check->failed && !text_is_metric_name(text_of(text)))
        fail(check, field, "must be 1 to 64 of letters, digits, `.`, `_`, `-` and `/`");
}

static void check_object(struct check *check, const char *field, const char *text)
{
    check_body(check, field, text, MESSAGE_MAX_JSON);
    if (check->failed)
        return;
    json_t *value = json_loads(text_of(text), JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(value))
        fail(check, field, "is not a JSON object");
    json_decref(value);
}

static void check_ref(struct check *check, struct attempt_ref ref)
{
    check_range(check, "study", ref.study, 1, INT64_MAX);
    check_range(check, "trial", ref.trial, 0, INT64_MAX - 1);
    check_range(check, "attempt", ref.attempt, 1, INT32_MAX - 1);
}

static void check_refs(struct check *check, const char *field, const struct attempt_ref *refs,
                       size_t n)
{
    check_range(check, field, (int64_t)n, 0, MESSAGE_MAX_HELD);
    for (size_t i = 0; i < n && !check->failed; i++)
        check_ref(check, refs[i]);
}

static void check_held(struct check *check, const struct held_attempt *held, size_t n)
{
    check_range(check, "held", (int64_t)n, 0, MESSAGE_MAX_HELD);
    for (size_t i = 0; i < n && !check->failed; i++) {
        check_ref(check, held[i].ref);
        check_range(check, "step", held[i].step, -1, INT64_MAX - 1);
    }
}

static void check_hello(struct check *check, const struct message *message)
{
    check_name(check, "name", message->hello.name);
    check_line(check, "host", message->hello.host, LINE_BYTES);
    check_line(check, "cpu", message->hello.cpu, LINE_BYTES);
    check_line(check, "version", message->hello.version, VERSION_BYTES);
    check_range(check, "pid", message->hello.pid, 0, INT32_MAX);
    check_range(check, "slots", message->hello.slots, 0, MESSAGE_MAX_HELD);
    check_held(check, message->hello.held, message->hello.n_held);
}

static void check_welcome(struct check *check, const struct message *message)
{
    check_range(check, "lease_ms", message->welcome.lease_ms, 1, LONGEST_MS);
    check_range(check, "beat_ms", message->welcome.beat_ms, 1, LONGEST_MS);
    check_line(check, "version", message->welcome.version, VERSION_BYTES);
    check_range(check, "kept", (int64_t)message->welcome.n_kept, 0, MESSAGE_MAX_HELD);
    for (size_t i = 0; i < message->welcome.n_kept && !check->failed; i++) {
        check_ref(check, message->welcome.kept[i].ref);
        check_count(check, "points", message->welcome.kept[i].points);
    }
}

static void check_ask(struct check *check, const struct message *message)
{
    check_range(check, "free", message->ask.free, 0, MESSAGE_MAX_HELD);
    check_count(check, "received", message->ask.received);
}

static void check_words(struct check *check, const char *field, const char *const *words, size_t n)
{
    check_range(check, field, (int64_t)n, 0, MESSAGE_MAX_ARGUMENTS);
    for (size_t i = 0; i < n && !check->failed; i++)
        check_body(check, field, words[i], MESSAGE_MAX_JSON);
}

/* What a worker runs without --allow-command is its own program, in its own surroundings: one
 * variable of the environment (LD_PRELOAD) would make it run another. */
static void check_surroundings(struct check *check, const struct message *message)
{
    bool is_command = message->trial.program == PROGRAM_COMMAND;
    if (is_command && message->trial.n_command == 0)
        fail(check, "command", "is empty");
    if (!is_command && message->trial.n_command > 0)
        fail(check, "command", "is not for the built-in trainer");
    if (!is_command && message->trial.n_environment > 0)
        fail(check, "environment", "goes with a command only");
    if (!is_command && text_of(message->trial.workdir)[0] != '\0')
        fail(check, "workdir", "goes with a command only");
}

static void check_trial(struct check *check, const struct message *message)
{
    check_ref(check, message->trial.ref);
    check_line(check, "study_name", message->trial.study_name, MESSAGE_MAX_STUDY_NAME);
    check_range(check, "program", message->trial.program, PROGRAM_LDT, PROGRAM_COMMAND);
    check_object(check, "parameters", message->trial.parameters);
    check_words(check, "command", message->trial.command, message->trial.n_command);
    check_body(check, "workdir", message->trial.workdir, MESSAGE_MAX_REASON);
    check_words(check, "environment", message->trial.environment, message->trial.n_environment);
    for (size_t i = 0; i < message->trial.n_environment && !check->failed; i++)
        if (strchr(message->trial.environment[i], '=') == NULL)
            fail(check, "environment", "has an entry that is not NAME=value");
    check_surroundings(check, message);
    check_range(check, "max_duration_ms", message->trial.max_duration_ms, 0, LONGEST_MS);
    check_range(check, "max_silence_ms", message->trial.max_silence_ms, 0, LONGEST_MS);
    check_name(check, "checkpoint_key", message->trial.checkpoint_key);
}

static void check_beat(struct check *check, const struct message *message)
{
    check_held(check, message->beat.held, message->beat.n_held);
    check_line(check, "note", message->beat.note, LINE_BYTES);
}

static void check_drain_level(struct check *check, int32_t drain)
{
    check_range(check, "drain", drain, 0, 2);
}

static void check_beat_ok(struct check *check, const struct message *message)
{
    check_refs(check, "cancel", message->beat_ok.cancel, message->beat_ok.n_cancel);
    check_refs(check, "prune", message->beat_ok.prune, message->beat_ok.n_prune);
    check_refs(check, "stale", message->beat_ok.stale, message->beat_ok.n_stale);
    check_drain_level(check, message->beat_ok.drain);
}

static void check_points(struct check *check, const struct message *message)
{
    check_ref(check, message->points.ref);
    check_range(check, "first", message->points.first, 0, INT64_MAX / 2);
    check_range(check, "points", (int64_t)message->points.n_points, 0, MESSAGE_MAX_POINTS);
    for (size_t i = 0; i < message->points.n_points && !check->failed; i++) {
        check_metric(check, "metrics", message->points.points[i].metric);
        check_range(check, "step", message->points.points[i].step, 0, INT64_MAX - 1);
    }
}

static void check_points_ack(struct check *check, const struct message *message)
{
    check_ref(check, message->points_ack.ref);
    check_count(check, "points", message->points_ack.points);
}

static void check_result(struct check *check, const struct message *message)
{
    check_ref(check, message->result.ref);
    check_range(check, "kind", message->result.kind, RESULT_DONE, RESULT_REFUSED);
    check_body(check, "reason", message->result.reason, MESSAGE_MAX_REASON);
    check_body(check, "log", message->result.log, MESSAGE_MAX_LOG);
    if (text_of(message->result.info)[0] != '\0')
        check_object(check, "info", message->result.info);
    check_count(check, "points", message->result.points);
    check_count(check, "duration_ms", message->result.duration_ms);
    check_count(check, "cpu_ms", message->result.cpu_ms);
    check_count(check, "peak_memory_bytes", message->result.peak_memory_bytes);
}

static void check_result_ack(struct check *check, const struct message *message)
{
    check_ref(check, message->result_ack.ref);
    check_range(check, "verdict", message->result_ack.verdict, VERDICT_RECORDED, VERDICT_SHORT);
    check_count(check, "points", message->result_ack.points);
}

static void check_release(struct check *check, const struct message *message)
{
    check_ref(check, message->release.ref);
    check_body(check, "reason", message->release.reason, MESSAGE_MAX_REASON);
}

static void check_release_ack(struct check *check, const struct message *message)
{
    check_ref(check, message->release_ack.ref);
}

static void check_error(struct check *check, const struct message *message)
{
    check_range(check, "code", message->error.code, ERROR_MALFORMED, ERROR_FORBIDDEN);
    check_body(check, "text", message->error.text, MESSAGE_MAX_LOG);
}

static void check_submit(struct check *check, const struct message *message)
{
    check_name(check, "submit_key", message->submit.submit_key);
    check_body(check, "definition", message->submit.definition, MESSAGE_MAX_JSON);
    check_body(check, "spec", message->submit.spec, MESSAGE_MAX_JSON);
    if (text_of(message->submit.definition)[0] == '\0')
        fail(check, "definition", "is empty");
}

static void check_submitted(struct check *check, const struct message *message)
{
    check_name(check, "search", message->submitted.search);
    check_count(check, "studies", message->submitted.studies);
    check_range(check, "trials", message->submitted.trials, -1, INT64_MAX);
}

static void check_status(struct check *check, const struct message *message)
{
    check_line(check, "name", message->status.name, MESSAGE_MAX_STUDY_NAME);
}

static void check_study(struct check *check, const struct study_status *study)
{
    const struct trial_counts *counts = &study->counts;
    const int64_t numbers[] = { counts->waiting,        counts->running,   counts->done,
                                counts->pruned,         counts->diverged,  counts->failed,
                                counts->cancelled,      study->best_trial, study->created_wall_ms,
                                study->finished_wall_ms };
    check_name(check, "search", study->search);
    check_line(check, "name", study->name, MESSAGE_MAX_STUDY_NAME);
    check_range(check, "state", study->state, SEARCH_OPEN, SEARCH_DONE);
    check_range(check, "trials", study->trials, -1, INT64_MAX);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        check_count(check, "study", numbers[i]);
    check_metric(check, "metric", study->metric);
    check_body(check, "note", study->note, MESSAGE_MAX_REASON);
}

static void check_worker(struct check *check, const struct worker_status *worker)
{
    check_name(check, "name", worker->name);
    check_line(check, "host", worker->host, LINE_BYTES);
    check_range(check, "slots", worker->slots, 0, MESSAGE_MAX_HELD);
    check_count(check, "busy", worker->busy);
    check_count(check, "seen_ms_ago", worker->seen_ms_ago);
    check_count(check, "done", worker->done);
    check_count(check, "failed", worker->failed);
    check_drain_level(check, worker->drain);
    check_line(check, "note", worker->note, LINE_BYTES);
}

static void check_status_reply(struct check *check, const struct message *message)
{
    check_range(check, "studies", (int64_t)message->status_reply.n_studies, 0, MESSAGE_MAX_LIST);
    check_range(check, "workers", (int64_t)message->status_reply.n_workers, 0, MESSAGE_MAX_LIST);
    for (size_t i = 0; i < message->status_reply.n_studies && !check->failed; i++)
        check_study(check, &message->status_reply.studies[i]);
    for (size_t i = 0; i < message->status_reply.n_workers && !check->failed; i++)
        check_worker(check, &message->status_reply.workers[i]);
    check_count(check, "uptime_ms", message->status_reply.uptime_ms);
    check_line(check, "version", message->status_reply.version, VERSION_BYTES);
    check_body(check, "note", message->status_reply.note, MESSAGE_MAX_REASON);
}

/* The name of a search or study that something is asked of. */
static void check_target(struct check *check, const char *name)
{
    check_line(check, "name", name, MESSAGE_MAX_STUDY_NAME);
    if (text_of(name)[0] == '\0')
        fail(check, "name", "is empty");
}

static void check_stop(struct check *check, const struct message *message)
{
    check_target(check, message->stop.name);
}

static void check_stopped(struct check *check, const struct message *message)
{
    check_count(check, "studies", message->stopped.studies);
    check_count(check, "cancelled", message->stopped.cancelled);
}

static void check_rerun(struct check *check, const struct message *message)
{
    check_target(check, message->rerun.name);
    check_range(check, "best", message->rerun.best, 1, MESSAGE_MAX_RERUN_BEST);
    check_range(check, "seeds", message->rerun.seeds, 1, MESSAGE_MAX_RERUN_SEEDS);
}

static void check_rerunning(struct check *check, const struct message *message)
{
    check_line(check, "name", message->rerunning.name, MESSAGE_MAX_STUDY_NAME);
    check_count(check, "studies", message->rerunning.studies);
    check_count(check, "trials", message->rerunning.trials);
}

static void check_pause(struct check *check, const struct message *message)
{
    check_target(check, message->pause.name);
}

static void check_paused(struct check *check, const struct message *message)
{
    check_count(check, "studies", message->paused.studies);
    check_count(check, "running", message->paused.running);
}

static void check_resume(struct check *check, const struct message *message)
{
    check_target(check, message->resume.name);
}

static void check_resumed(struct check *check, const struct message *message)
{
    check_count(check, "studies", message->resumed.studies);
}

static void check_retry(struct check *check, const struct message *message)
{
    check_target(check, message->retry.name);
    check_range(check, "trials", (int64_t)message->retry.n_trials, 0, MESSAGE_MAX_RETRY);
    for (size_t i = 0; i < message->retry.n_trials && !check->failed; i++)
        check_range(check, "trial", message->retry.trials[i], 0, INT64_MAX - 1);
}

static void check_retried(struct check *check, const struct message *message)
{
    check_count(check, "studies", message->retried.studies);
    check_count(check, "trials", message->retried.trials);
}

static void check_drain(struct check *check, const struct message *message)
{
    check_range(check, "workers", (int64_t)message->drain.n_workers, 0, MESSAGE_MAX_DRAIN);
    for (size_t i = 0; i < message->drain.n_workers && !check->failed; i++)
        check_name(check, "workers", message->drain.workers[i]);
    if (message->drain.all == (message->drain.n_workers > 0))
        fail(check, "workers", "must be named, or all are meant");
}

static void check_drained(struct check *check, const struct message *message)
{
    check_count(check, "workers", message->drained.workers);
    check_count(check, "running", message->drained.running);
}

static void check_audit(struct check *check, const struct message *message)
{
    check_target(check, message->audit.name);
    check_count(check, "count", message->audit.count);
    check_count(check, "seed", message->audit.seed);
    double percent = message->audit.percent;
    if (message->audit.count == 0 && !(percent > 0 && percent <= 100))
        fail(check, "percent", "must be above 0 and at most 100 where there is no count");
}

static void check_auditing(struct check *check, const struct message *message)
{
    check_line(check, "name", message->auditing.name, MESSAGE_MAX_STUDY_NAME);
    check_count(check, "trials", message->auditing.trials);
}

static void (*const checks[MESSAGE_TYPES])(struct check *check, const struct message *message) = {
    [MESSAGE_HELLO] = check_hello,
    [MESSAGE_WELCOME] = check_welcome,
    [MESSAGE_ASK] = check_ask,
    [MESSAGE_TRIAL] = check_trial,
    [MESSAGE_BEAT] = check_beat,
    [MESSAGE_BEAT_OK] = check_beat_ok,
    [MESSAGE_POINTS] = check_points,
    [MESSAGE_POINTS_ACK] = check_points_ack,
    [MESSAGE_RESULT] = check_result,
    [MESSAGE_RESULT_ACK] = check_result_ack,
    [MESSAGE_RELEASE] = check_release,
    [MESSAGE_RELEASE_ACK] = check_release_ack,
    [MESSAGE_ERROR] = check_error,
    [MESSAGE_SUBMIT] = check_submit,
    [MESSAGE_SUBMITTED] = check_submitted,
    [MESSAGE_STATUS] = check_status,
    [MESSAGE_STATUS_REPLY] = check_status_reply,
    [MESSAGE_STOP] = check_stop,
    [MESSAGE_STOPPED] = check_stopped,
    [MESSAGE_RERUN] = check_rerun,
    [MESSAGE_RERUNNING] = check_rerunning,
    [MESSAGE_PAUSE] = check_pause,
    [MESSAGE_PAUSED] = check_paused,
    [MESSAGE_RESUME] = check_resume,
    [MESSAGE_RESUMED] = check_resumed,
    [MESSAGE_RETRY] = check_retry,
    [MESSAGE_RETRIED] = check_retried,
    [MESSAGE_DRAIN] = check_drain,
    [MESSAGE_DRAINED] = check_drained,
    [MESSAGE_AUDIT] = check_audit,
    [MESSAGE_AUDITING] = check_auditing,
};

bool message_check(const struct message *message, struct error *error)
{
    if ((unsigned)message->type >= MESSAGE_TYPES || checks[message->type] == NULL) {
        error_set(error, "a message of no known type (%d)", (int)message->type);
        return false;
    }
    struct check check = { .type = message_type_name(message->type), .error = error };
    checks[message->type](&check, message);
    return !check.failed;
}
