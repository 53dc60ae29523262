/* reference.h - the tables of settings and metrics as text for people, 100 columns wide. */
#ifndef TRAINER_REFERENCE_H
#define TRAINER_REFERENCE_H
#include <stdio.h>

/* Every setting: what it may be, its default for each task of this version, which methods have it,
 * what it means; then every metric of those tasks. */
void reference_print(FILE *out);
#endif
