/* What applies where. For each parameter, every combination of the keys that its conditions
 * mention (and their conditions, and so on) is walked through: exactly one domain of a list must
 * apply, and none where the built-in trainer's task or method has no such setting. The metric is
 * checked by the same walk. */
#include "coordinator/space/draft.h"
#include "common/buf.h"
#include "common/trainer/metric.h"
#include "common/xalloc.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct draft *draft;
    bool *mentioned;       /* by key */
    struct value *current; /* by key: its value here; VALUE_NONE: inactive */
    int *parameters;       /* those mentioned, parents first */
    int n_parameters;
    int tried;
    void (*visit)(struct walk *walk, void *context);
    void *context;
};

/* ---- conditions at one place of the walk --------------------------------------------------- */

static bool domain_applies(struct walk *walk, const struct draft_domain *domain)
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

/* The first domain of the key that applies, or NULL. */
static struct draft_domain *applying_domain(struct walk *walk, const struct draft_key *key)
{
    for (int d = 0; d < key->n_domains; d++)
        if (domain_applies(walk, &key->domains[d]))
            return &key->domains[d];
    return NULL;
}

/* ---- the walk ------------------------------------------------------------------------------ */

static void mention(struct walk *walk, int index)
{
    const struct draft_key *key = &walk->draft->keys[index];
    if (walk->mentioned[index])
        return;
    walk->mentioned[index] = true;
    for (int d = 0; d < key->n_domains; d++)
        for (int c = 0; c < key->domains[d].n_conditions; c++)
            mention(walk, key->domains[d].conditions[c].key);
}

static void mention_parents(struct walk *walk, const struct draft_key *key)
{
    for (int d = 0; d < key->n_domains; d++)
        for (int c = 0; c < key->domains[d].n_conditions; c++)
            mention(walk, key->domains[d].conditions[c].key);
}

static void mention_name(struct walk *walk, const char *name)
{
    int index = draft_find_key(walk->draft, name);
    if (index >= 0)
        mention(walk, index);
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
    const struct draft_domain *domain = applying_domain(walk, &walk->draft->keys[index]);
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
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (int k = 0; k < walk->draft->n_matrix; k++)
        if (walk->mentioned[k])
            hash =
                (hash ^ (uint64_t)(draft_place(walk->draft, combination, k) + 1)) * 1099511628211u;
    return hash ^ hash >> 32;
}

/* Whether the walk has been here before; `seen` is a hash set of combination numbers plus 1. */
static bool been_here(const struct walk *walk, size_t combination, size_t *seen, size_t slots)
{
    size_t slot = hash_combination(walk, combination) & (slots - 1);
    while (seen[slot] != 0) {
        if (same_combination(walk, seen[slot] - 1, combination))
            return true;
        slot = (slot + 1) & (slots - 1);
    }
    seen[slot] = combination + 1;
    return false;
}

static void walk_matrix(struct walk *walk)
{
    struct draft *draft = walk->draft;
    size_t slots = 2;
    while (slots < 2 * draft->n_combinations)
        slots *= 2;
    size_t *seen = xcalloc(slots, sizeof *seen);
    for (size_t i = 0; i < draft->n_combinations; i++) {
        if (!draft_spend(draft, 2 * draft->n_matrix) || been_here(walk, i, seen, slots))
            continue;
        for (int k = 0; k < draft->n_matrix; k++) {
            int place = draft_place(draft, i, k);
            walk->current[k] =
                place < 0 ? (struct value){ 0 } : draft->keys[k].domains->domain.values[place];
        }
        walk_parameters(walk, 0);
    }
    free(seen);
}

static void walk_begin(struct walk *walk, struct draft *draft,
                       void (*visit)(struct walk *walk, void *context), void *context)
{
    size_t count = (size_t)draft->n_keys + 1;
    *walk = (struct walk){ .draft = draft, .visit = visit, .context = context };
    walk->mentioned = xcalloc(count, sizeof *walk->mentioned);
    walk->current = xcalloc(count, sizeof *walk->current);
    walk->parameters = xcalloc(count, sizeof *walk->parameters);
}

/* Walks unless something mentioned is broken: then it has been told, and nothing can be judged.
 * False if there were too many combinations to try. */
static bool walk_run(struct walk *walk)
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

static void walk_end(struct walk *walk)
{
    free(walk->mentioned);
    free(walk->current);
    free(walk->parameters);
}

/* "method is no-teacher, optimizer is adam": where the walk is, in the keys that a sentence is
 * about. */
static const char *place_text(const struct walk *walk)
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

/* ---- the built-in trainer's task and method ------------------------------------------------ */

/* The task and method where the walk is; false when a fault that has been told hides them. */
static bool find_run(const struct walk *walk, enum task *task, enum method *method)
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

static void visit_run(struct walk *walk, void *context)
{
    bool *told = context;
    enum task task;
    enum method method;
    if (*told)
        return;
    *told = true;
    if (!find_run(walk, &task, &method)) {
        problem_add(walk->draft->problems, "/parameters", true, "`task` has no value where %s",
                    place_text(walk));
    } else if (!task_has_method(task, method)) {
        int key = draft_find_key(walk->draft, "method");
        problem_add(walk->draft->problems, key < 0 ? "/parameters" : walk->draft->keys[key].path,
                    true, "%s does not have the method %s; use another, or exclude the combination",
                    task_name(task), method_name(method));
    } else {
        *told = false;
    }
}

/* Every study must have a task, and a method that the task has. */
static bool check_runs(struct draft *draft)
{
    struct walk walk;
    bool told = false;
    if (draft_find_key(draft, "task") < 0) {
        problem_add(draft->problems, "/parameters", true,
                    "`task` is missing and has no default; add `task: {value: task-b}` or another");
        return false;
    }
    walk_begin(&walk, draft, visit_run, &told);
    mention_name(&walk, "task");
    mention_name(&walk, "method");
    walk_run(&walk);
    walk_end(&walk);
    return !told;
}

/* ---- one parameter ------------------------------------------------------------------------- */

struct judgement {
    struct draft_key *key;
    bool judge_runs;        /* the built-in trainer, with task and method known */
    const char *none, *two; /* the first place where that many domains apply */
    bool lacking;           /* told: a task or method here does not have the setting */
};

/* The methods of this search that have the setting: what `when` should say. */
static void tell_lacking(const struct walk *walk, const struct draft_key *key, enum task task,
                         enum method method)
{
    struct draft *draft = walk->draft;
    int method_key = draft_find_key(draft, "method");
    struct buf list;
    int count = 0;
    buf_init(&list, 200);
    for (int m = 0; m < METHODS && method_key >= 0; m++) {
        struct value value = { .type = VALUE_TEXT, .text = method_name((enum method)m) };
        const struct draft_key *methods = &draft->keys[method_key];
        bool is_used = false;
        for (int d = 0; d < methods->n_domains; d++)
            is_used |= draft_values_contain(draft, methods->domains[d].domain.values,
                                            methods->domains[d].domain.n_values, value);
        if (is_used && setting_applies(key->setting, task, (enum method)m))
            buf_printf(&list, "%s%s", count++ > 0 ? ", " : "", method_name((enum method)m));
    }
    const char *open = count > 1 ? "[" : "", *close = count > 1 ? "]" : "";
    if (count > 0)
        problem_add(draft->problems, key->path, true,
                    "the method %s does not have `%s`; add `when: {method: %s%s%s}`",
                    method_name(method), key->name, open, list.bytes, close);
    else
        problem_add(draft->problems, key->path, true,
                    "%s with the method %s does not have `%s`; remove it", task_name(task),
                    method_name(method), key->name);
    buf_free(&list);
}

static void visit_parameter(struct walk *walk, void *context)
{
    struct judgement *judgement = context;
    struct draft_key *key = judgement->key;
    enum task task = TASK_A;
    enum method method = METHOD_LDT;
    int applying = 0;
    for (int d = 0; d < key->n_domains; d++) {
        if (!domain_applies(walk, &key->domains[d]))
            continue;
        key->domains[d].applies_somewhere = true;
        applying++;
    }
    bool has_setting = !judgement->judge_runs || !find_run(walk, &task, &method) ||
                       setting_applies(key->setting, task, method);
    if (!has_setting && applying > 0 && !judgement->lacking) {
        judgement->lacking = true;
        tell_lacking(walk, key, task, method);
    }
    if (has_setting && key->is_list && applying == 0 && judgement->none == NULL)
        judgement->none = place_text(walk);
    if (key->is_list && applying > 1 && judgement->two == NULL)
        judgement->two = place_text(walk);
}

static void tell_judgement(struct draft *draft, const struct judgement *judgement)
{
    struct draft_key *key = judgement->key;
    if (judgement->none != NULL)
        problem_add(draft->problems, key->path, true,
                    "no domain of `%s` applies where %s; add one, or widen a `when`", key->name,
                    judgement->none);
    if (judgement->two != NULL)
        problem_add(draft->problems, key->path, true,
                    "more than one domain of `%s` applies where %s; narrow a `when`", key->name,
                    judgement->two);
    for (int d = 0; d < key->n_domains; d++)
        if (!key->domains[d].applies_somewhere)
            problem_add(draft->problems, key->domains[d].when.path, false,
                        "this condition never holds, so `%s` would apply to no study; mend or "
                        "remove it",
                        key->name);
}

static void check_parameter(struct draft *draft, struct draft_key *key, bool judge_runs)
{
    struct walk walk;
    struct judgement judgement = { .key = key, .judge_runs = judge_runs };
    walk_begin(&walk, draft, visit_parameter, &judgement);
    mention_parents(&walk, key);
    if (judge_runs) {
        mention_name(&walk, "task");
        mention_name(&walk, "method");
    }
    if (!walk_run(&walk))
        problem_add(draft->problems, key->path, true,
                    "the conditions of `%s` have more than %d combinations to try; mention fewer "
                    "keys, or keys with fewer values",
                    key->name, DRAFT_MAX_COMBINATIONS_TRIED);
    else if (walk.tried > 0 && !draft->exhausted)
        tell_judgement(draft, &judgement);
    walk_end(&walk);
}

/* ---- keys of the matrix -------------------------------------------------------------------- */

/* A matrix key has no `when`. Where the matrix decides the method, a study leaves out what its
 * method does not have; where a parameter decides it, nobody could. */
static void visit_matrix_key(struct walk *walk, void *context)
{
    struct judgement *judgement = context;
    const struct draft_key *key = judgement->key;
    enum task task;
    enum method method;
    ptrdiff_t index = key - walk->draft->keys;
    if (judgement->lacking || walk->current[index].type == VALUE_NONE || key->setting == NULL ||
        !find_run(walk, &task, &method) || setting_applies(key->setting, task, method))
        return;
    judgement->lacking = true;
    problem_add(
        walk->draft->problems, key->path, true,
        "%s with the method %s does not have `%s`; make it a parameter with `when`, or task "
        "and method keys of the matrix",
        task_name(task), method_name(method), key->name);
}

static void check_matrix_key(struct draft *draft, int index)
{
    struct walk walk;
    struct judgement judgement = { .key = &draft->keys[index] };
    size_t present = 0;
    for (size_t i = 0; i < draft->n_combinations; i++)
        present += draft_place(draft, i, index) >= 0;
    if (present == 0) {
        problem_add(draft->problems, judgement.key->path, true,
                    "no task and method of this search has `%s`; remove it", judgement.key->name);
        return;
    }
    walk_begin(&walk, draft, visit_matrix_key, &judgement);
    mention(&walk, index);
    mention_name(&walk, "task");
    mention_name(&walk, "method");
    walk_run(&walk);
    walk_end(&walk);
}

static const char *missing_key(const struct draft *draft, size_t combination)
{
    for (int k = 0; k < draft->n_matrix; k++)
        if (draft_place(draft, combination, k) < 0)
            return draft->keys[k].name;
    return NULL;
}

/* One study without the key is fine (the baseline's coefficient beside a method that has none);
 * several that differ in nothing else are a mistake. */
static void check_twins(struct draft *draft)
{
    struct walk walk;
    size_t slots = 2;
    while (slots < 2 * draft->n_combinations)
        slots *= 2;
    size_t *seen = xcalloc(slots, sizeof *seen);
    walk_begin(&walk, draft, NULL, NULL);
    for (int k = 0; k < draft->n_matrix; k++)
        walk.mentioned[k] = true;
    for (size_t i = 0; i < draft->n_combinations; i++) {
        if (!draft_spend(draft, 2 * draft->n_matrix) || !been_here(&walk, i, seen, slots))
            continue;
        const char *name = missing_key(draft, i);
        problem_add(draft->problems, "/matrix", true,
                    "some method here does not have `%s`, so several of its studies would be the "
                    "same; keep one of them by `exclude`",
                    name);
        break;
    }
    walk_end(&walk);
    free(seen);
}

static void check_matrix(struct draft *draft)
{
    for (int k = 0; k < draft->n_matrix; k++) {
        if (draft->keys[k].broken)
            return;
        check_matrix_key(draft, k);
    }
    if (draft->n_matrix > 0)
        check_twins(draft);
}

/* ---- the metric ---------------------------------------------------------------------------- */

struct metric_check {
    const struct metric_row *row;
    const char *path;
    bool told;
};

/* The smallest value that the domain can give. */
static double smallest(const struct domain *domain)
{
    double least = domain->min;
    if (domain->n_values == 0)
        return domain->transform == TRANSFORM_NONE ? least : 0;
    least = value_number(domain->values[0]);
    for (int i = 1; i < domain->n_values; i++)
        if (value_number(domain->values[i]) < least)
            least = value_number(domain->values[i]);
    return least;
}

static bool has_selection(struct walk *walk, enum task task)
{
    int index = draft_find_key(walk->draft, "selection_split");
    const struct draft_key *key = index >= 0 ? &walk->draft->keys[index] : NULL;
    const char *standard = setting_table[SETTING_SELECTION_SPLIT].defaults[task];
    if (key != NULL && key->in_matrix && walk->current[index].type != VALUE_NONE)
        return value_number(walk->current[index]) > 0;
    const struct draft_domain *domain =
        key != NULL && !key->in_matrix ? applying_domain(walk, key) : NULL;
    if (domain != NULL)
        return smallest(&domain->domain) > 0;
    return standard != NULL && strtod(standard, NULL) > 0;
}

static void tell_metric(const struct walk *walk, const struct metric_check *check, enum task task,
                        enum method method, bool selection)
{
    struct buf list;
    if (check->row->needs_selection && !selection) {
        problem_add(walk->draft->problems, check->path, false,
                    "`%s` is reported only where selection_split is above 0; add "
                    "`selection_split: {value: 0.2}`",
                    check->row->name);
        return;
    }
    buf_init(&list, 400);
    for (int id = 0; id < METRICS; id++)
        if (metric_applies(&metric_table[id], task, method, selection))
            buf_printf(&list, "%s%s", list.length > 0 ? ", " : "", metric_table[id].name);
    problem_add(walk->draft->problems, check->path, false,
                "%s with the method %s does not report `%s`; it has %s", task_name(task),
                method_name(method), check->row->name, list.bytes);
    buf_free(&list);
}

static void visit_metric(struct walk *walk, void *context)
{
    struct metric_check *check = context;
    enum task task;
    enum method method;
    if (check->told || !find_run(walk, &task, &method))
        return;
    bool selection = has_selection(walk, task);
    if (metric_applies(check->row, task, method, selection))
        return;
    check->told = true;
    tell_metric(walk, check, task, method, selection);
}

static void check_metric(struct draft *draft, struct node name)
{
    struct walk walk;
    struct metric_check check = { metric_find(draft->definition->metric), name.path, false };
    int selection = draft_find_key(draft, "selection_split");
    if (check.row == NULL) {
        const char *meant = metric_nearest(draft->definition->metric);
        problem_add(draft->problems, name.path, false, "unknown metric `%.64s`; %s%s%s",
                    draft->definition->metric,
                    meant != NULL ? "did you mean `"
                                  : "the built-in trainer has test_loss, test_kl "
                                    "(task-b), test_accuracy (task-a) and others",
                    meant != NULL ? meant : "", meant != NULL ? "`?" : "");
        return;
    }
    if (check.row->larger_is_better && !draft->definition->maximize)
        draft_note(draft, "of `%s` larger values are better, and the goal is minimize",
                   check.row->name);
    walk_begin(&walk, draft, visit_metric, &check);
    mention_name(&walk, "task");
    mention_name(&walk, "method");
    if (selection >= 0 && draft->keys[selection].in_matrix)
        mention(&walk, selection);
    else if (selection >= 0)
        mention_parents(&walk, &draft->keys[selection]);
    if (selection < 0 || !draft->keys[selection].broken)
        walk_run(&walk);
    walk_end(&walk);
}

void draft_check_combinations(struct draft *draft, struct node metric_name)
{
    bool is_trainer = draft->definition->program == PROGRAM_LDT;
    bool judge_runs = is_trainer && check_runs(draft);
    for (int i = draft->n_matrix; i < draft->n_keys; i++)
        if (!draft->keys[i].broken)
            check_parameter(draft, &draft->keys[i], judge_runs);
    if (judge_runs) {
        check_matrix(draft);
        if (draft->definition->metric != NULL)
            check_metric(draft, metric_name);
    }
}
