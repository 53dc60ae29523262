/* `ladder: {over: n_train, stop: {at_least: 0.99}}`: the studies that agree in all other keys of
 * the matrix are the rungs of one ladder, in the order of `over`. Each waits for the one before it;
 * once a rung's best value reaches the stop, the rungs after it are left out. */
#include "coordinator/space/draft.h"

#include <string.h>

/* ---- reading ------------------------------------------------------------------------------- */

static bool ascends(const struct domain *domain)
{
    for (int i = 0; i < domain->n_values; i++) {
        if (domain->values[i].type != VALUE_INTEGER && domain->values[i].type != VALUE_REAL)
            return false;
        if (i > 0 && value_number(domain->values[i]) <= value_number(domain->values[i - 1]))
            return false;
    }
    return true;
}

static void read_over(struct draft *draft, struct node node)
{
    const char *name;
    if (!read_text(draft->problems, node, &name))
        return;
    int index = draft_find_key(draft, name);
    const struct draft_key *key = index >= 0 ? &draft->keys[index] : NULL;
    if (key == NULL || !key->in_matrix || key->is_inherited) {
        problem_add(draft->problems, node.path, false,
                    "`%.64s` is no key of the matrix: a ladder goes over one of its keys", name);
        return;
    }
    if (key->broken)
        return;
    int rungs = key->domains->domain.n_values;
    if (rungs < 2 || rungs > LADDER_MAX_RUNGS || !ascends(&key->domains->domain))
        problem_add(draft->problems, node.path, false,
                    "a ladder goes over 2 to %d numbers in ascending order; the values of `%s` in "
                    "the matrix are not",
                    LADDER_MAX_RUNGS, name);
    else
        draft->definition->ladder.over = key->name;
}

/* The value is compared with the best of a study, so it is in the search's own metric. */
static void read_metric_of_stop(struct draft *draft, struct node node)
{
    const char *name, *metric = draft->definition->metric;
    if (node.json == NULL || !read_text(draft->problems, node, &name))
        return;
    if (metric != NULL && strcmp(name, metric) != 0)
        problem_add(draft->problems, node.path, false,
                    "a ladder stops by the metric of the search, which is `%s`; leave `metric` out",
                    metric);
}

static void read_stop(struct draft *draft, struct node node)
{
    static const char *const known[] = { "metric", "at_least", "at_most" };
    struct ladder *ladder = &draft->definition->ladder;
    const char *fitting = draft->definition->maximize ? "at_least" : "at_most";
    struct node at_least = node_member(draft->problems, node, "at_least");
    struct node at_most = node_member(draft->problems, node, "at_most");
    if (!read_is_object(draft->problems, node, "{at_least: 0.99}"))
        return;
    read_known_members(draft->problems, node, known, 3);
    read_metric_of_stop(draft, node_member(draft->problems, node, "metric"));
    if ((at_least.json == NULL) == (at_most.json == NULL)) {
        problem_add(draft->problems, node.path, false, "give `%s`, and nothing beside it", fitting);
        return;
    }
    ladder->at_least = at_least.json != NULL;
    struct node value = ladder->at_least ? at_least : at_most;
    if (ladder->at_least != draft->definition->maximize)
        problem_add(draft->problems, value.path, true,
                    "the goal is to %s the metric, so a ladder stops with `%s`",
                    draft->definition->maximize ? "maximize" : "minimize", fitting);
    read_number(draft->problems, value, &ladder->value);
}

void draft_read_ladder(struct draft *draft, struct node node)
{
    static const char *const known[] = { "over", "stop" };
    struct node over = node_member(draft->problems, node, "over");
    struct node stop = node_member(draft->problems, node, "stop");
    if (node.json == NULL ||
        !read_is_object(draft->problems, node, "{over: n_train, stop: {at_least: 0.99}}"))
        return;
    read_known_members(draft->problems, node, known, 2);
    if (over.json == NULL)
        problem_add(draft->problems, node.path, false,
                    "`over` is missing: which key of the matrix are the rungs?");
    else
        read_over(draft, over);
    if (stop.json == NULL)
        problem_add(draft->problems, node.path, false,
                    "`stop` is missing: at which value of the metric is a ladder at its top?");
    else
        read_stop(draft, stop);
}

/* ---- order --------------------------------------------------------------------------------- */

static int compare_combinations(const int *a, const int *b, int width)
{
    for (int k = 0; k < width; k++)
        if (a[k] != b[k])
            return a[k] < b[k] ? -1 : 1;
    return 0;
}

/* They are in ascending order, whatever `exclude` took away; -1: not there. */
static int64_t find_combination(const struct draft *draft, const int *wanted)
{
    size_t low = 0, high = draft->n_combinations, width = (size_t)draft->n_matrix;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order =
            compare_combinations(draft->combinations + middle * width, wanted, draft->n_matrix);
        if (order == 0)
            return (int64_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* The nearest rung below that was not excluded. */
static int64_t rung_before(const struct draft *draft, size_t combination, int over, int *scratch)
{
    size_t width = (size_t)draft->n_matrix;
    memcpy(scratch, draft->combinations + combination * width, width * sizeof *scratch);
    while (scratch[over] > 0) {
        scratch[over]--;
        int64_t found = find_combination(draft, scratch);
        if (found >= 0)
            return found;
    }
    return -1;
}

void draft_order_ladder(struct draft *draft)
{
    struct definition *definition = draft->definition;
    if (definition->ladder.over == NULL)
        return;
    int over = draft_find_key(draft, definition->ladder.over);
    int *scratch = arena_alloc(draft->arena, (size_t)draft->n_matrix * sizeof *scratch);
    for (size_t i = 0; i < definition->n_studies; i++)
        definition->studies[i].before = rung_before(draft, i, over, scratch);
}
