/* worker.h - workers and their sessions. A worker is one process, known by its instance number;
 * its name is only for people. A session begins with HELLO, is bound to the peer that said it, and
 * ends when the same worker says HELLO again, when it says goodbye (a BEAT that is `leaving`) and
 * has nothing left, when the transport loses the peer, or after peer_silent_ms without a word.
 * Sessions are memory only: after a restart of the coordinator everybody is told UNKNOWN_SESSION
 * and says HELLO again.
 *
 * Credit: ASK tells free slots and how many TRIALs have arrived in this session; those still in
 * flight are taken off. A TRIAL whose lease lapses before the worker speaks of it counts as lost,
 * else its slot would stay reserved.
 *
 * Rows: whoever says HELLO gets one, so their number must not be the peers' to choose. The row of a
 * worker that left and was never given a trial says nothing that anybody refers to: the next
 * newcomer takes it over. So there are at most as many as were connected at a time, and as were
 * ever given trials. Private to this folder. */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H
#include "coordinator/core/action.h"
#include "coordinator/core/state.h"

/* A row of the database may be named by attempts: `used` is true. */
struct worker *worker_create(struct core *core, const struct worker_row *row);
void worker_destroy(struct worker **worker);

/* The worker whose session this is; NULL if there is no such session or another peer has it. */
struct worker *worker_of_session(const struct core *core, uint64_t session, uint64_t peer);
void worker_heard(struct core *core, struct worker *worker, int64_t now_ms);

void worker_hello(struct turn *turn, const struct message *message);
void worker_ask(struct turn *turn, struct worker *worker, const struct message *message);
void worker_beat(struct turn *turn, struct worker *worker, const struct message *message);

/* It is to be given nothing, whatever it asked for before. */
void worker_forget_credit(struct worker *worker);

/* One TRIAL was sent. */
void worker_spend_credit(struct core *core, struct worker *worker);

void workers_peer_gone(struct core *core, uint64_t peer);
void workers_forget_silent(struct core *core, int64_t now_ms);
#endif
