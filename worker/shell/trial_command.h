/* trial_command.h - `ldt-worker trial`: the built-in trainer as the child process that any trial
 * runs in. One JSON object on standard input, JSON lines on standard output:
 *
 *     in   {"study": "s", "trial": 7, "attempt": 1, "seed": 123, "parameters": {"task": "task-b"}}
 *     out  {"info": {"version": "0.1.0", "blas_core": "SkylakeX", ...}}
 *          {"step": 240, "epoch": 3.5, "metrics": {"test_kl": 0.21, ...}}
 *
 * With "checkpoint_dir": "/abs/dir" in the object (and perhaps "checkpoint_seconds", 120 if not;
 * 0 is after every iteration) the run saves itself there from time to time, and goes on from what
 * an earlier process has saved there: info.checkpoint says where from, the whole curve is written
 * again, and all its bits are those of an undisturbed run. A file that cannot be used, because it
 * is damaged or was made by another version, another type of CPU or another trial, is said to be so
 * by info.checkpoint and on standard error; the run begins anew. What is done leaves no file.
 *
 * SIGTERM hands the attempt back, with a checkpoint if there is a place for it: exit status 75,
 * between two lines. Exit status 0: trained to the end, or until a number became non-finite (all
 * metrics of the last line are NaN then, and info.diverged says why). Bad input: one sentence on
 * standard error, exit status 1. */
#ifndef SHELL_TRIAL_COMMAND_H
#define SHELL_TRIAL_COMMAND_H

/* argv[0] is the verb: main passes argc - 1, argv + 1. Returns the exit status. Must be called
 * before anything was read from standard input: the process may execute itself again
 * (worker/numeric/blas.h). */
int trial_command(int argc, char **argv);
#endif
