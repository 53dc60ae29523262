/* xalloc.h - allocation that dies rather than fails, so that callers have no error path.
 * Out of memory ends the process in one place, with a sentence on standard error and exit status
 * 1. */
#ifndef COMMON_XALLOC_H
#define COMMON_XALLOC_H
#include <stddef.h>

void *xmalloc(size_t bytes);                              /* uninitialised; never NULL */
void *xcalloc(size_t count, size_t bytes);                /* zeroed; the product is checked */
void *xrealloc_array(void *old, size_t count, size_t bytes); /* the product is checked */
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Dies in the same way: for memory that a library could not get. 0: it does not say how much. */
_Noreturn void xalloc_fail(size_t bytes);

/* Makes room for one more item in a growing array: doubles *capacity when count has reached it.
 * items = xgrow(items, count, &capacity, sizeof *items); */
void *xgrow(void *items, size_t count, size_t *capacity, size_t bytes);

/* Zeroed, on cache lines of its own (64 bytes): for matrices. Free with free(). */
void *xaligned(size_t bytes);
#endif
