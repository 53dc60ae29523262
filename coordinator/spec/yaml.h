/* yaml.h - a YAML document as a tree whose nodes know where in the text they stand. */
#ifndef SPEC_YAML_H
#define SPEC_YAML_H
#include "coordinator/spec/fault.h"

#include <jansson.h>

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAPPING };

struct yaml_node {
    enum yaml_kind kind;
    bool plain;               /* scalar without quotes, so that it may be a number or a boolean */
    size_t start, end;        /* in the text; of a list or mapping only where it begins */
    const char *text;         /* of a scalar; NUL-terminated, but may hold NULs of its own */
    size_t length;
    struct yaml_node **items; /* of a mapping: key, value, key, value, ... */
    size_t n_items;
    size_t weight;            /* nodes, itself counted, aliases as what they stand for */
    int depth;                /* lists and mappings inside each other, itself counted */
};

/* Reads the one document of the text. NULL with the faults that were found when it is not YAML,
 * or more than the spec's language allows; an alias and its anchor share one node. The tree is
 * the arena's. */
struct yaml_node *yaml_read(const struct source *source, struct arena *arena,
                            struct faults *faults);

/* The tree as JSON: plain scalars that read as numbers are numbers, true and false booleans,
 * null, ~ and nothing are null, all else strings. Adds a fault for each key that comes twice or
 * is no word, and each number out of range. New reference, also when there were faults: what is
 * wrong is left out. */
json_t *yaml_to_json(const struct yaml_node *root, struct faults *faults);

/* The node at a JSON Pointer, or the nearest one above it; the key's node instead of the value's if
 * at_key. */
const struct yaml_node *yaml_find(const struct yaml_node *root, const char *path, bool at_key);
#endif
