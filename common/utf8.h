/* utf8.h - the characters of a text that may hold anything. */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H
#include <stdbool.h>
#include <stddef.h>

enum { UTF8_LONGEST = 4 }; /* bytes of a character, at most */

/* How many of the `left` bytes are the character at their beginning; 0 if they begin with none.
 * Well-formed is Unicode's table 3-7: no overlong form, no surrogate, nothing over U+10FFFF. NUL is
 * a character of one byte. */
size_t utf8_length(const char *bytes, size_t left);

/* A character that a terminal may obey: C0, DEL, C1. */
bool utf8_is_control(const char *character, size_t length);

/* Puts `mark` in place of each of those; the text may become shorter. */
void utf8_mask_controls(char *text, char mark);

/* Not the first byte of a character: where a text is cut before it, a character is cut in two. */
bool utf8_continues(char byte);
#endif
