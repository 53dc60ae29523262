#include "coordinator/space/walk.h"
#include "common/buf.h"
#include "common/hash.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* ---- conditions at one place of the walk --------------------------------------------------- */

bool walk_applies(struct walk *walk, const struct draft_domain *domain)
{
    for (int c = 0; c < domain->n_conditions; c++) {
        const struct draft_condition *condition = &domain->conditions[c];
        struct value value = walk->current[condition->key];
        if (value.type == VALUE_NONE ||
            !draft_values_contain(walk->draft, condition->values, condition->n_values, value))
            return false;
    }
    return true;
}

struct draft_domain *walk_applying(struct walk *walk, const struct draft_key *key)
{
    for (int d = 0; d < key->n_domains; d++)
        if (walk_applies(walk, &key->domains[d]))
            return &key->domains[d];
    return NULL;
}

/* ---- the walk ------------------------------------------------------------------------------ */

void walk_mention(struct walk *walk, int index)
{
    const struct draft_key *key = &walk->draft->keys[index];
    if (walk->mentioned[index])
        return;
    walk->mentioned[index] = true;
    for (int d = 0; d < key->n_domains; d++)
        for (int c = 0; c < key->domains[d].n_conditions; c++)
            walk_mention(walk, key->domains[d].conditions[c].key);
}

void walk_mention_parents(struct walk *walk, const struct draft_key *key)
{
    for (int d = 0; d < key->n_domains; d++)
        for (int c = 0; c < key->domains[d].n_conditions; c++)
            walk_mention(walk, key->domains[d].conditions[c].key);
}

void walk_mention_name(struct walk *walk, const char *name)
{
    int index = draft_find_key(walk->draft, name);
    if (index >= 0)
        walk_mention(walk, index);
}

static void walk_parameters(struct walk *walk, int position)
{
    if (walk->tried > DRAFT_MAX_COMBINATIONS_TRIED || !draft_spend(walk->draft, 1))
        return;
    if (position == walk->n_parameters) {
        if (++walk->tried <= DRAFT_MAX_COMBINATIONS_TRIED)
            walk->visit(walk, walk->context);
        return;
    }
    int index = walk->parameters[position];
    const struct draft_domain *domain = walk_applying(walk, &walk->draft->keys[index]);
    int n_values = domain != NULL ? domain->domain.n_values : 1;
    for (int v = 0; v < n_values; v++) {
        walk->current[index] = domain != NULL ? domain->domain.values[v] : (struct value){ 0 };
        walk_parameters(walk, position + 1);
    }
}

/* Two combinations of the matrix are the same to a walk if they agree in the keys mentioned. */
static bool same_combination(const struct walk *walk, size_t a, size_t b)
{
    size_t width = (size_t)walk->draft->n_matrix;
    for (size_t k = 0; k < width; k++)
        if (walk->mentioned[k] &&
            draft_place(walk->draft, a, (int)k) != draft_place(walk->draft, b, (int)k))
            return false;
    return true;
}

static uint64_t hash_combination(const struct walk *walk, size_t combination)
{
    uint64_t hash = HASH_START;
    for (int k = 0; k < walk->draft->n_matrix; k++) {
        int place = draft_place(walk->draft, combination, k);
        if (walk->mentioned[k])
            hash = hash_bytes(hash, &place, sizeof place);
    }
    return hash ^ hash >> 32;
}

void seen_init(struct seen *seen, const struct draft *draft)
{
    seen->n_slots = 2;
    while (seen->n_slots < 2 * draft->n_combinations)
        seen->n_slots *= 2;
    seen->slots = xcalloc(seen->n_slots, sizeof *seen->slots);
}

void seen_free(struct seen *seen)
{
    free(seen->slots);
}

bool seen_before(struct seen *seen, const struct walk *walk, size_t combination)
{
    size_t slot = hash_combination(walk, combination) & (seen->n_slots - 1);
    while (seen->slots[slot] != 0) {
        if (same_combination(walk, seen->slots[slot] - 1, combination))
            return true;
        slot = (slot + 1) & (seen->n_slots - 1);
    }
    seen->slots[slot] = combination + 1;
    return false;
}

static void walk_matrix(struct walk *walk)
{
    struct draft *draft = walk->draft;
    struct seen seen;
    seen_init(&seen, draft);
    for (size_t i = 0; i < draft->n_combinations; i++) {
        if (!draft_spend(draft, 2 * draft->n_matrix) || seen_before(&seen, walk, i))
            continue;
        for (int k = 0; k < draft->n_matrix; k++) {
            int place = draft_place(draft, i, k);
            walk->current[k] =
                place < 0 ? (struct value){ 0 } : draft->keys[k].domains->domain.values[place];
        }
        walk_parameters(walk, 0);
    }
    seen_free(&seen);
}

void walk_begin(struct walk *walk, struct draft *draft,
                void (*visit)(struct walk *walk, void *context), void *context)
{
    size_t count = (size_t)draft->n_keys + 1;
    *walk = (struct walk){ .draft = draft, .visit = visit, .context = context };
    walk->mentioned = xcalloc(count, sizeof *walk->mentioned);
    walk->current = xcalloc(count, sizeof *walk->current);
    walk->parameters = xcalloc(count, sizeof *walk->parameters);
}

bool walk_run(struct walk *walk)
{
    struct draft *draft = walk->draft;
    for (int i = 0; i < draft->n_keys; i++)
        if (walk->mentioned[i] && draft->keys[i].broken)
            return true;
    for (int i = 0; i < draft->n_keys - draft->n_matrix; i++)
        if (walk->mentioned[draft->order[i]])
            walk->parameters[walk->n_parameters++] = draft->order[i];
    walk_matrix(walk);
    return walk->tried <= DRAFT_MAX_COMBINATIONS_TRIED;
}

void walk_end(struct walk *walk)
{
    free(walk->mentioned);
    free(walk->current);
    free(walk->parameters);
}

const char *walk_place(const struct walk *walk)
{
    struct draft *draft = walk->draft;
    struct buf text;
    buf_init(&text, 400);
    for (int i = 0; i < draft->n_keys; i++)
        if (walk->mentioned[i])
            buf_printf(&text, "%s%s is %.80s", text.length > 0 ? ", " : "", draft->keys[i].name,
                       draft_value_text(draft, walk->current[i]));
    const char *out = arena_text(draft->arena, text.length > 0 ? text.bytes : "every study");
    buf_free(&text);
    return out;
}

bool walk_run_of(const struct walk *walk, enum task *task, enum method *method)
{
    int task_key = draft_find_key(walk->draft, "task");
    int method_key = draft_find_key(walk->draft, "method");
    *method = METHOD_LDT;
    if (task_key < 0 || walk->current[task_key].type != VALUE_TEXT ||
        !task_from_name(walk->current[task_key].text, task))
        return false;
    return method_key < 0 || walk->current[method_key].type == VALUE_NONE ||
           method_from_name(walk->current[method_key].text, method);
}
