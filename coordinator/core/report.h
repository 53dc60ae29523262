/* report.h - what workers say of the attempts that they run: points, results, and attempts handed
 * back. Only the current attempt of a trial, from the worker that holds it, changes anything;
 * everybody else is answered so that they stop. Private to this folder. */
#ifndef CORE_REPORT_H
#define CORE_REPORT_H
#include "coordinator/core/state.h"

void report_points(struct turn *turn, struct worker *worker, const struct message *message);
void report_result(struct turn *turn, struct worker *worker, const struct message *message);
void report_release(struct turn *turn, struct worker *worker, const struct message *message);
#endif
