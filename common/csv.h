/* csv.h - a field of comma-separated values (RFC 4180). */
#ifndef COMMON_CSV_H
#define COMMON_CSV_H
#include <stdio.h>

/* In quotes where it needs them. Errors show at the stream. */
void csv_write_text(FILE *stream, const char *text);
#endif
