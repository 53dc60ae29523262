/* status.h - STATUS: where every study and worker stands, from counts that are kept up to date, so
 * that asking is cheap. Private to this folder. */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H
#include "coordinator/core/state.h"

void status_answer(struct turn *turn, const struct message *message);
#endif
