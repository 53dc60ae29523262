/* counted.h - a number and its noun, for sentences. */
#ifndef CLI_COUNTED_H
#define CLI_COUNTED_H
#include <stdint.h>

/* "1 study", "3 studies", "no trials"; valid for the next seven calls. */
const char *counted(int64_t count, const char *one, const char *many);
#endif
