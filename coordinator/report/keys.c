/* The keys that tell studies apart, their values, and labels made of these. */
#include "common/buf.h"
#include "common/json.h"
#include "coordinator/report/reading.h"

#include <math.h>
#include <string.h>

enum { MAX_OFFERED = RESULTS_MAX_KEYS - 2 }; /* `seed` and `search` always find room */

/* What a study fixes a parameter to; VALUE_NONE when it lacks it or searches over it. */
static struct value constant_of(const struct study_definition *study, const char *name)
{
    for (int i = 0; i < study->space->n_parameters; i++) {
        const struct parameter *parameter = &study->space->parameters[i];
        if (strcmp(parameter->name, name) == 0 && parameter->n_domains == 1 &&
            parameter->domains[0].distribution == CONSTANT)
            return parameter->domains[0].values[0];
    }
    return (struct value){ .type = VALUE_NONE };
}

static const char *text_of(struct arena *arena, struct value value)
{
    char number[NUMBER_TEXT_BYTES];
    switch (value.type) {
    case VALUE_BOOLEAN:
        return value.boolean ? "yes" : "no";
    case VALUE_INTEGER:
        return arena_printf(arena, "%lld", (long long)value.integer);
    case VALUE_TEXT:
        return arena_text(arena, value.text);
    case VALUE_REAL:
        number_text(number, value.real);
        return arena_text(arena, number);
    default:
        return NULL;
    }
}

static double number_of(struct value value)
{
    return value.type == VALUE_INTEGER || value.type == VALUE_REAL ? value_number(value) : NAN;
}

/* The value's index among those of the key, added if it is new. */
static int place_of(struct arena *arena, struct key *key, struct value value, int capacity)
{
    const char *text = text_of(arena, value);
    if (text == NULL)
        return -1;
    for (int i = 0; i < key->n_values; i++) {
        if (strcmp(key->texts[i], text) == 0)
            return i;
    }
    if (key->n_values == capacity)
        return -1;
    key->texts[key->n_values] = text;
    key->numbers[key->n_values] = number_of(value);
    key->numeric = key->numeric && isfinite(key->numbers[key->n_values]);
    return key->n_values++;
}

/* Smallest first; the few values of a key need no better than insertion. */
static void sort_values(struct key *key, int *order)
{
    for (int i = 0; i < key->n_values; i++)
        order[i] = i;
    for (int i = 1; i < key->n_values && key->numeric; i++) {
        for (int k = i; k > 0 && key->numbers[order[k]] < key->numbers[order[k - 1]]; k--) {
            int swapped = order[k];
            order[k] = order[k - 1];
            order[k - 1] = swapped;
        }
    }
}

static void apply_order(struct results *results, struct key *key, const int *order, int at)
{
    size_t count = (size_t)key->n_values;
    const char **texts = arena_alloc(results->arena, (count + 1) * sizeof *texts);
    double *numbers = arena_alloc(results->arena, (count + 1) * sizeof *numbers);
    int *place = arena_alloc(results->arena, (count + 1) * sizeof *place);
    for (int i = 0; i < key->n_values; i++) {
        texts[i] = key->texts[order[i]];
        numbers[i] = key->numbers[order[i]];
        place[order[i]] = i;
    }
    key->texts = texts;
    key->numbers = numbers;
    for (size_t i = 0; i < results->n_studies; i++) {
        int *own = &results->studies[i].places[at];
        *own = *own < 0 ? -1 : place[*own];
    }
}

static struct key *begin_key(struct results *results, const char *name)
{
    struct key *key = &results->keys[results->n_keys];
    *key = (struct key){ .name = arena_text(results->arena, name), .numeric = true };
    key->texts = arena_alloc(results->arena, (results->n_studies + 1) * sizeof *key->texts);
    key->numbers = arena_alloc(results->arena, (results->n_studies + 1) * sizeof *key->numbers);
    return key;
}

/* Reads the key's value of every study and keeps the key if it tells any two apart. A name that is
 * in no matrix must differ between studies that have it. */
static void offer_key(struct reading *reading, const char *name)
{
    struct results *results = reading->results;
    int at = results->n_keys;
    if (at == MAX_OFFERED || results_find_key(results, name) >= 0)
        return;
    struct key *key = begin_key(results, name);
    int *order = arena_alloc(results->arena, (results->n_studies + 1) * sizeof *order);
    for (size_t i = 0; i < results->n_studies; i++) {
        results->studies[i].places[at] =
            place_of(results->arena, key, constant_of(reading_definition(reading, i), name),
                     (int)results->n_studies);
    }
    if (key->n_values < 2)
        return;
    sort_values(key, order);
    apply_order(results, key, order, at);
    results->n_keys++;
}

static void offer_matrix_keys(struct reading *reading)
{
    const char *name;
    json_t *member;
    for (size_t i = 0; i < reading->n_searches; i++) {
        json_t *matrix = json_object_get(reading->documents[i], "matrix");
        json_object_foreach(matrix, name, member) {
            if (strcmp(name, "exclude") != 0)
                offer_key(reading, name);
        }
    }
}

static bool same_places(const struct results *results, size_t a, size_t b)
{
    return memcmp(results->studies[a].places, results->studies[b].places,
                  (size_t)results->n_keys * sizeof(int)) == 0;
}

/* Whether the keys so far tell any two studies apart. */
static bool all_differ(const struct results *results)
{
    for (size_t a = 0; a < results->n_studies; a++) {
        for (size_t b = a + 1; b < results->n_studies; b++) {
            if (same_places(results, a, b))
                return false;
        }
    }
    return true;
}

/* Constants that differ between searches, while they are needed; the names that speak for
 * themselves first. */
static void offer_constants(struct reading *reading)
{
    static const char *const first[] = { "task", "environment", "method" };
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        if (!all_differ(reading->results))
            offer_key(reading, first[i]);
    }
    for (size_t i = 0; i < reading->n_searches; i++) {
        const struct space *space = reading->definitions[i]->studies[0].space;
        for (int k = 0; k < space->n_parameters && !all_differ(reading->results); k++)
            offer_key(reading, space->parameters[k].name);
    }
}

/* `search` or `seed`, which are in no space: named after the search, or by the study's own seed. */
static void add_key(struct reading *reading, const char *name, bool by_search)
{
    struct results *results = reading->results;
    struct key *key = begin_key(results, name);
    size_t i = 0;
    for (size_t s = 0; s < reading->n_searches; s++) {
        const struct definition *definition = reading->definitions[s];
        for (size_t k = 0; k < definition->n_studies; k++, i++) {
            struct value value = { .type = VALUE_TEXT, .text = definition->name };
            if (!by_search)
                value = (struct value){ .type = VALUE_INTEGER,
                                        .integer = definition->studies[k].search_seed };
            results->studies[i].places[results->n_keys] =
                place_of(results->arena, key, value, (int)results->n_studies);
        }
    }
    results->n_keys += key->n_values > 1 && results->n_keys < RESULTS_MAX_KEYS;
}

/* Whether labels without `none` and `no` still tell all studies apart. */
static bool short_labels_differ(struct results *results)
{
    bool all[RESULTS_MAX_KEYS];
    memset(all, true, sizeof all);
    json_t *seen = json_object();
    for (size_t i = 0; i < results->n_studies; i++)
        json_object_set_new_nocheck(seen, results_label(results, &results->studies[i], all),
                                    json_true());
    bool differ = json_object_size(seen) == results->n_studies;
    json_decref(seen);
    return differ;
}

void reading_find_keys(struct reading *reading)
{
    struct results *results = reading->results;
    results->keys = arena_alloc(results->arena, RESULTS_MAX_KEYS * sizeof *results->keys);
    offer_matrix_keys(reading);
    if (reading->n_searches > 1)
        offer_constants(reading);
    add_key(reading, "seed", false);
    if (reading->n_searches > 1 && !all_differ(results))
        add_key(reading, "search", true);
    results->full_labels = !short_labels_differ(results);
}

int results_find_key(const struct results *results, const char *name)
{
    for (int i = 0; i < results->n_keys; i++) {
        if (strcmp(results->keys[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* A value as part of a label: a number or a flag needs its name; what is `none` or `no` goes
 * without saying where labels may be short. */
static void add_value(struct buf *out, const struct results *results, const struct key *key,
                      const char *value)
{
    bool is_yes = strcmp(value, "yes") == 0, is_no = strcmp(value, "no") == 0;
    if (!results->full_labels && (is_no || strcmp(value, "none") == 0))
        return;
    buf_text(out, out->length > 0 ? ", " : "");
    if (is_yes && !results->full_labels)
        buf_text(out, key->name);
    else if (key->numeric || is_yes || is_no)
        buf_printf(out, "%s %s", key->name, value);
    else
        buf_text(out, value);
}

const char *results_label(const struct results *results, const struct study_result *study,
                          const bool *marked)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    for (int i = 0; i < results->n_keys; i++) {
        const struct key *key = &results->keys[i];
        if (marked[i] && study->places[i] >= 0)
            add_value(&text, results, key, key->texts[study->places[i]]);
    }
    const char *label = arena_text(results->arena, text.bytes);
    buf_free(&text);
    return label;
}
