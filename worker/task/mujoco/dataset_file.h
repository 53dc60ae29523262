/* dataset_file.h - one data set as a file of this host: a header that says what it holds, the
 * numbers as they are in memory, and a checksum of everything before it. The file is hostile until
 * it was checked: no size in it is believed that its length does not bear out. */
#ifndef TASK_MUJOCO_DATASET_FILE_H
#define TASK_MUJOCO_DATASET_FILE_H
#include "common/error.h"
#include "worker/task/mujoco/dataset.h"

enum { DATASET_NAME_BYTES = 104 };

/* "walker2d-4000-10000-seed0-generator1-libmujoco222.data": all that decides the content. */
void dataset_file_name(char out[DATASET_NAME_BYTES], const struct dataset_request *request);

enum dataset_file_result {
    DATASET_FILE_READ,
    DATASET_FILE_MISSING,
    DATASET_FILE_DAMAGED,   /* it is not what was once written: error->text says how */
    DATASET_FILE_UNREADABLE /* it may be fine: error->text says why it could not be read */
};

/* Only when the file was read there is something to free. */
enum dataset_file_result dataset_file_read(struct dataset *out, const char *path,
                                           const struct dataset_request *request,
                                           struct error *error);

/* Whole or not at all: written under another name in the same directory, then renamed. Whoever
 * calls sees to it that nobody else writes the same path. */
bool dataset_file_write(const struct dataset *dataset, const char *path,
                        const struct dataset_request *request, struct error *error);
#endif
