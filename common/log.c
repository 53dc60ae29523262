#include "common/log.h"
#include "common/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { QUOTE_ROOM = 8 }; /* for the last character or escape, the quote and the NUL */

static enum log_level lowest_level = LOG_INFO;
static const char *const level_names[] = { "debug", "info", "warn", "error" };

bool log_set_level_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(name, level_names[i]) == 0) {
            lowest_level = (enum log_level)i;
            return true;
        }
    return false;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    if (level < lowest_level)
        return;
    struct timespec now;
    struct tm utc;
    char when[32], line[4096];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "time=%s.%03ldZ level=%s event=%s%s%s\n", when, now.tv_nsec / 1000000,
            level_names[level], event, line[0] ? " " : "", line);
}

const char *log_quote(const char *text)
{
    static char buffers[8][512];
    static unsigned turn;
    char *out = buffers[turn++ % 8], *end = out + sizeof buffers[0] - QUOTE_ROOM, *start = out;
    *out++ = '"';
    for (size_t step; *text != '\0' && out < end; text += step) {
        step = utf8_length(text, strnlen(text, UTF8_LONGEST));
        step = step > 0 ? step : 1; /* a byte of no character stays as it is */
        if (utf8_is_control(text, step)) {
            *out++ = ' ';
            continue;
        }
        if (*text == '"' || *text == '\\')
            *out++ = '\\';
        memcpy(out, text, step);
        out += step;
    }
    *out++ = '"';
    *out = '\0';
    return start;
}
