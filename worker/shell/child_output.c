#include "worker/shell/child_output.h"
#include "common/buf.h"
#include "common/error.h"
#include "common/hash.h"
#include "common/json.h"
#include "common/message.h"
#include "common/xalloc.h"
#include "proto/text.h"
#include "worker/shell/tail.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ERRORS_KEPT = 4 << 10,
    LAST_ERROR_LINES = 3,
    NAME_CELLS = 2 * CHILD_MAX_METRIC_NAMES,
    INFO_KEY_BYTES = 256,
};
static const double MAX_STEP = 9007199254740992.0; /* 2^53: exact wherever it goes */

struct child_output {
    struct child_sink sink;
    struct buf line;       /* of standard output, so far */
    bool line_is_too_long; /* it went to the log already; its end is awaited */
    int64_t line_number;
    struct tail log, errors;
    json_t *info;
    size_t info_bytes;
    uint64_t *names; /* hashes of the metric names seen; 0: an empty cell */
    size_t n_names;
    int notes;
    char first_note[288];
    bool has_reported; /* a point, whichever */
    int64_t step;      /* the greatest reported, or -1 */
};

struct child_output *child_output_create(const struct child_sink *sink)
{
    struct child_output *output = xcalloc(1, sizeof *output);
    output->sink = *sink;
    output->step = -1;
    output->info = json_object();
    output->names = xcalloc(NAME_CELLS, sizeof *output->names);
    buf_init(&output->line, CHILD_MAX_LINE);
    tail_init(&output->log, MESSAGE_MAX_LOG);
    tail_init(&output->errors, ERRORS_KEPT);
    return output;
}

void child_output_destroy(struct child_output **output)
{
    if (*output == NULL)
        return;
    buf_free(&(*output)->line);
    tail_free(&(*output)->log);
    tail_free(&(*output)->errors);
    json_decref((*output)->info);
    free((*output)->names);
    free(*output);
    *output = NULL;
}

/* Says in the log why something was not taken as a report. */
static void note(struct child_output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct child_output *output, const char *format, ...)
{
    char text[256], line[384];
    va_list arguments;
    if (output->notes++ >= CHILD_MAX_NOTES)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (output->notes == 1)
        snprintf(output->first_note, sizeof output->first_note, "line %lld: %s",
                 (long long)output->line_number, text);
    int length = snprintf(line, sizeof line, "[ldt-worker: line %lld: %s%s]\n",
                          (long long)output->line_number, text,
                          output->notes == CHILD_MAX_NOTES ? "; further notes are left out" : "");
    tail_add(&output->log, line, (size_t)length);
}

/* ---- reports --------------------------------------------------------------------------------- */

/* NaN, infinities and null are values of a metric: then the trial has diverged. */
static bool metric_value(const json_t *json, double *value)
{
    *value = json_is_number(json) ? json_number_value(json) : NAN;
    if (json_is_number(json) || json_is_null(json))
        return true;
    const char *word = json_is_string(json) ? json_string_value(json) : "";
    if (strcmp(word, "Infinity") == 0)
        *value = INFINITY;
    else if (strcmp(word, "-Infinity") == 0)
        *value = -INFINITY;
    else if (strcmp(word, "NaN") != 0)
        return false;
    return true;
}

static bool whole_number(const json_t *json, int64_t *number)
{
    double value = json_number_value(json);
    if (!json_is_number(json) || !(value >= 0 && value <= MAX_STEP) || value != floor(value))
        return false;
    *number = (int64_t)value;
    return true;
}

/* Bounds what a process can make the worker and the database remember. */
static bool name_is_known_or_fits(struct child_output *output, const char *name)
{
    uint64_t hash = hash_text(name);
    hash |= hash == 0;
    size_t i = hash % NAME_CELLS;
    while (output->names[i] != 0 && output->names[i] != hash)
        i = (i + 1) % NAME_CELLS;
    if (output->names[i] == hash)
        return true;
    if (output->n_names == CHILD_MAX_METRIC_NAMES)
        return false;
    output->names[i] = hash;
    output->n_names++;
    return true;
}

static bool read_point(struct child_output *output, const char *name, const json_t *json,
                       struct point *point)
{
    if (strlen(name) > MESSAGE_MAX_NAME || !text_is_metric_name(name))
        note(output, "a metric's name is 1 to 64 of letters, digits, . _ - and /: one was ignored");
    else if (!metric_value(json, &point->value))
        note(output, "metric %s is no number: ignored", name);
    else if (!name_is_known_or_fits(output, name))
        note(output, "more than %d different metrics: %s was ignored", CHILD_MAX_METRIC_NAMES,
             name);
    else {
        point->metric = name;
        return true;
    }
    return false;
}

static bool take_metrics(struct child_output *output, const json_t *report, json_t *metrics)
{
    const json_t *epoch = json_object_get(report, "epoch");
    size_t count = json_object_size(metrics), taken = 0;
    int64_t step;
    const char *name;
    json_t *value;
    if (!whole_number(json_object_get(report, "step"), &step)) {
        note(output, "a report needs \"step\", a whole number from 0 to 2^53: ignored");
        return false;
    }
    if (count > CHILD_MAX_METRICS) {
        note(output, "%zu metrics in one line, at most %d are read: ignored", count,
             CHILD_MAX_METRICS);
        return false;
    }
    struct point *points = xcalloc(count, sizeof *points);
    json_object_foreach(metrics, name, value) {
        struct point *point = &points[taken];
        point->step = step;
        point->epoch = json_is_number(epoch) ? json_number_value(epoch) : NAN;
        taken += read_point(output, name, value, point);
    }
    output->has_reported |= taken > 0;
    if (taken > 0 && step > output->step)
        output->step = step;
    if (taken > 0)
        output->sink.points(output->sink.context, points, taken);
    free(points);
    return true;
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void take_fact(struct child_output *output, const char *key, json_t *value)
{
    char *text = json_text(value);
    size_t bytes = strlen(key) + strlen(text) + 8;
    free(text);
    if (strlen(key) > INFO_KEY_BYTES || output->info_bytes + bytes > CHILD_MAX_INFO) {
        note(output, "facts of more than %d bytes: one was ignored", CHILD_MAX_INFO);
        return;
    }
    output->info_bytes += bytes; /* what is replaced counts on: a bound on work as well */
    json_object_set(output->info, key, value);
}

static void take_info(struct child_output *output, json_t *info)
{
    const char *key;
    json_t *value;
    json_object_foreach(info, key, value)
        take_fact(output, key, value);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Before the parser sees it, which recurses. Brackets inside strings count: a report has none. */
static bool is_shallow(const char *line, size_t length)
{
    int depth = 0;
    for (size_t i = 0; i < length; i++) {
        depth += (line[i] == '{' || line[i] == '[') - (line[i] == '}' || line[i] == ']');
        if (depth > CHILD_MAX_DEPTH)
            return false;
    }
    return true;
}

/* True if the line was a report or facts; else it is log. */
static bool take_json(struct child_output *output, const char *line, size_t length)
{
    struct error error;
    size_t blanks = 0;
    while (blanks < length && (line[blanks] == ' ' || line[blanks] == '\t'))
        blanks++;
    if (blanks == length || line[blanks] != '{' || !is_shallow(line, length))
        return false;
    json_t *object = json_parse_lenient(line, length, &error);
    if (object == NULL && strstr(line, "\"metrics\"") != NULL)
        note(output, "not JSON, so no report: %.150s", error.text);
    json_t *metrics = json_object_get(object, "metrics"), *info = json_object_get(object, "info");
    bool taken = false;
    if (json_is_object(metrics))
        taken = take_metrics(output, object, metrics);
    if (json_is_object(info)) {
        take_info(output, info);
        taken = true;
    }
    json_decref(object);
    return taken;
}

static void end_line(struct child_output *output)
{
    output->line_number++;
    if (!output->line_is_too_long && !take_json(output, output->line.bytes, output->line.length)) {
        tail_add(&output->log, output->line.bytes, output->line.length);
        tail_add(&output->log, "\n", 1);
    } else if (output->line_is_too_long) {
        tail_add(&output->log, "\n", 1);
        note(output, "longer than %d bytes: not read as a report", CHILD_MAX_LINE);
    }
    output->line_is_too_long = false;
    buf_clear(&output->line);
}

static void add_to_line(struct child_output *output, const char *bytes, size_t count)
{
    if (!output->line_is_too_long && buf_add(&output->line, bytes, count))
        return;
    tail_add(&output->log, output->line.bytes, output->line.length);
    tail_add(&output->log, bytes, count);
    buf_clear(&output->line);
    output->line_is_too_long = true;
}

void child_output_stdout(struct child_output *output, const char *bytes, size_t count)
{
    while (count > 0) {
        const char *end = memchr(bytes, '\n', count);
        size_t part = end != NULL ? (size_t)(end - bytes) : count;
        add_to_line(output, bytes, part);
        if (end != NULL) {
            end_line(output);
            part++;
        }
        bytes += part;
        count -= part;
    }
}

void child_output_stderr(struct child_output *output, const char *bytes, size_t count)
{
    tail_add(&output->log, bytes, count);
    tail_add(&output->errors, bytes, count);
}

void child_output_end(struct child_output *output)
{
    if (output->line.length > 0 || output->line_is_too_long)
        end_line(output);
}

int64_t child_output_step(const struct child_output *output)
{
    return output->step;
}

/* ---- what is left at the end ----------------------------------------------------------------- */

const char *child_output_log(const struct child_output *output, struct arena *arena)
{
    return tail_text(&output->log, arena);
}

/* Python draws marks under a line of code, others rules of dashes. */
static bool says_something(const char *line)
{
    for (; *line != '\0'; line++)
        if (isalnum((unsigned char)*line) || (unsigned char)*line >= 0x80)
            return true;
    return false;
}

/* The last lines that say something, joined to one. A carriage return ends a line, too. */
const char *child_output_last_errors(const struct child_output *output, struct arena *arena)
{
    char *text = tail_text(&output->errors, arena), *lines[LAST_ERROR_LINES];
    int n_lines = 0;
    for (char *rest = text; n_lines < LAST_ERROR_LINES;) {
        size_t length = strlen(rest);
        while (length > 0 && (unsigned char)rest[length - 1] <= ' ')
            rest[--length] = '\0';
        if (length == 0)
            break;
        char *line = rest + length;
        while (line > rest && line[-1] != '\n' && line[-1] != '\r')
            line--;
        if (says_something(line))
            lines[n_lines++] = line;
        if (line == rest)
            break;
        line[-1] = '\0';
    }
    const char *joined = "";
    for (int i = n_lines; i-- > 0;)
        joined = arena_printf(arena, "%s%s%s", joined, i < n_lines - 1 ? " | " : "",
                              lines[i] + strspn(lines[i], " \t"));
    return joined;
}

const char *child_output_info(const struct child_output *output, struct arena *arena)
{
    char *text = json_text(output->info);
    const char *copy = arena_text(arena, text);
    free(text);
    return copy;
}

const char *child_output_diverged(const struct child_output *output, struct arena *arena)
{
    const char *text = json_string_value(json_object_get(output->info, "diverged"));
    return text != NULL ? arena_text(arena, text) : "";
}

const char *child_output_ignored(const struct child_output *output, struct arena *arena)
{
    return output->has_reported ? "" : arena_text(arena, output->first_note);
}
