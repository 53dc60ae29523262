/* Points of an attempt are appended in order, each once: what was recorded is skipped, what would
 * leave a gap is answered with the recorded count, and the worker sends from there. */
#include "coordinator/core/report.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"

#include <math.h>
#include <string.h>

static void note_objective(struct attempt_row *attempt, double value, bool maximize)
{
    attempt->metric_seen = true;
    if (!isfinite(value)) {
        attempt->nonfinite = true;
        return;
    }
    attempt->has_last = true;
    attempt->last = value;
    if (!attempt->has_best || (maximize ? value > attempt->best : value < attempt->best))
        attempt->best = value;
    attempt->has_best = true;
}

static void take_point(struct trial *trial, const struct point *point)
{
    const struct definition *definition = trial->study->search->definition;
    struct attempt_row *attempt = &trial->attempt;
    attempt->points++;
    attempt->points_digest = point_digest(attempt->points_digest, point);
    if (point->step > attempt->last_step)
        attempt->last_step = point->step;
    if (strcmp(point->metric, definition->metric) == 0)
        note_objective(attempt, point->value, definition->maximize);
    else
        study_learn_metric(trial->study, point->metric);
}

static void append(struct turn *turn, struct trial *trial, const struct message *message)
{
    int64_t recorded = trial->attempt.points;
    int64_t first = message->points.first, end = first + (int64_t)message->points.n_points;
    if (first > recorded || end <= recorded)
        return;
    const struct point *fresh = message->points.points + (recorded - first);
    size_t count = (size_t)(end - recorded);
    for (size_t i = 0; i < count; i++)
        take_point(trial, &fresh[i]);
    add_points(turn, trial, recorded, fresh, count);
    save_attempt(turn, trial, (struct attempt_texts){ 0 });
}

void report_points(struct turn *turn, struct worker *worker, const struct message *message)
{
    int64_t first = message->points.first;
    if (first < 0 || first > INT64_MAX - MESSAGE_MAX_POINTS ||
        message->points.n_points > MESSAGE_MAX_POINTS) {
        reply_error(turn, message, ERROR_MALFORMED, "points are counted from 0, 2000 at a time");
        return;
    }
    struct trial *trial;
    enum standing standing = trial_standing(turn->core, worker, message->points.ref, &trial);
    if (standing == STANDING_CURRENT)
        append(turn, trial, message);
    bool known = standing == STANDING_CURRENT || standing == STANDING_RECORDED;
    struct message *answer = reply(turn, message, MESSAGE_POINTS_ACK);
    answer->points_ack.ref = message->points.ref;
    answer->points_ack.stale = !known;
    answer->points_ack.points = known ? trial->attempt.points : 0;
}
