/* inherit.h - `from: {study: NAME, best: 1}`: the constants of a search, taken from another
 * study's best configuration when the search is submitted. Private to this folder. */
#ifndef CORE_INHERIT_H
#define CORE_INHERIT_H
#include "coordinator/core/state.h"

/* The submitted definition with the parameters written in, in the arena of the actions: so what is
 * stored says what ran. NULL after having answered why there are none. */
const char *inherit(struct turn *turn, const struct message *message,
                    const struct inheritance *from);
#endif
