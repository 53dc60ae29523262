/* predict_command.h - `ldt-worker predict MODEL.npz X.npy [-o Y.npy] [--probabilities]`: what a
 * trained student says about new inputs, which are given as the data had them, not standardised.
 * Without -o one line of text for each row. Exit status: 0 done, 1 failed, 2 usage. */
#ifndef SHELL_PREDICT_COMMAND_H
#define SHELL_PREDICT_COMMAND_H

/* argv[0] is the verb: main passes argc - 1, argv + 1. Returns the exit status. The process may
 * execute itself again (worker/numeric/blas.h). */
int predict_command(int argc, char **argv);
#endif
