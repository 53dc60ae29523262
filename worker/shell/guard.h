/* guard.h - a process that outlives the worker by a moment: when the worker is gone, however it
 * went, the guard kills what is left of the process groups that trials ran in. PR_SET_PDEATHSIG
 * does that for a child alone; the guard also reaches what the child has started. */
#ifndef WORKER_SHELL_GUARD_H
#define WORKER_SHELL_GUARD_H
#include "common/error.h"

#include <stdbool.h>
#include <sys/types.h>

bool guard_start(struct error *error); /* once, before there are threads or sockets */
void guard_add(pid_t group);
void guard_remove(pid_t group);        /* before its leader is reaped, while the number is taken */
#endif
