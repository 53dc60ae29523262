/* arena.h - memory freed all at once, one arena per lifetime: a message, a turn, a search.
 * Allocation dies rather than fails, so callers have no error path; nothing is freed alone. */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H
#include <stddef.h>

struct arena; /* opaque: only arena.c knows the fields */

struct arena *arena_create(size_t block_bytes);
void arena_destroy(struct arena **arena);                 /* leaves *arena NULL, accepts NULL */
void *arena_alloc(struct arena *arena, size_t bytes);     /* zeroed, aligned for any type */
char *arena_text(struct arena *arena, const char *text);  /* a copy; NULL stays NULL */
void *arena_copy(struct arena *arena, const void *bytes, size_t count);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *arena);                    /* forgets everything, keeps one block */
size_t arena_bytes(const struct arena *arena);            /* handed out since the last reset */
#endif
