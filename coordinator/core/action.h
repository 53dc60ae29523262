/* action.h - adds to the actions of a turn. Everything that may change or go away before the
 * actions are carried out is copied into their arena. A trial or attempt that is saved twice in a
 * turn is one action, at its first place, with what was said last. Private to this folder. */
#ifndef CORE_ACTION_H
#define CORE_ACTION_H
#include "coordinator/core/state.h"

void save_search(struct turn *turn, const struct search_row *row);
void save_study(struct turn *turn, const struct study *study);
/* A trial is saved while it is live, its attempt too. Returns the parameters as they were saved, in
 * the arena of the actions. */
const char *save_trial(struct turn *turn, struct trial *trial, const char *reason);
/* Texts: of an attempt that has just ended; "" while it runs. An attempt that has ended is never
 * saved again. */
struct attempt_texts { const char *reason, *log, *info; };
void save_attempt(struct turn *turn, struct trial *trial, struct attempt_texts texts);
void add_outcome(struct turn *turn, const struct trial *trial);
void add_points(struct turn *turn, const struct trial *trial, int64_t first,
                const struct point *points, size_t count);
void save_worker(struct turn *turn, const struct worker *worker);

/* A message to whoever sent the event; its session and body are the caller's to fill in. */
struct message *reply(struct turn *turn, const struct message *request, enum message_type type);
void reply_error(struct turn *turn, const struct message *request, enum error_code code,
                 const char *text);
/* A message to a connected worker. */
struct message *tell(struct turn *turn, const struct worker *worker, enum message_type type);
#endif
