/* watch.h - follows a search until it is done: a progress line on a terminal, one log line a minute
 * elsewhere. The search does not depend on it: Ctrl-C ends the watching only. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H
#include "coordinator/cli/command.h"

/* EXIT_OK when the search is done, EXIT_FAILED when it was stopped or a study of it has no value
 * at all, EXIT_UNREACHABLE when the coordinator has been silent for a minute, EXIT_INTERRUPTED.
 * Prints the studies on standard output at the end. */
int watch_search(const struct context *context, const char *search);

/* The same for whoever prints the end himself, from the database. */
int watch_quietly(const struct context *context, const char *search);
#endif
