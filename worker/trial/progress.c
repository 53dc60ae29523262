#include "worker/trial/progress.h"

#include <string.h>

enum { LINE_BYTES = sizeof(struct progress_line) };

/* Room for one line after each iteration and one before the first; nothing is allocated yet. */
static size_t most_bytes(const struct schedule *schedule)
{
    size_t most = SIZE_MAX / 4 / LINE_BYTES;
    return ((uint64_t)schedule->iterations < most ? (size_t)schedule->iterations + 1 : most) *
           LINE_BYTES;
}

void progress_init(struct progress *progress, const struct schedule *schedule)
{
    *progress = (struct progress){ .iterations_done = 0 };
    buf_init(&progress->lines, most_bytes(schedule));
}

void progress_free(struct progress *progress)
{
    buf_free(&progress->lines);
}

void progress_visit(struct progress *progress, struct visitor *visitor)
{
    const struct {
        const char *name;
        void *values;
        size_t bytes;
    } fields[] = {
        { "iterations_done", &progress->iterations_done, sizeof progress->iterations_done },
        { "is_reported", &progress->is_reported, sizeof progress->is_reported },
        { "is_taught", &progress->is_taught, sizeof progress->is_taught },
        { "steps_done", &progress->steps_done, sizeof progress->steps_done },
        { "teaching_sum", &progress->teaching_sum, sizeof progress->teaching_sum },
        { "auxiliary_sum", &progress->auxiliary_sum, sizeof progress->auxiliary_sum },
        { "values", progress->values, sizeof progress->values },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        visitor->field(visitor, fields[i].name, fields[i].values, fields[i].bytes);
    visitor->text(visitor, "lines", &progress->lines);
}

void progress_advance(struct progress *progress)
{
    progress->iterations_done++;
    progress->is_reported = progress->is_taught = progress->steps_done = 0;
    progress->teaching_sum = progress->auxiliary_sum = 0;
}

/* ---- lines ---------------------------------------------------------------------------------- */

void progress_keep_line(struct progress *progress, const struct progress_line *line)
{
    buf_add(&progress->lines, line, LINE_BYTES);
}

size_t progress_count_lines(const struct progress *progress)
{
    return progress->lines.length / LINE_BYTES;
}

struct progress_line progress_line(const struct progress *progress, size_t index)
{
    struct progress_line line;
    memcpy(&line, progress->lines.bytes + index * LINE_BYTES, LINE_BYTES);
    return line;
}

/* ---- what may be true ----------------------------------------------------------------------- */

static bool is_between(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

/* Ascending, each after an iteration that is evaluated, the last one where is_reported says so. */
static bool lines_are_possible(const struct progress *progress, const struct schedule *schedule)
{
    size_t count = progress_count_lines(progress);
    int64_t last = -1;
    if (progress->lines.length % LINE_BYTES != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        int64_t at = progress_line(progress, i).iterations_done;
        if (!is_between(at, last + 1, progress->iterations_done) ||
            !schedule_evaluates(schedule, at))
            return false;
        last = at;
    }
    bool is_due = schedule_evaluates(schedule, progress->iterations_done);
    return (last == progress->iterations_done) == (is_due && progress->is_reported);
}

static bool position_is_possible(const struct progress *progress, const struct schedule *schedule,
                                 enum method method)
{
    int64_t at = progress->iterations_done, flags = method == METHOD_LDT;
    if (!is_between(at, 0, schedule->iterations) || !is_between(progress->is_reported, 0, 1) ||
        !is_between(progress->is_taught, 0, at < schedule->iterations ? flags : 0))
        return false;
    if (progress->steps_done == 0)
        return true;
    return at < schedule->iterations && progress->is_taught == flags &&
           is_between(progress->steps_done, 1,
                      schedule_steps(schedule, at + 1) - schedule_steps(schedule, at) - 1);
}

bool progress_is_possible(const struct progress *progress, const struct schedule *schedule,
                          enum method method, const struct learner_state *state)
{
    if (!position_is_possible(progress, schedule, method) ||
        !lines_are_possible(progress, schedule))
        return false;
    int64_t steps = schedule_steps(schedule, progress->iterations_done) + progress->steps_done;
    int64_t meta_steps = method == METHOD_LDT ? progress->iterations_done + progress->is_taught : 0;
    return state->student.steps == steps && state->teacher.steps == meta_steps;
}
