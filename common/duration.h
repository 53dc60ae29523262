/* duration.h - lengths of time as people write them: 250ms, 90s, 30m, 2h, 1.5h, 1d. */
#ifndef COMMON_DURATION_H
#define COMMON_DURATION_H
#include <stdbool.h>
#include <stdint.h>

/* A decimal number and its unit, at most 366 days. False: it is no such text, or rounds to 0 ms. */
bool duration_parse(const char *text, int64_t *ms);
#endif
