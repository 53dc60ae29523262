/* attempt.h - what the row of an attempt says of its curve: one rule, by which the core counts what
 * arrives and a recorded curve is proved (coordinator/doctor). */
#ifndef CORE_ATTEMPT_H
#define CORE_ATTEMPT_H
#include "coordinator/core/rows.h"

/* Counts one point more: the chained digest, the last step and, where the point is of `metric`
 * (NULL: none is), the best and the last of its finite values. True if it is of that metric. A row
 * without points begins with last_step -1. */
bool attempt_take_point(struct attempt_row *attempt, const struct point *point, const char *metric,
                        bool maximize);
#endif
