#include "common/arena.h"
#include "common/xalloc.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    size_t capacity;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks; /* newest first; only the newest is filled */
    size_t used;          /* of the newest */
    size_t block_bytes;
    size_t handed_out;
};

struct arena *arena_create(size_t block_bytes)
{
    struct arena *arena = xcalloc(1, sizeof *arena);
    arena->block_bytes = block_bytes;
    return arena;
}

static void free_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_destroy(struct arena **arena)
{
    if (*arena != NULL)
        free_blocks((*arena)->blocks);
    free(*arena);
    *arena = NULL;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    size_t rounded =
        (bytes + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (arena->blocks == NULL || rounded > arena->blocks->capacity - arena->used) {
        size_t capacity = rounded > arena->block_bytes ? rounded : arena->block_bytes;
        struct block *block = xmalloc(sizeof *block + capacity);
        block->next = arena->blocks;
        block->capacity = capacity;
        arena->blocks = block;
        arena->used = 0;
    }
    void *memory = arena->blocks->bytes + arena->used;
    arena->used += rounded;
    arena->handed_out += rounded;
    return memset(memory, 0, rounded);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t count)
{
    void *memory = arena_alloc(arena, count);
    return count ? memcpy(memory, bytes, count) : memory;
}

char *arena_text(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text, strlen(text) + 1);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

void arena_reset(struct arena *arena)
{
    struct block *kept = arena->blocks;
    if (kept != NULL) {
        free_blocks(kept->next);
        kept->next = NULL;
    }
    arena->used = 0;
    arena->handed_out = 0;
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->handed_out;
}
