/* error.h - the sentence that says what went wrong: place, fault, fix.
 * Written once, where the cause is known, and passed up untouched. */
#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

struct error {
    char text[1024]; /* empty when nothing went wrong; a longer sentence is cut */
};

void error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
