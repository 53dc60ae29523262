/* npz.h - NumPy's .npz archives: several arrays by name in one file, a zip archive of .npy members
 * that are stored, not compressed. The same arrays give the same bytes, whenever they are written.
 *
 * An archive is written beside its path and takes its name only when it is complete and on disk,
 * so nobody ever finds half of one. */
#ifndef TASK_NPZ_H
#define TASK_NPZ_H
#include "common/error.h"

#include <stdbool.h>
#include <stddef.h>

enum npz_type {
    NPZ_FLOAT32,
    NPZ_FLOAT64,
    NPZ_INT64,
#ifdef REAL_IS_DOUBLE
    NPZ_REAL = NPZ_FLOAT64, /* of the engine's matrices */
#else
    NPZ_REAL = NPZ_FLOAT32,
#endif
};

struct npz;

bool npz_create(struct npz **out, const char *path, struct error *error);

/* An array in C order. What goes wrong here is told by npz_finish. Names are 1 to 64 letters,
 * digits, '_', '-' and '.', each once; rank at most 8. */
void npz_add(struct npz *npz, const char *name, enum npz_type type, const void *values,
             const size_t *shape, int rank);

/* A text as an array of no dimensions and type bytes: archive['name'].item() in Python. */
void npz_add_text(struct npz *npz, const char *name, const char *text);

/* A single array as a .npy file of its own, complete or not there at all. */
bool npy_save(const char *path, enum npz_type type, const void *values, const size_t *shape,
              int rank, struct error *error);

/* Both leave NULL. After a false, and after npz_abandon, what was at the path before still is. */
bool npz_finish(struct npz **npz, struct error *error);
void npz_abandon(struct npz **npz); /* accepts NULL */
#endif
