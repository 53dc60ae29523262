/* held.h - one attempt that the worker holds, from its TRIAL to the last acknowledgement.
 *
 *              on_trial           on_exited              on_result_ack: recorded, stale
 *     (TRIAL) ------------> RUNNING ------------> FINISHED ------------------------> gone
 *        |                   |   |  on_handed_back
 *        | no slot,          |   +--------------> RELEASING -----------------------> gone
 *        | leaving           |                     ^          on_release_ack
 *        +-----------------------------------------+
 *                            |                        on_exited, on_handed_back
 *       cancelled or stale:  +------------> DYING ---------------------------------> gone
 *       agent_drop                          (only waits for the child's end) */
#ifndef AGENT_HELD_H
#define AGENT_HELD_H
#include "common/message.h"
#include "worker/agent/backoff.h"
#include "worker/agent/curve.h"

enum held_state { HELD_RUNNING = 1, HELD_FINISHED, HELD_RELEASING, HELD_DYING };

/* Who still has a use for the checkpoint: somebody; perhaps a newer attempt; nobody. */
enum held_use { HELD_WANTED, HELD_SUPERSEDED, HELD_SETTLED };

struct held {
    struct attempt_ref ref;
    enum held_state state;
    int64_t step;              /* the latest that the child reported, -1 before the first */
    bool has_child;            /* started and not yet gone: takes a slot */
    bool pruned, preempted;    /* the child was told to end */
    char checkpoint_key[MESSAGE_MAX_NAME + 1]; /* "" none */
    enum held_use checkpoint;  /* once the child is gone */

    struct curve curve;
    int64_t batch_due_ms;      /* send what is unsent; INT64_MAX: nothing is */
    int64_t resend_due_ms;     /* what is in flight counts as lost; INT64_MAX: nothing is */
    struct backoff points_backoff;

    struct message report;     /* RESULT or RELEASE, its texts malloc'd; type NONE: none yet */
    int64_t report_due_ms;     /* INT64_MAX while there is none */
    uint64_t report_id;        /* of the latest copy sent */
    struct backoff report_backoff;
    int shorts;                /* VERDICT_SHORT in a row */
};

struct held *held_create(struct attempt_ref ref, enum held_state state);
void held_destroy(struct held **held); /* leaves NULL, accepts NULL */

/* Takes copies, cut to the limits of message.h, and makes the report due now. */
void held_finish(struct held *held, const struct message *result, int64_t now_ms);
void held_release(struct held *held, const char *reason, int64_t now_ms);

/* No report any more: only the end of the child is awaited. */
void held_abandon(struct held *held);

bool held_is_reported(const struct held *held); /* in HELLO and BEAT: running or finished */
int64_t held_next_deadline(const struct held *held);
#endif
