/* tail.h - the last bytes of a stream, at most a fixed number of them. */
#ifndef WORKER_SHELL_TAIL_H
#define WORKER_SHELL_TAIL_H
#include "common/arena.h"

#include <stdbool.h>
#include <stddef.h>

struct tail {
    char *bytes; /* a ring: the oldest byte is at `next` once it is full */
    size_t capacity, next, length;
    bool lost;   /* the stream was longer than that */
};

void tail_init(struct tail *tail, size_t capacity);
void tail_free(struct tail *tail);
void tail_add(struct tail *tail, const char *bytes, size_t count);

/* What is kept, as UTF-8 without NUL (other bytes become '?'). If the beginning got lost, it starts
 * after the first line end, if there is one. */
char *tail_text(const struct tail *tail, struct arena *arena);
#endif
