/* The parameters: their names, and the domains under each. */
#include "coordinator/space/draft.h"

#include <string.h>

/* A list of domains, or one. */
static bool read_domains(struct draft *draft, struct draft_key *key, struct node node)
{
    size_t count = json_is_array(node.json) ? json_array_size(node.json) : 1;
    bool good = true;
    key->is_list = json_is_array(node.json);
    key->n_domains = (int)count;
    key->domains = arena_alloc(draft->arena, count * sizeof *key->domains);
    for (size_t i = 0; i < count; i++) {
        struct node domain = key->is_list ? node_item(draft->problems, node, i) : node;
        if (!json_is_object(domain.json)) {
            problem_add(draft->problems, domain.path, false,
                        "each item of a list of domains is a mapping with `when`; for a list of "
                        "values write `%s: {values: [...]}`",
                        key->name);
            return false;
        }
        good &= draft_read_domain(draft, key, domain, &key->domains[i]);
        if (key->is_list && key->domains[i].when.json == NULL) {
            problem_add(draft->problems, domain.path, false,
                        "each domain of a list needs `when`, so that exactly one applies");
            good = false;
        }
    }
    return good;
}

static bool check_shape(struct draft *draft, const struct draft_key *key, struct node node)
{
    if (json_is_object(node.json) || json_array_size(node.json) > 0)
        return true;
    if (json_is_array(node.json))
        problem_add(draft->problems, node.path, false, "the list of domains of `%s` is empty",
                    key->name);
    else if (json_is_null(node.json))
        problem_add(draft->problems, node.path, false,
                    "`%s` has no domain; write `%s: {value: ...}` or `{min: ..., max: ...}`",
                    key->name, key->name);
    else
        problem_add(draft->problems, node.path, false,
                    "a single value is written `%s: {value: ...}`", key->name);
    return false;
}

static void read_parameter(struct draft *draft, struct node node, const char *name)
{
    struct draft_key key = { .name = arena_text(draft->arena, name), .path = node.path };
    int twin = draft_find_key(draft, name);
    if (twin >= 0) {
        problem_add(draft->problems, node.path, true,
                    "`%.64s` is a key of the matrix already; remove it from one of the two", name);
        return;
    }
    key.broken = !draft_read_key_name(draft, &key);
    key.broken = key.broken || !check_shape(draft, &key, node) || !read_domains(draft, &key, node);
    draft->keys[draft->n_keys++] = key;
}

bool draft_read_parameters(struct draft *draft, struct node parameters)
{
    const char *name;
    json_t *member, *tree = (json_t *)(uintptr_t)parameters.json;
    size_t count = json_object_size(parameters.json);
    if (!read_is_object(draft->problems, parameters, "{name: {min: 1, max: 9}, ...}"))
        return false;
    if (count == 0 || count > SPEC_MAX_PARAMETERS) {
        problem_add(draft->problems, parameters.path, false,
                    count == 0
                        ? "`parameters` is empty: there is nothing to search over; give 1 to %d"
                        : "`parameters` has too many entries: at most %d are allowed",
                    SPEC_MAX_PARAMETERS);
        return false;
    }
    json_object_foreach(tree, name, member)
        read_parameter(draft, node_member(draft->problems, parameters, name), name);
    return true;
}
