/* retry.h - RETRY: trials that ended without success wait again, with nothing charged. Attempts go
 * on counting and so do outcomes: when the trial ends a new one is appended, none is rewritten.
 * Until then the sampler goes on believing the former one, so that a suggestion still follows from
 * the outcomes up to its history_seq alone. Private to this folder. */
#ifndef CORE_RETRY_H
#define CORE_RETRY_H
#include "coordinator/core/state.h"

void retry_request(struct turn *turn, const struct message *message);
#endif
