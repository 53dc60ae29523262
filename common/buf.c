#include "common/buf.h"
#include "common/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *buf, size_t maximum)
{
    *buf = (struct buf){ .bytes = xcalloc(1, 1), .capacity = 1, .maximum = maximum };
}

void buf_free(struct buf *buf)
{
    free(buf->bytes);
    *buf = (struct buf){ 0 };
}

void buf_clear(struct buf *buf)
{
    buf->length = 0;
    buf->bytes[0] = '\0';
    buf->overflowed = false;
}

/* Room for count more bytes and the final NUL, or false and nothing changed. */
static bool reserve(struct buf *buf, size_t count)
{
    if (count > buf->maximum - buf->length) {
        buf->overflowed = true;
        return false;
    }
    size_t needed = buf->length + count + 1;
    if (needed > buf->capacity) {
        size_t capacity = buf->capacity * 2 > needed ? buf->capacity * 2 : needed;
        buf->bytes = xrealloc_array(buf->bytes, capacity, 1);
        buf->capacity = capacity;
    }
    return true;
}

bool buf_add(struct buf *buf, const void *bytes, size_t count)
{
    if (!reserve(buf, count))
        return false;
    if (count > 0)
        memcpy(buf->bytes + buf->length, bytes, count);
    buf->length += count;
    buf->bytes[buf->length] = '\0';
    return true;
}

bool buf_text(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

bool buf_printf(struct buf *buf, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    bool fits = reserve(buf, (size_t)length);
    if (fits) {
        vsnprintf(buf->bytes + buf->length, (size_t)length + 1, format, again);
        buf->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
    return fits;
}
