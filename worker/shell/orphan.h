/* orphan.h - processes that a trial's program has started and that live on: daemons, in sessions
 * and process groups of their own.
 *
 * Every process of a trial inherits a mark in its environment. The worker is the subreaper of all
 * that is below it, so whatever has lost its parent becomes its child, and the mark tells whose it
 * was. While the trial runs it is left alone; then it is killed. One without a mark of this worker,
 * because it has wiped its environment, is killed when no trial runs at all; but never where it may
 * come from somewhere else: whoever started the worker had children that it inherited by exec, or
 * it is process 1. What the worker cannot do any more, because it was killed itself, the guard
 * does, by the same marks. */
#ifndef WORKER_SHELL_ORPHAN_H
#define WORKER_SHELL_ORPHAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ORPHAN_MARK "LDT_PROCESS" /* the variable */

enum { ORPHAN_MARK_BYTES = sizeof ORPHAN_MARK + 40 };

/* "LDT_PROCESS=worker-trial"; both numbers are unique, the worker's among all workers. */
void orphan_mark(char mark[ORPHAN_MARK_BYTES], uint64_t worker, uint64_t trial);

/* From now on the calling process is the subreaper. To be called before it starts any process other
 * than the guard. */
void orphan_adopt_all(pid_t guard);

/* The trials that run, and the worker's children that are no orphans. */
struct orphan_families {
    uint64_t worker; /* as in the marks */
    const char *const *marks;
    size_t n_marks;
    const pid_t *children;
    size_t n_children;
};

/* Reaps the orphans that have ended, kills those whose trial does not run any more. To be called
 * when a child has ended, whichever. */
void orphan_sweep(const struct orphan_families *families);

/* Kills every process with a mark of this worker, wherever it is; the caller is not one of them. */
void orphan_kill_all(uint64_t worker);
#endif
