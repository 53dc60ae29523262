/* output.h - rows for people and programs: a table, JSON (an array of objects) or CSV (RFC 4180),
 * by one set of calls.
 *
 *     output_begin; output_column for each column; a value for each cell, row after row; output_end
 *
 * What has no value - NULL, NaN, an infinity - is "-" in a table, null in JSON and empty in CSV.
 * Numbers are shortened to six digits in a table and exact elsewhere. Control characters never
 * reach a terminal by a table. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H
#include "common/error.h"
#include "coordinator/cli/command.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

struct output;

struct output *output_begin(enum output_format format, FILE *stream);
/* The name is copied; one that is there already becomes name_2. */
void output_column(struct output *output, const char *name);

void output_null(struct output *output);
void output_text(struct output *output, const char *text);   /* NULL: null */
void output_integer(struct output *output, int64_t number);
void output_real(struct output *output, double number);
void output_flag(struct output *output, bool flag); /* a table: yes or no; else true or false */
/* A tree: itself in JSON, its text in CSV, "name=value name=value" for an object in a table. */
void output_json(struct output *output, const json_t *value);
/* A text that may be JSON: as output_json if it is an object, else as output_text. */
void output_json_text(struct output *output, const char *text);

size_t output_rows(const struct output *output); /* so far */

/* Writes what is left and leaves *output NULL. False with a sentence when the stream could not be
 * written. */
bool output_end(struct output **output, struct error *error);
/* The same, with the complaint. Returns status if that is not EXIT_OK already, else EXIT_OK or
 * EXIT_FAILED. */
int output_finish(struct output **output, int status);
#endif
