/* text.h - what a text on the wire may hold: UTF-8 without NUL, narrowed for names and lines. */
#ifndef PROTO_TEXT_H
#define PROTO_TEXT_H
#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 (no overlong forms, no surrogates, nothing over U+10FFFF) without NUL. */
bool text_is_utf8(const char *bytes, size_t length);

/* Replaces every byte that breaks UTF-8, and NUL, by '?', so that whatever a program printed can be
 * sent. The length stays. Returns how many were replaced. */
size_t text_mend(char *bytes, size_t length);

bool text_is_line(const char *text);        /* UTF-8 without control characters; may be empty */
bool text_is_name(const char *text);        /* letters, digits, . _ -; not empty */
bool text_is_metric_name(const char *text); /* the same and / */
#endif
