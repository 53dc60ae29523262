/* The tree-structured Parzen estimator (Bergstra et al. 2011).
 *
 * The best finished configurations are the good group, all others the bad one; with an estimator
 * of each (parzen.h), candidates are drawn from the good density and the one with the largest
 * ratio good / bad is suggested. What differs from the usual rules, each because it won on the
 * functions of tests/bench:
 *   - a good configuration weighs as much as it is better than the best bad one (Watanabe 2023 has
 *     the idea as expected-improvement weights);
 *   - one in 15 is good, which pays the more the more workers there are;
 *   - running configurations are in the bad group, and so are failed ones; no point is suggested
 *     twice;
 *   - one suggestion in ten (in a conditional space, in five) looks at a single option of a single
 *     choice. */
#include "common/xalloc.h"
#include "coordinator/search/history.h"
#include "coordinator/search/parzen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STARTUP = 10, /* suggestions are random until so many have finished */
    CANDIDATES = 32,
    PER_GOOD = 15, /* one good configuration for so many finished ones, rounded up */
    GOOD_MAX = 25,
    RECENT = 25,      /* bad configurations that count fully */
    BAD_MAX = 20000,  /* the newest bad ones; this bounds the time of a suggestion */
    BRANCH_LEAST = 4, /* a branch with fewer finished configurations is searched at random */
    BRANCH_DRAWS = 200
};
#define BRANCH_SHARE 0.1

/* The part of the history that a suggestion learns from: all of it, or one option of one
 * dimension. */
struct branch {
    int dimension;
    double option;
};

static bool in_branch(const struct history *history, struct branch branch, int configuration)
{
    return branch.dimension < 0 ||
           history->dimensions[branch.dimension].u[configuration] == branch.option;
}

/* How many finished configurations the branch has. */
static int branch_finished(const struct history *history, struct branch branch)
{
    int count = 0;
    for (int i = 0; i < history->n_ranked; i++)
        count += in_branch(history, branch, history->ranked[i]);
    return count;
}

/* Now and then one option of one choice is looked at on its own, so that a branch whose first
 * trials were unlucky is not given up: twice as often where choices decide which parameters there
 * are. */
static struct branch draw_branch(const struct history *history, struct rng *rng)
{
    int choices = 0, chosen = -1;
    if (rng_uniform(rng) >= (history->is_conditional ? 2 * BRANCH_SHARE : BRANCH_SHARE))
        return (struct branch){ -1, 0 };
    for (int d = 0; d < history->n_dimensions; d++)
        if (history->dimensions[d].kind == DIMENSION_CATEGORICAL &&
            rng_below(rng, (uint64_t)++choices) == 0)
            chosen = d;
    if (chosen < 0)
        return (struct branch){ -1, 0 };
    uint64_t options = (uint64_t)history->dimensions[chosen].options;
    return (struct branch){ chosen, (double)rng_below(rng, options) };
}

struct groups {
    int *good, *bad;
    double *good_weight, *bad_weight;
    int n_good, n_bad;
};

/* Expected improvement: how far each good one is below the best bad one, on average 1. */
static void weigh_good(const struct history *history, struct groups *groups, double threshold)
{
    double sum = 0;
    for (int i = 0; i < groups->n_good; i++) {
        /* Small parts of them, so that no difference or sum overflows. */
        double gain = threshold / 64 - history->results[groups->good[i]] / 64;
        groups->good_weight[i] = gain > 0 ? gain : 0;
        sum += groups->good_weight[i];
    }
    double mean = sum / groups->n_good;
    for (int i = 0; i < groups->n_good; i++) {
        double weight = mean > 0 ? groups->good_weight[i] / mean : 1;
        groups->good_weight[i] = weight > 1e-12 ? weight : 1e-12;
    }
}

/* The newest 25 count fully, those before the less the older. */
static double bad_weight(int place, int n)
{
    int older = n - RECENT;
    if (place >= older)
        return 1;
    double start = 1.0 / n;
    return older == 1 ? start : start + (1 - start) * place / (older - 1);
}

static void groups_fill(struct groups *groups, const struct history *history, struct branch branch,
                        int finished)
{
    bool *is_good = xcalloc((size_t)history->count, sizeof *is_good);
    double threshold = -INFINITY;
    int wanted = (finished + PER_GOOD - 1) / PER_GOOD;
    wanted = wanted < GOOD_MAX ? wanted : GOOD_MAX;
    int i = 0;
    for (; i < history->n_ranked && groups->n_good < wanted; i++)
        if (in_branch(history, branch, history->ranked[i])) {
            groups->good[groups->n_good++] = history->ranked[i];
            is_good[history->ranked[i]] = true;
        }
    for (; i < history->n_ranked && isinf(threshold); i++)
        if (in_branch(history, branch, history->ranked[i]))
            threshold = history->results[history->ranked[i]];
    weigh_good(history, groups, threshold);
    for (int c = 0; c < history->count; c++)
        if (!is_good[c] && in_branch(history, branch, c))
            groups->bad[groups->n_bad++] = c;
    if (groups->n_bad > BAD_MAX) {
        int dropped = groups->n_bad - BAD_MAX;
        memmove(groups->bad, groups->bad + dropped, BAD_MAX * sizeof *groups->bad);
        groups->n_bad = BAD_MAX;
    }
    for (int k = 0; k < groups->n_bad; k++)
        groups->bad_weight[k] = bad_weight(k, groups->n_bad);
    free(is_good);
}

/* The point of the coordinates; false if one of them is on an open bound. */
static bool point_at(const struct history *history, const double *u, struct value *values)
{
    const struct space *space = history->space;
    for (int p = 0; p < space->n_parameters; p++) {
        values[p] = (struct value){ .type = VALUE_NONE };
        int active = space_active_domain(space, p, values);
        if (active < 0)
            continue;
        int d = space->parameters[p].first_dimension + active;
        const struct dimension *dimension = &history->dimensions[d];
        if (dimension->kind == DIMENSION_FIXED || dimension->kind == DIMENSION_CATEGORICAL) {
            values[p] = domain_option(dimension->domain, (int64_t)u[d]);
            continue;
        }
        values[p] = domain_value(dimension->domain, u[d]);
        if (values[p].type == VALUE_REAL && isnan(values[p].real))
            return false;
    }
    return true;
}

/* The best candidate that is a new point: they are tried from the best downwards. */
static bool best_new_point(const struct history *history, const double *points, double *scores,
                           struct value *values)
{
    for (int tried = 0; tried < CANDIDATES; tried++) {
        int best = 0;
        for (int c = 1; c < CANDIDATES; c++)
            if (scores[c] > scores[best])
                best = c;
        if (point_at(history, points + (size_t)best * (size_t)history->n_dimensions, values) &&
            !history_has(history, values))
            return true;
        scores[best] = -INFINITY;
    }
    return false;
}

static bool best_of_candidates(struct history *history, struct branch branch, struct rng *rng,
                               struct value *values)
{
    size_t d = (size_t)history->n_dimensions;
    double *points = xcalloc((size_t)CANDIDATES * d, sizeof *points);
    double *good = xcalloc((size_t)CANDIDATES, sizeof *good),
           *bad = xcalloc((size_t)CANDIDATES, sizeof *bad);
    for (int c = 0; c < CANDIDATES; c++)
        parzen_sample(history->good, rng, branch.dimension, branch.option, values,
                      points + (size_t)c * d);
    parzen_log_densities(history->good, points, CANDIDATES, good);
    parzen_log_densities(history->bad, points, CANDIDATES, bad);
    for (int c = 0; c < CANDIDATES; c++)
        good[c] -= bad[c];
    bool found = best_new_point(history, points, good, values);
    free(points);
    free(good);
    free(bad);
    return found;
}

static void build_estimators(struct history *history, struct branch branch, int finished)
{
    size_t count = (size_t)history->count;
    struct groups groups = { .good = xcalloc(GOOD_MAX, sizeof(int)),
                             .bad = xcalloc(count, sizeof(int)),
                             .good_weight = xcalloc(GOOD_MAX, sizeof(double)),
                             .bad_weight = xcalloc(count, sizeof(double)) };
    if (history->good == NULL)
        history->good = parzen_create();
    if (history->bad == NULL)
        history->bad = parzen_create();
    groups_fill(&groups, history, branch, finished);
    parzen_build(history->good, history, groups.good, groups.n_good, groups.good_weight);
    parzen_build(history->bad, history, groups.bad, groups.n_bad, groups.bad_weight);
    free(groups.good);
    free(groups.bad);
    free(groups.good_weight);
    free(groups.bad_weight);
}

/* A new point of the prior with the branch's option; false when none turned up. */
static bool random_point_of(const struct history *history, struct branch branch, struct rng *rng,
                            struct value *values)
{
    const struct dimension *dimension = &history->dimensions[branch.dimension];
    struct value option = domain_option(dimension->domain, (int64_t)branch.option);
    for (int tries = 0; tries < BRANCH_DRAWS; tries++) {
        space_draw(history->space, rng, values);
        if (value_equal(values[dimension->parameter], option) && !history_has(history, values))
            return true;
    }
    return false;
}

bool tpe_suggest(const struct space *space, struct history *history, struct rng *rng,
                 struct value *values)
{
    if (history->n_ranked < STARTUP)
        return random_point(space, history, rng, values);
    history_fill_columns(history);
    struct branch branch = draw_branch(history, rng);
    int finished = branch.dimension < 0 ? history->n_ranked : branch_finished(history, branch);
    if (branch.dimension >= 0 && finished < BRANCH_LEAST)
        return random_point_of(history, branch, rng, values) ||
               random_point(space, history, rng, values);
    build_estimators(history, branch, finished);
    return best_of_candidates(history, branch, rng, values) ||
           random_point(space, history, rng, values);
}
