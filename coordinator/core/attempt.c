#include "coordinator/core/attempt.h"

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

bool attempt_take_point(struct attempt_row *attempt, const struct point *point, const char *metric,
                        bool maximize)
{
    bool is_objective = metric != NULL && strcmp(point->metric, metric) == 0;
    attempt->points++;
    attempt->points_digest = point_digest(attempt->points_digest, point);
    if (point->step > attempt->last_step)
        attempt->last_step = point->step;
    if (is_objective)
        note_objective(attempt, point->value, maximize);
    return is_objective;
}
