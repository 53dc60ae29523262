/* npy_header.h - the header of a .npy file: a Python dictionary of three keys, in text. */
#ifndef TASK_NPY_HEADER_H
#define TASK_NPY_HEADER_H
#include "worker/task/npy.h"

struct npy_header {
    char type[NPY_TYPE_BYTES];
    bool is_fortran;
    int rank;
    size_t shape[NPY_RANKS];
};

/* False: not exactly what NumPy writes, save for blanks and the order of the keys. */
bool npy_header_parse(struct npy_header *out, const char *text, size_t length, const char *name,
                      struct error *error);
#endif
