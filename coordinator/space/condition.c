/* Conditions: each `when` of each domain, the values it compares with, and the order in which
 * parameters can be drawn: parents of conditions first. */
#include "coordinator/space/draft.h"
#include "common/buf.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* ---- what may be named --------------------------------------------------------------------- */

static bool is_finite_choice(const struct draft_key *key)
{
    for (int d = 0; d < key->n_domains; d++) {
        enum distribution distribution = key->domains[d].domain.distribution;
        if (distribution != CONSTANT && distribution != CATEGORICAL)
            return false;
    }
    return true;
}

static bool key_has_value(struct draft *draft, const struct draft_key *key, struct value value)
{
    for (int d = 0; d < key->n_domains; d++) {
        const struct domain *domain = &key->domains[d].domain;
        if (draft_values_contain(draft, domain->values, domain->n_values, value))
            return true;
    }
    return false;
}

static void refuse_name(struct draft *draft, struct node node, const char *name)
{
    if (problems_full(draft->problems))
        return;
    const char **names = xcalloc((size_t)draft->n_keys + 1, sizeof *names);
    for (int i = 0; i < draft->n_keys; i++)
        names[i] = draft->keys[i].name;
    const char *meant = nearest_of(name, names, (size_t)draft->n_keys);
    if (draft->definition->program == PROGRAM_LDT && setting_find(name) != NULL)
        problem_add(draft->problems, node.path, true,
                    "a condition on `%s` needs it among the parameters; add `%s: {value: ...}`",
                    name, name);
    else
        problem_add(draft->problems, node.path, true,
                    "`%.64s` is neither a key of the matrix nor a parameter%s", name,
                    problem_hint(draft->problems, meant));
    free(names);
}

/* ---- values -------------------------------------------------------------------------------- */

static void refuse_value(struct draft *draft, const struct draft_key *key, struct node node,
                         struct value value)
{
    const char *texts[64];
    size_t count = 0;
    if (problems_full(draft->problems))
        return;
    for (int d = 0; d < key->n_domains; d++)
        for (int v = 0; v < key->domains[d].domain.n_values && count < 64; v++)
            texts[count++] = draft_value_text(draft, key->domains[d].domain.values[v]);
    const char *text = draft_value_text(draft, value);
    const char *meant = nearest_of(text, texts, count);
    if (meant != NULL && strcmp(meant, text) == 0)
        problem_add(draft->problems, node.path, false,
                    "`%s` never is the %s `%.80s`; write it as it stands there, with or without "
                    "quotes or a point",
                    key->name, value.type == VALUE_TEXT ? "text" : "value", text);
    else
        problem_add(draft->problems, node.path, false,
                    "`%s` never is `%.80s`, so this condition cannot hold%s", key->name, text,
                    problem_hint(draft->problems, meant));
}

/* For a command, each value must be one that the key takes: nothing else could tell a misspelt
 * one. For the built-in trainer the settings do, so a list may hold values that this search does
 * not use; but one of them must be used, or the condition never holds. */
static bool check_values(struct draft *draft, const struct draft_key *key, struct node node,
                         const struct draft_condition *condition)
{
    bool is_list = json_is_array(node.json), any = false, good = true;
    for (int i = 0; i < condition->n_values; i++) {
        if (!draft_spend(draft, 1))
            return false;
        bool is_used = key_has_value(draft, key, condition->values[i]);
        any |= is_used;
        if (is_used || (key->setting != NULL && is_list))
            continue;
        refuse_value(draft, key, is_list ? node_item(draft->problems, node, (size_t)i) : node,
                     condition->values[i]);
        good = false;
    }
    if (good && !any) {
        problem_add(draft->problems, node.path, false,
                    "`%s` takes none of these values, so this condition cannot hold", key->name);
        good = false;
    }
    return good;
}

static bool read_values(struct draft *draft, const struct draft_key *key, struct node node,
                        struct draft_condition *out)
{
    if (json_is_array(node.json))
        return draft_read_values(draft, key, node, &out->values, &out->n_values);
    out->values = arena_alloc(draft->arena, sizeof *out->values);
    out->n_values = 1;
    return draft_read_value(draft, key, node, out->values);
}

/* ---- one `when` ---------------------------------------------------------------------------- */

static bool read_condition(struct draft *draft, struct node node, const char *name,
                           struct draft_condition *out)
{
    out->key = draft_find_key(draft, name);
    if (out->key < 0) {
        refuse_name(draft, node, name);
        return false;
    }
    const struct draft_key *key = &draft->keys[out->key];
    if (key->broken) /* already told; its values are not known */
        return false;
    if (!is_finite_choice(key)) {
        problem_add(draft->problems, node.path, true,
                    "`%s` is a range; a condition names a key of the matrix, a constant or a "
                    "categorical parameter",
                    name);
        return false;
    }
    return read_values(draft, key, node, out) && check_values(draft, key, node, out);
}

static bool read_when(struct draft *draft, struct draft_domain *domain)
{
    const char *name;
    json_t *member, *tree = (json_t *)(uintptr_t)domain->when.json;
    size_t count = json_object_size(tree);
    bool good = true;
    if (tree == NULL)
        return true;
    if (!json_is_object(tree) || count == 0) {
        problem_add(draft->problems, domain->when.path, false,
                    "`when` must be a mapping with at least one entry, as in {method: ldt}");
        return false;
    }
    domain->conditions = arena_alloc(draft->arena, count * sizeof *domain->conditions);
    json_object_foreach(tree, name, member) {
        struct node node = node_member(draft->problems, domain->when, name);
        struct draft_condition *next = &domain->conditions[domain->n_conditions];
        bool is_good = read_condition(draft, node, name, next);
        domain->n_conditions += is_good;
        good &= is_good;
    }
    return good;
}

/* ---- parents first ------------------------------------------------------------------------- */

enum mark { UNSEEN, ON_PATH, PLACED };

struct sort {
    struct draft *draft;
    enum mark *marks;
    int *path; /* the keys being visited, outermost first */
    int depth;
    int placed;
};

static void refuse_circle(struct sort *sort, int start)
{
    struct draft *draft = sort->draft;
    struct buf text;
    int from = 0, first = start;
    while (sort->path[from] != start)
        from++;
    buf_init(&text, 300);
    for (int i = from; i < sort->depth; i++) {
        int key = sort->path[i];
        first = key < first ? key : first;
        buf_printf(&text, "`%s` -> ", draft->keys[key].name);
        draft->keys[key].broken = true;
    }
    problem_add(draft->problems, draft->keys[first].path, true,
                "the conditions go in a circle: %s`%s`; remove one of them", text.bytes,
                draft->keys[start].name);
    buf_free(&text);
}

static void visit(struct sort *sort, int index)
{
    struct draft_key *key = &sort->draft->keys[index];
    if (sort->marks[index] == ON_PATH) {
        refuse_circle(sort, index);
        return;
    }
    if (sort->marks[index] == PLACED || key->in_matrix)
        return;
    sort->marks[index] = ON_PATH;
    sort->path[sort->depth++] = index;
    for (int d = 0; d < key->n_domains; d++)
        for (int c = 0; c < key->domains[d].n_conditions; c++)
            visit(sort, key->domains[d].conditions[c].key);
    sort->depth--;
    sort->marks[index] = PLACED;
    sort->draft->order[sort->placed++] = index;
}

static void sort_parents_first(struct draft *draft)
{
    size_t count = (size_t)draft->n_keys + 1;
    struct sort sort = {
        .draft = draft,
        .marks = xcalloc(count, sizeof *sort.marks),
        .path = xcalloc(count, sizeof *sort.path),
    };
    draft->order = arena_alloc(draft->arena, count * sizeof *draft->order);
    for (int i = draft->n_matrix; i < draft->n_keys; i++)
        visit(&sort, i);
    free(sort.marks);
    free(sort.path);
}

/* What depends on something broken cannot be judged either. */
static void spread_breakage(struct draft *draft)
{
    for (int i = 0; i < draft->n_keys - draft->n_matrix; i++) {
        struct draft_key *key = &draft->keys[draft->order[i]];
        for (int d = 0; d < key->n_domains; d++)
            for (int c = 0; c < key->domains[d].n_conditions; c++)
                key->broken |= draft->keys[key->domains[d].conditions[c].key].broken;
    }
}

void draft_read_conditions(struct draft *draft)
{
    for (int i = draft->n_matrix; i < draft->n_keys; i++) {
        struct draft_key *key = &draft->keys[i];
        bool was_broken = key->broken;
        for (int d = 0; d < key->n_domains; d++)
            if (!was_broken && !read_when(draft, &key->domains[d]))
                key->broken = true;
    }
    sort_parents_first(draft);
    spread_breakage(draft);
}
