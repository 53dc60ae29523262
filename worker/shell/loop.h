/* loop.h - the worker: sockets and child processes around the agent. */
#ifndef WORKER_SHELL_LOOP_H
#define WORKER_SHELL_LOOP_H
#include "worker/agent/agent.h"

struct loop_options {
    struct agent_options agent;
    const char *coordinator, *connect_file, *key_file; /* or NULL */
    const char *checkpoints; /* the directory for them, absolute; "" none */
};

/* Runs until the agent has finished, or a second signal, a SIGINT, says to leave at once: a
 * repeated SIGTERM says nothing new, because those who send it often send it to everybody, and
 * again. Returns the exit status: 0 if it left because it was asked to or had nothing to do, 1 if
 * it could not start, left at once, or met a coordinator of another version of the protocol. The
 * process must have no other thread yet, and its standard descriptors open. */
int loop_run(const struct loop_options *options);
#endif
