/* path.h - may a database live at this path? Looked at before SQLite opens it, because SQLite would
 * say only "unable to open database file". */
#ifndef STORE_PATH_H
#define STORE_PATH_H
#include "common/error.h"

#include <stdbool.h>

/* False with a sentence for a directory, a missing or unwritable place, something odd where SQLite
 * keeps its own files, and a network file system (its locks and shared memory do not work as
 * SQLite's write-ahead log needs). The file itself may not exist yet. */
bool path_writable(const char *path, struct error *error);

/* For readers: false unless it is an existing, readable file. */
bool path_readable(const char *path, struct error *error);
#endif
