/* spec.h - a search as people write it: YAML in, a checked definition out, or a report that says
 * where each fault is, like a good compiler:
 *
 *     FILE:LINE:COLUMN: sentence
 *     the line of the file
 *          ^~~~ under what is wrong
 *
 * YAML 1.2, one document of at most SPEC_MAX_BYTES in UTF-8, at most SPEC_MAX_DEPTH deep.
 * Refused: tags, merge keys, a second document, a key twice, keys that are no words. An alias
 * stands for a copy of its node; aliases may add at most SPEC_MAX_ALIASED nodes in all. All
 * faults are reported at once, in the order of the file, at most PROBLEMS_MAX. */
#ifndef SPEC_SPEC_H
#define SPEC_SPEC_H
#include "common/buf.h"
#include "coordinator/space/definition.h"

#include <jansson.h>
#include <stddef.h>

enum { SPEC_MAX_ALIASED = 10000 };

enum spec_result {
    SPEC_OK,
    SPEC_MISSING,    /* no such file */
    SPEC_UNREADABLE, /* a directory, no permission, an I/O error */
    SPEC_REFUSED,    /* read, and something in it is wrong */
};

struct spec {
    struct definition *definition;
    json_t *document; /* its JSON form, which SUBMIT carries: json_text(spec->document) */
    char *text;       /* the YAML as it was read, NUL-terminated */
    size_t length;
};

/* Reads the file, or standard input for "-". On success *out is the caller's and the report is
 * untouched. Else *out is NULL and everything to be told has been appended to the report, which
 * ends in a newline. */
enum spec_result spec_load(struct spec **out, const char *path, struct buf *report);

/* The same from memory; file is the name that the report calls it by. */
enum spec_result spec_parse(struct spec **out, const char *file, const char *text, size_t length,
                            struct buf *report);

void spec_destroy(struct spec **spec); /* leaves NULL, accepts NULL */
#endif
