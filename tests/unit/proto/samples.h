/* samples.h - one message of every type with every field set to something that is not its
 * default, and a comparison that looks at every field. For codec_test.c. */
#ifndef TESTS_PROTO_SAMPLES_H
#define TESTS_PROTO_SAMPLES_H
#include "common/message.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static struct held_attempt sample_held[] = { { { 1, 2, 3 }, -1, true }, { { 4, 0, 1 }, 77, true } };
static struct kept_attempt sample_kept[] = { { { 1, 2, 3 }, true, 9 }, { { 4, 1, 1 }, true, 1 } };
static struct attempt_ref sample_refs[] = { { 1, 2, 3 },
                                            { INT64_MAX, INT64_MAX - 1, 5 },
                                            { 7, 8, 9 } };
static const char *sample_words[] = { "python3", "train.py", "" };
static const char *sample_names[] = { "w-1", "w-2" };
static int64_t sample_numbers[] = { 0, 7, INT64_MAX - 1 };
static const char *sample_environment[] = { "HOME=/home/ada", "EMPTY=" };
static struct point sample_points[] = {
    { 1, 0.5, "test/loss", 0.25 },         { 1, 0.5, "train_loss", -1e300 },
    { 2, (double)NAN, "test/loss", NAN },  { 2, 1.5, "train_loss", (double)INFINITY },
    { 900, 1.5, "train_loss", -INFINITY }, { 0, -0.0, "other", 5e-324 },
};
static struct study_status sample_studies[] = {
    { "toy",
      "toy/ldt,1",
      SEARCH_STOPPED,
      -1,
      { 1, 2, 3, 4, 5, 6, 7 },
      true,
      -0.125,
      11,
      "test_kl",
      true,
      "stopped:\nby Ada",
      1700000000000,
      1700000000001 },
    { "b", "b", SEARCH_OPEN, 40, { 7, 6, 5, 4, 3, 2, 1 }, true, NAN, 1, "a/b", true, "-", 1, 2 },
};
static struct worker_status sample_workers[] = { { "w-1", "host.example", 8, 7, true, true, 5, 6,
                                                   4, 2, "benched: a disk is full" } };

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct message sample_body(enum message_type type)
{
    static const struct attempt_ref ref = { 12, 34, 56 };
    switch (type) {
    case MESSAGE_HELLO:
        return (struct message){ .hello = { "worker-1", "host", "a CPU", "1.2", UINT64_MAX, 4321, 8,
                                            true, sample_held, COUNT(sample_held) } };
    case MESSAGE_WELCOME:
        return (
            struct message){ .welcome = { 30000, 5000, "1.3", sample_kept, COUNT(sample_kept) } };
    case MESSAGE_ASK:
        return (struct message){ .ask = { 3, 1234567890123 } };
    case MESSAGE_TRIAL:
        return (struct message){ .trial = { ref, "toy/ldt \xc3\xa9", INT64_MIN, PROGRAM_COMMAND,
                                            "{\"a\":1e-3}", sample_words, COUNT(sample_words),
                                            "/home/ada", sample_environment,
                                            COUNT(sample_environment), 1800000, 600000,
                                            "0123456789abcdef-12-34" } };
    case MESSAGE_BEAT:
        return (struct message){ .beat = { sample_held, COUNT(sample_held), "benched", true } };
    case MESSAGE_BEAT_OK:
        return (struct message){ .beat_ok = { sample_refs, sample_refs + 1, sample_refs + 2, 3, 2,
                                              1, 2 } };
    case MESSAGE_POINTS:
        return (struct message){ .points = { ref, 99, sample_points, COUNT(sample_points) } };
    case MESSAGE_POINTS_ACK:
        return (struct message){ .points_ack = { ref, true, 105 } };
    case MESSAGE_RESULT:
        return (struct message){ .result = { ref, RESULT_DIED, "killed by signal 11",
                                             "line\n\tline\x1b[0m", "{\"blas\":\"x\"}", -11, 105,
                                             UINT64_MAX - 1, 5, 6, 7 } };
    case MESSAGE_RESULT_ACK:
        return (struct message){ .result_ack = { ref, VERDICT_SHORT, 3 } };
    case MESSAGE_RELEASE:
        return (struct message){ .release = { ref, "this machine shuts down" } };
    case MESSAGE_RELEASE_ACK:
        return (struct message){ .release_ack = { ref } };
    case MESSAGE_ERROR:
        return (struct message){ .error = { ERROR_INVALID_SPEC, "/a: no\n/b: no" } };
    case MESSAGE_SUBMIT:
        return (struct message){ .submit = { "key-1", "{\"name\":\"toy\"}", "name: toy\n" } };
    case MESSAGE_SUBMITTED:
        return (struct message){ .submitted = { "toy", 2, -1, true } };
    case MESSAGE_STATUS:
        return (struct message){ .status = { "toy/ldt", true } };
    case MESSAGE_STATUS_REPLY:
        return (struct message){ .status_reply = { sample_studies, COUNT(sample_studies),
                                                   sample_workers, COUNT(sample_workers), 99, "1.0",
                                                   "disk full" } };
    case MESSAGE_STOP:
        return (struct message){ .stop = { "toy", true } };
    case MESSAGE_STOPPED:
        return (struct message){ .stopped = { 2, 17 } };
    case MESSAGE_RERUN:
        return (struct message){ .rerun = { "toy/ldt", 3, 8 } };
    case MESSAGE_RERUNNING:
        return (struct message){ .rerunning = { "toy/ldt/rerun", 2, 48, true } };
    case MESSAGE_PAUSE:
        return (struct message){ .pause = { "toy" } };
    case MESSAGE_PAUSED:
        return (struct message){ .paused = { 2, 17, true } };
    case MESSAGE_RESUME:
        return (struct message){ .resume = { "toy/ldt" } };
    case MESSAGE_RESUMED:
        return (struct message){ .resumed = { 3, true } };
    case MESSAGE_RETRY:
        return (struct message){ .retry = { "toy", sample_numbers, COUNT(sample_numbers), true,
                                            true, true } };
    case MESSAGE_RETRIED:
        return (struct message){ .retried = { 2, 18 } };
    case MESSAGE_DRAIN:
        return (struct message){ .drain = { sample_names, COUNT(sample_names), false, true } };
    case MESSAGE_DRAINED:
        return (struct message){ .drained = { 4, 19 } };
    case MESSAGE_AUDIT:
        return (struct message){ .audit = { "toy/ldt", 5, 0.25, 7 } };
    case MESSAGE_AUDITING:
        return (struct message){ .auditing = { "toy/ldt/audit-7", 5, true } };
    default:
        return (struct message){ 0 };
    }
}

/* The sample of a type, MESSAGE_NONE + 1 to MESSAGE_TYPES - 1. */
static struct message sample_message(enum message_type type)
{
    struct message message = sample_body(type);
    message.id = UINT64_MAX - (uint64_t)type;
    message.session = 0x0123456789abcdef;
    message.type = type;
    return message;
}

/* ---- comparison: every field of every message is a row */

enum kind { TEXT, INT64, INT32, BOOL, NUMBER, REF, ARRAY, TEXTS };

struct field {
    const char *name;
    enum kind kind;
    size_t offset;
    size_t count_offset, item_bytes; /* ARRAY, TEXTS */
    const struct field *items;       /* ARRAY; ends with a row without a name */
};

#define FIELD(type, kind, member)                                                                  \
    {                                                                                              \
#member, kind, offsetof(struct type, member), 0, 0, NULL                                   \
    }
#define ITEMS(type, member, count, item, rows)                                                     \
    {                                                                                              \
#member, ARRAY, offsetof(struct type, member), offsetof(struct type, count),               \
            sizeof(struct item), rows                                                              \
    }
#define WORDS(type, member, count)                                                                 \
    {                                                                                              \
#member, TEXTS, offsetof(struct type, member), offsetof(struct type, count), 0, NULL       \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, TEXT, 0, 0, 0, NULL                                                                  \
    }

static const struct field held_fields[] = { FIELD(held_attempt, REF, ref),
                                            FIELD(held_attempt, INT64, step),
                                            FIELD(held_attempt, BOOL, has_result), END };
static const struct field kept_fields[] = { FIELD(kept_attempt, REF, ref),
                                            FIELD(kept_attempt, BOOL, stale),
                                            FIELD(kept_attempt, INT64, points), END };
static const struct field ref_fields[] = { { "ref", REF, 0, 0, 0, NULL }, END };
static const struct field number_fields[] = { { "number", INT64, 0, 0, 0, NULL }, END };
static const struct field point_fields[] = { FIELD(point, INT64, step), FIELD(point, NUMBER, epoch),
                                             FIELD(point, TEXT, metric),
                                             FIELD(point, NUMBER, value), END };
static const struct field study_fields[] = {
    FIELD(study_status, TEXT, search),
    FIELD(study_status, TEXT, name),
    FIELD(study_status, INT32, state),
    FIELD(study_status, INT64, trials),
    FIELD(study_status, INT64, counts.waiting),
    FIELD(study_status, INT64, counts.running),
    FIELD(study_status, INT64, counts.done),
    FIELD(study_status, INT64, counts.pruned),
    FIELD(study_status, INT64, counts.diverged),
    FIELD(study_status, INT64, counts.failed),
    FIELD(study_status, INT64, counts.cancelled),
    FIELD(study_status, BOOL, has_best),
    FIELD(study_status, NUMBER, best_value),
    FIELD(study_status, INT64, best_trial),
    FIELD(study_status, TEXT, metric),
    FIELD(study_status, BOOL, maximize),
    FIELD(study_status, TEXT, note),
    FIELD(study_status, INT64, created_wall_ms),
    FIELD(study_status, INT64, finished_wall_ms),
    END,
};
static const struct field worker_fields[] = {
    FIELD(worker_status, TEXT, name),          FIELD(worker_status, TEXT, host),
    FIELD(worker_status, INT32, slots),        FIELD(worker_status, INT32, busy),
    FIELD(worker_status, BOOL, allow_command), FIELD(worker_status, BOOL, connected),
    FIELD(worker_status, INT64, seen_ms_ago),  FIELD(worker_status, INT64, done),
    FIELD(worker_status, INT64, failed),       FIELD(worker_status, INT32, drain),
    FIELD(worker_status, TEXT, note),          END,
};

#define ROW(kind, member) FIELD(message, kind, member)
static const struct field message_fields[MESSAGE_TYPES][16] = {
    [MESSAGE_HELLO] = { ROW(TEXT, hello.name), ROW(TEXT, hello.host), ROW(TEXT, hello.cpu),
                        ROW(TEXT, hello.version), ROW(INT64, hello.instance), ROW(INT32, hello.pid),
                        ROW(INT32, hello.slots), ROW(BOOL, hello.allow_command),
                        ITEMS(message, hello.held, hello.n_held, held_attempt, held_fields), END },
    [MESSAGE_WELCOME] = { ROW(INT64, welcome.lease_ms), ROW(INT64, welcome.beat_ms),
                          ROW(TEXT, welcome.version),
                          ITEMS(message, welcome.kept, welcome.n_kept, kept_attempt, kept_fields),
                          END },
    [MESSAGE_ASK] = { ROW(INT32, ask.free), ROW(INT64, ask.received), END },
    [MESSAGE_TRIAL] = { ROW(REF, trial.ref), ROW(TEXT, trial.study_name), ROW(INT64, trial.seed),
                        ROW(INT32, trial.program), ROW(TEXT, trial.parameters),
                        WORDS(message, trial.command, trial.n_command), ROW(TEXT, trial.workdir),
                        WORDS(message, trial.environment, trial.n_environment),
                        ROW(INT64, trial.max_duration_ms), ROW(INT64, trial.max_silence_ms),
                        ROW(TEXT, trial.checkpoint_key), END },
    [MESSAGE_BEAT] = { ITEMS(message, beat.held, beat.n_held, held_attempt, held_fields),
                       ROW(TEXT, beat.note), ROW(BOOL, beat.leaving), END },
    [MESSAGE_BEAT_OK] = { ITEMS(message, beat_ok.cancel, beat_ok.n_cancel, attempt_ref, ref_fields),
                          ITEMS(message, beat_ok.prune, beat_ok.n_prune, attempt_ref, ref_fields),
                          ITEMS(message, beat_ok.stale, beat_ok.n_stale, attempt_ref, ref_fields),
                          ROW(INT32, beat_ok.drain), ROW(BOOL, beat_ok.renew), END },
    [MESSAGE_POINTS] = { ROW(REF, points.ref), ROW(INT64, points.first),
                         ITEMS(message, points.points, points.n_points, point, point_fields), END },
    [MESSAGE_POINTS_ACK] = { ROW(REF, points_ack.ref), ROW(BOOL, points_ack.stale),
                             ROW(INT64, points_ack.points), END },
    [MESSAGE_RESULT] = { ROW(REF, result.ref), ROW(INT32, result.kind), ROW(TEXT, result.reason),
                         ROW(TEXT, result.log), ROW(TEXT, result.info),
                         ROW(INT32, result.exit_status), ROW(INT64, result.points),
                         ROW(INT64, result.points_digest), ROW(INT64, result.duration_ms),
                         ROW(INT64, result.cpu_ms), ROW(INT64, result.peak_memory_bytes), END },
    [MESSAGE_RESULT_ACK] = { ROW(REF, result_ack.ref), ROW(INT32, result_ack.verdict),
                             ROW(INT64, result_ack.points), END },
    [MESSAGE_RELEASE] = { ROW(REF, release.ref), ROW(TEXT, release.reason), END },
    [MESSAGE_RELEASE_ACK] = { ROW(REF, release_ack.ref), END },
    [MESSAGE_ERROR] = { ROW(INT32, error.code), ROW(TEXT, error.text), END },
    [MESSAGE_SUBMIT] = { ROW(TEXT, submit.submit_key), ROW(TEXT, submit.definition),
                         ROW(TEXT, submit.spec), END },
    [MESSAGE_SUBMITTED] = { ROW(TEXT, submitted.search), ROW(INT64, submitted.studies),
                            ROW(INT64, submitted.trials), ROW(BOOL, submitted.already), END },
    [MESSAGE_STATUS] = { ROW(TEXT, status.name), ROW(BOOL, status.workers), END },
    [MESSAGE_STATUS_REPLY] = { ITEMS(message, status_reply.studies, status_reply.n_studies,
                                     study_status, study_fields),
                               ITEMS(message, status_reply.workers, status_reply.n_workers,
                                     worker_status, worker_fields),
                               ROW(INT64, status_reply.uptime_ms), ROW(TEXT, status_reply.version),
                               ROW(TEXT, status_reply.note), END },
    [MESSAGE_STOP] = { ROW(TEXT, stop.name), ROW(BOOL, stop.now), END },
    [MESSAGE_RERUN] = { ROW(TEXT, rerun.name), ROW(INT64, rerun.best), ROW(INT64, rerun.seeds),
                        END },
    [MESSAGE_RERUNNING] = { ROW(TEXT, rerunning.name), ROW(INT64, rerunning.studies),
                            ROW(INT64, rerunning.trials), ROW(BOOL, rerunning.already), END },
    [MESSAGE_PAUSE] = { ROW(TEXT, pause.name), END },
    [MESSAGE_PAUSED] = { ROW(INT64, paused.studies), ROW(INT64, paused.running),
                         ROW(BOOL, paused.already), END },
    [MESSAGE_RESUME] = { ROW(TEXT, resume.name), END },
    [MESSAGE_RESUMED] = { ROW(INT64, resumed.studies), ROW(BOOL, resumed.already), END },
    [MESSAGE_RETRY] = { ROW(TEXT, retry.name),
                        { "retry.trials", ARRAY, offsetof(struct message, retry.trials),
                          offsetof(struct message, retry.n_trials), sizeof(int64_t),
                          number_fields },
                        ROW(BOOL, retry.failed), ROW(BOOL, retry.cancelled),
                        ROW(BOOL, retry.diverged), END },
    [MESSAGE_RETRIED] = { ROW(INT64, retried.studies), ROW(INT64, retried.trials), END },
    [MESSAGE_DRAIN] = { WORDS(message, drain.workers, drain.n_workers), ROW(BOOL, drain.all),
                        ROW(BOOL, drain.now), END },
    [MESSAGE_DRAINED] = { ROW(INT64, drained.workers), ROW(INT64, drained.running), END },
    [MESSAGE_AUDIT] = { ROW(TEXT, audit.name), ROW(INT64, audit.count),
                        ROW(NUMBER, audit.percent), ROW(INT64, audit.seed), END },
    [MESSAGE_AUDITING] = { ROW(TEXT, auditing.name), ROW(INT64, auditing.trials),
                           ROW(BOOL, auditing.already), END },
    [MESSAGE_STOPPED] = { ROW(INT64, stopped.studies), ROW(INT64, stopped.cancelled), END },
};

static const char *difference(const struct field *field, const void *a, const void *b);

static bool texts_equal(const char *const *a, const char *const *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static bool arrays_equal(const struct field *field, const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (difference(field->items, a + i * field->item_bytes, b + i * field->item_bytes) != NULL)
            return false;
    return true;
}

/* -0.0 arrives as 0.0 outside columns of points, NaN as NaN. */
static bool numbers_equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool field_equal(const struct field *field, const char *a, const char *b)
{
    const void *x = a + field->offset, *y = b + field->offset;
    size_t n =
        field->count_offset > 0 ? *(const size_t *)(const void *)(a + field->count_offset) : 0;
    size_t m =
        field->count_offset > 0 ? *(const size_t *)(const void *)(b + field->count_offset) : 0;
    switch (field->kind) {
    case TEXT:
        return strcmp(*(const char *const *)x, *(const char *const *)y) == 0;
    case INT64:
        return memcmp(x, y, sizeof(int64_t)) == 0;
    case INT32:
        return memcmp(x, y, sizeof(int32_t)) == 0;
    case BOOL:
        return *(const bool *)x == *(const bool *)y;
    case NUMBER:
        return numbers_equal(*(const double *)x, *(const double *)y);
    case REF:
        return attempt_ref_equal(*(const struct attempt_ref *)x, *(const struct attempt_ref *)y);
    case ARRAY:
        return n == m && arrays_equal(field, *(const char *const *)x, *(const char *const *)y, n);
    case TEXTS:
        return n == m &&
               texts_equal(*(const char *const *const *)x, *(const char *const *const *)y, n);
    }
    return false;
}

static const char *difference(const struct field *field, const void *a, const void *b)
{
    for (; field->name != NULL; field++)
        if (!field_equal(field, a, b))
            return field->name;
    return NULL;
}

/* NULL if they are equal in every field, else the name of one that differs. */
static const char *sample_difference(const struct message *a, const struct message *b)
{
    if (a->type != b->type || a->id != b->id || a->session != b->session)
        return "the envelope";
    return difference(message_fields[a->type], a, b);
}
#endif
