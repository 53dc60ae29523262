#include "proto/text.h"

#include <string.h>

/* Bytes of the well-formed character at the start, 0 if there is none (Unicode 15, table 3-7). */
static size_t character_length(const unsigned char *at, size_t left)
{
    unsigned char first = at[0], low = 0x80, high = 0xbf;
    if (first >= 0x01 && first <= 0x7f)
        return 1;
    size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                    : first >= 0xe0 && first <= 0xef ? 3
                    : first >= 0xf0 && first <= 0xf4 ? 4
                                                     : 0;
    if (length == 0 || length > left)
        return 0;
    if (first == 0xe0)
        low = 0xa0; /* else overlong */
    else if (first == 0xed)
        high = 0x9f; /* else a surrogate */
    else if (first == 0xf0)
        low = 0x90;
    else if (first == 0xf4)
        high = 0x8f; /* else over U+10FFFF */
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (at[i] < 0x80 || at[i] > 0xbf)
            return 0;
    return length;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;
    for (size_t i = 0, step; i < length; i += step) {
        step = character_length(at + i, length - i);
        if (step == 0)
            return false;
    }
    return true;
}

size_t text_mend(char *bytes, size_t length)
{
    size_t replaced = 0;
    for (size_t i = 0, step; i < length; i += step) {
        step = character_length((const unsigned char *)bytes + i, length - i);
        if (step == 0) {
            bytes[i] = '?';
            step = 1;
            replaced++;
        }
    }
    return replaced;
}

bool text_is_line(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f))
            return false;
    return text_is_utf8(text, strlen(text));
}

static bool is_name_with(const char *text, const char *others)
{
    if (text[0] == '\0')
        return false;
    for (const char *at = text; *at != '\0'; at++) {
        bool plain =
            (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
        if (!plain && strchr(others, *at) == NULL)
            return false;
    }
    return true;
}

bool text_is_name(const char *text)
{
    return is_name_with(text, "._-");
}

bool text_is_metric_name(const char *text)
{
    return is_name_with(text, "._-/");
}
