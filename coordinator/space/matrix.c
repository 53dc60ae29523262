/* The matrix: its keys and their values, and the combinations that `exclude` leaves. Each is one
 * study, named by its values. */
#include "coordinator/space/draft.h"

#include <stdio.h>
#include <string.h>

enum { MAX_KEYS = 100 };

/* ---- keys ---------------------------------------------------------------------------------- */

bool draft_read_key_name(struct draft *draft, struct draft_key *key)
{
    const char *nearest;
    if (key->is_seed)
        return true;
    if (draft->definition->program == PROGRAM_COMMAND) {
        if (name_is_legal(key->name))
            return true;
        problem_add(
            draft->problems, key->path, true,
            "`%.80s` is no name: 1 to 64 of letters, digits, `.`, `_` and `-`, starting with "
            "a letter or digit",
            key->name);
        return false;
    }
    key->setting = setting_find(key->name);
    if (key->setting != NULL)
        return true;
    nearest = setting_nearest(key->name);
    if (strcmp(key->name, "seed") == 0)
        problem_add(draft->problems, key->path, true,
                    "`seed` is no setting: write it beside `trials`, or as a key of the matrix");
    else if (!refuse_reserved(draft->problems, key->path, key->name))
        problem_add(draft->problems, key->path, true, "unknown setting `%.64s`%s", key->name,
                    nearest != NULL ? problem_hint(draft->problems, nearest)
                                    : "; `ldt-worker trial --help` lists all of them");
    return false;
}

/* Of the first that is so: the studies' names alone do not tell what was tried. */
static void note_positions(struct draft *draft, const struct draft_key *key)
{
    const struct domain *domain = &key->domains->domain;
    for (int i = 0; i < domain->n_values; i++) {
        const char *text = draft_value_text(draft, domain->values[i]);
        if (strcmp(text, key->labels[i]) == 0)
            continue;
        draft_note(draft,
                   "a value of `%s` that cannot stand in the name of a study is written there as "
                   "its position, from 0: `%.80s` as %s",
                   key->name, text, key->labels[i]);
        return;
    }
}

/* Values as they stand in study names. One that is no legal name is written as its position; so
 * are all of a key two of whose values would read the same. */
static void make_labels(struct draft *draft, struct draft_key *key)
{
    const struct domain *domain = &key->domains->domain;
    json_t *seen = json_object();
    bool clash = false;
    key->labels = arena_alloc(draft->arena, (size_t)domain->n_values * sizeof *key->labels);
    for (int i = 0; i < domain->n_values; i++) {
        const char *text = draft_value_text(draft, domain->values[i]);
        key->labels[i] = name_is_legal(text) ? text : arena_printf(draft->arena, "%d", i);
        clash |= json_object_get(seen, key->labels[i]) != NULL;
        json_object_set_new(seen, key->labels[i], json_true());
    }
    for (int i = 0; clash && i < domain->n_values; i++)
        key->labels[i] = arena_printf(draft->arena, "%d", i);
    json_decref(seen);
    note_positions(draft, key);
}

static bool read_key(struct draft *draft, struct node node, const char *name)
{
    struct draft_key *key = &draft->keys[draft->n_keys++];
    *key = (struct draft_key){
        .name = arena_text(draft->arena, name), .path = node.path, .in_matrix = true, .n_domains = 1
    };
    key->is_seed = strcmp(name, "seed") == 0;
    key->domains = arena_alloc(draft->arena, sizeof *key->domains);
    struct domain *domain = &key->domains->domain;
    domain->distribution = CATEGORICAL;
    if (!json_is_array(node.json))
        problem_add(draft->problems, node.path, false,
                    "a key of the matrix has a list of values, as in [a, b]; a single value goes "
                    "into `parameters` as {value: a}");
    key->broken = !draft_read_key_name(draft, key) || !json_is_array(node.json) ||
                  !draft_read_values(draft, key, node, &domain->values, &domain->n_values);
    if (!key->broken)
        make_labels(draft, key);
    return !key->broken;
}

static bool read_keys(struct draft *draft, struct node matrix)
{
    const char *name;
    json_t *member, *tree = (json_t *)(uintptr_t)matrix.json;
    bool good = true;
    size_t count = json_object_size(tree) - (json_object_get(tree, "exclude") != NULL);
    if (count < 1 || count > MAX_KEYS) {
        problem_add(draft->problems, matrix.path, false,
                    "the matrix must have 1 to %d keys, each with a list of values, not %zu",
                    MAX_KEYS, count);
        return false;
    }
    json_object_foreach(tree, name, member)
        if (strcmp(name, "exclude") != 0)
            good &= read_key(draft, node_member(draft->problems, matrix, name), name);
    return good;
}

/* ---- what `from` brings -------------------------------------------------------------------- */

/* As a matrix key of one value: a study whose task or method does not have it goes without. */
static bool add_inherited(struct draft *draft, struct node node, const char *name)
{
    struct draft_key *key = &draft->keys[draft->n_keys++];
    *key = (struct draft_key){ .name = arena_text(draft->arena, name),
                               .path = node.path,
                               .in_matrix = true,
                               .is_inherited = true,
                               .n_domains = 1 };
    key->domains = arena_alloc(draft->arena, sizeof *key->domains);
    struct domain *domain = &key->domains->domain;
    domain->distribution = CATEGORICAL;
    domain->n_values = 1;
    domain->values = arena_alloc(draft->arena, sizeof *domain->values);
    key->broken = !draft_read_key_name(draft, key) ||
                  !draft_read_value(draft, key, node, domain->values);
    return !key->broken;
}

static bool read_inherited(struct draft *draft, struct node inherited, struct node parameters)
{
    const char *name;
    json_t *member, *tree = (json_t *)(uintptr_t)inherited.json;
    bool good = true;
    json_object_foreach(tree, name, member) {
        if (draft_find_key(draft, name) < 0 && json_object_get(parameters.json, name) == NULL)
            good &= add_inherited(draft, node_member(draft->problems, inherited, name), name);
    }
    draft->n_matrix = draft->n_keys;
    return good;
}

/* ---- exclude ------------------------------------------------------------------------------- */

struct exclusion {
    struct value **values; /* for each matrix key, or NULL: any */
    int *n_values;
};

static bool read_exclusion_value(struct draft *draft, const struct draft_key *key, struct node node,
                                 struct exclusion *out, int index)
{
    const struct domain *domain = &key->domains->domain;
    if (json_is_array(node.json)) {
        if (!draft_read_values(draft, key, node, &out->values[index], &out->n_values[index]))
            return false;
    } else {
        out->values[index] = arena_alloc(draft->arena, sizeof(struct value));
        out->n_values[index] = 1;
        if (!draft_read_value(draft, key, node, out->values[index]))
            return false;
    }
    for (int i = 0; i < out->n_values[index]; i++) {
        struct value value = out->values[index][i];
        if (!draft_values_contain(draft, domain->values, domain->n_values, value)) {
            problem_add(draft->problems, node.path, false,
                        "`%.80s` is no value of `%s` in the matrix, so this hits nothing",
                        draft_value_text(draft, value), key->name);
            return false;
        }
    }
    return true;
}

static bool read_exclusion(struct draft *draft, struct node entry, struct exclusion *out)
{
    const char *name;
    json_t *member, *tree = (json_t *)(uintptr_t)entry.json;
    bool good = true;
    if (!json_is_object(entry.json) || json_object_size(entry.json) == 0) {
        problem_add(draft->problems, entry.path, false,
                    "an entry of `exclude` names values of the matrix: {key: value, ...}");
        return false;
    }
    out->values = arena_alloc(draft->arena, (size_t)draft->n_matrix * sizeof *out->values);
    out->n_values = arena_alloc(draft->arena, (size_t)draft->n_matrix * sizeof *out->n_values);
    json_object_foreach(tree, name, member) {
        struct node node = node_member(draft->problems, entry, name);
        int index = draft_find_key(draft, name);
        if (index < 0) {
            problem_add(draft->problems, node.path, true, "`%.64s` is no key of the matrix", name);
            good = false;
        } else {
            good &= read_exclusion_value(draft, &draft->keys[index], node, out, index);
        }
    }
    return good;
}

static bool excludes(struct draft *draft, const struct exclusion *exclusion, const int *combination)
{
    for (int k = 0; k < draft->n_matrix; k++) {
        const struct domain *domain = &draft->keys[k].domains->domain;
        if (exclusion->values[k] != NULL &&
            !draft_values_contain(draft, exclusion->values[k], exclusion->n_values[k],
                                  domain->values[combination[k]]))
            return false;
    }
    return true;
}

/* Marks what one entry hits, which is something, because each of its values is in the matrix; it
 * must leave something. */
static bool apply_exclusion(struct draft *draft, struct node entry, bool *is_excluded, size_t count)
{
    struct exclusion exclusion;
    size_t hits = 0;
    if (!read_exclusion(draft, entry, &exclusion))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!draft_spend(draft, 1))
            return false;
        if (excludes(draft, &exclusion, draft->combinations + i * (size_t)draft->n_matrix)) {
            is_excluded[i] = true;
            hits++;
        }
    }
    if (hits < count)
        return true;
    problem_add(draft->problems, entry.path, false,
                "this excludes every combination of the matrix; remove it");
    return false;
}

/* Moves the combinations that are left to the front. */
static size_t keep_included(struct draft *draft, const bool *is_excluded, size_t count)
{
    size_t kept = 0, width = (size_t)draft->n_matrix;
    for (size_t i = 0; i < count; i++) {
        if (is_excluded[i])
            continue;
        memmove(draft->combinations + kept * width, draft->combinations + i * width,
                width * sizeof *draft->combinations);
        kept++;
    }
    return kept;
}

static bool read_exclude(struct draft *draft, struct node list)
{
    size_t count = draft->n_combinations;
    bool *is_excluded = arena_alloc(draft->arena, count);
    bool good = true;
    if (list.json == NULL)
        return true;
    if (!json_is_array(list.json) || json_array_size(list.json) == 0) {
        problem_add(draft->problems, list.path, false,
                    "`exclude` must be a list of mappings, as in [{key: value}]");
        return false;
    }
    for (size_t i = 0; i < json_array_size(list.json); i++)
        good &= apply_exclusion(draft, node_item(draft->problems, list, i), is_excluded, count);
    draft->n_combinations = keep_included(draft, is_excluded, count);
    if (draft->n_combinations > 0 || !good)
        return good;
    problem_add(draft->problems, list.path, false,
                "together these exclude every combination of the matrix: no study is left");
    return false;
}

/* ---- combinations -------------------------------------------------------------------------- */

static bool count_product(struct draft *draft, struct node matrix, size_t *product)
{
    *product = 1;
    for (int k = 0; k < draft->n_matrix; k++) {
        *product *= (size_t)draft->keys[k].domains->domain.n_values;
        if (*product > DRAFT_MAX_PRODUCT) {
            problem_add(draft->problems, matrix.path, false,
                        "the matrix has more than %d combinations; at most %d studies are allowed",
                        DRAFT_MAX_PRODUCT, SPEC_MAX_STUDIES);
            return false;
        }
    }
    return true;
}

/* All combinations; the first key turns slowest, as in nested loops. */
static void fill_product(struct draft *draft, size_t product)
{
    size_t width = (size_t)draft->n_matrix;
    draft->combinations = arena_alloc(draft->arena, product * width * sizeof *draft->combinations);
    draft->n_combinations = product;
    for (size_t i = 0; i < product; i++) {
        size_t rest = i;
        for (size_t k = width; k-- > 0;) {
            size_t n_values = (size_t)draft->keys[k].domains->domain.n_values;
            draft->combinations[i * width + k] = (int)(rest % n_values);
            rest /= n_values;
        }
    }
}

bool draft_read_matrix(struct draft *draft, struct node matrix, struct node inherited,
                       struct node parameters)
{
    size_t product = 1;
    bool good = true;
    if (matrix.json != NULL)
        good = read_is_object(draft->problems, matrix, "{key: [value, value]}") &&
               read_keys(draft, matrix);
    good &= read_inherited(draft, inherited, parameters);
    if (!good || !count_product(draft, matrix, &product))
        return false;
    fill_product(draft, product);
    if (matrix.json != NULL)
        good = read_exclude(draft, node_member(draft->problems, matrix, "exclude"));
    if (draft->n_combinations <= SPEC_MAX_STUDIES)
        return good;
    problem_add(draft->problems, matrix.path, false,
                "the matrix makes %zu studies, of at most %d; use fewer values",
                draft->n_combinations, SPEC_MAX_STUDIES);
    return false;
}

/* ---- which keys a combination has ---------------------------------------------------------- */

/* The value that `task` or `method` has in all of a combination's study; false when it varies
 * there. */
static bool fixed_word(const struct draft *draft, const char *name, size_t combination,
                       const char **word)
{
    int index = draft_find_key(draft, name);
    if (index < 0)
        return false;
    const struct draft_key *key = &draft->keys[index];
    if (key->broken)
        return false; /* its fault is told already */
    const struct domain *domain = &key->domains->domain;
    bool is_constant =
        !key->is_list && domain->distribution == CONSTANT && key->domains->when.json == NULL;
    if (!key->in_matrix && !is_constant)
        return false;
    int place = 0;
    if (key->in_matrix)
        place = draft->combinations[combination * (size_t)draft->n_matrix + (size_t)index];
    *word = domain->values[place].text;
    return true;
}

static bool has_key(const struct draft *draft, size_t combination, const struct draft_key *key)
{
    const char *word;
    enum task task;
    enum method method = METHOD_LDT;
    if (key->setting == NULL || !fixed_word(draft, "task", combination, &word) ||
        !task_from_name(word, &task))
        return true;
    if (draft_find_key(draft, "method") >= 0 &&
        (!fixed_word(draft, "method", combination, &word) || !method_from_name(word, &method)))
        return true;
    return setting_applies(key->setting, task, method);
}

void draft_place_matrix(struct draft *draft)
{
    size_t width = (size_t)draft->n_matrix, count = draft->n_combinations * width;
    draft->places = arena_copy(draft->arena, draft->combinations, count * sizeof *draft->places);
    for (size_t i = 0; i < draft->n_combinations; i++)
        for (size_t k = 0; k < width; k++)
            if (!has_key(draft, i, &draft->keys[k]))
                draft->places[i * width + k] = -1;
}

int draft_place(const struct draft *draft, size_t combination, int key)
{
    return draft->places[combination * (size_t)draft->n_matrix + (size_t)key];
}
