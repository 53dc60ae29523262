/* blas.h - which linear algebra library this process computes with, and that it is the right one.
 * Same seed, same bits needs one BLAS thread and the kernels of the machine's own core type. */
#ifndef NUMERIC_BLAS_H
#define NUMERIC_BLAS_H
#include "common/error.h"

#include <stdbool.h>

/* The first call of a main that computes. OpenBLAS picks its kernels when it is loaded, from
 * variables of the environment that other programs leave behind (an inherited OPENBLAS_CORETYPE
 * can halve the speed); so the process executes itself once more without them.
 * LDT_OPENBLAS_CORETYPE names a core type to use on purpose. Returns if nothing has to change. */
void blas_reexec(char **argv);

/* Before the first product. False with a sentence: the library runs threads of its own, or cannot
 * have the memory that it works in, without which it would hang. */
bool blas_check(struct error *error);
const char *blas_core(void);    /* "SkylakeX" */
const char *blas_version(void); /* "OpenBLAS 0.3.21 ..." */
#endif
