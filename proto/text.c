#include "proto/text.h"
#include "common/utf8.h"

#include <string.h>

/* As utf8_length, but that NUL ends a text and is no character of one. */
static size_t character_length(const char *at, size_t left)
{
    return at[0] != '\0' ? utf8_length(at, left) : 0;
}

bool text_is_utf8(const char *bytes, size_t length)
{
    for (size_t i = 0, step; i < length; i += step) {
        step = character_length(bytes + i, length - i);
        if (step == 0)
            return false;
    }
    return true;
}

size_t text_mend(char *bytes, size_t length)
{
    size_t replaced = 0;
    for (size_t i = 0, step; i < length; i += step) {
        step = character_length(bytes + i, length - i);
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
    size_t length = strlen(text);
    for (size_t i = 0, step; i < length; i += step) {
        step = character_length(text + i, length - i);
        if (step == 0 || utf8_is_control(text + i, step))
            return false;
    }
    return true;
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
