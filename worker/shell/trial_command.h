/* trial_command.h - `ldt-worker trial`: the built-in trainer as the child process that any trial
 * runs in. One JSON object on standard input, JSON lines on standard output:
 *
 *     in   {"study": "s", "trial": 7, "attempt": 1, "seed": 123, "parameters": {"task": "task-b"}}
 *     out  {"info": {"version": "0.1.0", "blas_core": "SkylakeX", ...}}
 *          {"step": 240, "epoch": 3.5, "metrics": {"test_kl": 0.21, ...}}
 *
 * SIGTERM hands the attempt back: exit status 75, between two lines. Exit status 0: trained to the
 * end, or until a number became non-finite (all metrics of the last line are NaN then, and
 * info.diverged says why). Bad input: one sentence on standard error, exit status 1. */
#ifndef SHELL_TRIAL_COMMAND_H
#define SHELL_TRIAL_COMMAND_H

/* argv[0] is the verb: main passes argc - 1, argv + 1. Returns the exit status. Must be called
 * before anything was read from standard input: the process may execute itself again
 * (worker/numeric/blas.h). */
int trial_command(int argc, char **argv);
#endif
