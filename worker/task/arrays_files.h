/* arrays_files.h - the NumPy files of a user's problem: read, checked one by one, and against each
 * other. What may be in them stands in arrays.c. */
#ifndef TASK_ARRAYS_FILES_H
#define TASK_ARRAYS_FILES_H
#include "worker/task/npy.h"

/* One file; its path is for the sentences about it. */
struct arrays_file {
    char *path; /* NULL: there is none */
    struct npy npy;
};

struct arrays_set {
    struct arrays_file x, xstar, y;
};

struct arrays_files {
    bool has_test;
    struct arrays_set train, test; /* of the test set, xstar may be none */
};

/* x [n, inputs], xstar [n, ...] of rank 2 or 3, y [n] or [n, 1], all finite and none empty, and
 * shaped alike in both sets. False: names the file, what was expected and what was found; what was
 * read up to then is still to be freed. */
bool arrays_files_load(struct arrays_files *out, const char *directory, struct error *error);
void arrays_files_free(struct arrays_files *files); /* accepts a zeroed one */
#endif
