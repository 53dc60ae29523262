/* version.h - the version of the three programs, as --version prints it, workers announce it and
 * every attempt records it. */
#ifndef COMMON_VERSION_H
#define COMMON_VERSION_H
#define LDT_VERSION "0.1.0"
#endif
