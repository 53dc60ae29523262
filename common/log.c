#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* Bytes of a character that a terminal may obey; 0 of any other. */
static size_t control_length(const unsigned char *c)
{
    if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
        return 2;
    return *c < 0x20 || *c == 0x7f ? 1 : 0;
}

const char *log_quote(const char *text)
{
    static char buffers[8][512];
    static unsigned turn;
    char *out = buffers[turn++ % 8], *end = out + sizeof buffers[0] - 4;
    char *start = out;
    *out++ = '"';
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0' && out < end; c++) {
        if (*c == '"' || *c == '\\')
            *out++ = '\\';
        size_t control = control_length(c);
        *out++ = control > 0 ? ' ' : (char)*c;
        c += control > 1;
    }
    *out++ = '"';
    *out = '\0';
    return start;
}
