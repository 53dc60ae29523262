/* fault.h - what is wrong with a file, by byte offsets into its text, and the report that shows
 * it. */
#ifndef SPEC_FAULT_H
#define SPEC_FAULT_H
#include "common/arena.h"
#include "common/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct source {
    const char *file;  /* the name that a report calls it by */
    const char *text;
    size_t length;
};

struct fault {
    size_t start, end; /* what to underline; end > start, or only a caret */
    const char *sentence;
    size_t number;     /* in the order found: decides between faults of one place */
};

struct faults {
    struct arena *arena;
    struct fault *list;
    size_t count, capacity;
    bool more;         /* there were others */
};

enum { FAULTS_MAX = 4096 }; /* collected; a report shows the first few in the order of the file */

void faults_init(struct faults *faults);
void faults_free(struct faults *faults);
void fault_add(struct faults *faults, size_t start, size_t end, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The offset of a line and column, both from 1, columns in characters; past the end is the end. */
size_t source_offset(const struct source *source, int line, int column);

/* Appends the first `most` faults, sorted. */
void faults_report(struct faults *faults, const struct source *source, size_t most,
                   struct buf *out);
#endif
