/* What applies where. For each parameter, every combination of the keys that its conditions mention
 * (and their conditions, and so on) is walked through: exactly one domain of a list must apply, and
 * none where the built-in trainer's task or method has no such setting. */
#include "coordinator/space/walk.h"
#include "common/buf.h"

#include <string.h>

/* ---- the built-in trainer's task and method ------------------------------------------------ */

/* A setting without a default that no key of the search gives. */
static bool tell_missing(struct draft *draft, enum task task, enum method method)
{
    for (int id = 0; id < SETTINGS; id++) {
        const struct setting_row *row = &setting_table[id];
        if (!row->is_required || !setting_applies(row, task, method) ||
            draft_find_key(draft, row->name) >= 0)
            continue;
        problem_add(draft->problems, "/parameters", true, "%s needs `%s`: %s", task_name(task),
                    row->name, row->help);
        return true;
    }
    return false;
}

static void visit_run(struct walk *walk, void *context)
{
    bool *told = context;
    enum task task;
    enum method method;
    if (*told)
        return;
    *told = true;
    if (!walk_run_of(walk, &task, &method)) {
        problem_add(walk->draft->problems, "/parameters", true, "`task` has no value where %s",
                    walk_place(walk));
    } else if (!task_has_method(task, method)) {
        int key = draft_find_key(walk->draft, "method");
        problem_add(walk->draft->problems, key < 0 ? "/parameters" : walk->draft->keys[key].path,
                    true, "%s does not have the method %s; use another, or exclude the combination",
                    task_name(task), method_name(method));
    } else {
        *told = tell_missing(walk->draft, task, method);
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
    walk_mention_name(&walk, "task");
    walk_mention_name(&walk, "method");
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
        if (!walk_applies(walk, &key->domains[d]))
            continue;
        key->domains[d].applies_somewhere = true;
        applying++;
    }
    bool has_setting = !judgement->judge_runs || !walk_run_of(walk, &task, &method) ||
                       setting_applies(key->setting, task, method);
    if (!has_setting && applying > 0 && !judgement->lacking) {
        judgement->lacking = true;
        tell_lacking(walk, key, task, method);
    }
    if (has_setting && key->is_list && applying == 0 && judgement->none == NULL)
        judgement->none = walk_place(walk);
    if (key->is_list && applying > 1 && judgement->two == NULL)
        judgement->two = walk_place(walk);
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
    walk_mention_parents(&walk, key);
    if (judge_runs) {
        walk_mention_name(&walk, "task");
        walk_mention_name(&walk, "method");
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
        !walk_run_of(walk, &task, &method) || setting_applies(key->setting, task, method))
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
    if (present == 0 && judgement.key->is_inherited) /* the other study's method had a use for it */
        return;
    if (present == 0) {
        problem_add(draft->problems, judgement.key->path, true,
                    "no task and method of this search has `%s`; remove it", judgement.key->name);
        return;
    }
    walk_begin(&walk, draft, visit_matrix_key, &judgement);
    walk_mention(&walk, index);
    walk_mention_name(&walk, "task");
    walk_mention_name(&walk, "method");
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
    struct seen seen;
    seen_init(&seen, draft);
    walk_begin(&walk, draft, NULL, NULL);
    for (int k = 0; k < draft->n_matrix; k++)
        walk.mentioned[k] = true;
    for (size_t i = 0; i < draft->n_combinations; i++) {
        if (!draft_spend(draft, 2 * draft->n_matrix) || !seen_before(&seen, &walk, i))
            continue;
        const char *name = missing_key(draft, i);
        problem_add(draft->problems, "/matrix", true,
                    "some method here does not have `%s`, so several of its studies would be the "
                    "same; keep one of them by `exclude`",
                    name);
        break;
    }
    walk_end(&walk);
    seen_free(&seen);
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
            draft_check_metric(draft, metric_name);
    }
}
