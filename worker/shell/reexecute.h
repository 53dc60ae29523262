/* reexecute.h - for the verbs that compute: the process starts again, once, without what OpenBLAS
 * would listen to in the environment (worker/numeric/blas.h says why). */
#ifndef SHELL_REEXECUTE_H
#define SHELL_REEXECUTE_H

/* argv[0] is the verb; `ldt-worker` is put in front of it. Returns when nothing had to change. */
void reexecute_verb(int argc, char **argv);
#endif
