#include "common/utf8.h"

#include <string.h>

bool utf8_continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* What the first byte says. */
static size_t announced_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Whether the second byte makes the character overlong, a surrogate, or more than U+10FFFF. */
static bool is_out_of_range(unsigned char first, unsigned char second)
{
    return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
           (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
}

size_t utf8_length(const char *bytes, size_t left)
{
    size_t length = left > 0 ? announced_length((unsigned char)bytes[0]) : 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (!utf8_continues(bytes[i]))
            return 0;
    if (length > 1 && is_out_of_range((unsigned char)bytes[0], (unsigned char)bytes[1]))
        return 0;
    return length;
}

bool utf8_is_control(const char *character, size_t length)
{
    unsigned char first = (unsigned char)character[0];
    if (length == 2)
        return first == 0xc2 && (unsigned char)character[1] < 0xa0;
    return length == 1 && (first < 0x20 || first == 0x7f);
}

void utf8_mask_controls(char *text, char mark)
{
    char *to = text;
    for (size_t left = strlen(text), step; left > 0; left -= step, text += step) {
        step = utf8_length(text, left);
        step = step > 0 ? step : 1; /* a byte of no character stays as it is */
        if (utf8_is_control(text, step)) {
            *to++ = mark;
            continue;
        }
        memmove(to, text, step);
        to += step;
    }
    *to = '\0';
}
