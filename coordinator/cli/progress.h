/* progress.h - how far a search is: the sum over its studies, and one line that says it.
 * Pure: the numbers come from STATUS, time is handed in. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H
#include "common/buf.h"
#include "common/message.h"

struct progress {
    int64_t total;                  /* trials of all studies; -1 not known */
    int64_t finished, running, failed;
    const struct study_status *best; /* the study that has the best value, or NULL */
    bool done;                      /* no study will do anything more */
    bool stopped;                   /* done, and at least one was stopped before its end */
    const char *barren;              /* done: a study none of whose trials has a value, or NULL */
    const char *note;               /* why nothing moves, or "" */
};

/* Points into the reply. */
struct progress progress_of(const struct message *status_reply);

/* "12/48 done, 2 running, 1 failed, best test_kl 0.012 (task-b/ldt, trial 7), 3.1/min, 11m left"
 * in at most `columns` characters (0: any number). The rate is that of the finished trials since
 * the start. */
void progress_line(struct buf *out, const struct progress *progress, int64_t finished_at_start,
                   int64_t elapsed_ms, int columns);

/* To so many characters at most (0: any number); a multi-byte character at the cut goes with it. */
void progress_cut(struct buf *line, int columns);
#endif
