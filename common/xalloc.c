#include "common/xalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void xalloc_fail(size_t bytes)
{
    if (bytes > 0)
        fprintf(stderr, "out of memory: %zu bytes could not be had\n", bytes);
    else
        fprintf(stderr, "out of memory\n");
    exit(1);
}

static void *alive(void *memory, size_t bytes)
{
    if (memory == NULL)
        xalloc_fail(bytes);
    return memory;
}

static size_t product(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        alive(NULL, SIZE_MAX);
    return total;
}

void *xmalloc(size_t bytes)
{
    return alive(malloc(bytes ? bytes : 1), bytes);
}

void *xcalloc(size_t count, size_t bytes)
{
    return alive(calloc(count ? count : 1, bytes ? bytes : 1), product(count, bytes));
}

void *xrealloc_array(void *old, size_t count, size_t bytes)
{
    size_t total = product(count, bytes);
    return alive(realloc(old, total ? total : 1), total);
}

char *xstrdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(xmalloc(bytes), text, bytes);
}

char *xasprintf(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    return alive(text, strlen(format));
}

void *xgrow(void *items, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? product(*capacity, 2) : 8;
    return xrealloc_array(items, *capacity, bytes);
}

void *xaligned(size_t bytes)
{
    size_t rounded = (bytes + 63) / 64 * 64;
    void *memory = alive(aligned_alloc(64, rounded ? rounded : 64), rounded);
    return memset(memory, 0, rounded);
}
