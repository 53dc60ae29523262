/* Points of an attempt are appended in order, each once: what was recorded is skipped, what would
 * leave a gap is answered with the recorded count, and the worker sends from there. */
#include "coordinator/core/attempt.h"
#include "coordinator/core/report.h"
#include "coordinator/core/study.h"
#include "coordinator/core/trial.h"

static void take_point(struct trial *trial, const struct point *point)
{
    const struct definition *definition = trial->study->search->definition;
    if (!attempt_take_point(&trial->live->attempt, point, definition->metric, definition->maximize))
        study_learn_metric(trial->study, point->metric);
}

static void append(struct turn *turn, struct trial *trial, const struct message *message)
{
    int64_t recorded = trial->live->attempt.points;
    int64_t first = message->points.first, end = first + (int64_t)message->points.n_points;
    if (first > recorded || end <= recorded)
        return;
    const struct point *fresh = message->points.points + (recorded - first);
    size_t count = (size_t)(end - recorded);
    for (size_t i = 0; i < count; i++)
        take_point(trial, &fresh[i]);
    trial->live->moved_ms = turn->now_ms;
    add_points(turn, trial, recorded, fresh, count);
    save_attempt(turn, trial, (struct attempt_texts){ 0 });
}

/* Without them its curve would never be whole. */
static void refuse(struct turn *turn, struct trial *trial)
{
    const struct message nothing_more = { .result = {
                                              .kind = RESULT_FAILED, .log = "", .info = "" } };
    trial_finish(turn, trial, ATTEMPT_FAILED, &nothing_more, turn->refusal);
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
    bool refused = standing == STANDING_CURRENT && turn->refusal != NULL;
    if (refused)
        refuse(turn, trial);
    else if (standing == STANDING_CURRENT)
        append(turn, trial, message);
    bool known = !refused && (standing == STANDING_CURRENT || standing == STANDING_RECORDED);
    struct message *answer = reply(turn, message, MESSAGE_POINTS_ACK);
    answer->points_ack.ref = message->points.ref;
    answer->points_ack.stale = !known;
    answer->points_ack.points = known ? trial_latest(trial).points : 0;
}
