/* directory.h - directories that are made when they are needed. */
#ifndef COMMON_DIRECTORY_H
#define COMMON_DIRECTORY_H
#include "common/error.h"

#include <stdbool.h>
#include <sys/types.h>

/* Makes one, unless it is there. */
bool directory_make(const char *path, mode_t mode, struct error *error);

/* Makes those above the last part of the path, for the user alone. NULL when they are there now;
 * else errno, and which one could not be made, to be freed. */
char *directory_make_parents(const char *path);
#endif
