#include "worker/agent/held.h"
#include "common/utf8.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

struct held *held_create(struct attempt_ref ref, enum held_state state)
{
    struct held *held = xcalloc(1, sizeof *held);
    *held = (struct held){ .ref = ref,
                           .state = state,
                           .step = -1,
                           .batch_due_ms = INT64_MAX,
                           .resend_due_ms = INT64_MAX,
                           .report_due_ms = INT64_MAX };
    curve_init(&held->curve);
    return held;
}

static void free_report(struct message *report)
{
    if (report->type == MESSAGE_RESULT) {
        free((char *)(uintptr_t)report->result.reason); /* ours, const only to readers */
        free((char *)(uintptr_t)report->result.log);
        free((char *)(uintptr_t)report->result.info);
    } else if (report->type == MESSAGE_RELEASE) {
        free((char *)(uintptr_t)report->release.reason);
    }
    *report = (struct message){ 0 };
}

void held_destroy(struct held **held)
{
    if (*held == NULL)
        return;
    curve_free(&(*held)->curve);
    free_report(&(*held)->report);
    free(*held);
    *held = NULL;
}

/* Never cut inside a character. */
static char *copy_head(const char *text, size_t limit)
{
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > limit)
        for (length = limit; length > 0 && utf8_continues(text[length]); length--)
            ;
    char *copy = xcalloc(1, length + 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}

/* Likewise. */
static char *copy_tail(const char *text, size_t limit)
{
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > limit)
        for (text += length - limit; utf8_continues(*text); text++)
            ;
    return text == NULL ? xstrdup("") : xstrdup(text);
}

static void report_now(struct held *held, int64_t now_ms)
{
    held->report_due_ms = now_ms;
    backoff_reset(&held->report_backoff);
}

void held_finish(struct held *held, const struct message *result, int64_t now_ms)
{
    free_report(&held->report);
    held->state = HELD_FINISHED;
    held->report = (struct message){ .type = MESSAGE_RESULT, .result = result->result };
    held->report.result.ref = held->ref;
    held->report.result.reason = copy_head(result->result.reason, MESSAGE_MAX_REASON);
    held->report.result.log = copy_tail(result->result.log, MESSAGE_MAX_LOG);
    held->report.result.info = copy_head(result->result.info, MESSAGE_MAX_JSON);
    held->report.result.points = held->curve.total;
    held->report.result.points_digest = held->curve.digest;
    report_now(held, now_ms);
}

void held_release(struct held *held, const char *reason, int64_t now_ms)
{
    free_report(&held->report);
    held->state = HELD_RELEASING;
    held->report = (struct message){ .type = MESSAGE_RELEASE };
    held->report.release.ref = held->ref;
    held->report.release.reason = copy_head(reason, MESSAGE_MAX_REASON);
    held->batch_due_ms = held->resend_due_ms = INT64_MAX; /* its points are worth nothing now */
    report_now(held, now_ms);
}

void held_abandon(struct held *held)
{
    held->state = HELD_DYING;
    held->batch_due_ms = held->resend_due_ms = held->report_due_ms = INT64_MAX;
    free_report(&held->report);
    curve_free(&held->curve);
}

bool held_is_reported(const struct held *held)
{
    return held->state == HELD_RUNNING || held->state == HELD_FINISHED;
}

int64_t held_next_deadline(const struct held *held)
{
    /* A result waits for its points to be sent; they have their own deadlines. */
    bool waits = held->state == HELD_FINISHED && held->curve.sent < held->curve.total;
    int64_t next = held->batch_due_ms;
    if (held->resend_due_ms < next)
        next = held->resend_due_ms;
    if (held->report_due_ms < next && !waits)
        next = held->report_due_ms;
    return next;
}
