/* pause.h - PAUSE and RESUME: a search or study that hands out nothing for a while. Durable: a
 * paused study is paused after a restart, too. What runs is left alone, what waits waits, and what
 * lapses waits with it. Private to this folder. */
#ifndef CORE_PAUSE_H
#define CORE_PAUSE_H
#include "coordinator/core/state.h"

void pause_request(struct turn *turn, const struct message *message);
void resume_request(struct turn *turn, const struct message *message);
#endif
