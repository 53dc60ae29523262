/* loop.h - the worker: sockets and child processes around the agent. */
#ifndef WORKER_SHELL_LOOP_H
#define WORKER_SHELL_LOOP_H
#include "common/error.h"
#include "worker/agent/agent.h"

struct loop_options {
    struct agent_options agent;
    const char *coordinator, *connect_file; /* or NULL */
};

/* Runs until the agent has finished or a second signal says to leave at once. Returns the exit
 * status. The process must have no other thread yet, and its standard descriptors open. */
int loop_run(const struct loop_options *options);
#endif
