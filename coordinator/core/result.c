/* A result is judged by what was recorded, not by what the worker believes: the curve must be
 * whole, and the objective decides between DONE and DIVERGED. */
#include "coordinator/core/report.h"
#include "coordinator/core/trial.h"
#include "common/arena.h"

#include <inttypes.h>
#include <string.h>

static void acknowledge(struct turn *turn, const struct message *message,
                        enum result_verdict verdict, int64_t points)
{
    struct message *answer = reply(turn, message, MESSAGE_RESULT_ACK);
    answer->result_ack.ref = message->result.ref;
    answer->result_ack.verdict = verdict;
    answer->result_ack.points = points;
}

/* Where not a single point came, the worker may know why; else what a report looks like helps most:
 * a dictionary as Python prints it, say, is none. */
static const char *nothing_reported(struct turn *turn, const char *wanted, const char *ignored)
{
    struct arena *arena = turn->out->arena;
    if (ignored[0] != '\0')
        return arena_printf(arena, "metric `%s` was never reported, nor any other metric; %s",
                            wanted, ignored);
    return arena_printf(arena,
                        "metric `%s` was never reported, nor any other metric: a report is a line "
                        "of standard output, {\"step\": 1, \"metrics\": {\"%s\": 0.5}}",
                        wanted, wanted);
}

/* "metric `test_kl` was never reported; got `loss`, `accuracy`". */
static const char *metric_missing(struct turn *turn, const struct trial *trial, const char *ignored)
{
    struct arena *arena = turn->out->arena;
    const struct study *study = trial->study;
    const char *wanted = study->search->definition->metric;
    if (trial->live->attempt.points == 0)
        return nothing_reported(turn, wanted, ignored);
    if (study->n_metrics == 0) /* names are memory only: they came before a restart */
        return arena_printf(arena, "metric `%s` was never reported, only other metrics", wanted);
    const char *list = "";
    for (int i = 0; i < study->n_metrics; i++)
        list = arena_printf(arena, "%s%s`%s`", list, i > 0 ? ", " : "", study->metrics[i]);
    return arena_printf(arena, "metric `%s` was never reported; got %s", wanted, list);
}

static const char *reason_or(const struct message *message, const char *otherwise)
{
    return message->result.reason[0] != '\0' ? message->result.reason : otherwise;
}

static const char *failure_reason(struct turn *turn, const struct message *message)
{
    switch (message->result.kind) {
    case RESULT_DIED:
        return reason_or(message, "its process was killed");
    case RESULT_TIMEOUT:
        return reason_or(message, "it ran longer than max_trial_duration");
    case RESULT_REFUSED:
        return reason_or(message, "the worker could not start it");
    default:
        break;
    }
    return reason_or(message, arena_printf(turn->out->arena, "it ended with exit status %" PRId32,
                                           message->result.exit_status));
}

/* Points are append-only and every one was acknowledged, so a curve that differs cannot be mended
 * by sending it again: the attempt fails, and says why, rather than stand with a curve that is not
 * its own. */
static bool curve_differs(const struct attempt_row *attempt, const struct message *message)
{
    return message->result.points != attempt->points ||
           message->result.points_digest != attempt->points_digest;
}

/* Whether the points that a result lacks may still come. A worker that only ever sends its result
 * again would hold its trial for good. */
static bool points_may_come(struct live_trial *live)
{
    enum { PATIENCE = 100 };
    if (live->shorts == 0 || live->attempt.points > live->short_points) {
        live->shorts = 0;
        live->short_points = live->attempt.points;
    }
    return ++live->shorts <= PATIENCE;
}

static enum attempt_state judge(struct turn *turn, const struct trial *trial,
                                const struct message *message, const char **reason)
{
    const struct definition *definition = trial->study->search->definition;
    const struct attempt_row *attempt = &trial->live->attempt;
    if (message->result.points > attempt->points) {
        *reason =
            arena_printf(turn->out->arena,
                         "its worker told of %" PRId64 " points and sent no more than %" PRId64,
                         message->result.points, attempt->points);
        return ATTEMPT_FAILED;
    }
    if (curve_differs(attempt, message)) {
        *reason =
            arena_printf(turn->out->arena,
                         "the worker's curve (%" PRId64 " points) is not the recorded one (%" PRId64
                         " points): its points changed after they were sent",
                         message->result.points, attempt->points);
        return ATTEMPT_FAILED;
    }
    if (attempt->nonfinite && message->result.kind != RESULT_REFUSED) {
        *reason =
            reason_or(message, arena_printf(turn->out->arena, "metric `%s` was not a finite number",
                                            definition->metric));
        return ATTEMPT_DIVERGED;
    }
    if (message->result.kind != RESULT_DONE) {
        *reason = failure_reason(turn, message);
        return ATTEMPT_FAILED;
    }
    if (!attempt->metric_seen) {
        *reason = metric_missing(turn, trial, message->result.reason);
        return ATTEMPT_FAILED;
    }
    *reason = "";
    return ATTEMPT_DONE; /* ATTEMPT_PRUNED, once a pruner has asked for its end */
}

void report_result(struct turn *turn, struct worker *worker, const struct message *message)
{
    struct trial *trial;
    switch (trial_standing(turn->core, worker, message->result.ref, &trial)) {
    case STANDING_STALE:
    case STANDING_CANCELLED:
        acknowledge(turn, message, VERDICT_STALE, 0);
        return;
    case STANDING_RECORDED:
        acknowledge(turn, message, VERDICT_RECORDED, trial_latest(trial).points);
        return;
    case STANDING_CURRENT:
        break;
    }
    int64_t recorded = trial_latest(trial).points;
    if (message->result.points > recorded && points_may_come(trial->live)) {
        acknowledge(turn, message, VERDICT_SHORT, recorded);
        return;
    }
    const char *reason;
    enum attempt_state ended = judge(turn, trial, message, &reason);
    trial_finish(turn, trial, ended, message, reason);
    acknowledge(turn, message, VERDICT_RECORDED, recorded);
}

void report_release(struct turn *turn, struct worker *worker, const struct message *message)
{
    struct trial *trial;
    if (trial_standing(turn->core, worker, message->release.ref, &trial) == STANDING_CURRENT)
        trial_release(turn, trial, message->release.reason);
    reply(turn, message, MESSAGE_RELEASE_ACK)->release_ack.ref = message->release.ref;
}
