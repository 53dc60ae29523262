#include "coordinator/search/history.h"
#include "common/xalloc.h"
#include "coordinator/search/parzen.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

/* ---- the dimensions ---- */

static enum dimension_kind kind_of(const struct domain *domain, int64_t options)
{
    if (options == 1)
        return DIMENSION_FIXED;
    if (domain_is_categorical(domain))
        return DIMENSION_CATEGORICAL;
    return options == 0           ? DIMENSION_CONTINUOUS
           : options <= CELLS_MAX ? DIMENSION_CELLS
                                  : DIMENSION_FINE;
}

static void dimension_init(struct dimension *dimension, const struct domain *domain, int parameter)
{
    int64_t options = domain_options(domain);
    *dimension = (struct dimension){ .domain = domain,
                                     .parameter = parameter,
                                     .options = options,
                                     .kind = kind_of(domain, options) };
    if (dimension->kind == DIMENSION_CATEGORICAL) {
        dimension->share = xcalloc((size_t)options, sizeof *dimension->share);
        domain_shares(domain, dimension->share);
    }
    if (dimension->kind == DIMENSION_CELLS) {
        dimension->edges = xcalloc((size_t)options + 1, sizeof *dimension->edges);
        for (int64_t k = 0; k < options; k++)
            domain_cell(domain, k, &dimension->edges[k], &dimension->edges[k + 1]);
    }
}

/* Whether a condition's parameter has only one value, the same in every point: constants do. */
static bool is_settled(const struct history *history, const struct condition *condition,
                       bool *holds)
{
    const struct parameter *parent = &history->space->parameters[condition->parameter];
    const struct dimension *dimension = &history->dimensions[parent->first_dimension];
    if (parent->n_domains > 1 || !dimension->always || dimension->options != 1)
        return false;
    struct value only = domain_option(dimension->domain, 0);
    *holds = false;
    for (int i = 0; i < condition->n_values; i++)
        *holds = *holds || value_equal(condition->values[i], only);
    return true;
}

/* A dimension whose conditions are settled either always applies or is none at all. */
static void settle(struct history *history, struct dimension *dimension)
{
    dimension->always = true;
    for (int c = 0; c < dimension->domain->n_conditions; c++) {
        bool holds = false;
        if (!is_settled(history, &dimension->domain->conditions[c], &holds)) {
            dimension->always = false;
        } else if (!holds) {
            dimension->kind = DIMENSION_FIXED;
            dimension->always = false;
            return;
        }
    }
    history->is_conditional = history->is_conditional || !dimension->always;
}

static void name_parents(struct history *history, const struct domain *domain)
{
    for (int c = 0; c < domain->n_conditions; c++) {
        const struct parameter *parent =
            &history->space->parameters[domain->conditions[c].parameter];
        for (int d = 0; d < parent->n_domains; d++)
            history->dimensions[parent->first_dimension + d].is_named = true;
    }
}

struct history *history_create(const struct space *space)
{
    struct history *history = xcalloc(1, sizeof *history);
    history->space = space;
    history->n_parameters = space->n_parameters;
    history->n_dimensions = space->n_dimensions;
    history->dimensions = xcalloc((size_t)space->n_dimensions, sizeof *history->dimensions);
    for (int p = 0; p < space->n_parameters; p++) {
        const struct parameter *parameter = &space->parameters[p];
        for (int d = 0; d < parameter->n_domains; d++)
            dimension_init(&history->dimensions[parameter->first_dimension + d],
                           &parameter->domains[d], p);
    }
    for (int d = 0; d < space->n_dimensions; d++)
        name_parents(history, history->dimensions[d].domain);
    for (int d = 0; d < space->n_dimensions; d++) /* parents come first */
        settle(history, &history->dimensions[d]);
    history->size = space_size(space);
    history->n_slots = FIRST_SLOTS;
    history->slots = xmalloc(FIRST_SLOTS * sizeof *history->slots);
    memset(history->slots, 0xff, FIRST_SLOTS * sizeof *history->slots);
    return history;
}

void history_destroy(struct history **history)
{
    struct history *h = *history;
    if (h == NULL)
        return;
    for (int d = 0; d < h->n_dimensions; d++) {
        struct dimension *dimension = &h->dimensions[d];
        free(dimension->share);
        free(dimension->edges);
        free(dimension->u);
        free(dimension->sorted);
        free(dimension->narrow_shift);
        free(dimension->narrow_rows);
    }
    parzen_destroy(&h->good);
    parzen_destroy(&h->bad);
    free(h->dimensions);
    free(h->values);
    free(h->states);
    free(h->results);
    free(h->ranked);
    free(h->slots);
    free(h);
    *history = NULL;
}

/* ---- points that are there ---- */

static const struct value *point_of(const struct history *history, int configuration)
{
    return history->values + (size_t)configuration * (size_t)history->n_parameters;
}

/* The slot that holds the point, or the free one where it belongs. */
static size_t find_slot(const struct history *history, const struct value *values)
{
    size_t slot = space_point_hash(history->space, values) & (history->n_slots - 1);
    while (history->slots[slot] >= 0 &&
           !space_points_equal(history->space, point_of(history, history->slots[slot]), values))
        slot = (slot + 1) & (history->n_slots - 1);
    return slot;
}

bool history_has(const struct history *history, const struct value *values)
{
    return history->slots[find_slot(history, values)] >= 0;
}

static void note_point(struct history *history, int configuration)
{
    size_t slot = find_slot(history, point_of(history, configuration));
    if (history->slots[slot] < 0)
        history->slots[slot] = configuration;
}

static void double_slots(struct history *history)
{
    history->n_slots *= 2;
    history->slots = xrealloc_array(history->slots, history->n_slots, sizeof *history->slots);
    memset(history->slots, 0xff, history->n_slots * sizeof *history->slots);
    for (int i = 0; i < history->count; i++)
        note_point(history, i);
}

/* ---- growing ---- */

static void reserve(struct history *history)
{
    if (history->count < history->capacity)
        return;
    assert(history->capacity <= INT_MAX / 2);
    size_t capacity = history->capacity > 0 ? (size_t)history->capacity * 2 : 64;
    history->capacity = (int)capacity;
    history->values = xrealloc_array(history->values, capacity * (size_t)history->n_parameters,
                                     sizeof *history->values);
    history->states = xrealloc_array(history->states, capacity, sizeof *history->states);
    history->results = xrealloc_array(history->results, capacity, sizeof *history->results);
    history->ranked = xrealloc_array(history->ranked, capacity, sizeof *history->ranked);
}

static void reserve_columns(struct history *history)
{
    size_t capacity = (size_t)history->capacity;
    if (history->column_capacity == history->capacity)
        return;
    history->column_capacity = history->capacity;
    for (int d = 0; d < history->n_dimensions; d++) {
        struct dimension *dimension = &history->dimensions[d];
        if (dimension->kind == DIMENSION_FIXED)
            continue;
        dimension->u = xrealloc_array(dimension->u, capacity, sizeof *dimension->u);
        dimension->sorted = xrealloc_array(dimension->sorted, capacity, sizeof *dimension->sorted);
        dimension->narrow_shift =
            xrealloc_array(dimension->narrow_shift, capacity, sizeof *dimension->narrow_shift);
    }
}

/* Puts item into a list sorted by (key[item], item). */
static void insert_sorted(int *list, int *count, const double *key, int item)
{
    int low = 0, high = *count;
    while (low < high) {
        int middle = low + (high - low) / 2, other = list[middle];
        if (key[other] < key[item] || (key[other] == key[item] && other < item))
            low = middle + 1;
        else
            high = middle;
    }
    memmove(list + low + 1, list + low, (size_t)(*count - low) * sizeof *list);
    list[low] = item;
    ++*count;
}

static void remove_item(int *list, int *count, int item)
{
    int place = 0;
    while (list[place] != item)
        place++;
    --*count;
    memmove(list + place, list + place + 1, (size_t)(*count - place) * sizeof *list);
}

/* The configuration's coordinate in every dimension; u is room for them. */
static void add_coordinates(struct history *history, int number, double *u)
{
    space_coordinates(history->space, point_of(history, number), u);
    for (int d = 0; d < history->n_dimensions; d++) {
        struct dimension *dimension = &history->dimensions[d];
        if (dimension->kind == DIMENSION_FIXED)
            continue;
        dimension->u[number] = u[d];
        dimension->narrow_shift[number] = NAN;
        if (!isnan(u[d]))
            insert_sorted(dimension->sorted, &dimension->n_sorted, dimension->u, number);
    }
}

void history_fill_columns(struct history *history)
{
    double *u = xcalloc((size_t)history->n_dimensions, sizeof *u);
    reserve_columns(history);
    while (history->n_columned < history->count)
        add_coordinates(history, history->n_columned++, u);
    free(u);
}

void history_add(struct history *history, const struct value *values)
{
    reserve(history);
    int number = history->count++;
    size_t n = (size_t)history->n_parameters;
    memcpy(history->values + (size_t)number * n, values, n * sizeof *values);
    history->states[number] = OBSERVED_RUNNING;
    history->results[number] = NAN;
    if ((size_t)history->count * 2 > history->n_slots)
        double_slots(history);
    else
        note_point(history, number);
}

void history_observe(struct history *history, int64_t configuration, enum observation_state state,
                     double value)
{
    assert(configuration >= 0 && configuration < history->count);
    int number = (int)configuration;
    if (history->states[number] == OBSERVED_FINISHED)
        remove_item(history->ranked, &history->n_ranked, number);
    if (state == OBSERVED_FINISHED && !isfinite(value))
        state = OBSERVED_WORST;
    history->states[number] = state;
    history->results[number] = state == OBSERVED_FINISHED ? value : NAN;
    if (state == OBSERVED_FINISHED)
        insert_sorted(history->ranked, &history->n_ranked, history->results, number);
}

int64_t history_count(const struct history *history)
{
    return history->count;
}

const struct value *history_values(const struct history *history, int64_t configuration)
{
    assert(configuration >= 0 && configuration < history->count);
    return point_of(history, (int)configuration);
}
