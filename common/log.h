/* log.h - one logfmt line on standard error for each thing that happened:
 *     time=2031-05-04T09:41:07.123Z level=warn event=message-dropped peer=3 why="too large"
 * log_event(LOG_WARN, "message-dropped", "peer=%d why=%s", peer, log_quote(why)) */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H
#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* info until told otherwise: debug, info, warn, error; false: none of them */
bool log_set_level_by_name(const char *name);
void log_event(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The text as a logfmt value: in quotes, `"` and `\` escaped, control characters as blanks, cut at
 * about 500 bytes. It lives in one of eight buffers: valid until the eighth call after this one. */
const char *log_quote(const char *text);
#endif
