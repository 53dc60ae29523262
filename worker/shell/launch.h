/* launch.h - what to start for a trial: the program, its arguments, environment and directory, and
 * the line that it reads. */
#ifndef WORKER_SHELL_LAUNCH_H
#define WORKER_SHELL_LAUNCH_H
#include "common/arena.h"
#include "common/error.h"
#include "common/message.h"

#include <stdbool.h>

struct launch {
    const char *program;  /* path for execve: with a slash */
    bool is_own;          /* this worker's own program: no trial is at fault if it does not start */
    char **arguments;     /* NULL-terminated */
    char **environment;   /* NULL-terminated: the worker's, and over it the spec's */
    const char *workdir;  /* "" where the worker was started */
    const char *input;    /* one JSON object and a line end: its standard input */
};

struct launch_extras {        /* what the worker adds to what the message says */
    const char *checkpoint_dir; /* absolute; "" none */
    const char *mark;           /* "NAME=value" for the environment; "" none */
};

/* From a MESSAGE_TRIAL; everything is in the arena. False with a sentence when it cannot be: no
 * such program. */
bool launch_prepare(struct launch *launch, const struct message *trial,
                    const struct launch_extras *extras, struct arena *arena, struct error *error);
#endif
