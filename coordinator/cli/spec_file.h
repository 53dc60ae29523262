/* spec_file.h - the search that a verb is given as a file. */
#ifndef CLI_SPEC_FILE_H
#define CLI_SPEC_FILE_H
#include "coordinator/spec/spec.h"

/* Freed by spec_destroy. NULL after the report of what is wrong, with the exit status. */
struct spec *spec_file_load(const char *path, int *status);
#endif
