/* The YAML tree as JSON, and back from a path to the node it names. */
#include "coordinator/spec/yaml.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- plain scalars ------------------------------------------------------------------------- */

static const char *skip_digits(const char *text)
{
    while (isdigit((unsigned char)*text))
        text++;
    return text;
}

enum spelling { NO_NUMBER, INTEGER, REAL };

/* [+-]digits, or with a point, an exponent or both: decimal spelling, and nothing else. */
static enum spelling number_spelling(const char *text)
{
    const char *start = text + (*text == '-' || *text == '+');
    const char *c = skip_digits(start);
    bool has_digits = c > start, is_real = false;
    if (*c == '.') {
        const char *fraction = skip_digits(c + 1);
        has_digits |= fraction > c + 1;
        is_real = true;
        c = fraction;
    }
    if (has_digits && (*c == 'e' || *c == 'E')) {
        const char *exponent = c + 1 + (c[1] == '-' || c[1] == '+');
        is_real = true;
        c = skip_digits(exponent);
        if (c == exponent)
            return NO_NUMBER;
    }
    if (!has_digits || *c != '\0')
        return NO_NUMBER;
    return is_real ? REAL : INTEGER;
}

static json_t *read_integer_text(const struct yaml_node *node, struct faults *faults)
{
    errno = 0;
    long long number = strtoll(node->text, NULL, 10);
    if (errno == 0)
        return json_integer(number);
    fault_add(faults, node->start, node->end, "this integer does not fit into 64 bits");
    return json_null();
}

static json_t *read_real_text(const struct yaml_node *node, struct faults *faults)
{
    double number = strtod(node->text, NULL);
    if (isfinite(number))
        return json_real(number);
    fault_add(faults, node->start, node->end, "this number is too large for a double");
    return json_null();
}

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

static json_t *read_plain(const struct yaml_node *node, struct faults *faults)
{
    static const char *const nothing[] = { "", "~", "null", "Null", "NULL", NULL };
    static const char *const no_number[] = {
        ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF", "+.inf",
        "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", NULL,
    };
    if (is_one_of(node->text, nothing))
        return json_null();
    if (is_one_of(node->text, no_number)) {
        fault_add(faults, node->start, node->end, "`%s` is no number that can be searched over",
                  node->text);
        return json_null();
    }
    if (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0)
        return json_boolean(node->text[0] == 't');
    switch (number_spelling(node->text)) {
    case INTEGER:
        return read_integer_text(node, faults);
    case REAL:
        return read_real_text(node, faults);
    case NO_NUMBER:
        break;
    }
    return json_stringn(node->text, node->length);
}

/* ---- nodes --------------------------------------------------------------------------------- */

static json_t *scalar_to_json(const struct yaml_node *node, struct faults *faults)
{
    if (memchr(node->text, '\0', node->length) != NULL) {
        fault_add(faults, node->start, node->end, "a NUL character in a text; remove it");
        return json_null();
    }
    return node->plain ? read_plain(node, faults) : json_stringn(node->text, node->length);
}

/* Whether the node can be a key of this mapping. */
static bool check_key(const struct yaml_node *key, const json_t *object, struct faults *faults)
{
    const char *sentence = NULL;
    if (key->kind != YAML_SCALAR)
        sentence = "a key must be a single word, not a list or mapping";
    else if (memchr(key->text, '\0', key->length) != NULL)
        sentence = "a NUL character in a key; remove it";
    else if (key->length == 0)
        sentence = "a key is missing before the colon";
    else if (strcmp(key->text, "<<") == 0)
        sentence = "merge keys (`<<`) are not part of this language; write the members out";
    if (sentence != NULL)
        fault_add(faults, key->start, key->end, "%s", sentence);
    else if (json_object_get(object, key->text) != NULL)
        fault_add(faults, key->start, key->end, "the key `%.64s` comes twice; remove one",
                  key->text);
    else
        return true;
    return false;
}

static json_t *mapping_to_json(const struct yaml_node *node, struct faults *faults)
{
    json_t *object = json_object();
    for (size_t i = 0; i + 1 < node->n_items; i += 2) {
        const struct yaml_node *key = node->items[i];
        if (!check_key(key, object, faults))
            continue;
        json_t *value = yaml_to_json(node->items[i + 1], faults);
        if (json_object_set_new(object, key->text, value) != 0)
            fault_add(faults, key->start, key->end, "this key is not UTF-8");
    }
    return object;
}

json_t *yaml_to_json(const struct yaml_node *root, struct faults *faults)
{
    if (root->kind == YAML_SCALAR)
        return scalar_to_json(root, faults);
    if (root->kind == YAML_MAPPING)
        return mapping_to_json(root, faults);
    json_t *list = json_array();
    for (size_t i = 0; i < root->n_items; i++)
        json_array_append_new(list, yaml_to_json(root->items[i], faults));
    return list;
}

/* ---- paths --------------------------------------------------------------------------------- */

/* Whether the step (up to the next slash, ~1 and ~0 escaped) spells the key. */
static bool step_is(const char *step, size_t length, const char *key)
{
    size_t i = 0;
    for (; i < length && *key != '\0'; i++, key++) {
        char c = step[i];
        if (c == '~' && i + 1 < length)
            c = step[++i] == '1' ? '/' : '~';
        if (c != *key)
            return false;
    }
    return i == length && *key == '\0';
}

/* The place of the child in items, or n_items. */
static size_t find_child(const struct yaml_node *node, const char *step, size_t length)
{
    if (node->kind == YAML_LIST) {
        size_t index = (size_t)strtoul(step, NULL, 10);
        return index < node->n_items ? index : node->n_items;
    }
    for (size_t i = 0; node->kind == YAML_MAPPING && i + 1 < node->n_items; i += 2)
        if (node->items[i]->kind == YAML_SCALAR && step_is(step, length, node->items[i]->text))
            return i + 1;
    return node->n_items;
}

const struct yaml_node *yaml_find(const struct yaml_node *root, const char *path, bool at_key)
{
    const struct yaml_node *node = root, *key = root;
    while (*path == '/') {
        size_t length = strcspn(path + 1, "/");
        size_t child = find_child(node, path + 1, length);
        if (child == node->n_items)
            return node;
        key = node->kind == YAML_MAPPING ? node->items[child - 1] : node->items[child];
        node = node->items[child];
        path += 1 + length;
    }
    return at_key ? key : node;
}
