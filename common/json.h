/* json.h - JSON text from jansson trees, with the shortest spelling of a number that reads back to
 * the same bits (0.1, not 0.10000000000000001), keys in the order they were set, no blanks. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H
#include "common/buf.h"
#include "common/error.h"

#include <jansson.h>

/* Makes jansson allocate as xalloc.h does: a tree without one of its members, or no tree, would
 * otherwise be all that is seen of a lack of memory. Every main does so before it uses jansson. */
void json_begin(void);

enum { NUMBER_TEXT_BYTES = 32 };
void number_text(char out[NUMBER_TEXT_BYTES], double number); /* finite; else nan, inf, -inf */

void json_write(struct buf *out, const json_t *value);        /* appends */
char *json_text(const json_t *value);                         /* malloc'd */

/* Parses one JSON value as a trial's child may print it: like JSON, and the bare words NaN,
 * Infinity and -Infinity outside strings read as the strings "NaN", "Infinity", "-Infinity".
 * An integer of more than 64 bits is a real, and then so are all others of that text. Refuses
 * repeated keys. NULL with error->text set when it is not JSON. New reference. */
json_t *json_parse_lenient(const char *text, size_t length, struct error *error);
#endif
