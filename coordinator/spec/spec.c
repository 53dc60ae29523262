#include "coordinator/spec/spec.h"
#include "common/utf8.h"
#include "common/xalloc.h"
#include "coordinator/spec/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the file's bytes ---------------------------------------------------------------------- */

static enum spec_result refuse_file(struct buf *report, const char *path, const char *why,
                                    enum spec_result result)
{
    buf_printf(report, "%s: %s\n", path, why);
    return result;
}

/* Reads at most one byte more than a spec may have. */
static enum spec_result read_stream(FILE *stream, const char *path, struct buf *text,
                                    struct buf *report)
{
    char block[65536];
    size_t count;
    buf_init(text, (size_t)SPEC_MAX_BYTES + 1);
    do {
        size_t room = (size_t)SPEC_MAX_BYTES + 1 - text->length;
        count = fread(block, 1, room < sizeof block ? room : sizeof block, stream);
        buf_add(text, block, count);
    } while (count > 0);
    if (!ferror(stream))
        return SPEC_OK;
    return refuse_file(report, path, strerror(errno), SPEC_UNREADABLE);
}

static enum spec_result open_file(FILE **out, const char *path, struct buf *report)
{
    struct stat status;
    *out = fopen(path, "rb");
    if (*out == NULL && errno == ENOENT)
        return refuse_file(report, path, "there is no such file", SPEC_MISSING);
    if (*out == NULL)
        return refuse_file(report, path, strerror(errno), SPEC_UNREADABLE);
    if (fstat(fileno(*out), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(*out);
        return refuse_file(report, path, "is a directory; name the file of the search in it",
                           SPEC_UNREADABLE);
    }
    return SPEC_OK;
}

/* ---- what YAML would not mind -------------------------------------------------------------- */

static bool is_layout(char byte)
{
    return byte == '\t' || byte == '\n' || byte == '\r';
}

/* Notes the first byte that is no text; the YAML parser is then not bothered. */
static bool check_characters(const struct source *source, struct faults *faults)
{
    for (size_t i = 0; i < source->length;) {
        const char *at = source->text + i;
        size_t length = utf8_length(at, source->length - i);
        if (length == 0) {
            fault_add(faults, i, i, "this is not UTF-8 (byte 0x%02x); save the file as UTF-8",
                      (unsigned char)*at);
            return false;
        }
        if (utf8_is_control(at, length) && !is_layout(*at)) {
            fault_add(faults, i, i, "a control character (0x%02x); remove it",
                      (unsigned char)at[length - 1]);
            return false;
        }
        i += length;
    }
    return true;
}

/* ---- from text to a definition ------------------------------------------------------------- */

static bool is_told(const struct faults *faults, size_t count, size_t start)
{
    for (size_t i = 0; i < count; i++)
        if (faults->list[i].start == start)
            return true;
    return false;
}

/* A node that is faulty as YAML already is left at that. */
static void take_problems(const struct problems *problems, const struct yaml_node *root,
                          struct faults *faults)
{
    size_t before = faults->count;
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];
        const struct yaml_node *node = yaml_find(root, problem->path, problem->at_key);
        bool is_scalar = node->kind == YAML_SCALAR;
        if (is_told(faults, before, node->start))
            continue;
        fault_add(faults, node->start, is_scalar ? node->end : node->start, "%s", problem->text);
    }
    faults->more |= problems->dropped_some;
}

static void build(struct spec *spec, const struct source *source, struct faults *faults)
{
    struct arena *arena = arena_create(1 << 16);
    struct problems problems;
    problems_init(&problems);
    struct yaml_node *root =
        check_characters(source, faults) ? yaml_read(source, arena, faults) : NULL;
    if (root != NULL) {
        spec->document = yaml_to_json(root, faults);
        definition_parse(&spec->definition, spec->document, &problems);
        take_problems(&problems, root, faults);
    }
    problems_free(&problems);
    arena_destroy(&arena);
}

static enum spec_result refuse_size(const char *file, struct buf *report)
{
    buf_printf(report,
               "%s:1:1: the file is larger than %d bytes, the most that a search may have\n", file,
               SPEC_MAX_BYTES);
    return SPEC_REFUSED;
}

enum spec_result spec_parse(struct spec **out, const char *file, const char *text, size_t length,
                            struct buf *report)
{
    bool has_mark = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    *out = NULL;
    if (length > SPEC_MAX_BYTES)
        return refuse_size(file, report);
    struct spec *spec = xcalloc(1, sizeof *spec);
    spec->text = xmalloc(length + 1);
    if (length > 0)
        memcpy(spec->text, text, length);
    spec->text[length] = '\0';
    spec->length = length;
    struct source source = { file, spec->text + (has_mark ? 3 : 0), length - (has_mark ? 3 : 0) };
    struct faults faults;
    faults_init(&faults);
    build(spec, &source, &faults);
    if (faults.count > 0) {
        faults_report(&faults, &source, PROBLEMS_MAX, report);
        spec_destroy(&spec);
    }
    faults_free(&faults);
    *out = spec;
    return spec != NULL ? SPEC_OK : SPEC_REFUSED;
}

enum spec_result spec_load(struct spec **out, const char *path, struct buf *report)
{
    bool is_input = strcmp(path, "-") == 0;
    const char *name = is_input ? "stdin" : path;
    FILE *stream = stdin;
    struct buf text;
    *out = NULL;
    enum spec_result result = is_input ? SPEC_OK : open_file(&stream, path, report);
    if (result != SPEC_OK)
        return result;
    result = read_stream(stream, name, &text, report);
    if (result == SPEC_OK)
        result = spec_parse(out, name, text.bytes, text.length, report);
    buf_free(&text);
    if (!is_input)
        fclose(stream);
    return result;
}

void spec_destroy(struct spec **spec)
{
    if (*spec == NULL)
        return;
    definition_destroy(&(*spec)->definition);
    json_decref((*spec)->document);
    free((*spec)->text);
    free(*spec);
    *spec = NULL;
}
