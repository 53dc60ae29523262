/* Whether the built-in trainer reports the metric in every study: for each task and method that a
 * trial can have, by the trainer's table. */
#include "coordinator/space/walk.h"
#include "common/buf.h"
#include "common/trainer/metric.h"

#include <stdlib.h>

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
        key != NULL && !key->in_matrix ? walk_applying(walk, key) : NULL;
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
    if (check->told || !walk_run_of(walk, &task, &method))
        return;
    bool selection = has_selection(walk, task);
    if (metric_applies(check->row, task, method, selection))
        return;
    check->told = true;
    tell_metric(walk, check, task, method, selection);
}

void draft_check_metric(struct draft *draft, struct node name)
{
    struct walk walk;
    struct metric_check check = { metric_find(draft->definition->metric), name.path, false };
    int selection = draft_find_key(draft, "selection_split");
    if (check.row == NULL) {
        const char *meant = metric_nearest(draft->definition->metric);
        problem_add(draft->problems, name.path, false, "unknown metric `%.64s`%s",
                    draft->definition->metric,
                    meant != NULL ? problem_hint(draft->problems, meant)
                                  : "; `ldt-worker trial --help` lists those of the built-in "
                                    "trainer, such as test_loss and test_accuracy");
        return;
    }
    if (check.row->larger_is_better && !draft->definition->maximize)
        draft_note(draft, "of `%s` larger values are better, and the goal is minimize",
                   check.row->name);
    walk_begin(&walk, draft, visit_metric, &check);
    walk_mention_name(&walk, "task");
    walk_mention_name(&walk, "method");
    if (selection >= 0 && draft->keys[selection].in_matrix)
        walk_mention(&walk, selection);
    else if (selection >= 0)
        walk_mention_parents(&walk, &draft->keys[selection]);
    if (selection < 0 || !draft->keys[selection].broken)
        walk_run(&walk);
    walk_end(&walk);
}
