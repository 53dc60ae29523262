/* What a trial's process writes: the first byte says in which pieces it arrives. The pieces must
 * not matter, and whatever comes out must be fit to be sent. */
#include "worker/shell/child_output.h"
#include "common/message.h"
#include "tests/fuzz/target.h"

#include <string.h>

struct reading {
    struct child_output *output;
    struct arena *arena;
    uint64_t digest;
    int64_t points;
};

static void take_points(void *context, const struct point *points, size_t count)
{
    struct reading *reading = context;
    for (size_t i = 0; i < count; i++) {
        if (points[i].metric[0] == '\0' || strlen(points[i].metric) > MESSAGE_MAX_NAME)
            fuzz_fail("a metric with an impossible name");
        reading->digest = point_digest(reading->digest, &points[i]);
    }
    reading->points += (int64_t)count;
}

static void read_in_pieces(struct reading *reading, const char *bytes, size_t count, size_t piece)
{
    struct child_sink sink = { take_points, reading };
    *reading = (struct reading){ .output = child_output_create(&sink), .arena = arena_create(16) };
    for (size_t at = 0; at < count; at += piece) {
        size_t length = count - at < piece ? count - at : piece;
        char *copy = malloc(length); /* so that the sanitizer sees where it ends */
        memcpy(copy, bytes + at, length);
        child_output_stdout(reading->output, copy, length);
        free(copy);
    }
    child_output_stderr(reading->output, bytes, count);
    child_output_end(reading->output);
}

static void compare(const char *what, const char *a, const char *b, size_t limit)
{
    if (strlen(a) > limit)
        fuzz_fail("%s is longer than it may be", what);
    if (strcmp(a, b) != 0)
        fuzz_fail("%s depends on the pieces", what);
}

static void compare_readings(const struct reading *a, const struct reading *b)
{
    if (a->points != b->points || a->digest != b->digest)
        fuzz_fail("the curve depends on the pieces");
    compare("the info", child_output_info(a->output, a->arena),
            child_output_info(b->output, b->arena), MESSAGE_MAX_JSON);
    compare("the reason", child_output_diverged(a->output, a->arena),
            child_output_diverged(b->output, b->arena), MESSAGE_MAX_JSON);
    compare("the note", child_output_ignored(a->output, a->arena),
            child_output_ignored(b->output, b->arena), MESSAGE_MAX_JSON);
    compare("the last lines", child_output_last_errors(a->output, a->arena),
            child_output_last_errors(b->output, b->arena), MESSAGE_MAX_LOG);
    compare("the log", child_output_log(a->output, a->arena),
            child_output_log(b->output, b->arena), MESSAGE_MAX_LOG);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct reading whole, pieces;
    if (count == 0)
        return 0;
    const char *text = (const char *)bytes + 1;
    read_in_pieces(&whole, text, count - 1, count);
    read_in_pieces(&pieces, text, count - 1, (size_t)bytes[0] + 1);
    compare_readings(&whole, &pieces);
    child_output_destroy(&whole.output);
    child_output_destroy(&pieces.output);
    arena_destroy(&whole.arena);
    arena_destroy(&pieces.arena);
    return 0;
}
