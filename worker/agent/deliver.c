#include "worker/agent/state.h"

/* What the coordinator must have: points first, then the result that counts them, or the hand-back.
 * Each is kept and sent again until it is acknowledged. The result may travel right behind its
 * points: the transport keeps the order, and if points got lost all the same, VERDICT_SHORT says
 * from where on. */

enum {
    BATCH_FULL = 500,   /* points that are worth a message at once */
    SHORTS_AT_ONCE = 1, /* further ones wait like any resend */
    SHORTS_ENOUGH = 12, /* in a row: the two sides will never agree */
};

static bool is_due(int64_t due_ms, int64_t now_ms)
{
    return now_ms >= due_ms;
}

static void send_points(struct agent *agent, struct held *held, int64_t first,
                        const struct point *points, size_t count, struct agent_actions *out)
{
    struct message *message = agent_send(agent, out, MESSAGE_POINTS);
    struct point *copies = arena_copy(out->arena, points, count * sizeof *points);
    const char *name = NULL, *copy = NULL;
    for (size_t i = 0; i < count; i++) {
        if (points[i].metric != name) { /* names are shared in a curve: most runs need one copy */
            name = points[i].metric;
            copy = arena_text(out->arena, name);
        }
        copies[i].metric = copy;
    }
    message->points.ref = held->ref;
    message->points.first = first;
    message->points.points = copies;
    message->points.n_points = count;
}

static void flush_points(struct agent *agent, struct held *held, int64_t now_ms,
                         struct agent_actions *out)
{
    struct curve *curve = &held->curve;
    if (is_due(held->resend_due_ms, now_ms)) {
        curve_rewind(curve);
        held->resend_due_ms = INT64_MAX;
        held->batch_due_ms = now_ms;
    }
    bool full = curve->total - curve->sent >= BATCH_FULL;
    if (!full && !is_due(held->batch_due_ms, now_ms) && held->state != HELD_FINISHED)
        return;
    int64_t first;
    struct point *points;
    for (size_t count; (count = curve_take_batch(curve, &first, &points)) > 0;)
        send_points(agent, held, first, points, count, out);
    held->batch_due_ms =
        INT64_MAX; /* what the window holds back goes out with an acknowledgement */
    if (curve->sent > curve->acknowledged && held->resend_due_ms == INT64_MAX)
        held->resend_due_ms = now_ms + backoff_next(&held->points_backoff, &agent->jitter);
}

static void flush_report(struct agent *agent, struct held *held, int64_t now_ms,
                         struct agent_actions *out)
{
    bool behind_points =
        held->report.type == MESSAGE_RESULT && held->curve.sent < held->curve.total;
    if (!is_due(held->report_due_ms, now_ms) || behind_points)
        return;
    struct message *message = agent_send(agent, out, held->report.type);
    if (held->report.type == MESSAGE_RESULT) {
        message->result = held->report.result;
        message->result.reason = arena_text(out->arena, message->result.reason);
        message->result.log = arena_text(out->arena, message->result.log);
        message->result.info = arena_text(out->arena, message->result.info);
    } else {
        message->release = held->report.release;
        message->release.reason = arena_text(out->arena, message->release.reason);
    }
    held->report_id = message->id;
    held->report_due_ms = now_ms + backoff_next(&held->report_backoff, &agent->jitter);
}

void deliver_due(struct agent *agent, int64_t now_ms, struct agent_actions *out)
{
    if (!agent->session.open)
        return;
    for (size_t i = 0; i < agent->n_held; i++) {
        struct held *held = agent->held[i];
        if (held_is_reported(held))
            flush_points(agent, held, now_ms, out);
        if (held->report.type != MESSAGE_NONE)
            flush_report(agent, held, now_ms, out);
    }
}

/* More points are durable: the rest has until the next resend, counted from now. */
static bool acknowledge(struct agent *agent, struct held *held, int64_t recorded, int64_t now_ms)
{
    int64_t before = held->curve.acknowledged;
    if (!curve_acknowledge(&held->curve, recorded))
        return false;
    if (held->curve.acknowledged > before) {
        backoff_reset(&held->points_backoff);
        held->resend_due_ms = INT64_MAX;
        if (held->curve.sent > held->curve.acknowledged)
            held->resend_due_ms = now_ms + backoff_next(&held->points_backoff, &agent->jitter);
        if (held->curve.total > held->curve.sent && held->batch_due_ms == INT64_MAX)
            held->batch_due_ms = now_ms; /* the window has moved */
    }
    return true;
}

void deliver_on_points_ack(struct agent *agent, const struct agent_event *event,
                           struct agent_actions *out)
{
    const struct message *message = event->message;
    struct held *held = agent_find(agent, message->points_ack.ref);
    if (held == NULL || !held_is_reported(held))
        return;
    if (message->points_ack.stale)
        agent_drop(agent, held, HELD_SUPERSEDED, GIVEN_UP, out);
    else if (!acknowledge(agent, held, message->points_ack.points, event->now_ms))
        agent_log(out, "ignored an acknowledgement of %lld points of trial %lld, which has %lld",
                  (long long)message->points_ack.points, (long long)held->ref.trial,
                  (long long)held->curve.total);
}

static void on_short(struct agent *agent, struct held *held, const struct agent_event *event,
                     struct agent_actions *out)
{
    const struct message *message = event->message;
    int64_t recorded = message->result_ack.points, now_ms = event->now_ms;
    if (message->id != held->report_id)
        return; /* about an earlier copy: the answer to the latest is still to come */
    if (++held->shorts >= SHORTS_ENOUGH) {
        agent_give_back(held, "coordinator and worker disagree about its points", now_ms, out);
        return;
    }
    if (recorded <
        held->curve.acknowledged) { /* overtaken, or points are gone: WELCOME will tell */
        session_lose(agent, now_ms);
        return;
    }
    if (!acknowledge(agent, held, recorded, now_ms))
        return;
    curve_rewind(&held->curve);
    held->resend_due_ms = INT64_MAX;
    held->report_due_ms = now_ms;
    if (held->shorts > SHORTS_AT_ONCE)
        held->report_due_ms += backoff_next(&held->report_backoff, &agent->jitter);
}

/* What did not come to its end may be tried again, now or by hand, and then goes on from there. */
static enum held_use checkpoint_use(const struct held *held)
{
    return held->report.result.kind == RESULT_DONE ? HELD_SETTLED : HELD_WANTED;
}

void deliver_on_result_ack(struct agent *agent, const struct agent_event *event,
                           struct agent_actions *out)
{
    const struct message *message = event->message;
    struct held *held = agent_find(agent, message->result_ack.ref);
    if (held == NULL || !held_is_reported(held))
        return;
    if (message->result_ack.verdict == VERDICT_STALE)
        agent_drop(agent, held, HELD_SUPERSEDED, GIVEN_UP, out);
    else if (held->state != HELD_FINISHED)
        return; /* nothing was asked yet */
    else if (message->result_ack.verdict == VERDICT_RECORDED)
        agent_forget(agent, held, checkpoint_use(held), out);
    else
        on_short(agent, held, event, out);
}

void deliver_on_release_ack(struct agent *agent, const struct agent_event *event,
                            struct agent_actions *out)
{
    struct held *held = agent_find(agent, event->message->release_ack.ref);
    if (held != NULL && held->state == HELD_RELEASING)
        agent_forget(agent, held, HELD_WANTED, out);
}
