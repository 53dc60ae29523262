#include "worker/shell/tail.h"
#include "common/xalloc.h"
#include "proto/text.h"

#include <stdlib.h>
#include <string.h>

void tail_init(struct tail *tail, size_t capacity)
{
    *tail = (struct tail){ .bytes = xmalloc(capacity), .capacity = capacity };
}

void tail_free(struct tail *tail)
{
    free(tail->bytes);
    *tail = (struct tail){ 0 };
}

void tail_add(struct tail *tail, const char *bytes, size_t count)
{
    tail->lost = tail->lost || count > tail->capacity - tail->length;
    if (count > tail->capacity) {
        bytes += count - tail->capacity;
        count = tail->capacity;
    }
    size_t to_end = tail->capacity - tail->next, first = count < to_end ? count : to_end;
    memcpy(tail->bytes + tail->next, bytes, first);
    memcpy(tail->bytes, bytes + first, count - first);
    tail->next = (tail->next + count) % tail->capacity;
    tail->length = tail->lost ? tail->capacity : tail->length + count;
}

char *tail_text(const struct tail *tail, struct arena *arena)
{
    size_t start = (tail->next + tail->capacity - tail->length) % tail->capacity;
    size_t to_end = tail->capacity - start;
    size_t first = tail->length < to_end ? tail->length : to_end;
    char *text = arena_alloc(arena, tail->length + 1);
    memcpy(text, tail->bytes + start, first);
    memcpy(text + first, tail->bytes, tail->length - first);
    text_mend(text, tail->length);
    char *line_end = tail->lost ? strchr(text, '\n') : NULL;
    return line_end != NULL ? line_end + 1 : text;
}
