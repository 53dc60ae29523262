/* npz_reader.h - NumPy's .npz archives, read: what npz.h or numpy.savez wrote, hostile until
 * checked. Compressed archives (numpy.savez_compressed) are refused with the fix. */
#ifndef TASK_NPZ_READER_H
#define TASK_NPZ_READER_H
#include "worker/task/npy.h"

struct npz_reader;

bool npz_open(struct npz_reader **out, const char *path, struct error *error);
void npz_close(struct npz_reader **reader); /* leaves NULL, accepts NULL */

bool npz_has(const struct npz_reader *reader, const char *name);

/* The array or the text of that name, its checksum compared. False: there is none, or it is
 * damaged; the sentence says in which archive. */
bool npz_get(struct npz_reader *reader, const char *name, struct npy *out, struct error *error);
bool npz_get_text(struct npz_reader *reader, const char *name, char **out, struct error *error);
#endif
