/* child_output.h - what a trial's process writes, which is hostile until checked.
 *
 * Standard output is lines. A line that is a JSON object with `metrics` is a report:
 *     {"step": 240, "epoch": 3.5, "metrics": {"test_kl": 0.21}}
 * where NaN, Infinity and null are values; one with `info` holds facts to record:
 *     {"info": {"key": "text"}}
 * Everything else, and all of standard error, is log, of which the end is kept. What looks like a
 * report but is none is log as well, with a note that says why, so that nobody searches in vain for
 * a metric that was refused. */
#ifndef WORKER_SHELL_CHILD_OUTPUT_H
#define WORKER_SHELL_CHILD_OUTPUT_H
#include "common/arena.h"
#include "common/point.h"

#include <stddef.h>

enum {
    CHILD_MAX_LINE = 64 << 10,       /* bytes; a longer line is log */
    CHILD_MAX_METRICS = 1000,        /* in one line */
    CHILD_MAX_METRIC_NAMES = 2000,   /* different ones in all */
    CHILD_MAX_DEPTH = 16,            /* of nested JSON */
    CHILD_MAX_INFO = 64 << 10,       /* bytes of all facts together */
    CHILD_MAX_NOTES = 20,
};

struct child_output;

struct child_sink { /* where reports go; the points belong to the caller and end with the call */
    void (*points)(void *context, const struct point *points, size_t count);
    void *context;
};

struct child_output *child_output_create(const struct child_sink *sink);
void child_output_destroy(struct child_output **output); /* leaves NULL, accepts NULL */

void child_output_stdout(struct child_output *output, const char *bytes, size_t count);
void child_output_stderr(struct child_output *output, const char *bytes, size_t count);
void child_output_end(struct child_output *output); /* a last line may lack its end */

int64_t child_output_step(const struct child_output *output); /* greatest reported, or -1 */

/* All UTF-8, never NULL, in the arena. */
const char *child_output_log(const struct child_output *output, struct arena *arena);
const char *child_output_last_errors(const struct child_output *output, struct arena *arena);
const char *child_output_info(const struct child_output *output, struct arena *arena); /* JSON */
/* The text of the fact `diverged`, by which a trainer says why it stopped; "" if it did not. */
const char *child_output_diverged(const struct child_output *output, struct arena *arena);
/* Why nothing at all was taken as a report, though something looked like one: the first note. */
const char *child_output_ignored(const struct child_output *output, struct arena *arena);
#endif
