/* fence.h - which attempt numbers this worker has already answered, so that a late or repeated
 * TRIAL can never start an attempt twice or bring an older one back.
 *
 * Bounded: it remembers at least the latest FENCE_GENERATION trials. What is older than that is
 * fenced by the session, which every TRIAL must carry.
 *
 * Every database counts its studies and trials from the beginning. A worker that outlives one, or
 * moves to another coordinator, meets the numbers that it has answered as other trials, told from
 * these by their checkpoint keys, which no two trials share. */
#ifndef AGENT_FENCE_H
#define AGENT_FENCE_H
#include "common/message.h"

enum { FENCE_GENERATION = 1 << 15 };

struct fence;

struct fence *fence_create(void);
void fence_destroy(struct fence **fence); /* leaves NULL, accepts NULL */

/* True, and remembered, if the attempt is newer than every one that passed for its trial. */
bool fence_pass(struct fence *fence, struct attempt_ref ref, const char *checkpoint_key);
#endif
