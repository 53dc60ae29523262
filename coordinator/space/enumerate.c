/* How many points a finite space has, and which is the k-th.
 *
 * Only a parameter that some condition names changes which others exist. Parameters that
 * conditions tie together form a group; the sizes of groups multiply, and within a group the
 * choices of its naming parameters are walked one by one. */
#include "coordinator/space/space.h"
#include "common/xalloc.h"

#include <assert.h>
#include <stdlib.h>

enum { MAXIMUM_STEPS = 1000000 };

struct enumeration {
    const struct space *space;
    struct value *values; /* choices made so far */
    int *group;           /* of each parameter: the smallest member */
    bool *is_named;       /* by a condition */
    int64_t steps;        /* left; below 0: given up */
};

static int64_t times(int64_t a, int64_t b)
{
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t plus(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int root(const int *group, int parameter)
{
    while (group[parameter] != parameter)
        parameter = group[parameter];
    return parameter;
}

static void join(int *group, int a, int b)
{
    a = root(group, a);
    b = root(group, b);
    group[a > b ? a : b] = a < b ? a : b;
}

static void note_domain(struct enumeration *e, int parameter, const struct domain *domain)
{
    for (int c = 0; c < domain->n_conditions; c++) {
        e->is_named[domain->conditions[c].parameter] = true;
        join(e->group, parameter, domain->conditions[c].parameter);
    }
}

static void enumeration_init(struct enumeration *e, const struct space *space, struct value *values)
{
    int n = space->n_parameters;
    *e = (struct enumeration){ .space = space, .values = values, .steps = MAXIMUM_STEPS };
    e->group = xcalloc((size_t)n, sizeof *e->group);
    e->is_named = xcalloc((size_t)n, sizeof *e->is_named);
    for (int p = 0; p < n; p++)
        e->group[p] = p;
    for (int p = 0; p < n; p++)
        for (int d = 0; d < space->parameters[p].n_domains; d++)
            note_domain(e, p, &space->parameters[p].domains[d]);
    for (int p = 0; p < n; p++)
        e->group[p] = root(e->group, p);
}

static void enumeration_free(struct enumeration *e)
{
    free(e->group);
    free(e->is_named);
}

/* How many options the parameter has, given the values before it: 1 if inactive, INT64_MAX if
 * endless. */
static int64_t options_of(const struct enumeration *e, int parameter)
{
    int active = space_active_domain(e->space, parameter, e->values);
    if (active < 0)
        return 1;
    int64_t options = domain_options(&e->space->parameters[parameter].domains[active]);
    return options == 0 ? INT64_MAX : options;
}

static void choose(const struct enumeration *e, int parameter, int64_t option)
{
    int active = space_active_domain(e->space, parameter, e->values);
    e->values[parameter] = (struct value){ .type = VALUE_NONE };
    if (active >= 0)
        e->values[parameter] =
            domain_option(&e->space->parameters[parameter].domains[active], option);
}

/* Ways to choose the parameters of one group from `from` on, the ones before being chosen. */
static int64_t group_count(struct enumeration *e, int group, int from)
{
    int64_t count = 1;
    for (int p = from; p < e->space->n_parameters; p++) {
        if (e->group[p] != group)
            continue;
        if (--e->steps < 0)
            return INT64_MAX;
        int64_t options = options_of(e, p), sum = 0;
        if (options == INT64_MAX)
            return INT64_MAX;
        if (!e->is_named[p]) {
            count = times(count, options);
            continue;
        }
        for (int64_t k = 0; k < options && sum < INT64_MAX; k++) {
            choose(e, p, k);
            sum = plus(sum, group_count(e, group, p + 1));
        }
        return sum == INT64_MAX ? INT64_MAX : times(count, sum);
    }
    return count;
}

/* Ways to choose all parameters from `from` on. */
static int64_t count_from(struct enumeration *e, int from)
{
    int64_t count = 1;
    for (int g = 0; g < e->space->n_parameters && count < INT64_MAX; g++)
        if (e->group[g] == g)
            count = times(count, group_count(e, g, from));
    return count;
}

int64_t space_size(const struct space *space)
{
    struct enumeration e;
    struct value *values = xcalloc((size_t)space->n_parameters, sizeof *values);
    enumeration_init(&e, space, values);
    int64_t size = count_from(&e, 0);
    enumeration_free(&e);
    free(values);
    return size;
}

/* Chooses the parameter's option for the k-th of the remaining points; returns k within that
 * option. */
static int64_t descend(struct enumeration *e, int parameter, int64_t k)
{
    int64_t options = options_of(e, parameter);
    if (!e->is_named[parameter]) {
        e->values[parameter] = (struct value){ .type = VALUE_NONE };
        int64_t each = count_from(e, parameter + 1);
        choose(e, parameter, k / each);
        return k % each;
    }
    for (int64_t option = 0; option < options; option++) {
        e->steps = MAXIMUM_STEPS;
        choose(e, parameter, option);
        int64_t each = count_from(e, parameter + 1);
        choose(e, parameter, option);
        if (k < each)
            return k;
        k -= each;
    }
    assert(!"k is not below the size of the space");
    return 0;
}

void space_point(const struct space *space, int64_t k, struct value *values)
{
    struct enumeration e;
    enumeration_init(&e, space, values);
    for (int p = 0; p < space->n_parameters; p++) {
        e.steps = MAXIMUM_STEPS;
        k = descend(&e, p, k);
    }
    enumeration_free(&e);
}
