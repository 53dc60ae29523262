#include "coordinator/spec/fault.h"
#include "common/utf8.h"
#include "common/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDEST_LINE = 160 }; /* bytes shown of a source line */

void faults_init(struct faults *faults)
{
    *faults = (struct faults){ .arena = arena_create(4096) };
}

void faults_free(struct faults *faults)
{
    arena_destroy(&faults->arena);
    free(faults->list);
    *faults = (struct faults){ 0 };
}

void fault_add(struct faults *faults, size_t start, size_t end, const char *format, ...)
{
    char sentence[1024];
    va_list arguments;
    if (faults->count == FAULTS_MAX) {
        faults->more = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    faults->list = xgrow(faults->list, faults->count, &faults->capacity, sizeof *faults->list);
    faults->list[faults->count] =
        (struct fault){ start, end, arena_text(faults->arena, sentence), faults->count };
    faults->count++;
}

/* ---- lines and columns --------------------------------------------------------------------- */

/* Lines end in LF, CR LF or CR, as YAML has it. The offset after the line's end, its content's
 * end in *content_end. */
static size_t line_end(const struct source *source, size_t start, size_t *content_end)
{
    size_t end = start;
    while (end < source->length && source->text[end] != '\n' && source->text[end] != '\r')
        end++;
    *content_end = end;
    if (end + 1 < source->length && source->text[end] == '\r' && source->text[end + 1] == '\n')
        return end + 2;
    return end < source->length ? end + 1 : end;
}

size_t source_offset(const struct source *source, int line, int column)
{
    size_t start = 0, content_end;
    for (int i = 1; i < line && start < source->length; i++)
        start = line_end(source, start, &content_end);
    line_end(source, start, &content_end);
    for (int i = 1; i < column && start < content_end; i++)
        do
            start++;
        while (start < content_end && utf8_continues(source->text[start]));
    return start;
}

struct place {
    size_t start, end; /* of the line's content */
    size_t line, column;
};

static struct place find_place(const struct source *source, size_t offset)
{
    struct place place = { .line = 1, .column = 1 };
    size_t next = line_end(source, 0, &place.end);
    while (next <= offset && next > place.end) {
        place.start = next;
        place.line++;
        next = line_end(source, next, &place.end);
    }
    for (size_t i = place.start; i < offset && i < place.end; i++)
        place.column += !utf8_continues(source->text[i]);
    return place;
}

/* ---- the report ---------------------------------------------------------------------------- */

/* Text of the file as it may go to a terminal: no control characters but tab. */
static void add_clean(struct buf *out, const char *text, size_t length)
{
    for (size_t i = 0, step; i < length; i += step) {
        step = utf8_length(text + i, length - i);
        step = step > 0 ? step : 1;
        bool is_bad = text[i] != '\t' && utf8_is_control(text + i, step);
        buf_add(out, is_bad ? "?" : text + i, is_bad ? 1 : step);
    }
}

/* A part of a long line, around the fault; whole characters. */
static void narrow(const struct source *source, struct place *place, size_t offset)
{
    if (place->end - place->start <= WIDEST_LINE)
        return;
    if (offset - place->start > WIDEST_LINE / 2)
        place->start = offset - WIDEST_LINE / 2;
    if (place->end - place->start > WIDEST_LINE)
        place->end = place->start + WIDEST_LINE;
    while (place->start < offset && utf8_continues(source->text[place->start]))
        place->start++;
    while (place->end < source->length && utf8_continues(source->text[place->end]))
        place->end++;
}

/* The line below: tabs stay tabs, so that the caret stands where it should at any tab width. */
static void add_caret(struct buf *out, const struct source *source, const struct place *place,
                      const struct fault *fault)
{
    for (size_t i = place->start; i < fault->start && i < place->end; i++)
        if (source->text[i] == '\t' || !utf8_continues(source->text[i]))
            buf_text(out, source->text[i] == '\t' ? "\t" : " ");
    buf_text(out, "^");
    for (size_t i = fault->start + 1; i < fault->end && i < place->end; i++)
        if (!utf8_continues(source->text[i]))
            buf_text(out, "~");
    buf_text(out, "\n");
}

static void add_fault(struct buf *out, const struct source *source, const struct fault *fault)
{
    struct place place = find_place(source, fault->start);
    buf_printf(out, "%s:%zu:%zu: %s\n", source->file, place.line, place.column, fault->sentence);
    if (source->length == 0)
        return;
    narrow(source, &place, fault->start);
    add_clean(out, source->text + place.start, place.end - place.start);
    buf_text(out, "\n");
    add_caret(out, source, &place, fault);
}

static int compare_faults(const void *left, const void *right)
{
    const struct fault *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static void drop_repeated(struct faults *faults)
{
    size_t kept = 0;
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->list[i], *last = &faults->list[kept - (kept > 0)];
        if (kept == 0 || last->start != fault->start ||
            strcmp(last->sentence, fault->sentence) != 0)
            faults->list[kept++] = *fault;
    }
    faults->count = kept;
}

void faults_report(struct faults *faults, const struct source *source, size_t most, struct buf *out)
{
    if (faults->count > 0)
        qsort(faults->list, faults->count, sizeof *faults->list, compare_faults);
    drop_repeated(faults); /* what an alias stands for is judged once for each alias */
    for (size_t i = 0; i < faults->count && i < most; i++)
        add_fault(out, source, &faults->list[i]);
    if (faults->count > most || faults->more)
        buf_printf(out, "%s: and more faults; these are the first %zu\n", source->file, most);
}
