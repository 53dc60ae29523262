/* options.h - the command line of `ldt-worker`: one table, from which --help is made as well. */
#ifndef WORKER_SHELL_OPTIONS_H
#define WORKER_SHELL_OPTIONS_H
#include "worker/shell/loop.h"

enum {
    OPTIONS_NAME_BYTES = MESSAGE_MAX_NAME + 1,
    OPTIONS_TEXT_BYTES = 128,
    OPTIONS_PATH_BYTES = 4096,
};

struct options {
    struct loop_options loop;      /* points into the rest */
    char name[OPTIONS_NAME_BYTES]; /* by default the host's and the process number */
    char host[OPTIONS_TEXT_BYTES], cpu[OPTIONS_TEXT_BYTES];
    char checkpoints[OPTIONS_PATH_BYTES];
    bool checkpoints_said;         /* by an option: a directory, or none */
};

/* Wrong usage ends the process with exit status 2, --help and --version with 0. The options must
 * stay where they are. */
void options_parse(struct options *options, int argc, char **argv);
#endif
