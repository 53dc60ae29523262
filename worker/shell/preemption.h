/* preemption.h - SIGTERM for a process that runs one trial: it ends between two lines of output,
 * and, where it has something to save, not before it has saved it. */
#ifndef SHELL_PREEMPTION_H
#define SHELL_PREEMPTION_H
#include <stdbool.h>
#include <stddef.h>

enum { EXIT_HANDED_BACK = 75 }; /* of any trial, a command too: "hand me back" */

/* From now on SIGTERM ends the process with EXIT_HANDED_BACK, but never in the middle of a line. */
void preemption_catch(void);

/* From now on it is noted only. */
void preemption_defer(void);
bool preemption_came(void);

/* To standard output: whole or not at all, as far as SIGTERM is concerned, also while nobody reads
 * there. False: not written, or SIGTERM came; a fault of the output is said on standard error. */
bool preemption_write_line(const char *bytes, size_t count);
#endif
