/* breaker.h - benches a worker on which everything fails, so that one sick machine does not use up
 * the attempts of a whole search.
 *
 *     working --(the N-th different trial in a row fails)--> benched --(pause over)--> probing
 *        ^                                                   |    ^                       |  |
 *        |                 a trial succeeds                  |    +--(the probe fails)----+  |
 *        +---------------------------------------------------+-------------------------------+
 *
 * Benched it lets nothing start, probing one trial at a time. Failed, died and refused trials
 * count; one that is handed back, cancelled or out of time says nothing about the machine.
 *
 * Is the machine sick, or the search wrong? Failures of two studies, or of one that has succeeded
 * here before, speak against the machine: pauses double from a minute to an hour. If only one study
 * failed, which never succeeded here, nobody can tell. Then every pause is the shortest: a wrong
 * search meets its max_failed_trials within minutes and a healthy fleet is back at once, while a
 * sick machine costs the study no more than a trial a minute, and says so.
 *
 * A probe may be a trial that failed here before, tried again: in a small fleet the only one there
 * is. That says nothing new. The next pause is the shortest, and the one after it no longer for it:
 * a poison trial among healthy ones costs a minute for each of its attempts. */
#ifndef AGENT_BREAKER_H
#define AGENT_BREAKER_H
#include "common/arena.h"
#include "common/error.h"
#include "common/message.h"
#include "common/rng.h"

enum {
    BREAKER_MAX_FAILURES = 64,
    BREAKER_FIRST_PAUSE_MS = 60 * 1000, /* each pause is up to a quarter longer, at random */
    BREAKER_LONGEST_PAUSE_MS = 60 * 60 * 1000,
    BREAKER_PROVEN = 32,                /* the latest studies that succeeded here */
    BREAKER_NOTE_BYTES = 256,           /* at most, of breaker_note */
};

struct breaker {
    int32_t threshold;                  /* 0: never benched */
    struct attempt_ref row[BREAKER_MAX_FAILURES]; /* a ring: the latest different trials of those
                                                     that failed in a row, `threshold` at most */
    int32_t in_row, next_in_row;
    int64_t failures;                   /* since the latest success: the row and failed probes */
    bool several_studies;               /* among those failures */
    int64_t proven[BREAKER_PROVEN];     /* a ring; 0: none */
    int32_t next_proven;
    bool benched;                       /* and probing once now >= until_ms */
    int64_t pause_ms, until_ms;         /* pause: of the latest new failure, no jitter */
    struct attempt_ref probe;           /* attempt 0: none is running */
    char last[BREAKER_NOTE_BYTES];      /* why the latest failed, as one line */
};

void breaker_init(struct breaker *breaker, int32_t threshold); /* 0 .. BREAKER_MAX_FAILURES */

/* How many of the free slots may be filled now. */
int32_t breaker_room(const struct breaker *breaker, int32_t free_slots, int64_t now_ms);

/* What happens to a trial here. Each one that started ends, once; before that it may have failed
 * or succeeded. */
void breaker_started(struct breaker *breaker, struct attempt_ref ref);
void breaker_ended(struct breaker *breaker, struct attempt_ref ref);
/* True if the worker is benched by it, now or once more. */
bool breaker_failed(struct breaker *breaker, struct attempt_ref ref, const char *reason,
                    int64_t now_ms, struct rng *jitter);
/* True if the worker was benched until now. */
bool breaker_succeeded(struct breaker *breaker, struct attempt_ref ref);

/* Why no work is taken, as a line for people, in the arena; "" while working. */
const char *breaker_note(const struct breaker *breaker, int64_t now_ms, struct arena *arena);

bool breaker_check(const struct breaker *breaker, struct error *error); /* its invariants */
#endif
