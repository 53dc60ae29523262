/* buf.h - bytes that grow, up to a maximum that the owner names, so that no input can eat the
 * memory. A write that would pass the maximum is dropped whole and sets `overflowed`; the buffer
 * stays valid. The content is always followed by a NUL that does not count. */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *bytes;    /* never NULL after buf_init */
    size_t length;
    size_t capacity;
    size_t maximum; /* in bytes */
    bool overflowed;
};

void buf_init(struct buf *buf, size_t maximum);
void buf_free(struct buf *buf);                      /* may be initialised again after */
void buf_clear(struct buf *buf);                     /* length 0, overflowed false */
bool buf_add(struct buf *buf, const void *bytes, size_t count);
bool buf_text(struct buf *buf, const char *text);
bool buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
