/* npy.h - NumPy's .npy files as double arrays. A file is hostile until checked: whatever is wrong
 * with it is refused with the file's name, what was expected, what was found, and how to save it
 * instead. Nothing is allocated for a shape that the file is not long enough for.
 *
 * Read are versions 1.0 to 3.0 of the format, in C order and little endian: float32, float64,
 * int8 to int64, uint8 to uint64 and bool. Integers from 2^53 on, which a double cannot tell apart,
 * are refused. */
#ifndef TASK_NPY_H
#define TASK_NPY_H
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum npy_kind { NPY_REAL, NPY_INTEGER, NPY_BOOLEAN };
enum { NPY_RANKS = 8, NPY_TYPE_BYTES = 32, NPY_SHAPE_BYTES = 192 };

struct npy {
    enum npy_kind kind;
    char type[NPY_TYPE_BYTES]; /* as the file spells it: <f8 */
    int rank;                  /* 0: a single number */
    size_t shape[NPY_RANKS];
    size_t count; /* of values: the product of the shape, which may be 0 */
    double *values;
};

bool npy_load(struct npy *out, const char *path, struct error *error);
void npy_free(struct npy *npy); /* accepts a zeroed one */

/* The same from the current position of a file that has `bytes` more of it, such as a member of an
 * archive; `name` is for the sentences. */
bool npy_read(struct npy *out, FILE *file, uint64_t bytes, const char *name, struct error *error);

/* A text, which NumPy keeps as an array of no dimensions and type bytes; free() it. */
bool npy_read_text(char **out, FILE *file, uint64_t bytes, const char *name, struct error *error);

/* False: some value is NaN, infinite or too large for a float32; says which and where. */
bool npy_check_values(const struct npy *npy, const char *name, struct error *error);

/* "(4000, 16, 18)", as NumPy prints it */
void npy_shape_text(char out[NPY_SHAPE_BYTES], const size_t *shape, int rank);

/* Opens a regular file, which cannot block and has a length. NULL: it is none. */
FILE *npy_open_file(const char *path, uint64_t *bytes, struct error *error);
#endif
