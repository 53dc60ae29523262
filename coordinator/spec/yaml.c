/* libfyaml's events to a tree. The events come one at a time, so that depth, aliases and all that
 * the language leaves out are judged before anything is built; libfyaml resolves and prints
 * nothing. */
#include "coordinator/spec/yaml.h"
#include "common/xalloc.h"
#include "coordinator/spec/spec.h"

#include <assert.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

struct open_node { /* a list or mapping whose end has not been seen */
    struct yaml_node *node;
    struct yaml_node **items;
    size_t n_items, capacity;
    const char *anchor; /* its name, or NULL: it may be used only once it is complete */
};

struct reader {
    const struct source *source;
    struct arena *arena;
    struct faults *faults;
    struct open_node open[SPEC_MAX_DEPTH];
    int depth;
    struct yaml_node *root;
    json_t *anchors; /* name -> index into anchored; 0 while its node is not complete */
    struct yaml_node **anchored;
    size_t n_anchored, anchored_capacity;
    size_t aliased; /* nodes that aliases stand for */
    size_t last;    /* the offset after what was read last: where an empty value stands */
    int documents;
};

/* ---- tokens -------------------------------------------------------------------------------- */

static size_t limit(const struct reader *reader, size_t offset)
{
    return offset < reader->source->length ? offset : reader->source->length;
}

static void token_range(struct reader *reader, struct fy_token *token, size_t *start, size_t *end)
{
    const struct fy_mark *from = token != NULL ? fy_token_start_mark(token) : NULL;
    const struct fy_mark *to = token != NULL ? fy_token_end_mark(token) : NULL;
    *start = from != NULL ? limit(reader, from->input_pos) : reader->last;
    *end = to != NULL ? limit(reader, to->input_pos) : *start;
    if (*end > reader->last)
        reader->last = *end;
}

static const char *token_text(struct reader *reader, struct fy_token *token, size_t *length)
{
    const char *text = token != NULL ? fy_token_get_text(token, length) : NULL;
    if (text == NULL) {
        *length = 0;
        return "";
    }
    char *copy = arena_alloc(reader->arena, *length + 1);
    return memcpy(copy, text, *length);
}

/* ---- building ------------------------------------------------------------------------------ */

static struct yaml_node *new_node(struct reader *reader, struct fy_event *event,
                                  enum yaml_kind kind)
{
    struct yaml_node *node = arena_alloc(reader->arena, sizeof *node);
    node->kind = kind;
    node->weight = 1;
    token_range(reader, fy_event_get_token(event), &node->start, &node->end);
    return node;
}

static void put(struct reader *reader, struct yaml_node *node)
{
    if (reader->depth == 0) {
        reader->root = node;
        return;
    }
    struct open_node *open = &reader->open[reader->depth - 1];
    open->items = xgrow(open->items, open->n_items, &open->capacity, sizeof *open->items);
    open->items[open->n_items++] = node;
    open->node->weight += node->weight;
    if (node->depth >= open->node->depth)
        open->node->depth = node->depth + 1;
}

/* What is about to be put may be `depth` deep itself. */
static bool check_depth(struct reader *reader, int depth, size_t start, size_t end)
{
    if (reader->depth + depth <= SPEC_MAX_DEPTH)
        return true;
    fault_add(reader->faults, start, end,
              "this goes deeper than %d lists and mappings inside each other", SPEC_MAX_DEPTH);
    return false;
}

/* Makes the anchor's name stand for the node from now on; a later one of the same name replaces
 * it. */
static void bind_anchor(struct reader *reader, const char *name, struct yaml_node *node)
{
    if (name == NULL)
        return;
    if (node != NULL) {
        reader->anchored = xgrow(reader->anchored, reader->n_anchored, &reader->anchored_capacity,
                                 sizeof *reader->anchored);
        reader->anchored[reader->n_anchored++] = node;
    }
    json_object_set_new(reader->anchors, name,
                        json_integer(node != NULL ? (json_int_t)reader->n_anchored : 0));
}

static const char *anchor_name(struct reader *reader, struct fy_event *event)
{
    size_t length;
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    return anchor != NULL ? token_text(reader, anchor, &length) : NULL;
}

static bool refuse_tag(struct reader *reader, struct fy_event *event)
{
    size_t start, end;
    struct fy_token *tag = fy_event_get_tag_token(event);
    if (tag == NULL)
        return false;
    token_range(reader, tag, &start, &end);
    fault_add(reader->faults, start, end, "tags (`!...`) are not part of this language; remove it");
    return true;
}

/* ---- one event ----------------------------------------------------------------------------- */

static bool on_document(struct reader *reader, struct fy_event *event)
{
    size_t start, end;
    if (reader->documents++ == 0)
        return true;
    token_range(reader, event->document_start.document_start, &start, &end);
    fault_add(
        reader->faults, start, end,
        "a second document starts here; a file holds one search: remove the `---`, or use two "
        "files");
    return false;
}

static bool on_scalar(struct reader *reader, struct fy_event *event)
{
    struct yaml_node *node = new_node(reader, event, YAML_SCALAR);
    struct fy_token *token = fy_event_get_token(event);
    enum fy_scalar_style style = token != NULL ? fy_scalar_token_get_style(token) : FYSS_PLAIN;
    if (refuse_tag(reader, event))
        return false;
    node->plain = style == FYSS_PLAIN;
    node->text = token_text(reader, token, &node->length);
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) {
        node->start -= node->start > 0; /* libfyaml's marks are inside the quotes */
        node->end = limit(reader, node->end + 1);
    }
    bind_anchor(reader, anchor_name(reader, event), node);
    put(reader, node);
    return true;
}

static bool on_start(struct reader *reader, struct fy_event *event, enum yaml_kind kind)
{
    struct yaml_node *node = new_node(reader, event, kind);
    const char *anchor = anchor_name(reader, event);
    if (refuse_tag(reader, event) || !check_depth(reader, 1, node->start, node->end))
        return false;
    node->depth = 1;
    bind_anchor(reader, anchor, NULL);
    reader->open[reader->depth++] = (struct open_node){ .node = node, .anchor = anchor };
    return true;
}

static void on_end(struct reader *reader)
{
    struct open_node *open = &reader->open[--reader->depth];
    struct yaml_node *node = open->node;
    assert(node != NULL);
    node->items = arena_copy(reader->arena, open->items, open->n_items * sizeof *open->items);
    node->n_items = open->n_items;
    free(open->items);
    bind_anchor(reader, open->anchor, node);
    put(reader, node);
}

static bool on_alias(struct reader *reader, struct fy_event *event)
{
    size_t start, end, length;
    struct fy_token *token = fy_event_get_token(event);
    const char *name = token_text(reader, token, &length);
    const json_t *index = json_object_get(reader->anchors, name);
    token_range(reader, token, &start, &end);
    start -= start > 0; /* libfyaml's mark is after the star */
    if (index == NULL || json_integer_value(index) == 0) {
        fault_add(reader->faults, start, end,
                  index == NULL ? "`*%.64s` stands for nothing: no `&%.64s` before it"
                                : "`*%.64s` stands inside what it stands for (`&%.64s`)",
                  name, name);
        return false;
    }
    struct yaml_node *node = reader->anchored[json_integer_value(index) - 1];
    reader->aliased += node->weight;
    if (reader->aliased > SPEC_MAX_ALIASED) {
        fault_add(reader->faults, start, end, "aliases stand for more than %d nodes; write less",
                  SPEC_MAX_ALIASED);
        return false;
    }
    if (!check_depth(reader, node->depth, start, end))
        return false;
    put(reader, node);
    return true;
}

static bool on_event(struct reader *reader, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return on_document(reader, event);
    case FYET_SCALAR:
        return on_scalar(reader, event);
    case FYET_ALIAS:
        return on_alias(reader, event);
    case FYET_SEQUENCE_START:
        return on_start(reader, event, YAML_LIST);
    case FYET_MAPPING_START:
        return on_start(reader, event, YAML_MAPPING);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        on_end(reader);
        return true;
    default:
        return true;
    }
}

/* ---- what libfyaml must not see ------------------------------------------------------------ */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Of a word, as far as it can be said of one byte: a byte order mark is none either. */
static bool is_graphic(char byte)
{
    return byte > ' ' && byte < 0x7f;
}

static bool has_explicit_key(const struct source *source)
{
    const char *text = source->text;
    for (size_t i = 0; i < source->length; i++) {
        bool begins = i == 0 || !is_graphic(text[i - 1]);
        bool ends = i + 1 == source->length || !is_graphic(text[i + 1]);
        if (text[i] == '?' && begins && ends)
            return true;
    }
    return false;
}

/* Whether blanks with a tab among them stand here, and after them what may begin a block; *end is
 * after the blanks. */
static bool is_tabbed_block(const struct source *source, size_t start, size_t *end)
{
    bool has_tab = false;
    size_t i = start;
    for (; i < source->length && is_blank(source->text[i]); i++)
        has_tab |= source->text[i] == '\t';
    *end = i;
    return has_tab && i < source->length && memchr("?:|>-", source->text[i], 5) != NULL;
}

/* libfyaml 0.7.12 frees twice what it knows of a key when, inside a key that is written with `?`, a
 * tab stands between `:` and a block (its issue 57). YAML forbids the second anyway. */
static bool refuse_tabbed_block(struct reader *reader)
{
    const struct source *source = reader->source;
    if (!has_explicit_key(source))
        return false;
    for (size_t start = 1, end; start < source->length; start++) {
        if (source->text[start - 1] != ':' || !is_tabbed_block(source, start, &end))
            continue;
        fault_add(reader->faults, start, end,
                  "not YAML: a tab before `%c`, where keys are written with `?`; use spaces",
                  source->text[end]);
        return true;
    }
    return false;
}

/* ---- what libfyaml refuses ----------------------------------------------------------------- */

/* A bracket that is never closed shows at the end of the text; what helps is where it was
 * opened. */
static bool find_open_bracket(const struct reader *reader, size_t *offset)
{
    for (int i = reader->depth - 1; i >= 0; i--) {
        size_t start = reader->open[i].node->start;
        if (start >= reader->source->length || strchr("[{", reader->source->text[start]) == NULL)
            continue;
        *offset = start;
        return true;
    }
    return false;
}

static void add_syntax_fault(struct reader *reader, struct fy_diag *diag)
{
    void *position = NULL;
    struct fy_diag_error *error = fy_diag_errors_iterate(diag, &position);
    size_t offset = reader->last, bracket;
    if (error != NULL)
        offset = source_offset(reader->source, error->line, error->column);
    if (offset >= reader->source->length && find_open_bracket(reader, &bracket))
        fault_add(reader->faults, bracket, bracket, "not YAML: this `%c` is never closed",
                  reader->source->text[bracket]);
    else
        fault_add(reader->faults, offset, offset, "not YAML: %s",
                  error != NULL ? error->msg : "this cannot be read");
}

static void read_events(struct reader *reader, struct fy_parser *parser, struct fy_diag *diag)
{
    bool good = true;
    struct fy_event *event = NULL;
    while (good && (event = fy_parser_parse(parser)) != NULL) {
        good = on_event(reader, event);
        fy_parser_event_free(parser, event);
    }
    if (!good)
        return;
    if (fy_parser_get_stream_error(parser))
        add_syntax_fault(reader, diag);
    else if (reader->root == NULL)
        fault_add(reader->faults, 0, 0, "the file is empty; a search starts with `name:`");
}

static void parse(struct reader *reader)
{
    struct fy_diag_cfg quiet = { .output_fn = NULL };
    fy_diag_cfg_default(&quiet);
    quiet.fp = NULL;
    quiet.level = FYET_ERROR;
    struct fy_diag *diag = fy_diag_create(&quiet);
    struct fy_parse_cfg options = {
        .search_path = "",
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
        .diag = diag,
    };
    fy_diag_set_collect_errors(diag, true);
    struct fy_parser *parser = fy_parser_create(&options);
    if (parser == NULL ||
        fy_parser_set_string(parser, reader->source->text, reader->source->length) != 0)
        xalloc_fail(0); /* nothing has been read yet: no fault of the text */
    read_events(reader, parser, diag);
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
}

struct yaml_node *yaml_read(const struct source *source, struct arena *arena, struct faults *faults)
{
    struct reader reader = {
        .source = source, .arena = arena, .faults = faults, .anchors = json_object()
    };
    size_t before = faults->count;
    if (!refuse_tabbed_block(&reader))
        parse(&reader);
    for (int i = 0; i < reader.depth; i++)
        free(reader.open[i].items);
    free(reader.anchored);
    json_decref(reader.anchors);
    return faults->count == before ? reader.root : NULL;
}
