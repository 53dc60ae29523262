#include "coordinator/space/draft.h"
#include "common/json.h"
#include "common/xalloc.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT_BYTES = 4096 };

int draft_find_key(const struct draft *draft, const char *name)
{
    for (int i = 0; i < draft->n_keys; i++)
        if (strcmp(draft->keys[i].name, name) == 0)
            return i;
    return -1;
}

/* ---- values -------------------------------------------------------------------------------- */

/* A copy whose text lives as long as the draft. */
static struct value keep_value(struct draft *draft, const json_t *typed)
{
    struct value value = value_from_json(typed);
    if (value.type == VALUE_TEXT)
        value.text = arena_text(draft->arena, value.text);
    return value;
}

static bool read_typed(struct draft *draft, const struct draft_key *key, struct node node,
                       struct value *out)
{
    struct error error;
    json_t *typed = setting_type_value(key->setting, node.json, &error);
    if (typed == NULL)
        problem_add(draft->problems, node.path, false, "%s", error.text);
    else
        *out = keep_value(draft, typed);
    json_decref(typed);
    return typed != NULL;
}

bool draft_read_value(struct draft *draft, const struct draft_key *key, struct node node,
                      struct value *out)
{
    if (json_is_object(node.json) || json_is_array(node.json) || json_is_null(node.json)) {
        problem_add(draft->problems, node.path, false,
                    "a value of `%s` must be a single word, number, true or false, not %s",
                    key->name, node_kind(node));
        return false;
    }
    if (key->setting != NULL)
        return read_typed(draft, key, node, out);
    if (json_is_string(node.json) && json_string_length(node.json) > MAX_TEXT_BYTES) {
        problem_add(draft->problems, node.path, false, "a value of `%s` is longer than %d bytes",
                    key->name, MAX_TEXT_BYTES);
        return false;
    }
    if (key->is_seed) {
        int64_t seed;
        if (!read_integer(draft->problems, node, 0, INT64_MAX, &seed))
            return false;
    }
    *out = keep_value(draft, node.json);
    return true;
}

const char *draft_value_text(struct draft *draft, struct value value)
{
    char number[NUMBER_TEXT_BYTES];
    switch (value.type) {
    case VALUE_TEXT:
        return value.text;
    case VALUE_BOOLEAN:
        return value.boolean ? "true" : "false";
    case VALUE_INTEGER:
        return arena_printf(draft->arena, "%" PRId64, value.integer);
    case VALUE_REAL:
        number_text(number, value.real);
        return arena_text(draft->arena, number);
    case VALUE_NONE:
        break;
    }
    return "inactive";
}

bool draft_values_contain(struct draft *draft, const struct value *values, int count,
                          struct value value)
{
    draft->work += count;
    for (int i = 0; i < count; i++)
        if (value_equal(values[i], value))
            return true;
    return false;
}

struct ranked_value {
    struct value value;
    int position;
};

static int compare_content(struct value a, struct value b)
{
    switch (a.type) {
    case VALUE_TEXT:
        return strcmp(a.text, b.text);
    case VALUE_BOOLEAN:
        return a.boolean - b.boolean;
    case VALUE_INTEGER:
        return (a.integer > b.integer) - (a.integer < b.integer);
    case VALUE_REAL:
        return (a.real > b.real) - (a.real < b.real);
    case VALUE_NONE:
        break;
    }
    return 0;
}

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked_value *a = left, *b = right;
    if (a->value.type != b->value.type)
        return a->value.type < b->value.type ? -1 : 1;
    int order = compare_content(a->value, b->value);
    return order != 0 ? order : a->position - b->position;
}

/* Sorted, so that a hostile list of thousands costs little. */
static bool refuse_repeated(struct draft *draft, struct node list, const struct value *values,
                            int count)
{
    struct ranked_value *ranked = xcalloc((size_t)count, sizeof *ranked);
    bool good = true;
    for (int i = 0; i < count; i++)
        ranked[i] = (struct ranked_value){ values[i], i };
    qsort(ranked, (size_t)count, sizeof *ranked, compare_ranked);
    for (int i = 1; i < count; i++) {
        if (!value_equal(ranked[i].value, ranked[i - 1].value))
            continue;
        const char *path =
            problem_path_item(draft->problems, list.path, (size_t)ranked[i].position);
        problem_add(draft->problems, path, false, "the value `%.80s` comes twice; remove one",
                    draft_value_text(draft, ranked[i].value));
        good = false;
    }
    free(ranked);
    return good;
}

bool draft_read_values(struct draft *draft, const struct draft_key *key, struct node list,
                       struct value **out, int *count)
{
    size_t size = json_array_size(list.json);
    bool good = true;
    if (!json_is_array(list.json) || size < 1 || size > DRAFT_MAX_VALUES) {
        problem_add(draft->problems, list.path, false,
                    "`%s` must have a list of 1 to %d values, as in [a, b]", key->name,
                    DRAFT_MAX_VALUES);
        return false;
    }
    struct value *values = arena_alloc(draft->arena, size * sizeof *values);
    for (size_t i = 0; i < size; i++)
        good &= draft_read_value(draft, key, node_item(draft->problems, list, i), &values[i]);
    *out = values;
    *count = (int)size;
    return good && refuse_repeated(draft, list, values, (int)size);
}

/* ---- the whole ----------------------------------------------------------------------------- */

bool draft_spend(struct draft *draft, int64_t comparisons)
{
    draft->work += comparisons;
    if (draft->work <= DRAFT_MAX_WORK)
        return true;
    if (!draft->exhausted)
        problem_add(draft->problems, "", false,
                    "the conditions of this search are too many to check; use fewer values or "
                    "several searches");
    draft->exhausted = true;
    return false;
}

void draft_note(struct draft *draft, const char *format, ...)
{
    char text[512];
    va_list arguments;
    struct definition *definition = draft->definition;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (definition->n_notes == DEFINITION_MAX_NOTES)
        return;
    definition->notes[definition->n_notes++] = arena_text(draft->arena, text);
}

bool draft_domain_is_continuous(const struct domain *domain)
{
    return domain->distribution == UNIFORM || domain->distribution == LOG_UNIFORM_VALUES ||
           domain->distribution == NORMAL || domain->distribution == LOG_NORMAL;
}
