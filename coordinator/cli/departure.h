/* departure.h - how far the leave of drained workers is, from one STATUS after the other. Pure.
 *
 * Of a name, those processes count that were told to leave; a later one of the same name was not.
 * A worker has left when it said so at its end. One that is not connected and never said it may
 * only be cut off and come back, as everybody does when the coordinator is started again: it is
 * waited for until the coordinator has listened for DEPARTURE_SILENCE_MS without hearing of it.
 * Whoever was away at the first look, with nothing to do, was told to leave some other time; and
 * what was said before a restart of the coordinator is remembered here, for it forgets it. */
#ifndef CLI_DEPARTURE_H
#define CLI_DEPARTURE_H
#include "common/buf.h"
#include "common/message.h"

#include <stdbool.h>
#include <stddef.h>

enum { DEPARTURE_SILENCE_MS = 120000 }; /* twice what a worker waits at most between two HELLOs */

struct departure {
    char **names;          /* of workers; none: all that are drained */
    size_t n_names;
    bool looked;           /* once at least; false to begin with, like the rest */
    size_t away_before;    /* of those that are away: not missed */
    /* ---- at the latest look */
    size_t here, left;
    size_t away;           /* they went without a word, as far as the coordinator knows */
    bool silent;           /* some of them not for long enough to be given up */
};

void departure_look(struct departure *departure, const struct message *status_reply);

bool departure_over(const struct departure *departure);   /* nobody is waited for any more */
size_t departure_lost(const struct departure *departure); /* who went without a word meanwhile */

/* "2 workers are still here: gpu1 (3 trials), gpu2; 1 worker is not heard of". */
void departure_say(struct buf *out, const struct departure *departure,
                   const struct message *status_reply);
#endif
