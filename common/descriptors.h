/* descriptors.h - the descriptors 0 to 2 belong to whoever started the program, also where they
 * are closed. */
#ifndef COMMON_DESCRIPTORS_H
#define COMMON_DESCRIPTORS_H

/* The first thing that a program does: takes those of them that are closed, so that no database and
 * no socket gets their number, and with it what is said to people. To use one fails as before. */
void descriptors_reserve(void);
#endif
