/* child.h - the process of one attempt: started in a group of its own, ended with TERM and then
 * KILL, and looked after until the last of its output is read. Knows nothing of messages.
 *
 *     started --(exits)--> exited: its group is killed, the rest of its output read --> over
 *
 * It dies with the worker. It may ignore TERM, close its output, leave grandchildren that hold its
 * pipes, write without end, or hang: none of that keeps the worker waiting. */
#ifndef WORKER_SHELL_CHILD_H
#define WORKER_SHELL_CHILD_H
#include "common/error.h"
#include "worker/shell/child_output.h"
#include "worker/shell/launch.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CHILD_GRACE_MS = 10000 }; /* between TERM and KILL */

enum child_ending { /* why the worker ended it; the first reason counts */
    CHILD_ON_ITS_OWN,
    CHILD_KILLED,
    CHILD_PRUNED,
    CHILD_PREEMPTED,
    CHILD_TIMED_OUT,  /* ran longer than limits.duration_ms */
    CHILD_SILENT,     /* no new step for limits.silence_ms */
};

struct child_limits { /* of one attempt; 0: none */
    int64_t duration_ms;
    /* Without a report of a greater step than all before. While the worker does not want to read
     * reports, this time stands still. */
    int64_t silence_ms;
};

struct child {
    pid_t pid;                    /* and its process group; 0 once it is reaped */
    int stdout_fd, stderr_fd;     /* -1 once closed; not blocking */
    struct child_output *output;
    enum child_ending ending;
    int64_t started_ms, ended_ms; /* ended_ms: 0 while it runs */
    struct child_limits limits;
    int64_t excused_ms;           /* since its start, in which the worker did not run */
    int64_t step, step_ms;        /* the greatest reported, -1 before the first; and when */
    int64_t unwanted_ms;          /* since when its reports are not wanted; INT64_MAX: they are */
    int64_t kill_ms;              /* KILL is due; INT64_MAX: no TERM was sent */
    int status;                   /* of waitpid, once it is reaped */
    int64_t cpu_ms, peak_memory_bytes;
    int64_t oom_kills_before;     /* of the whole machine, at its start */
    bool oom_kill;                /* there was one while it ran */
    size_t unread_stdout, unread_stderr; /* after its end: what the pipes held at most */
};

enum child_start {
    CHILD_STARTED,  /* it has taken the output over */
    CHILD_REFUSED,  /* the trial is at fault: no such program, no such directory */
    CHILD_NO_ROOM,  /* this machine is: out of processes, descriptors or memory, or no /proc */
};

/* If it did not start, there is a sentence, the output is still the caller's, and nothing is to be
 * cleaned up. */
enum child_start child_start(struct child *child, const struct launch *launch,
                             struct child_output *output, const struct child_limits *limits,
                             int64_t now_ms, struct error *error);
void child_destroy(struct child *child); /* kills it at once if it still runs */

void child_end(struct child *child, enum child_ending why, int64_t now_ms); /* TERM */
void child_tick(struct child *child, int64_t now_ms);                       /* limits, KILL */
void child_excuse(struct child *child, int64_t ms); /* as if so much had not passed just now */
int64_t child_next_deadline(const struct child *child);

/* Reads what is there, a bounded piece of it. stdout only if it is wanted: else the child has to
 * wait. Comes before child_tick: a step that waits to be read is no silence. */
void child_read(struct child *child, bool wants_stdout, int64_t now_ms);
void child_reap(struct child *child, int64_t now_ms); /* if it has exited */
bool child_is_over(const struct child *child);        /* reaped, and all of its output is read */
#endif
