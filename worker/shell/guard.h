/* guard.h - a process that outlives the worker by a moment: when the worker is gone, however it
 * went, the guard kills what is left of the process groups that trials ran in, and then all that
 * bears a mark of this worker (orphan.h). PR_SET_PDEATHSIG does that for a child alone; the guard
 * also reaches what the child has started. */
#ifndef WORKER_SHELL_GUARD_H
#define WORKER_SHELL_GUARD_H
#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Once, before there are threads or sockets. `worker` is the number in the marks. */
bool guard_start(uint64_t worker, struct error *error);
pid_t guard_pid(void); /* a child of the worker that is no orphan; 0 before the start */
void guard_add(pid_t group);
void guard_remove(pid_t group);        /* before its leader is reaped, while the number is taken */
#endif
